//! Whether a signature of PGP counts.

use crate::verify::armor;
use crate::verify::certificate::{Certificate, Stated, hex};
use crate::verify::packet::packets;
use crate::verify::refusal::Refusal;
use crate::verify::signature::{Misfit, Signature};

/// Signatures of data that is compared byte for byte.
const BINARY: u8 = 0;

/// How long an armour may be, in bytes. A signature of the longest key needs a tenth of it.
pub(super) const LONGEST: usize = 1 << 16;

/// Says who signed the payload, if that is one of these keys and all is as it must be.
pub(super) fn check(
    armoured: &str,
    payload: &[u8],
    known: &[Certificate],
    now: u64,
) -> Result<String, Refusal> {
    let signature = read(armoured)?;
    let said = &signature.said;
    let is_of = |stated: &&Stated| {
        let fingerprint = &stated.key.fingerprint;
        match (&said.by, &said.by_id) {
            (Some(by), _) => fingerprint == by,
            (None, Some(id)) => fingerprint.ends_with(id),
            (None, None) => false,
        }
    };
    let name = match (&said.by, &said.by_id) {
        (Some(by), _) => format!("the PGP key {}", hex(by)),
        (None, Some(id)) => format!("the PGP key {}", hex(id)),
        (None, None) => return Err(Refusal::Nobody),
    };
    let mut refusal = Refusal::Unknown { key: name };
    for certificate in known {
        let main = &certificate.main;
        for stated in std::iter::once(main).chain(&certificate.subkeys).filter(is_of) {
            match judge(&signature, payload, main, stated, now) {
                Ok(signer) => return Ok(signer),
                Err(found) => refusal = found,
            }
        }
    }
    Err(refusal)
}

/// Reads the only signature in an armour.
fn read(armoured: &str) -> Result<Signature, Refusal> {
    let broken = |why: &str| Refusal::Broken(why.to_owned());
    if armoured.len() > LONGEST {
        return Err(broken("it is too long"));
    }
    let block = armor::only(armoured).map_err(broken)?;
    let packets = packets(&block.data).map_err(broken)?;
    match packets.as_slice() {
        [one] if one.tag == 2 => Signature::read(one.body).map_err(Refusal::Broken),
        [_] | [] => Err(broken("there is no signature in it")),
        more => Err(Refusal::Many(more.len())),
    }
}

/// Judges a signature by the key that it says it is of.
fn judge(
    signature: &Signature,
    payload: &[u8],
    main: &Stated,
    by: &Stated,
    now: u64,
) -> Result<String, Refusal> {
    let is_main = main.key.fingerprint == by.key.fingerprint;
    let whose = if is_main { String::new() } else { format!(" (of {})", main.key.name()) };
    let key = format!("the PGP key {}{whose}", by.key.name());
    if signature.kind != BINARY {
        let why = "it is not one of data".to_owned();
        return Err(Refusal::Weak { key, why });
    }
    match signature.check(&by.key.material, &[payload]) {
        Ok(()) => (),
        Err(Misfit::Hash(hash)) => {
            return Err(Refusal::Weak { key, why: format!("{hash} is not strong enough") });
        }
        Err(Misfit::Strange(number)) => {
            let why = format!("it needs something unknown (number {number})");
            return Err(Refusal::Weak { key, why });
        }
        Err(Misfit::Wrong) => return Err(Refusal::Mismatch { key }),
    }
    if main.revoked || by.revoked {
        return Err(Refusal::Revoked { key });
    }
    if let Some(why) = &by.unfit {
        return Err(Refusal::Unfit { key, why: why.clone() });
    }
    let made = signature.said.created.unwrap_or_default();
    if made < by.key.created {
        return Err(Refusal::Early { key });
    }
    // Not when it was signed: whoever has an old key can write any time into a signature.
    let ends = [main.ends, by.ends].into_iter().flatten().min();
    if let Some(at) = ends.filter(|end| *end <= now.max(made)) {
        return Err(Refusal::Expired { key, at });
    }
    if let Some(at) = signature.ends().filter(|end| *end <= now) {
        return Err(Refusal::Over { key, at });
    }
    Ok(key)
}
