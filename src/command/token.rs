//! The token that the API wants.

use crate::config::PasswordSource;
use crate::disk::look;
use crate::model::{Cause, Secret};

/// How long a file of tokens may be.
const ROOM: u64 = 4 << 20;

/// The first of the tokens; each is good.
pub(super) fn token(source: &PasswordSource) -> Result<Secret, Cause> {
    let text = match source {
        PasswordSource::Value(secret) => secret.reveal().to_owned(),
        PasswordSource::File(path) => {
            let bytes = look::read(path, ROOM)
                .and_then(|bytes| bytes.ok_or_else(look::Unread::missing))
                .map_err(|error| Cause::new(format!("{}: {error}", path.display())))?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
    };
    let first = text.lines().map(str::trim_ascii).find(|line| !line.is_empty());
    first.map(Secret::new).ok_or_else(|| Cause::new("the token of the API is empty"))
}
