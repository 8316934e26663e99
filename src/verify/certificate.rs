//! A public key of PGP with its subkeys, and what it says of itself.
//!
//! Only what the key itself signed counts; what others say of it is passed over.

use crate::verify::crypto::Material;
use crate::verify::packet::{Packet, Reader};
use crate::verify::signature::{Misfit, Signature};
use ring::digest;
use std::fmt::Write;

/// What a signature is about.
const DATA_KEY: [u8; 1] = [0x1f];
const NAMES: [u8; 4] = [0x10, 0x11, 0x12, 0x13];
const REVOKED: u8 = 0x20;
const SUBKEY: u8 = 0x18;
const BACK: u8 = 0x19;
const REVOKED_SUBKEY: u8 = 0x28;
const REVOKED_NAME: u8 = 0x30;

/// What a key may do, as a bit.
const SIGNS: u8 = 2;

/// A key alone.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) created: u64,
    pub(super) fingerprint: [u8; 20],
    pub(super) material: Material,
    /// As it is signed.
    framed: Vec<u8>,
}

impl Key {
    fn read(body: &[u8]) -> Result<Self, String> {
        let mut reader = Reader(body);
        let version = reader.byte()?;
        if version != 4 {
            return Err(format!("a key of version {version}, and only 4 is read"));
        }
        let created = reader.long()?.into();
        let algorithm = reader.byte()?;
        let material = Material::read(algorithm, &mut reader)?;
        let length = u16::try_from(body.len()).map_err(|_error| "a key that is too long")?;
        let framed = [&[0x99][..], &length.to_be_bytes(), body].concat();
        let sum = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &framed);
        let fingerprint = sum.as_ref().try_into().map_err(|_error| "a key without a name")?;
        Ok(Self { created, fingerprint, material, framed })
    }

    /// Its fingerprint as people know it.
    pub(super) fn name(&self) -> String {
        hex(&self.fingerprint)
    }
}

/// Writes bytes as PGP is used to.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _written = write!(text, "{byte:02X}");
        text
    })
}

/// A key and what is said of it.
#[derive(Clone, Debug)]
pub(super) struct Stated {
    pub(super) key: Key,
    /// Whether it was taken back.
    pub(super) revoked: bool,
    /// When it ends.
    pub(super) ends: Option<u64>,
    /// Why it may not sign data, if it may not.
    pub(super) unfit: Option<String>,
}

/// A main key with all its subkeys.
#[derive(Clone, Debug)]
pub(super) struct Certificate {
    pub(super) main: Stated,
    pub(super) subkeys: Vec<Stated>,
}

/// A part of a key: the key, a name, or a subkey, and the signatures behind it.
struct Part<'a> {
    packet: Packet<'a>,
    signatures: Vec<Signature>,
    /// How many signatures could not be read.
    unread: Vec<u8>,
}

/// Reads all keys that packets hold, or what is wrong with each.
pub(super) fn read(packets: &[Packet<'_>], now: u64) -> Vec<Result<Certificate, String>> {
    let mut keys: Vec<Vec<Part<'_>>> = Vec::new();
    for packet in packets {
        let part = Part { packet: *packet, signatures: Vec::new(), unread: Vec::new() };
        match (packet.tag, keys.last_mut()) {
            (6, _) => keys.push(vec![part]),
            (13 | 14 | 17, Some(parts)) => parts.push(part),
            (2, Some(parts)) => {
                if let Some(part) = parts.last_mut() {
                    match Signature::read(packet.body) {
                        Ok(signature) => part.signatures.push(signature),
                        Err(_unread) => part.unread.extend(packet.body.get(1)),
                    }
                }
            }
            (5 | 7, _) => return vec![Err("a private key".to_owned())],
            _ => (),
        }
    }
    keys.iter().map(|parts| Certificate::of(parts, now)).collect()
}

impl Certificate {
    fn of(parts: &[Part<'_>], now: u64) -> Result<Self, String> {
        let (first, rest) = parts.split_first().ok_or("no key")?;
        let key = Key::read(first.packet.body)?;
        let name = key.name();
        if let Some(why) = key.material.weakness() {
            return Err(format!("the key {name}: {why}"));
        }
        let check = |signature: &Signature, more: &[&[u8]]| {
            let about = [&[key.framed.as_slice()][..], more].concat();
            signature.check(&key.material, &about)
        };
        let mut words = Newest::new(now);
        for signature in first.signatures.iter().filter(|it| DATA_KEY.contains(&it.kind)) {
            words.hear(signature, check(signature, &[]));
        }
        for part in rest.iter().filter(|part| part.packet.tag != 14) {
            words.hear_name(part, check);
        }
        let Some(said) = words.best else {
            let why = words.why.unwrap_or_else(|| "none is there".to_owned());
            return Err(format!("the key {name} has no signature of its own that counts: {why}"));
        };
        let main = Stated {
            revoked: is_revoked(first, REVOKED, |signature| check(signature, &[])),
            ends: ends(&key, &said),
            unfit: (said.said.flags.is_some_and(|flags| flags & SIGNS == 0))
                .then(|| "it is not for signing data".to_owned()),
            key: key.clone(),
        };
        let subkeys = rest.iter().filter(|part| part.packet.tag == 14);
        let subkeys = subkeys.filter_map(|part| subkey(&key, part, now)).collect();
        Ok(Self { main, subkeys })
    }
}

/// The newest of the words that count.
struct Newest {
    now: u64,
    best: Option<Signature>,
    /// Why one did not count.
    why: Option<String>,
}

impl Newest {
    fn new(now: u64) -> Self {
        Self { now, best: None, why: None }
    }

    fn hear(&mut self, signature: &Signature, checked: Result<(), Misfit>) {
        match checked {
            Ok(()) if signature.ends().is_some_and(|end| end <= self.now) => {
                self.why = Some("it has expired".to_owned());
            }
            Ok(()) => {
                let age = |it: &Signature| it.said.created;
                if self.best.as_ref().is_none_or(|newest| age(newest) <= age(signature)) {
                    self.best = Some(signature.clone());
                }
            }
            Err(Misfit::Hash(hash)) => {
                self.why = Some(format!("it was made by {hash}, which is not strong enough"));
            }
            Err(Misfit::Strange(number)) => {
                self.why = Some(format!("it needs something unknown (number {number})"));
            }
            // Most likely it is that of another key.
            Err(Misfit::Wrong) => (),
        }
    }

    /// Hears what the key says with a name, unless it took the name back.
    fn hear_name(
        &mut self,
        part: &Part<'_>,
        check: impl Fn(&Signature, &[&[u8]]) -> Result<(), Misfit>,
    ) {
        let mark = if part.packet.tag == 13 { 0xb4 } else { 0xd1 };
        let length = u32::try_from(part.packet.body.len()).unwrap_or(u32::MAX);
        let framed = [&[mark][..], &length.to_be_bytes(), part.packet.body].concat();
        let check = |signature: &Signature| check(signature, &[&framed]);
        if is_revoked(part, REVOKED_NAME, check) {
            self.why = Some("its name was taken back".to_owned());
            return;
        }
        for signature in part.signatures.iter().filter(|it| NAMES.contains(&it.kind)) {
            self.hear(signature, check(signature));
        }
    }
}

/// Says whether something was taken back. What cannot be checked is believed, as that is the safe way.
fn is_revoked(part: &Part<'_>, kind: u8, check: impl Fn(&Signature) -> Result<(), Misfit>) -> bool {
    let mut found = part.signatures.iter().filter(|signature| signature.kind == kind);
    found.any(|signature| check(signature) != Err(Misfit::Wrong)) || part.unread.contains(&kind)
}

/// When a key ends by its own word.
fn ends(key: &Key, said: &Signature) -> Option<u64> {
    let lasts = said.said.key_lasts.filter(|lasts| *lasts > 0)?;
    Some(key.created.saturating_add(lasts))
}

/// Reads a subkey. One that cannot be read cannot have signed anything.
fn subkey(main: &Key, part: &Part<'_>, now: u64) -> Option<Stated> {
    let key = Key::read(part.packet.body).ok()?;
    let about = [main.framed.as_slice(), key.framed.as_slice()];
    let check = |signature: &Signature| signature.check(&main.material, &about);
    let mut words = Newest::new(now);
    for signature in part.signatures.iter().filter(|it| it.kind == SUBKEY) {
        words.hear(signature, check(signature));
    }
    let revoked = is_revoked(part, REVOKED_SUBKEY, check);
    let unfit = match &words.best {
        None => Some("its main key does not say that it is its own".to_owned()),
        Some(said) if said.said.flags.is_none_or(|flags| flags & SIGNS == 0) => {
            Some("it is not for signing data".to_owned())
        }
        Some(said) => {
            let back = said.within().filter(|back| {
                let lasts = back.ends().is_none_or(|end| end > now);
                lasts && back.kind == BACK && back.check(&key.material, &about).is_ok()
            });
            back.is_none().then(|| "it does not say whose it is".to_owned())
        }
    };
    let unfit = unfit.or_else(|| key.material.weakness());
    let ends = words.best.as_ref().and_then(|said| ends(&key, said));
    Some(Stated { key, revoked, ends, unfit })
}
