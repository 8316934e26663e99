//! What a root looked like to `stat` when it was found in order: as long as that stays the same,
//! nothing in it needs to be read or listed again.
//!
//! It sees everything that puts another file in the place of one, or writes to one; it does not see
//! what is below the trees and the packs.

use crate::publish::Layout;
use crate::publish::link::{Live, admin_of};
use crate::trees::{RULES, WORKTREE_CONFIG};
use jiff::Timestamp;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How old a change must be before another one is sure to have another time: the clocks of file
/// systems may advance in steps.
const STEP: i64 = 2;

/// How a place is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// Whatever has the name itself, and when it was changed last.
    Closely,
    /// Only which file or directory the name leads to, as its content comes and goes.
    Passing,
}

/// What `stat` says of a place: device, inode, mode, size, and both times in seconds and nanoseconds.
type Seen = Option<[i64; 8]>;

/// The imprint of a root in which a tree is published.
#[derive(Debug)]
pub struct Imprint {
    places: Vec<(PathBuf, Look, Seen)>,
    settled: bool,
}

impl Imprint {
    /// Takes it. What was changed a moment ago may change again unnoticed, so such an imprint never
    /// holds.
    pub fn take(layout: &Layout, live: &Live) -> Self {
        let now = Timestamp::now().as_second();
        let places = places(layout, live).map(|(path, look)| {
            let seen = look_at(&path, look);
            (path, look, seen)
        });
        let places: Vec<_> = places.collect();
        let settled = places.iter().all(|(_, look, seen)| match (look, seen) {
            (Look::Closely, Some([.., changed, _])) => now.saturating_sub(*changed) > STEP,
            (Look::Closely | Look::Passing, _) => true,
        });
        Self { places, settled }
    }

    /// Says whether the root still looks like this.
    pub fn holds(&self) -> bool {
        self.settled && self.places.iter().all(|(path, look, seen)| look_at(path, *look) == *seen)
    }
}

/// All that an attempt that finds nothing new relies on.
fn places(layout: &Layout, live: &Live) -> impl Iterator<Item = (PathBuf, Look)> {
    let git = layout.git();
    let admin = admin_of(layout, &live.tree);
    let notes = ["HEAD", "commondir", "gitdir", "locked", RULES, WORKTREE_CONFIG];
    let closely = ["HEAD", "config", "shallow"]
        .map(|name| git.join(name))
        .into_iter()
        .chain(notes.map(|name| admin.path().join(name)))
        .chain([layout.link().to_owned(), live.tree.join(".git"), layout.trees(), layout.admins()]);
    let passing = ["gitsyncd/staging", "gitsyncd/trash", "objects/pack", "refs/heads"]
        .map(|name| git.join(name))
        .into_iter()
        // By the link, wherever that leads.
        .chain([layout.link().to_owned()]);
    let closely: Vec<_> = closely.map(|path| (path, Look::Closely)).collect();
    closely.into_iter().chain(passing.map(|path| (path, Look::Passing)))
}

fn look_at(path: &Path, look: Look) -> Seen {
    let number = |of: u64| i64::from_ne_bytes(of.to_ne_bytes());
    let identity =
        |found: &Metadata| [number(found.dev()), number(found.ino()), i64::from(found.mode())];
    match look {
        Look::Closely => path.symlink_metadata().ok().map(|found| {
            let [device, inode, mode] = identity(&found);
            let size = number(found.size());
            let (written, changed) =
                ((found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec()));
            [device, inode, mode, size, written.0, written.1, changed.0, changed.1]
        }),
        Look::Passing => path.metadata().ok().map(|found| {
            let [device, inode, mode] = identity(&found);
            [device, inode, mode, 0, 0, 0, 0, 0]
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::fs::FileTimes;
    use std::os::unix::fs::symlink;

    struct Scene {
        dir: tempfile::TempDir,
        layout: Layout,
        live: Live,
    }

    impl Scene {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().to_owned();
            let layout = Layout::new(root.clone(), root.join("link"));
            let commit: crate::model::CommitId = "a".repeat(40).parse().unwrap();
            let tree = layout.tree(&commit);
            let live = Live { commit, tree: tree.clone() };
            fs::create_dir_all(&tree).unwrap();
            for (path, look) in places(&layout, &live) {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                match look {
                    Look::Passing if path != layout.link() => fs::create_dir_all(path).unwrap(),
                    Look::Closely if path != layout.link() && !path.is_dir() => {
                        fs::write(path, "x").unwrap();
                    }
                    Look::Closely | Look::Passing => (),
                }
            }
            symlink(&tree, layout.link()).unwrap();
            Self { dir, layout, live }
        }

        /// An imprint that counts as taken long after the last change.
        fn imprint(&self) -> Imprint {
            Imprint { settled: true, ..Imprint::take(&self.layout, &self.live) }
        }
    }

    #[test]
    fn what_was_changed_a_moment_ago_is_not_relied_on() {
        let scene = Scene::new();
        assert!(!Imprint::take(&scene.layout, &scene.live).holds());
        assert!(scene.imprint().holds());
    }

    #[test]
    fn every_place_counts() {
        let scene = Scene::new();
        for (path, look) in places(&scene.layout, &scene.live) {
            let imprint = scene.imprint();
            let aside = scene.dir.path().join("aside");
            fs::rename(&path, &aside).unwrap();
            assert!(!imprint.holds(), "{} {look:?}", path.display());
            fs::rename(&aside, &path).unwrap();
        }
    }

    #[test]
    fn a_byte_written_in_place_shows_even_if_the_time_is_put_back() {
        let scene = Scene::new();
        let head = scene.layout.git().join("HEAD");
        let before = head.metadata().unwrap();
        let imprint = scene.imprint();
        // The clock of the file system may stand still for some milliseconds.
        while imprint.holds() {
            fs::write(&head, "y").unwrap();
            let file = fs::File::options().write(true).open(&head).unwrap();
            file.set_times(FileTimes::new().set_modified(before.modified().unwrap())).unwrap();
        }
        assert_eq!(head.metadata().unwrap().mtime_nsec(), before.mtime_nsec());
    }
}
