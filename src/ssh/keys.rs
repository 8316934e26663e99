//! Our private keys, from files of any mode and owner.

use crate::model::Cause;
use crate::model::FileChoice;
use crate::ssh::SshError;
use crate::ssh::files;
use crate::ssh::files::Files;
use crate::ssh::short;
use russh::keys::{HashAlg, PrivateKey};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// More than any key takes.
const LIMIT: u64 = 256 << 10;

/// How public keys begin, as text.
const PUBLIC: [&str; 6] = [
    "ssh-",
    "ecdsa-sha2-",
    "sk-",
    "-----BEGIN PUBLIC KEY",
    "-----BEGIN RSA PUBLIC KEY",
    "---- BEGIN SSH2 PUBLIC KEY",
];

/// A private key and where it comes from.
pub(super) struct Key {
    pub(super) path: PathBuf,
    pub(super) key: Arc<PrivateKey>,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.public_key();
        let path = self.path.display();
        write!(f, "{path} ({} {})", key.algorithm().as_str(), key.fingerprint(HashAlg::Sha256))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads the keys, in the order of their files. A file that is there and holds no key is an error,
/// even if another one is good: which of them the server wants is not known here.
pub(super) fn current(files: &Files<Key>) -> Result<Arc<Vec<Key>>, SshError> {
    files.current(|choice| {
        let path = choice.path.clone();
        match load(choice) {
            Ok(Some(key)) => Ok(vec![Key { path, key: Arc::new(key) }]),
            Ok(None) => Ok(Vec::new()),
            Err(source) => Err(SshError::Key { path, source }),
        }
    })
}

fn load(choice: &FileChoice) -> Result<Option<PrivateKey>, Cause> {
    let text = files::read(choice, LIMIT).map_err(|error| Cause::of(&error))?;
    text.map(|text| parse(&text)).transpose()
}

/// Reads a key as OpenSSH, OpenSSL and others write it.
pub(super) fn parse(text: &str) -> Result<PrivateKey, Cause> {
    let lines = text.lines().map(str::trim);
    let text = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    if text.is_empty() {
        return Err(Cause::new("it is empty"));
    }
    if PUBLIC.iter().any(|public| text.starts_with(public)) {
        return Err(Cause::new("it holds a public key; the private one is needed"));
    }
    if text.contains("ENCRYPTED") {
        return Err(encrypted());
    }
    if text.contains("BEGIN DSA PRIVATE KEY") {
        return Err(Cause::new("it holds a DSA key, which servers do not accept any more"));
    }
    if !text.contains("PRIVATE KEY-----") && !text.starts_with("PuTTY-User-Key-File-") {
        return Err(Cause::new("it holds no private key"));
    }
    let text = short::filled(&text).unwrap_or(text);
    let key = russh::keys::decode_secret_key(&text, None).map_err(|error| {
        if matches!(error, russh::keys::Error::KeyIsEncrypted) {
            encrypted()
        } else {
            Cause::new(format!("the private key in it cannot be read: {error}"))
        }
    })?;
    if key.is_encrypted() { Err(encrypted()) } else { Ok(key) }
}

fn encrypted() -> Cause {
    Cause::new(
        "it is encrypted, and nobody is here to type its passphrase; `ssh-keygen -p` takes it away",
    )
}
