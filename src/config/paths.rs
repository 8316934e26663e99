//! Where things are: absolute paths, and which places in the root are taken.
//!
//! All of this is about names. Nothing here looks at the disk.

use crate::model::LONGEST_NAME;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// What in the root is for this program alone.
const OURS: [&str; 3] = [".git", ".worktrees", ".git-sync"];
/// Of those, how many the name has to itself beside which a replacement is made.
const LONGEST_REPLACED: usize = LONGEST_NAME - "..gitsyncd-new".len();

/// Makes a path absolute and takes out `.` and `..`.
pub(super) fn absolute(base: &Path, text: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for component in base.join(text).components() {
        match component {
            Component::CurDir => (),
            Component::ParentDir => drop(path.pop()),
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                path.push(component);
            }
        }
    }
    path
}

/// Says why nothing of the user's can be at this path, if so.
pub(super) fn taken(root: &Path, path: &Path) -> Option<String> {
    if path == root {
        return Some("is the root itself".to_owned());
    }
    if root.starts_with(path) {
        return Some("is above the root".to_owned());
    }
    OURS.iter()
        .map(|name| root.join(name))
        .find(|ours| path.starts_with(ours))
        .map(|ours| format!("is in {}, which gitsyncd keeps for itself", ours.display()))
}

/// Says why nothing can have this path that is replaced by what is made beside it, if so.
pub(super) fn too_long(path: &Path) -> Option<String> {
    let last = path.file_name().map_or(0, OsStr::len);
    if last > LONGEST_REPLACED {
        Some(format!("ends with a name of {last} bytes, more than {LONGEST_REPLACED}"))
    } else {
        let longest = path.iter().map(OsStr::len).max().filter(|length| *length > LONGEST_NAME)?;
        Some(format!("holds a name of {longest} bytes, more than {LONGEST_NAME}"))
    }
}

/// Says why a file cannot be at this path beside that link, if so.
pub(super) fn in_the_way(link: &Path, path: &Path) -> Option<String> {
    if path == link {
        Some("is the link".to_owned())
    } else if link.starts_with(path) {
        Some("is above the link".to_owned())
    } else if path.starts_with(link) {
        Some("is inside the published tree, which nothing may change".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_absolute_and_plain() {
        let of = |text| absolute(Path::new("/a/b"), text);
        assert_eq!(of("c"), Path::new("/a/b/c"));
        assert_eq!(of("./c/../d/"), Path::new("/a/b/d"));
        assert_eq!(of("../../../.."), Path::new("/"));
        assert_eq!(of("/x//y/."), Path::new("/x/y"));
        assert_eq!(of("."), Path::new("/a/b"));
    }

    #[test]
    fn our_own_places_are_taken() {
        let of = |path| taken(Path::new("/git"), Path::new(path));
        assert!(of("/git").is_some_and(|told| told.contains("root itself")));
        assert!(of("/").is_some_and(|told| told.contains("above")));
        for path in ["/git/.git", "/git/.git/x", "/git/.worktrees/x", "/git/.git-sync"] {
            assert!(of(path).is_some_and(|told| told.contains("keeps for itself")), "{path}");
        }
        for path in ["/git/latest", "/git/.github", "/git/a/b", "/elsewhere"] {
            assert_eq!(of(path), None, "{path}");
        }
    }

    #[test]
    fn names_must_leave_room_for_those_of_their_replacements() {
        let of = |path: String| too_long(Path::new(&path)).is_some();
        let name = |length| "n".repeat(length);
        assert_eq!(
            [241, 242, 300].map(|last| of(format!("/a/{}", name(last)))),
            [false, true, true]
        );
        assert_eq!([255, 256].map(|above| of(format!("/{}/a", name(above)))), [false, true]);
    }

    #[test]
    fn a_file_must_stay_clear_of_the_link() {
        let of = |path| in_the_way(Path::new("/git/a/latest"), Path::new(path)).is_some();
        assert!(of("/git/a/latest") && of("/git/a") && of("/git/a/latest/x"));
        assert!(!of("/git/a/latest2") && !of("/git/touched"));
    }
}
