//! A tree that stands where the link would be, for readers who cannot follow one.
//!
//! Two directories exchange their names, so that there is always a complete tree of one commit. While
//! a tree stands there, its home in `.worktrees` is vacant, or a symlink leads from there to it; there
//! it goes when another has taken its place. A crash at any moment leaves both; what is not done yet
//! then, which is to bring the old one home and to tell Git where they are, is done at the next start.

use crate::disk::look::read_below;
use crate::disk::{At, DiskError, Durable};
use crate::disk::{
    exchange, is_there, list, make_directory, name, remove, rename, rename_new, replace_file,
    sync_directory,
};
use crate::model::{Cause, CommitId, Form};
use crate::publish::copied;
use crate::publish::link;
use crate::publish::link::{Live, admin_name, numbered, own_place, take_place};
use crate::publish::sweep::{retire, to_trash, trees};
use crate::publish::turning;
use crate::publish::{Layout, RootError};
use crate::trees::{Admin, Written, move_to, point_at, pointer, real, relative};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

/// More than a pointer or our note is long.
const LONGEST: u64 = 1 << 20;

/// A tree that stands there.
struct Standing {
    /// Git's name for it.
    name: String,
    commit: CommitId,
    /// Where it goes when another takes its place.
    home: PathBuf,
}

impl Standing {
    /// The one of this name, if it is one that we give.
    fn named(layout: &Layout, name: &str) -> Option<Self> {
        let (id, number) = name.split_once('-').map_or((name, None), |(id, n)| (id, Some(n)));
        let commit: CommitId = id.parse().ok()?;
        let above = match number {
            Some(number) => layout.trees().join(number.parse::<u32>().ok()?.to_string()),
            None => layout.trees(),
        };
        Some(Self { name: name.to_owned(), home: above.join(commit.as_str()), commit })
    }

    /// The one that is there now, if we put it there.
    fn now(layout: &Layout) -> Option<Self> {
        Self::at(layout, layout.link())
    }

    /// The one that is at a path, where it is or was to stand there.
    fn at(layout: &Layout, path: &Path) -> Option<Self> {
        let found = directory(path)?;
        let told = || named_by(layout, path);
        told().or_else(|| Self::named(layout, noted(layout).get(&found.ino())?))
    }

    fn admin(&self, layout: &Layout) -> Admin {
        Admin::at(layout.admins().join(&self.name))
    }
}

fn directory(path: &Path) -> Option<Metadata> {
    path.symlink_metadata().ok().filter(Metadata::is_dir)
}

/// What a tree's pointer says it is, if that is a pointer for one that stands there.
fn named_by(layout: &Layout, tree: &Path) -> Option<Standing> {
    let text = String::from_utf8(read_below(&tree.join(".git"), LONGEST).ok()??).ok()?;
    let told = Path::new(text.strip_prefix("gitdir: ")?.trim_end());
    let standing = Standing::named(layout, name(told)?)?;
    (text == pointer(layout.link(), &standing.admin(layout))).then_some(standing)
}

/// The note of which directories were put there last, by number: a pointer can be taken away.
fn note(layout: &Layout) -> PathBuf {
    layout.own().join("placed.json")
}

fn noted(layout: &Layout) -> BTreeMap<u64, String> {
    let text = read_below(&note(layout), LONGEST).ok().flatten().unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Notes which directory is about to stand there, and which does.
fn write_note(layout: &Layout, new: &Path, name: &str) -> Result<(), DiskError> {
    let mut all = BTreeMap::new();
    if let (Some(now), Some(found)) = (Standing::now(layout), directory(layout.link())) {
        all.insert(found.ino(), now.name);
    }
    all.extend(directory(new).map(|found| (found.ino(), name.to_owned())));
    replace_file(&note(layout), serde_json::json!(all).to_string().as_bytes(), Durable::No)
}

/// Reads which tree stands there.
pub(super) fn live(layout: &Layout) -> Option<Live> {
    let now = Standing::now(layout)?;
    Some(Live { commit: now.commit, tree: layout.link().to_owned() })
}

/// Where Git administers the tree that stands there.
pub(super) fn admin(layout: &Layout) -> Admin {
    let name = Standing::now(layout).map(|now| now.name);
    Admin::at(layout.admins().join(name.as_deref().unwrap_or("none")))
}

/// When it was put there: Git was told so just before.
pub(super) fn since(layout: &Layout) -> Option<Timestamp> {
    let told = Standing::now(layout)?.admin(layout).path().join("gitdir");
    Timestamp::try_from(told.symlink_metadata().and_then(|found| found.modified()).ok()?).ok()
}

/// Where a tree that readers see goes when another takes its place.
pub fn home(layout: &Layout, live: &Live) -> PathBuf {
    let now = Standing::now(layout).filter(|_| live.tree == layout.link());
    now.map_or_else(|| live.tree.clone(), |now| now.home)
}

/// Looks whether a tree can stand there, as far as that can be known without trying it.
pub(super) fn check(layout: &Layout) -> Result<(), RootError> {
    let (link, path) = (layout.link(), layout.link().to_owned());
    let Some(above) = link.ancestors().skip(1).find_map(|above| above.metadata().ok()) else {
        return Ok(());
    };
    match link.symlink_metadata() {
        Ok(found) if found.is_dir() && found.dev() != above.dev() => {
            return Err(RootError::MountPoint { path });
        }
        Ok(found) if found.is_dir() => {
            let is_ours = Standing::now(layout).is_some() || copied::is_ours(layout);
            if !is_ours && !list(link)?.is_empty() {
                return Err(RootError::PlaceTaken { path });
            }
        }
        Ok(found) if !found.is_symlink() => return Err(RootError::PlaceTaken { path }),
        Ok(_) | Err(_) => (),
    }
    match layout.root().metadata() {
        Ok(root) if root.dev() != above.dev() => Err(RootError::OtherFileSystem { path }),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Whether what stands there is ours.
pub(super) fn is_ours(layout: &Layout) -> bool {
    Standing::now(layout).is_some()
}

/// Puts a written tree there.
pub(super) fn publish(layout: &Layout, written: &Written) -> Result<Live, RootError> {
    let now = Standing::now(layout);
    let same = now.as_ref().filter(|now| now.commit == *written.commit());
    let home = if let Some(now) = same {
        now.home.clone()
    } else {
        let own = own_place(layout, written.commit())?;
        // Readers may follow a link to it until then.
        let is_live = link::live(layout).is_some_and(|live| live.tree == own);
        if is_live { numbered(layout, written.commit())? } else { own }
    };
    let (place, name) = (layout.link(), admin_name(layout, &home));
    let admin = Admin::at(layout.admins().join(&name));
    let staged = Admin::at(Layout::fresh(&layout.staging()));
    staged.write(written, place)?;
    admin.write_modules(written, place)?;
    point_at(written, place, &admin)?;
    make_directory(&layout.admins())?;
    make_directory(&layout.trash())?;
    // A symlink to what stands there leads to the new one, too.
    if is_there(&home) && !(now.is_some() && turning::is_left(layout, &home)) {
        // Readers may be told of the old one no more, as Git is told of the new one now.
        to_trash(layout, &home)?;
    }
    take_place(layout, staged.path(), admin.path())?;
    put(layout, now, written.path(), (written.commit(), &name))
}

/// Puts a tree there that is at home.
pub(super) fn bring(layout: &Layout, commit: &CommitId, tree: &Path) -> Result<Live, RootError> {
    let name = admin_name(layout, tree);
    move_to(&link::admin_of(layout, tree), tree, layout.link())?;
    put(layout, Standing::now(layout), tree, (commit, &name))
}

/// Puts a whole tree there of which Git was told that it is. What stands there goes home, or away
/// if it has the same name.
fn put(
    layout: &Layout,
    now: Option<Standing>,
    new: &Path,
    (commit, name): (&CommitId, &str),
) -> Result<Live, RootError> {
    let place = layout.link();
    write_note(layout, new, name)?;
    let goes_home = now.filter(|now| now.name != name);
    let aside = layout.leaving();
    for directory in [place.parent(), Some(&layout.trees())].into_iter().flatten() {
        make_directory(directory)?;
    }
    let put = if is_there(place) {
        if is_there(&aside) {
            to_trash(layout, &aside)?;
        }
        // Before, so that a crash right after it takes no time from those who read the old one.
        retire(place);
        rename(new, &aside)?;
        exchange(&aside, place).inspect_err(|_error| drop(to_trash(layout, &aside)))
    } else {
        rename_new(new, place)
    };
    put.map_err(|error| refused(layout, error))?;
    // At once: a symlink at its home leads to the other tree for so long.
    if is_there(&aside) {
        let left = goes_home.map_or_else(|| to_trash(layout, &aside), |old| leave(layout, &old));
        if let Err(error) = left {
            tracing::warn!(error = %Cause::of(&error), "could not put the tree away that was there");
        }
    }
    let above = place.parent().unwrap_or(place);
    if let Err(error) = sync_directory(above).and_then(|()| sync_directory(&layout.trees())) {
        tracing::warn!(error = %Cause::of(&error), "the new tree may not survive a power failure");
    }
    Ok(Live { commit: commit.clone(), tree: place.to_owned() })
}

/// Brings the tree home that another took the place of.
fn leave(layout: &Layout, old: &Standing) -> Result<(), DiskError> {
    make_directory(old.home.parent().unwrap_or(&old.home))?;
    take_place(layout, &layout.leaving(), &old.home)?;
    come_home(layout, old);
    Ok(())
}

/// Tells Git that a tree is at home again. Readers may still be in it.
fn come_home(layout: &Layout, old: &Standing) {
    let admin = old.admin(layout);
    if admin.path().is_dir()
        && let Err(error) = move_to(&admin, &old.home, &old.home)
    {
        tracing::warn!(error = %Cause::of(&error), "could not tell Git where a retired tree is");
    }
    retire(&old.home);
}

fn refused(layout: &Layout, error: DiskError) -> RootError {
    let (path, kind) = (layout.link().to_owned(), error.kind());
    if kind == ErrorKind::CrossesDevices {
        RootError::OtherFileSystem { path }
    } else if kind == ErrorKind::ResourceBusy {
        RootError::MountPoint { path }
    } else if [ErrorKind::InvalidInput, ErrorKind::Unsupported].contains(&kind) {
        RootError::CannotExchange { path, source: error }
    } else {
        error.into()
    }
}

/// Puts right what a crash left, and turns a link into a tree or a tree into a link, as it is to be
/// now. There is always one of them, where the file system can exchange names.
pub(super) fn settle(layout: &Layout) -> Result<(), RootError> {
    repair(layout)?;
    let is_link = layout.link().is_symlink();
    match layout.form() {
        Form::Exchange => {
            link::try_exchange(layout).map_err(|error| refused(layout, error))?;
            if let Some(live) = link::live(layout).filter(|_| is_link) {
                become_tree(layout, &live)?;
            }
        }
        Form::Symlink | Form::Copy => {
            if let Some(now) = Standing::now(layout) {
                become_link(layout, &now)?;
            }
        }
    }
    Ok(())
}

/// Puts the tree that the link names in the place of the link.
fn become_tree(layout: &Layout, live: &Live) -> Result<(), RootError> {
    let (place, admin) = (layout.link(), link::admin_of(layout, &live.tree));
    if !admin.path().is_dir() {
        // It is not as it should be, and will be replaced.
        return Ok(());
    }
    tracing::info!(commit = %live.commit, "turning the link into a directory");
    write_note(layout, &live.tree, &admin_name(layout, &live.tree))?;
    move_to(&admin, &live.tree, place)?;
    if let Err(error) = turning::turn(layout, &live.tree) {
        move_to(&admin, &live.tree, &live.tree)?;
        return Err(refused(layout, error));
    }
    move_to(&admin, place, place)?;
    turning::finish(layout);
    Ok(())
}

/// Puts a link in the place of the tree that stands there.
fn become_link(layout: &Layout, now: &Standing) -> Result<(), DiskError> {
    tracing::info!(commit = %now.commit, "turning the directory into a link");
    let (place, home) = (layout.link(), now.home.as_path());
    if directory(home).is_some() {
        to_trash(layout, home)?;
    }
    make_directory(home.parent().unwrap_or(home))?;
    if turning::turn(layout, home).is_err() {
        remove(home)?;
        rename(place, home)?;
        let target = relative(real(place).parent().unwrap_or(place), &real(home));
        symlink(target, place).at("create", place)?;
    }
    let admin = now.admin(layout);
    if admin.path().is_dir() {
        move_to(&admin, home, home)?;
    }
    turning::finish(layout);
    Ok(())
}

/// Sends trees home that a crash left elsewhere, or of which Git believes that they are.
fn repair(layout: &Layout) -> Result<(), DiskError> {
    turning::clear(layout)?;
    let now = Standing::now(layout);
    bring_home(layout, now.as_ref())?;
    let live = link::live(layout).map(|live| live.tree);
    // Trees elsewhere are of versions of git-sync that had no such place.
    let own = |tree: &PathBuf| tree.starts_with(layout.trees()) && live.as_ref() != Some(tree);
    for tree in trees(layout)?.into_iter().filter(own) {
        if tree.is_symlink() {
            let is_home = now.as_ref().is_some_and(|now| now.home == tree);
            if !is_home || !turning::is_left(layout, &tree) {
                remove(&tree)?;
            }
            continue;
        }
        let at_home = link::admin_of(layout, &tree);
        let Some(stray) = named_by(layout, &tree).filter(|_| !at_home.is_of(&tree)) else {
            continue;
        };
        tracing::info!(tree = %tree.display(), "putting right what an earlier run left");
        let is_home = stray.home == tree;
        let stands = now.as_ref().is_some_and(|now| now.name == stray.name);
        if stands || (!is_home && is_there(&stray.home)) {
            to_trash(layout, &tree)?;
            continue;
        }
        if !is_home {
            make_directory(stray.home.parent().unwrap_or(&stray.home))?;
            rename(&tree, &stray.home)?;
        }
        come_home(layout, &stray);
    }
    Ok(())
}

/// Brings the tree home whose place another took when a crash came.
fn bring_home(layout: &Layout, now: Option<&Standing>) -> Result<(), DiskError> {
    let leaving = layout.leaving();
    if !is_there(&leaving) {
        return Ok(());
    }
    tracing::info!(tree = %leaving.display(), "putting right what an earlier run left");
    let is_missing = |old: &Standing| {
        now.is_none_or(|now| now.name != old.name) && directory(&old.home).is_none()
    };
    match Standing::at(layout, &leaving).filter(is_missing) {
        Some(old) => leave(layout, &old),
        None => to_trash(layout, &leaving),
    }
}

/// Whether Git believes that a tree stands there which does not.
pub(super) fn is_outdated(layout: &Layout, admin: &Path) -> bool {
    let told = read_below(&admin.join("gitdir"), LONGEST).ok().flatten().unwrap_or_default();
    let place = layout.link().join(".git");
    told.trim_ascii_end() == place.as_os_str().as_encoded_bytes()
}
