//! The reader of PGP with bytes that nobody meant, and beside the crate `pgp`, which the program does
//! not have: what ours believes, that has to believe too. It may believe more, as it has no rules of
//! its own about age, revocation and strength.

use crate::model::ObjectFormat;
use crate::verify::Keyring;
use crate::verify::armor;
use crate::verify::certificate;
use crate::verify::object;
use crate::verify::packet::{MOST, packets};
use crate::verify::pgp::LONGEST;
use crate::verify::signature::Signature;
use crate::verify::tests::{NOW, names, vector};
use ::pgp::composed::{Deserializable, DetachedSignature};
use ::pgp::packet::{Packet, PacketParser, PublicSubkey, Signature as Other, UserId};
use ::pgp::types::Tag;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

/// Vectors whose key is in a file of the same name, and whose arithmetic is quick without optimisation.
const GOOD: [&str; 4] = ["rsa4096", "ed25519", "subkey", "prolonged"];

/// How the commits of a vector are called by their repository.
fn format(name: &str) -> ObjectFormat {
    if name.starts_with("long") { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 }
}

/// A block of armour, and what is in it.
fn unarmoured(text: &[u8]) -> Vec<u8> {
    armor::only(std::str::from_utf8(text).unwrap()).unwrap().data
}

fn armoured(label: &str, data: &[u8]) -> String {
    let text = STANDARD.encode(data);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A commit: its payload, and the bytes of its signature.
fn parts(name: &str) -> (Vec<u8>, Vec<u8>) {
    let parts = object::commit(&vector(&format!("{name}.commit")), format(name));
    (parts.payload, unarmoured(&parts.signatures[0]))
}

/// The key as it is trusted.
fn ring(key: &[u8]) -> Keyring {
    let key = armoured("PGP PUBLIC KEY BLOCK", key).into_bytes();
    Keyring::read(&[("a.asc".to_owned(), Ok(key))], NOW)
}

/// What our reader says.
fn ours(payload: &[u8], signature: &[u8], keys: &Keyring) -> bool {
    let signature = armoured("PGP SIGNATURE", signature);
    super::pgp::check(&signature, payload, &keys.pgp, NOW).is_ok()
}

/// What the crate says: the signature fits, the key says with a name that it is its own, and a subkey
/// is bound in both directions. In which order the packets stand says nothing that is not signed.
fn theirs(payload: &[u8], signature: &[u8], key: &[u8]) -> bool {
    let Ok(signature) = DetachedSignature::from_bytes(signature) else { return false };
    let (mut keys, mut ids, mut subkeys, mut said) = (vec![], vec![], vec![], vec![]);
    for packet in PacketParser::new(key).flatten() {
        if let Packet::PublicKey(key) = packet {
            keys.push(key);
        } else if let Packet::UserId(id) = packet {
            ids.push(id);
        } else if let Packet::PublicSubkey(key) = packet {
            subkeys.push(key);
        } else if let Packet::Signature(by) = packet {
            said.push(by);
        }
    }
    keys.iter().any(|main| {
        let names =
            |by: &Other, id: &UserId| by.verify_certification(main, Tag::UserId, id).is_ok();
        let binds = |by: &Other, sub: &PublicSubkey| {
            let back = by.embedded_signature();
            by.verify_subkey_binding(main, sub).is_ok()
                && back.is_some_and(|it| it.verify_primary_key_binding(sub, main).is_ok())
        };
        let is_named = ids.iter().any(|id| said.iter().any(|by| names(by, id)));
        let by_subkey = subkeys.iter().any(|sub| {
            signature.verify(sub, payload).is_ok() && said.iter().any(|by| binds(by, sub))
        });
        is_named && (by_subkey || signature.verify(main, payload).is_ok())
    })
}

/// Says whether ours believes it, after making sure that the crate does then.
#[track_caller]
fn agreed(payload: &[u8], signature: &[u8], key: &[u8]) -> bool {
    let ours = ours(payload, signature, &ring(key));
    assert!(!ours || theirs(payload, signature, key), "{signature:02x?} by {key:02x?}");
    ours
}

#[test]
fn what_is_believed_of_all_signatures_by_all_keys_the_crate_believes_too() {
    let keys: Vec<_> = names(".asc").iter().map(|name| unarmoured(&vector(name))).collect();
    let rings: Vec<_> = keys.iter().map(|key| ring(key)).collect();
    let mut believed = 0;
    for name in names(".commit") {
        let parts = object::commit(&vector(&name), format(&name));
        let is_ours = |text: &&Vec<u8>| text.starts_with(b"-----BEGIN PGP");
        let Some(signature) = parts.signatures.iter().find(is_ours) else { continue };
        let signature = unarmoured(signature);
        for (key, ring) in keys.iter().zip(&rings) {
            if ours(&parts.payload, &signature, ring) {
                assert!(theirs(&parts.payload, &signature, key), "{name}");
                believed += 1;
            }
        }
    }
    // One for each kind of key, and those by a subkey, a prolonged key, and other hashes.
    assert!(believed >= 9, "{believed}");
}

#[test]
fn a_key_whose_packets_are_missing_doubled_or_elsewhere_is_believed_by_both_or_not_by_ours() {
    let mut believed = 0;
    for name in ["ed25519", "subkey", "prolonged", "revoked-subkey", "expired-subkey"] {
        let (payload, signature) = parts(name);
        let key = unarmoured(&vector(&format!("{name}.asc")));
        let mut cuts = vec![0];
        let mut at = 0;
        for packet in packets(&key).unwrap() {
            // Keys of gpg have lengths of one or two bytes.
            at += packet.body.len() + if key[at].is_multiple_of(4) { 2 } else { 3 };
            cuts.push(at);
        }
        assert_eq!(at, key.len(), "{name}");
        let pieces: Vec<_> = cuts.windows(2).map(|it| &key[it[0]..it[1]]).collect();
        for one in 0..pieces.len() {
            let without = [&pieces[..one], &pieces[one + 1..]].concat().concat();
            believed += usize::from(agreed(&payload, &signature, &without));
            for to in 0..pieces.len() {
                let mut moved = pieces.clone();
                moved.insert(to, pieces[one]);
                believed += usize::from(agreed(&payload, &signature, &moved.concat()));
                moved = pieces.clone();
                moved.swap(one, to);
                believed += usize::from(agreed(&payload, &signature, &moved.concat()));
            }
        }
    }
    assert!(believed > 10, "{believed}");
}

#[test]
fn a_revocation_that_was_left_out_is_what_makes_a_key_count_again() {
    let (payload, signature) = parts("revoked");
    let key = unarmoured(&vector("revoked.asc"));
    assert!(!agreed(&payload, &signature, &key) && theirs(&payload, &signature, &key));
}

#[test]
fn no_more_is_read_than_anybody_means() {
    let many = [0x88, 0].repeat(MOST + 1);
    assert!(packets(&many[2..]).is_ok() && packets(&many).is_err());
    let (payload, signature) = parts("ed25519");
    let key = unarmoured(&vector("ed25519.asc"));
    let padded = |length: usize| {
        let text = armoured("PGP SIGNATURE", &signature);
        let text = format!("{text}{}", "\n".repeat(length - text.len()));
        super::pgp::check(&text, &payload, &ring(&key).pgp, NOW).is_ok()
    };
    assert!(padded(LONGEST) && !padded(LONGEST + 1));
}

#[test]
fn a_length_that_is_not_there_takes_no_memory() {
    for bytes in [
        &[0x8a, 255, 255, 255, 255][..],
        &[0xc2, 255, 255, 255, 255, 255],
        &[0xc6, 255, 127, 255, 255, 255, 4],
    ] {
        assert!(packets(bytes).is_err());
    }
    // Fields within a signature that say they are longer than it.
    for body in [&[4, 0, 1, 8, 255, 255][..], &[4, 0, 1, 8, 0, 6, 255, 255, 255, 255, 255, 2]] {
        assert!(Signature::read(body).is_err());
    }
}

#[test]
fn signatures_within_signatures_are_not_followed() {
    let mut body = vec![4, 0x19, 22, 8, 0, 0, 0, 0, 0, 0];
    while body.len() < 40_000 {
        let length = u32::try_from(body.len() + 1).unwrap().to_be_bytes();
        let field = [&[255][..], &length, &[32], &body].concat();
        let Ok(size) = u16::try_from(field.len()) else { break };
        body = [&[4, 0x19, 22, 8][..], &size.to_be_bytes(), &field, &[0, 0, 0, 0]].concat();
    }
    assert!(Signature::read(&body).unwrap().within().is_some());
    let packet =
        [&[0xc2, 255][..], &u32::try_from(body.len()).unwrap().to_be_bytes(), &body].concat();
    assert!(!ours(b"", &packet, &ring(&unarmoured(&vector("ed25519.asc")))));
}

/// A change of bytes: at a place out of 65536, another value, or more, or less.
fn change() -> impl Strategy<Value = (u8, u16, u8)> {
    (0..5_u8, any::<u16>(), any::<u8>())
}

fn changed(bytes: &[u8], changes: &[(u8, u16, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (how, place, value) in changes {
        if bytes.is_empty() {
            break;
        }
        let at = usize::from(*place) * bytes.len() / 65536;
        match how {
            0 => bytes[at] = *value,
            1 => bytes[at] ^= 1 << (value % 8),
            2 => bytes.insert(at, *value),
            3 => {
                bytes.remove(at);
            }
            _ => bytes.truncate(at.max(bytes.len() / 2)),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _signature = Signature::read(&bytes).map(|it| it.within());
        if let Ok(packets) = packets(&bytes) {
            let _keys = certificate::read(&packets, NOW);
        }
        let whole = [&[0x99, 0, u8::try_from(bytes.len() % 256).unwrap(), 4][..], &bytes].concat();
        let _judged = ours(b"tree 1\n", &whole, &ring(&whole));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(-----(BEGIN|END) PGP SIGNATURE-----|[A-Z]: b|=?[A-Za-z0-9+/]{4}|\n|\r\n|.){0,40}") {
        let _only = armor::only(&text);
        let _blocks = armor::blocks(&text);
        let _judged = super::pgp::check(&text, b"", &[], NOW);
    }

    #[test]
    fn a_signature_with_other_bytes_is_believed_by_both_or_not_by_ours(
        which in 0..GOOD.len(),
        changes in proptest::collection::vec(change(), 1..4),
    ) {
        let (payload, signature) = parts(GOOD[which]);
        let key = unarmoured(&vector(&format!("{}.asc", GOOD[which])));
        agreed(&payload, &changed(&signature, &changes), &key);
    }

    #[test]
    fn a_key_with_other_bytes_is_believed_by_both_or_not_by_ours(
        which in 0..GOOD.len(),
        changes in proptest::collection::vec(change(), 1..4),
    ) {
        let (payload, signature) = parts(GOOD[which]);
        let key = unarmoured(&vector(&format!("{}.asc", GOOD[which])));
        agreed(&payload, &signature, &changed(&key, &changes));
    }
}
