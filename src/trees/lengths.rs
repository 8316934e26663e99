//! How long names and paths may be on Linux, and which of a commit are longer.

use crate::model::{LONGEST_NAME, short};
use crate::trees::index::is_skipped;
use crate::trees::path_of;
use gix::index::State;
use std::path::Path;

/// The bytes of a whole path.
const PATH: usize = 4095;

/// Gives the beginning of the first path that is too long below this place, if there is one.
pub(super) fn too_long(index: &State, place: &Path) -> Option<String> {
    let mut paths = index.entries().iter().filter(|entry| !is_skipped(entry));
    let path = paths.find_map(|entry| {
        let path = path_of(entry, index);
        let whole = place.as_os_str().len() + "/".len() + path.as_os_str().len();
        let is_too_long = whole > PATH || path.iter().any(|name| name.len() > LONGEST_NAME);
        is_too_long.then_some(path)
    })?;
    Some(short(&path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gix::bstr::BStr;
    use gix::index::entry::{Flags, Mode, Stat};

    /// Looks at the place `/root`.
    fn find(paths: &[&str]) -> Option<String> {
        let mut index = State::new(gix::hash::Kind::Sha1);
        let id = gix::ObjectId::null(gix::hash::Kind::Sha1);
        for path in paths {
            let path = BStr::new(path);
            index.dangerously_push_entry(Stat::default(), id, Flags::empty(), Mode::FILE, path);
        }
        too_long(&index, Path::new("/root"))
    }

    #[test]
    fn a_path_is_as_long_as_it_may_be_with_the_place_it_goes_to() {
        let deep = format!("{}b", "a/".repeat(2044));
        assert_eq!(find(&["a", &deep]), None);
        assert_eq!(find(&["a", &format!("{deep}b")]), Some("a/".repeat(128) + "…"));
        assert_eq!(find(&[&"n".repeat(255)]), None);
        assert!(find(&[&format!("a/{}/b", "n".repeat(256))]).is_some());
    }
}
