//! The keys that are trusted, out of the files of a directory.

use crate::verify::armor;
use crate::verify::certificate;
use crate::verify::certificate::Certificate;
use crate::verify::crypto::Hash;
use crate::verify::packet::packets;
use crate::verify::ssh;
use crate::verify::ssh::Trusted;

/// The file of SSH keys that do not count any more.
const REVOKED: &str = "revoked_keys";

/// How a list of revoked keys begins that is not text.
const BINARY_LIST: &[u8] = b"SSHKRL\n\0";

/// A file of a directory of keys: its name, and what is in it or why that cannot be read.
pub type File = (String, Result<Vec<u8>, String>);

/// The keys that are trusted.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    pub(super) pgp: Vec<Certificate>,
    pub(super) ssh: Trusted,
    faults: Vec<Fault>,
    digest: String,
}

/// Something in a file that is no key, or none that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The name of the file.
    pub file: String,
    /// What is wrong.
    pub why: String,
}

/// Says whether a file of this name is one of keys.
pub fn is_one_of_keys(name: &str) -> bool {
    let end = name.rsplit_once('.').map(|(_, end)| end);
    matches!(end, Some("asc" | "pub")) && !name.starts_with('.') || name == REVOKED
}

impl Keyring {
    /// Reads what is in the files, at this time in seconds since 1970.
    pub fn read(files: &[File], now: u64) -> Self {
        let mut ring = Self::default();
        let mut all = Vec::new();
        for (file, content) in files {
            let mut fault = |why: String| ring.faults.push(Fault { file: file.clone(), why });
            let sum: &[u8] = content.as_deref().unwrap_or_default();
            all.extend_from_slice(file.as_bytes());
            all.push(u8::from(content.is_ok()));
            all.extend_from_slice(Hash::Sha256.digest(sum).as_ref());
            if file == REVOKED {
                let (revoked, unclear) = revoked(content);
                if let Some(why) = &unclear {
                    fault(why.clone());
                }
                (ring.ssh.revoked, ring.ssh.unclear) = (revoked, unclear);
                continue;
            }
            let text = content.clone().and_then(|bytes| {
                String::from_utf8(bytes).map_err(|_error| "it is not text".to_owned())
            });
            let text = match text {
                Ok(text) => text,
                Err(why) => {
                    fault(why);
                    continue;
                }
            };
            if file.rsplit_once('.').is_some_and(|(_, end)| end == "asc") {
                let (good, bad): (Vec<_>, Vec<_>) =
                    certificates(&text, now).into_iter().partition(Result::is_ok);
                bad.into_iter().filter_map(Result::err).for_each(&mut fault);
                ring.pgp.extend(good.into_iter().flatten());
            } else {
                let (good, bad): (Vec<_>, Vec<_>) =
                    ssh::keys(&text).into_iter().partition(Result::is_ok);
                if good.is_empty() && bad.is_empty() {
                    fault("there is no public key of SSH in it".to_owned());
                }
                bad.into_iter().filter_map(Result::err).for_each(&mut fault);
                ring.ssh.keys.extend(good.into_iter().flatten());
            }
        }
        ring.digest = certificate::hex(Hash::Sha256.digest(&all).as_ref());
        ring
    }

    /// How many keys of PGP and of SSH there are.
    pub fn counts(&self) -> (usize, usize) {
        let is_good = |key: &&ssh_key::PublicKey| !self.ssh.revoked.contains(key.key_data());
        let ssh = if self.ssh.unclear.is_some() {
            0
        } else {
            self.ssh.keys.iter().filter(is_good).count()
        };
        (self.pgp.len(), ssh)
    }

    /// Says whether no signature can count.
    pub fn is_empty(&self) -> bool {
        self.counts() == (0, 0)
    }

    /// What is wrong in the files.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// What is the same as long as the files are.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// Reads the keys of PGP in a text.
fn certificates(text: &str, now: u64) -> Vec<Result<Certificate, String>> {
    let blocks = armor::blocks(text);
    if blocks.is_empty() {
        return vec![Err("there is no armoured public key of PGP in it".to_owned())];
    }
    let read = |block: Result<armor::Block, &'static str>| {
        let block = match block {
            Ok(block) => block,
            Err(why) => return vec![Err(format!("its armour is damaged: {why}"))],
        };
        match block.label.as_str() {
            "PGP PUBLIC KEY BLOCK" => (),
            "PGP PRIVATE KEY BLOCK" => {
                return vec![Err("it holds a private key, which must not be here; \
                                 gpg --armor --export makes the public one"
                    .to_owned())];
            }
            other => return vec![Err(format!("it holds a {other}, which is no public key"))],
        }
        match packets(&block.data) {
            Ok(packets) => certificate::read(&packets, now),
            Err(why) => vec![Err(format!("the key in it is damaged: {why}"))],
        }
    };
    let read: Vec<_> = blocks.into_iter().flat_map(read).collect();
    if read.is_empty() { vec![Err("there is no key in it".to_owned())] } else { read }
}

/// Reads the list of revoked keys; if not all of it can be read, no key of SSH is to count.
fn revoked(content: &Result<Vec<u8>, String>) -> (Vec<ssh_key::public::KeyData>, Option<String>) {
    let bytes = match content {
        Ok(bytes) => bytes,
        Err(why) => return (Vec::new(), Some(why.clone())),
    };
    if bytes.starts_with(BINARY_LIST) {
        let why = "it is a binary list (KRL) of ssh-keygen; write one public key a line instead";
        return (Vec::new(), Some(why.to_owned()));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return (Vec::new(), Some("it is not text".to_owned()));
    };
    let mut keys = Vec::new();
    for line in ssh::lines(text) {
        match line {
            Ok(key) => keys.push(key.key_data().clone()),
            Err(why) => return (keys, Some(why)),
        }
    }
    (keys, None)
}
