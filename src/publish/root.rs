//! Brings a root into a state in which an attempt can work, whatever it was in before.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::{
    Durable, beside, if_there, is_there, list, make_directory, name, remove, rename, replace_file,
};
use crate::git::Store;
use crate::model::{Cause, CommitId, Form, ObjectFormat};
use crate::publish::copied;
use crate::publish::live;
use crate::publish::modules;
use crate::publish::owner::{Owner, owner};
use crate::publish::placed;
use crate::publish::settings::{Settings, config, config_is_right, format as format_in};
use crate::publish::sweep::{to_trash, trees};
use crate::publish::takeover;
use crate::publish::{Layout, RootError};
use crate::trees::Admin;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The branch that follows what is published, so that `git log` in the root shows it.
const BRANCH: &str = "refs/heads/gitsyncd";

/// The refs of the last published commits, so that their objects stay.
pub(super) const KEPT: &str = "refs/gitsyncd";
/// How many of them stay.
const KEPT_COMMITS: usize = 5;

/// Makes the directory, if it is not there.
pub fn make_root(layout: &Layout) -> Result<(), RootError> {
    let root = layout.root();
    make_directory(root).map_err(|error| {
        let found = root.ancestors().find(|path| is_there(path)).filter(|path| !path.is_dir());
        found.map_or(error.into(), |path| RootError::NotDirectory { path: path.to_owned() })
    })
}

/// Makes the repository if there is none, replaces what cannot be one, refuses somebody else's, and
/// removes what a crash left behind. Stock Git is told how files are written.
pub fn prepare(layout: &Layout, settings: Settings) -> Result<Store, RootError> {
    check_link(layout)?;
    let git = layout.git();
    match owner(layout) {
        Owner::Nobody | Owner::Us => (),
        Owner::Peer => {
            tracing::info!(root = %layout.root().display(), "taking over from git-sync");
            takeover::let_go(layout)?;
        }
        Owner::Unusable => replace(layout)?,
        Owner::Somebody => return Err(RootError::Foreign { path: layout.root().to_owned() }),
    }
    for directory in [layout.own(), layout.staging(), layout.prepared(), layout.trash()] {
        if is_there(&directory) && !directory.is_dir() {
            remove(&directory)?;
        }
        make_directory(&directory)?;
    }
    complete(layout, settings, format(layout))?;
    clear(layout)?;
    copied::settle(layout)?;
    placed::settle(layout)?;
    match Store::open(&git) {
        Ok(store) => Ok(store),
        Err(damaged) => {
            tracing::warn!(error = %Cause::of(&damaged), "the repository cannot be opened");
            Ok(rebuild(layout, settings)?)
        }
    }
}

/// Makes sure that nothing but a link goes when the link moves.
pub fn check_link(layout: &Layout) -> Result<(), RootError> {
    if layout.form() == Form::Exchange {
        return placed::check(layout);
    }
    if layout.form() == Form::Copy {
        return copied::check(layout);
    }
    if placed::is_ours(layout) || copied::is_ours(layout) {
        return Ok(());
    }
    if layout.link().symlink_metadata().is_ok_and(|found| !found.is_symlink()) {
        return Err(RootError::LinkTaken { path: layout.link().to_owned() });
    }
    Ok(())
}

/// Puts a new, empty repository in the place of the old one's objects. The trees and what Git knows
/// of them stay.
pub fn rebuild(layout: &Layout, settings: Settings) -> Result<Store, RootError> {
    tracing::warn!(repository = %layout.git().display(), "rebuilding the repository");
    remake(layout, settings, format(layout))
}

/// By which hash objects are named here: as what is published is, or as the repository says.
fn format(layout: &Layout) -> ObjectFormat {
    let published = live(layout).map(|live| live.commit.format());
    published.or_else(|| format_in(&layout.git())).unwrap_or(ObjectFormat::Sha1)
}

/// Says whether anything needs the objects of the repository: what is published or was, what others
/// have there, or what cannot be read. What was taken back before readers saw it is nothing.
pub fn is_needed(layout: &Layout, store: &Store) -> bool {
    let holds = |paths: Result<Vec<PathBuf>, DiskError>, needed: &dyn Fn(&PathBuf) -> bool| {
        paths.map_or(true, |paths| paths.iter().any(needed))
    };
    live(layout).is_some()
        || store.has_refs()
        || holds(trees(layout), &|_tree| true)
        || holds(list(&layout.admins()), &|admin| !takeover::is_left_over(layout, admin))
}

/// Puts a new, empty repository, which names objects so, in the place of the old one's objects.
pub fn remake(
    layout: &Layout,
    settings: Settings,
    format: ObjectFormat,
) -> Result<Store, RootError> {
    // Refs go before the objects they name, so that a crash leaves none that names nothing.
    for part in [
        "HEAD",
        "config",
        "packed-refs",
        "refs",
        "objects",
        "shallow",
        "logs",
        "index",
        "info",
        "gitsyncd/partial",
    ] {
        let path = layout.git().join(part);
        if is_there(&path) {
            to_trash(layout, &path)?;
        }
    }
    complete(layout, settings, format)?;
    Ok(Store::open(&layout.git())?)
}

/// Moves an unusable `.git` out of the way and deletes it.
fn replace(layout: &Layout) -> Result<(), DiskError> {
    tracing::warn!(path = %layout.git().display(), "replacing what is not a usable repository");
    let aside = layout.root().join(".git.gitsyncd-trash");
    remove(&aside)?;
    rename(&layout.git(), &aside)?;
    make_directory(&layout.trash())?;
    to_trash(layout, &aside)
}

/// Adds what a repository must have (gitrepository-layout).
fn complete(layout: &Layout, settings: Settings, format: ObjectFormat) -> Result<(), DiskError> {
    let git = layout.git();
    let directories = ["objects/info", "objects/pack", "refs/heads", "refs/tags", KEPT, "info"];
    complete_directories(layout, &git, &directories)?;
    let found = fs::read_to_string(git.join("config")).ok();
    let config = config(&git, settings, format);
    for (path, is_right, content) in [
        (git.join("config"), found.as_ref() == Some(&config), config),
        (git.join("HEAD"), head_is_right(&git), head()),
    ] {
        if !is_right {
            complete_file(layout, &path, &content)?;
        }
    }
    Ok(())
}

/// Makes directories of a repository, in the place of whatever else has their names.
pub(super) fn complete_directories(
    layout: &Layout,
    repository: &Path,
    directories: &[&str],
) -> Result<(), DiskError> {
    let git = layout.git();
    for directory in directories {
        let path = repository.join(directory);
        for part in path.ancestors().take_while(|part| *part != git) {
            if is_there(part) && !part.is_dir() {
                to_trash(layout, part)?;
            }
        }
        make_directory(&path)?;
    }
    Ok(())
}

/// Writes a file of a repository, in the place of whatever else has its name.
pub(super) fn complete_file(layout: &Layout, path: &Path, content: &str) -> Result<(), DiskError> {
    if path.is_dir() {
        to_trash(layout, path)?;
    }
    replace_file(path, content.as_bytes(), Durable::Yes)
}

pub(super) fn head() -> String {
    format!("ref: {BRANCH}\n")
}

/// Tells stock Git how files are written and that submodules count, where it does not know yet.
pub(super) fn complete_config(
    layout: &Layout,
    (settings, format): (Settings, ObjectFormat),
) -> Result<(), DiskError> {
    let git = layout.git();
    let (path, wanted) = (git.join("config"), config(&git, settings, format));
    if fs::read(&path).ok().as_deref() == Some(wanted.as_bytes()) {
        return Ok(());
    }
    replace_file(&path, wanted.as_bytes(), Durable::Yes)
}

fn head_is_right(git: &Path) -> bool {
    fs::read_to_string(git.join("HEAD")).is_ok_and(|text| text == head())
}

/// Reads what is small and would not be missed at once if it changed.
pub fn fingerprint(layout: &Layout) -> Vec<Option<Vec<u8>>> {
    ["config", "shallow"].map(|name| fs::read(layout.git().join(name)).ok()).into()
}

/// Looks for cheap signs that the repository is as we left it.
pub fn is_sound(layout: &Layout) -> bool {
    let git = layout.git();
    let directories =
        [layout.staging(), layout.trash(), git.join("objects/pack"), git.join("refs/heads")];
    directories.iter().all(|directory| directory.is_dir())
        && head_is_right(&git)
        && config_is_right(&git)
}

/// Removes what an attempt that was killed may have left: locks, half-taken packs, half-made trees.
/// Only called by the one that holds the root.
fn clear(layout: &Layout) -> Result<(), DiskError> {
    let git = layout.git();
    remove(&layout.root().join(".git.gitsyncd-trash"))?;
    remove(&beside(layout.link()))?;
    remove(&beside(layout.place()))?;
    remove(&beside(&layout.status()))?;
    takeover::clear(layout)?;
    let mut places = vec![git.clone(), git.join("refs/heads"), git.join(KEPT), layout.own()];
    places.extend(list(&layout.admins())?);
    clear_places(places)?;
    clear_packs(&git)?;
    modules::clear(layout)?;
    abandon(layout)
}

/// Removes locks and files that were to take the place of others.
pub(super) fn clear_places(places: Vec<PathBuf>) -> Result<(), DiskError> {
    for place in places {
        for path in list(&place)? {
            if has_extension(&path, "lock") || has_extension(&path, "gitsyncd-new") {
                tracing::info!(path = %path.display(), "removing a leftover");
                remove(&path)?;
            }
        }
    }
    Ok(())
}

/// Removes packs that were taken in by halves.
pub(super) fn clear_packs(git: &Path) -> Result<(), DiskError> {
    for path in list(&git.join("objects/pack"))? {
        let begun = |name: &str| name.starts_with(".tmp") || name.starts_with("tmp_");
        // A pack gets its name before its index does.
        let without_index = has_extension(&path, "pack") && !is_there(&path.with_extension("idx"));
        if name(&path).is_some_and(begun) || has_extension(&path, "keep") || without_index {
            tracing::info!(path = %path.display(), "removing a leftover");
            remove(&path)?;
        }
    }
    Ok(())
}

/// The commits whose objects are to stay: the one that is published, the last ones that were, and
/// those whose trees have not gone yet.
pub fn kept(layout: &Layout, live: &CommitId) -> Result<Vec<CommitId>, DiskError> {
    unpack(layout)?;
    follow(layout, live)?;
    let last = newest_first(&layout.git().join(KEPT))?;
    let last = last.iter().filter_map(|(_, path)| name(path)?.parse().ok());
    let trees = list(&layout.admins())?.into_iter().filter_map(|path| Admin::at(path).head());
    Ok(last.chain(trees).collect())
}

/// Says whether a commit is one of the last that were published here.
pub fn was_published(layout: &Layout, commit: &CommitId) -> bool {
    is_there(&layout.git().join(KEPT).join(commit.as_str()))
}

/// Takes our refs out of the file into which somebody may have packed them: there they would name
/// objects that go, and Git would complain. They were made before those that have files.
fn unpack(layout: &Layout) -> Result<(), DiskError> {
    let packed = layout.git().join("packed-refs");
    let text = if_there(fs::read_to_string(&packed)).at("read", &packed)?.unwrap_or_default();
    let ours = |line: &&str| line.contains(KEPT);
    let kept = layout.git().join(KEPT);
    let before = list(&kept)?.len();
    make_directory(&kept)?;
    for commit in text.lines().filter(ours).filter_map(|line| line.split(' ').next()) {
        let path = kept.join(commit);
        if commit.parse::<CommitId>().is_ok() && !is_there(&path) && before < KEPT_COMMITS {
            replace_file(&path, format!("{commit}\n").as_bytes(), Durable::Yes)?;
            let long_ago = fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
            let file = fs::File::options().write(true).open(&path).at("open", &path)?;
            file.set_times(long_ago).at("note the time at", &path)?;
        }
    }
    if text.lines().any(|line| ours(&line)) {
        let others = text.split_inclusive('\n').filter(|line| !ours(line));
        replace_file(&packed, others.collect::<String>().as_bytes(), Durable::Yes)?;
    }
    Ok(())
}

/// Throws away what was begun and not published.
pub fn abandon(layout: &Layout) -> Result<(), DiskError> {
    discard_all(layout, &layout.staging())
}

/// Throws away what was prepared for the next change.
pub fn discard_prepared(layout: &Layout) -> Result<(), DiskError> {
    discard_all(layout, &layout.prepared())
}

fn discard_all(layout: &Layout, directory: &Path) -> Result<(), DiskError> {
    for path in list(directory)? {
        to_trash(layout, &path)?;
    }
    Ok(())
}

/// Lets go of commits whose objects were lost: Git complains about refs to them.
pub fn forget(
    layout: &Layout,
    mut is_here: impl FnMut(&CommitId) -> bool,
) -> Result<(), DiskError> {
    for path in list(&layout.git().join(KEPT))? {
        let commit = name(&path).and_then(|name| name.parse().ok());
        let content = commit.as_ref().map(|commit| format!("{commit}\n"));
        let right = fs::read_to_string(&path).is_ok_and(|found| Some(found) == content);
        if !right || !commit.is_some_and(|commit| is_here(&commit)) {
            remove(&path)?;
        }
    }
    Ok(())
}

fn newest_first(directory: &Path) -> Result<Vec<(i128, PathBuf)>, DiskError> {
    let mut found = Vec::new();
    for path in list(directory)? {
        let written = path.symlink_metadata().at("look at", &path)?;
        let time = i128::from(written.mtime()) * 1_000_000_000 + i128::from(written.mtime_nsec());
        found.push((time, path));
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    Ok(found)
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension == wanted)
}

/// Notes what is published in the repository's own branch, and that its objects are to stay.
pub fn follow(layout: &Layout, commit: &CommitId) -> Result<(), DiskError> {
    let kept = layout.git().join(KEPT);
    make_directory(&kept)?;
    replace_file(&kept.join(commit.as_str()), format!("{commit}\n").as_bytes(), Durable::Yes)?;
    let all = newest_first(&kept)?;
    // Those that were taken out of a file of packed refs have no order; they go all together.
    let dated = all.iter().filter(|(time, _)| *time > 0).count();
    for (time, old) in all.iter().skip(KEPT_COMMITS) {
        if *time > 0 || dated >= KEPT_COMMITS {
            remove(old)?;
        }
    }
    replace_file(&layout.git().join(BRANCH), format!("{commit}\n").as_bytes(), Durable::Yes)
}
