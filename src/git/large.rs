//! What a repository says of files that are kept apart from it: its `.lfsconfig`, and on this
//! machine the directory that may hold them.

use crate::git::GitError;
use crate::git::Store;
use crate::git::small::{Small, small_file};
use crate::git::store;
use crate::model::{Cause, CommitId};
use std::path::{Path, PathBuf};

/// The file that says where they are.
pub(super) const NAME: &str = ".lfsconfig";
/// The settings in it that say so; the first that is there counts.
const KEYS: [&str; 2] = ["lfs.url", "remote.origin.lfsurl"];
/// No such file is as long as this.
const LONGEST: u64 = 64 << 10;

/// Where a commit says that its large files are. Whoever wrote the commit says it.
pub fn lfs_url(store: &Store, commit: &CommitId) -> Result<Option<String>, GitError> {
    Ok(match small_file(store, commit, NAME, LONGEST)? {
        Small::Text(text) => url_in(&text),
        Small::Absent | Small::TooLarge => None,
    })
}

fn url_in(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let config = match text.parse::<gix::config::File>() {
        Ok(config) => config,
        Err(error) => {
            tracing::warn!(error = %Cause::of(&error), "{NAME} cannot be read and does not count");
            return None;
        }
    };
    KEYS.iter().find_map(|key| config.string(*key)).map(|url| url.to_string())
}

/// The directory of the repository that a path leads to: itself if it is bare.
pub fn git_directory(path: &Path) -> Option<PathBuf> {
    let real = path.canonicalize().ok()?;
    let repo = store::options(store::ROOM).open(real).ok()?.to_thread_local();
    Some(repo.common_dir().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_where_it_may_be() {
        let check = |text: &str, wanted: Option<&str>| {
            assert_eq!(url_in(text.as_bytes()).as_deref(), wanted, "{text}");
        };
        check("[lfs]\n\turl = https://h/x\n", Some("https://h/x"));
        check("[remote \"origin\"]\n\tlfsurl = https://h/y\n", Some("https://h/y"));
        check(
            "[remote \"origin\"]\nlfsurl=https://h/y\n[lfs]\nurl=https://h/x",
            Some("https://h/x"),
        );
        check("[lfs]\n\tfetchexclude = *.bin\n", None);
        check("[lfs\nurl = x", None);
        check("", None);
    }
}
