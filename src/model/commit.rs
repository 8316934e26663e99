//! The name of a commit.

use crate::model::ObjectFormat;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The full object id of a commit, in lower-case hex: 40 digits (SHA-1) or 64 (SHA-256).
///
/// Never abbreviated, so it is also a safe file name and compares exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct CommitId(String);

/// The text is not a full object id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a full commit id of 40 or 64 hex digits")]
pub struct CommitIdError;

impl CommitId {
    /// Lends the hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// By which hash it is named: nothing but its length says so.
    pub fn format(&self) -> ObjectFormat {
        if self.0.len() == 64 { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 }
    }
}

impl FromStr for CommitId {
    type Err = CommitIdError;

    /// Takes upper-case digits too, as Git does, and keeps them in lower case.
    fn from_str(text: &str) -> Result<Self, CommitIdError> {
        let right_length = text.len() == 40 || text.len() == 64;
        if right_length && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(CommitIdError)
        }
    }
}

impl TryFrom<String> for CommitId {
    type Error = CommitIdError;

    fn try_from(text: String) -> Result<Self, CommitIdError> {
        text.parse()
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_an_id_tells_its_hash() {
        let of = |length| "a".repeat(length).parse().map(|id: CommitId| id.format());
        assert_eq!(of(40), Ok(ObjectFormat::Sha1));
        assert_eq!(of(64), Ok(ObjectFormat::Sha256));
        for neither in [39, 41, 63, 65] {
            assert_eq!(of(neither), Err(CommitIdError), "{neither}");
        }
    }

    #[test]
    fn only_full_ids_are_ids() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(id.parse::<CommitId>().unwrap().as_str(), id);
        assert_eq!(id.to_uppercase().parse::<CommitId>().unwrap().as_str(), id);
        for bad in
            ["", "abc", "g123456789abcdef0123456789abcdef01234567", id.trim_start_matches('0')]
        {
            assert_eq!(bad.parse::<CommitId>(), Err(CommitIdError), "{bad}");
        }
    }
}
