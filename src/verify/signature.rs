//! A signature of PGP, version 4: what it says of itself, and whether it fits.

use crate::verify::crypto::{Hash, Material};
use crate::verify::packet::Reader;

/// What a signature says.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    /// What it is about: data, a name of a key, a subkey.
    pub(super) kind: u8,
    algorithm: u8,
    hash: u8,
    /// All of it that is signed too.
    signed: Vec<u8>,
    prefix: [u8; 2],
    numbers: Vec<u8>,
    pub(super) said: Said,
}

/// What stands in the fields of a signature. Nothing but who made it, and a signature within it, is
/// taken from what is not signed: these two show whether they are right.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// When it was made, in seconds since 1970.
    pub(super) created: Option<u64>,
    /// How many seconds it lasts.
    pub(super) lasts: Option<u64>,
    /// How many seconds after its making the key ends.
    pub(super) key_lasts: Option<u64>,
    /// What the key is for.
    pub(super) flags: Option<u8>,
    /// The fingerprint of the key that made it.
    pub(super) by: Option<[u8; 20]>,
    /// The end of that.
    pub(super) by_id: Option<[u8; 8]>,
    /// The signature of a subkey within that of its main key.
    within: Option<Vec<u8>>,
    /// Something that must be understood and is not.
    strange: Option<u8>,
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// Its hash is not taken.
    Hash(String),
    /// It asks for something unknown.
    Strange(u8),
    /// It was not made for that, or not by that key.
    Wrong,
}

impl Signature {
    /// Reads the body of a packet.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let mut reader = Reader(body);
        let version = reader.byte()?;
        if version != 4 {
            return Err(format!("it is of version {version}, and only 4 is read"));
        }
        let (kind, algorithm, hash) = (reader.byte()?, reader.byte()?, reader.byte()?);
        let length = reader.short()?;
        let hashed = reader.take(length)?;
        let signed = body.get(..length + 6).unwrap_or_default().to_vec();
        let length = reader.short()?;
        let unhashed = reader.take(length)?;
        let prefix = reader.take(2)?.try_into().unwrap_or_default();
        let mut said = Said::default();
        said.read(hashed, true)?;
        said.read(unhashed, false)?;
        Ok(Self { kind, algorithm, hash, signed, prefix, numbers: reader.0.to_vec(), said })
    }

    /// The signature within it.
    pub(super) fn within(&self) -> Option<Self> {
        Self::read(self.said.within.as_ref()?).ok()
    }

    /// Whether it counts no more at this time.
    pub(super) fn ends(&self) -> Option<u64> {
        let lasts = self.said.lasts.filter(|lasts| *lasts > 0)?;
        Some(self.said.created.unwrap_or_default().saturating_add(lasts))
    }

    /// Says whether it fits what it is about, by this key.
    pub(super) fn check(&self, material: &Material, about: &[&[u8]]) -> Result<(), Misfit> {
        let hash = Hash::of(self.hash).map_err(Misfit::Hash)?;
        if let Some(number) = self.said.strange {
            return Err(Misfit::Strange(number));
        }
        let length = u32::try_from(self.signed.len()).map_err(|_error| Misfit::Wrong)?;
        let end = [&[4, 0xff][..], &length.to_be_bytes()].concat();
        let message = [&about.concat(), &self.signed, &end].map(Vec::as_slice).concat();
        let fits = hash.digest(&message).as_ref().starts_with(&self.prefix)
            && self.said.created.is_some()
            && material.verifies(self.algorithm, hash, &message, &self.numbers).is_some();
        if fits { Ok(()) } else { Err(Misfit::Wrong) }
    }
}

impl Said {
    fn read(&mut self, fields: &[u8], signed: bool) -> Result<(), &'static str> {
        let mut reader = Reader(fields);
        while !reader.0.is_empty() {
            let length = reader.new_length()?;
            let mut field = Reader(reader.take(length)?);
            let number = field.byte()?;
            let (number, critical) = (number & 0x7f, number & 0x80 != 0);
            self.take(number, field, signed, critical)?;
        }
        Ok(())
    }

    fn take(
        &mut self,
        number: u8,
        mut field: Reader<'_>,
        signed: bool,
        critical: bool,
    ) -> Result<(), &'static str> {
        match number {
            2 if signed => self.created = Some(field.long()?.into()),
            3 if signed => self.lasts = Some(field.long()?.into()),
            9 if signed => self.key_lasts = Some(field.long()?.into()),
            27 if signed => self.flags = Some(field.0.first().copied().unwrap_or_default()),
            16 if self.by_id.is_none() => self.by_id = field.0.try_into().ok(),
            32 if self.within.is_none() => self.within = Some(field.0.to_vec()),
            33 if self.by.is_none() => {
                self.by = field.0.strip_prefix(&[4]).and_then(|by| by.try_into().ok());
            }
            // What these say changes nothing here.
            2..=7 | 9 | 11 | 12 | 16 | 21..=35 | 39 => (),
            other if signed && critical => self.strange = Some(other),
            _ => (),
        }
        Ok(())
    }
}
