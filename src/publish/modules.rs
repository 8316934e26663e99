//! The repositories in which the objects of submodules are kept, beside the trees: one for each
//! address, under a name that is made of it and says nothing.
//!
//! A repository stays as long as a tree has it, or a commit that is kept.

use crate::disk::DiskError;
use crate::disk::{Durable, is_there, list, name, replace_file};
use crate::git::{Module, Store};
use crate::model::{Cause, CommitId, ObjectFormat};
use crate::publish::link::{Live, admin_of};
use crate::publish::root::{
    KEPT, abandon, clear_packs, clear_places, complete_config, complete_directories, complete_file,
    head,
};
use crate::publish::settings::{Settings, config_of_module};
use crate::publish::sweep::{age, retire, to_trash};
use crate::publish::{Layout, RootError};
use crate::trees::Admin;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one stays that nothing needs, while attempts fail.
const UNUSED: Duration = Duration::from_hours(1);
/// How many files may be among the packs of one that nothing needs, while attempts fail.
const MANY: usize = 100;

/// How files of it are written, and how its objects are named.
type How = (Settings, ObjectFormat);

/// Opens the repository for the submodules of one address, and makes it if there is none.
pub fn module_store(layout: &Layout, label: &str, how: How) -> Result<Store, RootError> {
    let path = layout.modules().join(label);
    complete(layout, &path, how)?;
    // Nobody needs it from now on, if nothing comes of this.
    retire(&path);
    complete_config(layout, how)?;
    match Store::open(&path) {
        Ok(store) => Ok(store),
        Err(damaged) => {
            tracing::warn!(error = %Cause::of(&damaged), "a submodule's repository cannot be opened");
            renew_module(layout, &path, how)
        }
    }
}

/// Puts an empty repository in the place of a damaged one. What Git knows of trees stays, and which
/// commits are kept.
pub fn renew_module(layout: &Layout, path: &Path, how: How) -> Result<Store, RootError> {
    tracing::warn!(repository = %path.display(), "rebuilding the repository of a submodule");
    for part in ["HEAD", "config", "packed-refs", "objects", "shallow", "info"] {
        let part = path.join(part);
        if is_there(&part) {
            to_trash(layout, &part)?;
        }
    }
    complete(layout, path, how)?;
    Ok(Store::open(path)?)
}

fn complete(layout: &Layout, path: &Path, (settings, format): How) -> Result<(), DiskError> {
    let directories = ["objects/info", "objects/pack", "refs/heads", KEPT, "worktrees"];
    complete_directories(layout, path, &directories)?;
    for (name, content) in [("config", config_of_module(settings, format)), ("HEAD", head())] {
        let file = path.join(name);
        if fs::read(&file).ok().as_deref() != Some(content.as_bytes()) {
            complete_file(layout, &file, &content)?;
        }
    }
    Ok(())
}

/// Finds the repository that has a submodule of a commit that is kept.
pub fn kept_module(layout: &Layout, commit: &CommitId, module: &Module) -> Option<PathBuf> {
    let note = Path::new(KEPT).join(commit.as_str()).join(module.label());
    let wanted = format!("{}\n", module.commit());
    list(&layout.modules())
        .ok()?
        .into_iter()
        .find(|store| fs::read_to_string(store.join(&note)).is_ok_and(|noted| noted == wanted))
}

/// Notes which submodules a published tree has, so that their objects stay.
pub fn follow_modules(layout: &Layout, live: &Live) -> Result<(), DiskError> {
    for module in admin_of(layout, &live.tree).submodules()?.modules {
        let kept = module.store().join(KEPT).join(live.commit.as_str());
        let note = kept.join(module.label());
        if !is_there(&note) {
            complete_directories(layout, module.store(), &[&format!("{KEPT}/{}", live.commit)])?;
            replace_file(&note, format!("{}\n", module.commit()).as_bytes(), Durable::Yes)?;
        }
    }
    Ok(())
}

/// The commits of a submodule's repository whose objects are to stay.
pub fn kept_of_module(store: &Path) -> Result<Vec<CommitId>, DiskError> {
    let mut kept = BTreeSet::new();
    for of_commit in list(&store.join(KEPT))? {
        let notes = list(&of_commit)?;
        kept.extend(
            notes.iter().filter_map(|note| {
                fs::read_to_string(note).ok()?.trim_end().parse::<CommitId>().ok()
            }),
        );
    }
    let trees = list(&store.join("worktrees"))?;
    kept.extend(trees.into_iter().filter_map(|admin| Admin::at(admin).head()));
    Ok(kept.into_iter().collect())
}

/// The repositories of submodules.
pub fn module_stores(layout: &Layout) -> Result<Vec<PathBuf>, DiskError> {
    list(&layout.modules())
}

/// Removes what an attempt that was killed may have left in them.
pub(super) fn clear(layout: &Layout) -> Result<(), DiskError> {
    for store in list(&layout.modules())? {
        if name(&store).is_none_or(|name| !is_label(name)) || !store.is_dir() {
            to_trash(layout, &store)?;
            continue;
        }
        let mut places = vec![store.clone(), store.join(KEPT)];
        places.extend(list(&store.join(KEPT))?);
        places.extend(list(&store.join("worktrees"))?);
        clear_places(places)?;
        clear_packs(&store)?;
    }
    Ok(())
}

fn is_label(name: &str) -> bool {
    name.len() >= 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Throws away what no tree and no kept commit needs.
pub(super) fn sweep(layout: &Layout) -> Result<(), DiskError> {
    throw_away(layout, |_store| true)
}

/// Throws away what is not needed and was not for some time, or fills with what attempts fetched that
/// failed: those that come would fetch the rest again.
fn let_go(layout: &Layout) -> Result<(), DiskError> {
    throw_away(layout, |store| {
        let packs = list(&store.join("objects/pack")).map_or(0, |files| files.len());
        packs > MANY || age(store).is_some_and(|unused| unused > UNUSED)
    })
}

/// Throws away what a failed attempt has made by halves, and what those before it left.
pub fn give_up(layout: &Layout) -> Result<(), DiskError> {
    abandon(layout).and_then(|()| let_go(layout))
}

fn throw_away(layout: &Layout, may_go: impl Fn(&Path) -> bool) -> Result<(), DiskError> {
    let names = |directory: &Path| -> Result<BTreeSet<String>, DiskError> {
        Ok(list(directory)?.iter().filter_map(|path| Some(name(path)?.to_owned())).collect())
    };
    if !is_there(&layout.modules()) {
        return Ok(());
    }
    let (commits, admins) = (names(&layout.git().join(KEPT))?, names(&layout.admins())?);
    for store in list(&layout.modules())? {
        let mut needed = false;
        for (directory, known) in [(KEPT, &commits), ("worktrees", &admins)] {
            for path in list(&store.join(directory))? {
                let of = name(&path).and_then(|name| name.split('.').next());
                if of.is_some_and(|of| known.contains(of)) {
                    needed = true;
                } else {
                    to_trash(layout, &path)?;
                }
            }
        }
        if !needed && may_go(&store) {
            tracing::debug!(repository = %store.display(), "no submodule is kept there any more");
            to_trash(layout, &store)?;
        }
    }
    Ok(())
}
