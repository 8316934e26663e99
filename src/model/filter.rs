//! Which objects a server may keep for itself (git-rev-list, `--filter`; gitprotocol-v2).

use crate::model::size;
use std::fmt;
use std::str::FromStr;

/// A filter in one of Git's forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// No contents of files.
    NoBlobs,
    /// No contents of files of at least so many bytes.
    BlobLimit(u64),
    /// No trees so far below the root, and nothing in them; with 0 no tree at all.
    Trees(u64),
    /// Another that Git knows, as it was given.
    Other(String),
}

/// Why a text is no filter.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a filter; write blob:none, blob:limit=1m or tree:0")]
pub struct FilterError(String);

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let other = |is_one: bool| is_one.then(|| Self::Other(text.to_owned()));
        let found = match text.split_once(':') {
            Some(("blob", "none")) => Some(Self::NoBlobs),
            Some(("blob", limit)) => {
                limit.strip_prefix("limit=").and_then(size::of_git).map(Self::BlobLimit)
            }
            Some(("tree", depth)) => size::of_git(depth).map(Self::Trees),
            Some(("object", what)) => {
                other(matches!(what, "type=blob" | "type=tree" | "type=commit" | "type=tag"))
            }
            Some(("sparse" | "combine", what)) => other(!what.is_empty()),
            Some(_) | None => None,
        };
        found.ok_or_else(|| FilterError(text.to_owned()))
    }
}

/// As servers want it: numbers without units.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBlobs => f.write_str("blob:none"),
            Self::BlobLimit(bytes) => write!(f, "blob:limit={bytes}"),
            Self::Trees(depth) => write!(f, "tree:{depth}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_written_out() {
        let check = |text: &str, expected: &str| {
            assert_eq!(text.parse::<Filter>().unwrap().to_string(), expected);
        };
        check("blob:none", "blob:none");
        check("blob:limit=1k", "blob:limit=1024");
        check("blob:limit=2m", "blob:limit=2097152");
        check("tree:0", "tree:0");
        check("object:type=commit", "object:type=commit");
        check("combine:tree:2+blob:none", "combine:tree:2+blob:none");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "none", "blob:some", "blob:limit=", "blob:limit=k", "tree:-1", "sparse:"] {
            assert!(text.parse::<Filter>().is_err(), "{text}");
        }
    }
}
