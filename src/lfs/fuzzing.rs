//! Ways in for fuzzers. What must never happen panics here.

use crate::lfs::Pointer;
use crate::lfs::batch::{Answer, odd_at};

/// How long what is told of an answer may be: a text of 256 letters, each of which may be written in
/// six, and some words.
const LONGEST: usize = 256 * 10 + 100;

/// Reads a pointer. One that was read is read again from what stock git-lfs would write of it.
///
/// # Panics
/// If that goes wrong.
pub fn pointer(bytes: &[u8]) {
    let Some(pointer) = Pointer::read(bytes) else {
        return;
    };
    if pointer.extension.is_some() {
        return;
    }
    let Pointer { oid, size, .. } = &pointer;
    let text =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n");
    assert_eq!(Pointer::read(text.as_bytes()), Some(pointer), "{text}");
}

/// Reads what a server says of where files are.
///
/// # Panics
/// If that goes wrong.
pub fn answer(bytes: &[u8]) {
    let told = match serde_json::from_slice::<Answer>(bytes).map(Answer::offers) {
        Ok(Ok(offers)) => {
            let mut complaints = offers.into_values().filter_map(Result::err);
            assert!(complaints.all(|complaint| complaint.message.chars().count() <= 257));
            return;
        }
        Ok(Err(odd)) => odd,
        Err(error) => odd_at(&error).to_string(),
    };
    assert!(told.len() <= LONGEST, "{told}");
}
