//! Signatures of commits and tags: from bytes and keys to a verdict.
//!
//! It only computes: it reads no file, knows no repository and no clock. What it does not do: it does
//! not ask a key server, has no web of trust, and reads no X.509. Each key that is given is trusted in
//! the same way.

mod armor;
mod certificate;
mod crypto;
#[cfg(test)]
mod hardening;
mod keys;
mod object;
mod packet;
mod pgp;
mod refusal;
mod signature;
mod ssh;
#[cfg(test)]
mod tests;

pub use keys::{Fault, File, Keyring, is_one_of_keys};
pub use refusal::Refusal;

use crate::model::ObjectFormat;
use object::Parts;

/// What a tag says that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Who signed that.
    pub signer: String,
    /// The id of the object.
    pub object: String,
    /// Whether that is a commit, and not another tag.
    pub is_commit: bool,
}

/// Says who signed a commit, at this time in seconds since 1970. The object is what Git keeps,
/// without its header.
pub fn commit(
    object: &[u8],
    format: ObjectFormat,
    keys: &Keyring,
    now: u64,
) -> Result<String, Refusal> {
    check(&object::commit(object, format), keys, now)
}

/// Says who signed a tag that is to be called `name`, and what it names.
pub fn tag(object: &[u8], name: &str, keys: &Keyring, now: u64) -> Result<Named, Refusal> {
    let signer = check(&object::tag(object), keys, now)?;
    let head = object::head(object);
    let head = head.ok_or_else(|| Refusal::Broken("its head is not that of a tag".to_owned()))?;
    if head.name != name {
        let (says, name) = (head.name.to_owned(), name.to_owned());
        return Err(Refusal::OtherName { says, name });
    }
    Ok(Named { signer, object: head.object.to_owned(), is_commit: head.kind == "commit" })
}

fn check(parts: &Parts, keys: &Keyring, now: u64) -> Result<String, Refusal> {
    if keys.is_empty() {
        let fault = keys.faults().first();
        return Err(Refusal::NoKeys {
            why: fault.map(|Fault { file, why }| format!("{file}: {why}")),
        });
    }
    let signature = match parts.signatures.as_slice() {
        [] => return Err(Refusal::Unsigned),
        [one] => one,
        more => return Err(Refusal::Many(more.len())),
    };
    let Ok(text) = std::str::from_utf8(signature) else {
        return Err(Refusal::Broken("it is not text".to_owned()));
    };
    if text.starts_with("-----BEGIN SSH SIGNATURE-----") {
        ssh::check(text, &parts.payload, &keys.ssh)
    } else if text.starts_with("-----BEGIN PGP ") {
        pgp::check(text, &parts.payload, &keys.pgp, now)
    } else {
        Err(Refusal::Kind)
    }
}
