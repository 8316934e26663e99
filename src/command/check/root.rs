//! The root, the link, and the files that tell others how it goes.

use crate::command::check::report::Report;
use crate::config::Config;
use crate::disk;
use crate::disk::{DiskError, Durable, is_there};
use crate::model::Cause;
use crate::publish;
use crate::publish::{Layout, Lock, LockError, Owner, RootError};
use crate::runtime::Stop;
use rustix::fs::{Access, AtFlags, CWD, accessat};
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How the directories begin in which it is tried what can be done in a root.
const TRIAL: &str = ".gitsyncd-check-";
/// How old they must be before they count as left, as any check has ended by then.
const OLD: Duration = Duration::from_mins(10);
/// With less room than this in the root, a run may well fail, in bytes.
const LITTLE: u64 = 64 << 20;
/// And with fewer files that it may still hold.
const FEW: u64 = 1000;

const ADVICE: &str = "check its owner and mode, and as which user this runs";

/// What a root is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Nothing: a run would fail.
    Bad,
    /// A run.
    Free,
    /// A gitsyncd is using it.
    Taken,
}

/// Looks at the root.
pub(super) fn look(layout: &Layout, report: &mut Report, stop: &Stop) -> Use {
    let root = layout.root();
    let shown = root.display();
    match root.metadata() {
        Ok(found) if found.is_dir() => (),
        Ok(_) => {
            report.failed("root", format!("{shown} is not a directory"), "choose another root");
            return Use::Bad;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return missing(root, report);
        }
        Err(error) => {
            report.failed("root", format!("could not look at {shown}: {error}"), ADVICE);
            return Use::Bad;
        }
    }
    let whose = match publish::owner(layout) {
        Owner::Somebody => {
            let foreign = RootError::Foreign { path: root.to_owned() };
            report.failed("root", &foreign, foreign.hint().unwrap_or(ADVICE));
            // Nothing is tried in what is somebody else's.
            return Use::Bad;
        }
        Owner::Unusable => {
            report.warning(
                "root",
                format!(
                    "{} is not a usable repository and will be replaced",
                    layout.git().display()
                ),
                "move it away if it is needed",
            );
            ""
        }
        Owner::Nobody => ", no repository is in it yet",
        Owner::Us => ", it holds a repository of gitsyncd",
        Owner::Peer => ", it holds a repository of git-sync that will be taken over",
    };
    if let Err(cause) = attempt(root, stop) {
        report.failed("root", format!("{shown} cannot be used: {cause}"), ADVICE);
        return Use::Bad;
    }
    report.ok("root", format!("{shown} can be written, linked and locked{whose}"));
    room(root, report);
    if Lock::is_held(root).unwrap_or(false) {
        report.ok("root", "a gitsyncd is using it; another one would wait until that ends");
        return Use::Taken;
    }
    Use::Free
}

/// Looks whether a root can be made; nothing is.
fn missing(root: &Path, report: &mut Report) -> Use {
    match can_make(root) {
        Ok(above) => {
            report.ok("root", format!("{} is missing and will be made", root.display()));
            room(&above, report);
            Use::Free
        }
        Err(cause) => {
            let told = format!("{} is missing and cannot be made: {cause}", root.display());
            report.failed("root", told, ADVICE);
            Use::Bad
        }
    }
}

/// Finds the directory in which a missing one would be made, if that may be written.
fn can_make(directory: &Path) -> Result<PathBuf, Cause> {
    let above = directory.ancestors().find(|path| is_there(path)).unwrap_or(directory);
    if !above.is_dir() {
        return Err(Cause::new(format!("{} is not a directory", above.display())));
    }
    let may = accessat(CWD, above, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS);
    let why = |error| format!("{} cannot be written: {}", above.display(), io::Error::from(error));
    may.map_err(|error| Cause::new(why(error)))?;
    Ok(above.to_owned())
}

/// Does in a directory of its own what a run does in the root, and takes it away again.
fn attempt(root: &Path, stop: &Stop) -> Result<(), Cause> {
    sweep(root);
    let trial = root.join(format!("{TRIAL}{}", std::process::id()));
    let done = attempt_in(&trial, stop);
    let removed = disk::remove(&trial).map_err(|error| Cause::of(&error));
    done.and(removed)
}

fn attempt_in(trial: &Path, stop: &Stop) -> Result<(), Cause> {
    let in_trial = || -> Result<(), DiskError> {
        disk::make_directory(&trial.join("a"))?;
        disk::replace_file(&trial.join("a/file"), b"gitsyncd check\n", Durable::Yes)?;
        disk::replace_link(&trial.join("link"), Path::new("a"))?;
        disk::rename(&trial.join("a"), &trial.join("b"))?;
        disk::replace_link(&trial.join("link"), Path::new("b"))
    };
    in_trial().map_err(|error| Cause::of(&error))?;
    match Lock::acquire(trial, stop) {
        Ok(lock) => {
            drop(lock);
            Ok(())
        }
        Err(LockError::Disk(error)) => Err(Cause::of(&error)),
        Err(error @ LockError::Held { .. }) => Err(Cause::of(&error)),
    }
}

/// Takes away what a check that was killed left. In another container there may be other processes,
/// so that what was made a moment ago stays.
fn sweep(root: &Path) {
    let names = disk::list(root).unwrap_or_default();
    let left = names.into_iter().filter(|path| {
        let process = disk::name(path).and_then(|name| name.strip_prefix(TRIAL));
        let is_number = |id: &&str| id.parse::<u32>().is_ok_and(|number| number.to_string() == *id);
        let is_over = |id: &str| !Path::new("/proc").join(id).exists();
        process.filter(is_number).is_some_and(is_over) && is_old(path)
    });
    for path in left {
        if let Err(error) = disk::remove(&path) {
            tracing::debug!(error = %Cause::of(&error), "could not take away a leftover");
        }
    }
}

/// Says whether a directory has not changed for long.
fn is_old(directory: &Path) -> bool {
    let changed = directory.symlink_metadata().ok().filter(Metadata::is_dir);
    let age = changed.and_then(|found| found.modified().ok()?.elapsed().ok());
    age.is_some_and(|age| age >= OLD)
}

fn room(place: &Path, report: &mut Report) {
    match disk::room(place) {
        Ok(room) => {
            let megabytes = room.available >> 20;
            let few = room.files > 0 && room.files_free < FEW;
            if room.available < LITTLE || few {
                let files =
                    if few { format!(" and {} files", room.files_free) } else { String::new() };
                let told = format!("only {megabytes} MiB{files} are free at {}", place.display());
                report.warning("room", told, "leave room for twice the tree");
            } else {
                report.ok("room", format!("{megabytes} MiB are free; twice the tree is needed"));
            }
        }
        Err(error) => report.warning("room", Cause::of(&error), "check the file system"),
    }
}

/// Looks whether the link can be where it is to be.
pub(super) fn link(layout: &Layout, report: &mut Report) {
    let link = layout.place();
    let shown = link.display();
    if let Err(error) = publish::check_link(layout) {
        report.failed("link", Cause::of(&error), error.hint().unwrap_or(ADVICE));
        return;
    }
    if let Some(live) = publish::live(layout) {
        report.ok("link", format!("{shown} shows {}", live.commit));
    } else if publish::old_live(layout).is_some() {
        let told = "shows a tree of git-sync version 3, which will be taken over: it is shown until \
                    a run has written it anew";
        report.ok("link", format!("{shown} {told}"));
    } else if is_there(link) {
        report.ok("link", format!("{shown} leads to no tree of the root and will be replaced"));
    } else {
        place("link", link, layout.root(), report);
    }
}

/// Looks whether something can be made at a path.
fn place(about: &str, path: &Path, root: &Path, report: &mut Report) {
    let above = path.parent().unwrap_or(root);
    let shown = path.display();
    // Whether the root can be written was told.
    let can = if above.starts_with(root) { Ok(above.to_owned()) } else { can_make(above) };
    match can {
        Ok(_) => report.ok(about, format!("{shown} will be made")),
        Err(cause) => report.failed(about, format!("{shown} cannot be made: {cause}"), ADVICE),
    }
}

/// Looks whether the files can be made that tell others how it goes.
pub(super) fn marks(config: &Config, report: &mut Report) {
    let files = [("touch-file", &config.touch_file), ("error-file", &config.error_file)];
    for (about, path) in files {
        let Some(path) = path else { continue };
        if path.is_dir() {
            report.failed(about, format!("{} is a directory", path.display()), "choose another");
        } else {
            // A run makes the directories above.
            place(about, path, &config.root, report);
        }
    }
}
