//! Signatures that gpg, ssh-keygen and Git made, from `tests/vectors/verify`; `make.sh` there makes
//! them.

use crate::model::ObjectFormat;
use crate::verify::{Keyring, Refusal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::fs;
use std::path::Path;

/// Long before any key of today ends, and after all of them were made.
pub(super) const NOW: u64 = 1_900_000_000;

pub(super) fn vector(name: &str) -> Vec<u8> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/verify");
    fs::read(place.join(name)).unwrap()
}

/// The names of the vectors that end so.
pub(super) fn names(end: &str) -> Vec<String> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/verify");
    let found = fs::read_dir(place).unwrap();
    let found = found.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    found.filter(|name| name.ends_with(end)).collect()
}

fn ring_of(names: &[&str]) -> Keyring {
    let files: Vec<_> = names.iter().map(|name| ((*name).to_owned(), Ok(vector(name)))).collect();
    Keyring::read(&files, NOW)
}

fn commit(name: &str, keys: &Keyring) -> Result<String, Refusal> {
    let format = if name.starts_with("long") { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 };
    super::commit(&vector(&format!("{name}.commit")), format, keys, NOW)
}

/// Checks a commit by a key and gives the words of the refusal.
#[track_caller]
fn refusal(name: &str, key: &str) -> String {
    let keys = ring_of(&[key]);
    assert_eq!(keys.faults(), [], "{key}");
    commit(name, &keys).unwrap_err().to_string()
}

#[test]
fn good_signatures_of_all_kinds_are_believed() {
    for name in ["rsa4096", "ed25519", "nistp256", "nistp384", "nistp521", "subkey", "prolonged"] {
        let keys = ring_of(&["rsa4096.asc", &format!("{name}.asc"), "ssh-ed25519.pub"]);
        assert_eq!(keys.faults(), [], "{name}");
        let signer = commit(name, &keys).unwrap();
        assert!(signer.starts_with("the PGP key "), "{signer}");
        assert_eq!(signer.contains("(of "), name == "subkey", "{signer}");
    }
    for (name, key) in [("nistp256-sha512", "nistp256.asc"), ("long-pgp", "ed25519.asc")] {
        assert!(commit(name, &ring_of(&[key])).is_ok(), "{name}");
    }
    for name in ["ed25519", "ecdsa", "ecdsa-384", "ecdsa-521", "rsa"] {
        let name = format!("ssh-{name}");
        let keys = ring_of(&["rsa4096.asc", &format!("{name}.pub")]);
        let signer = commit(&name, &keys).unwrap();
        assert!(signer.starts_with("the SSH key SHA256:"), "{signer}");
    }
    assert!(commit("long", &ring_of(&["ssh-ed25519.pub"])).is_ok());
}

#[test]
fn only_keys_that_are_there_are_believed() {
    let keys = ring_of(&["ed25519.asc", "nistp256.asc", "ssh-ed25519.pub"]);
    assert_eq!(keys.counts(), (2, 1));
    for name in ["unknown", "rsa4096", "subkey", "ssh-rsa", "ssh-ecdsa"] {
        let told = commit(name, &keys).unwrap_err().to_string();
        assert!(told.contains("is in no file of verify-key-dir"), "{name}: {told}");
    }
    assert_eq!(commit("unsigned", &keys), Err(Refusal::Unsigned));
    assert_eq!(commit("ed25519", &Keyring::default()), Err(Refusal::NoKeys { why: None }));
    // The signature by the other names of objects says nothing here.
    let long = super::commit(&vector("long.commit"), ObjectFormat::Sha1, &keys, NOW);
    assert_eq!(long, Err(Refusal::Unsigned));
}

#[test]
fn a_key_that_does_not_count_any_more_is_refused_in_its_own_words() {
    for (name, words) in [
        ("revoked", "which is revoked"),
        ("revoked-subkey", "which is revoked"),
        ("expired", "which expired at 2020-12-31T"),
        ("expired-subkey", "which expired at 2020-12-31T"),
    ] {
        let told = refusal(name, &format!("{name}.asc"));
        assert!(told.contains(words) && told.contains("the PGP key "), "{name}: {told}");
    }
    let told = refusal("expired-signature", "old.asc");
    assert!(told.contains("its signature by") && told.contains("expired at 2020-02-02"), "{told}");
    let told = refusal("sha1", "rsa4096.asc");
    assert!(told.contains("SHA-1 is not strong enough"), "{told}");
}

#[test]
fn what_no_signature_of_ssh_may_be_is_refused() {
    assert_eq!(
        commit("ssh-certificate", &ring_of(&["ssh-ed25519.pub"])),
        Err(Refusal::Certificate)
    );
    let told = refusal("ssh-namespace", "ssh-ed25519.pub");
    assert!(told.contains("made for \"file\""), "{told}");
    let short = ring_of(&["ssh-rsa-short.pub", "dsa.asc"]);
    assert!(short.is_empty());
    let faults: Vec<_> = short.faults().iter().map(|fault| fault.why.as_str()).collect();
    assert!(faults[0].contains("RSA of 1024 bits is too short"), "{faults:?}");
    assert!(faults[1].contains("DSA is not taken"), "{faults:?}");
    let told = commit("dsa", &short).unwrap_err().to_string();
    assert!(told.contains("no usable key") && told.contains("ssh-rsa-short.pub: "), "{told}");
}

#[test]
fn a_revoked_key_of_ssh_does_not_count_and_without_the_list_none_does() {
    let with = |list: &[u8]| {
        let files =
            ["ssh-ed25519.pub", "ssh-rsa.pub"].map(|name| (name.to_owned(), Ok(vector(name))));
        let list = ("revoked_keys".to_owned(), Ok(list.to_vec()));
        Keyring::read(&[files.to_vec(), vec![list]].concat(), NOW)
    };
    let keys = with(&[b"# gone\n".to_vec(), vector("ssh-ed25519.pub")].concat());
    assert_eq!((keys.faults().len(), keys.counts()), (0, (0, 1)));
    assert!(matches!(commit("ssh-ed25519", &keys), Err(Refusal::Revoked { .. })));
    assert!(commit("ssh-rsa", &keys).is_ok());
    for (list, why) in
        [(vector("krl"), "KRL"), (b"what\n".to_vec(), "line 1"), (vec![0xff], "text")]
    {
        let keys = with(&list);
        assert!(keys.is_empty() && keys.faults().len() == 1);
        let told = commit("ssh-rsa", &keys).unwrap_err().to_string();
        assert!(told.contains(why) && told.contains("revoked_keys"), "{told}");
    }
}

#[test]
fn what_is_no_key_is_told_and_the_others_count() {
    let file = |name: &str, text: &[u8]| (name.to_owned(), Ok(text.to_vec()));
    let two = [vector("ed25519.asc"), b"and\n".to_vec(), vector("subkey.asc")].concat();
    let damaged = String::from_utf8(vector("ed25519.asc")).unwrap().replacen('M', "N", 1);
    let files = [
        file("a.asc", &two),
        file("b.asc", b"Hello"),
        file("c.asc", damaged.as_bytes()),
        file(
            "d.asc",
            b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n-----END PGP PRIVATE KEY BLOCK-----\n",
        ),
        file("e.pub", b"ssh-ed25519 AAAA\n"),
        file(
            "f.pub",
            &[vector("ssh-rsa.pub"), b"\n# more\n".to_vec(), vector("ssh-ecdsa.pub")].concat(),
        ),
        file("g.pub", b""),
        file("h.pub", b"\xff"),
        ("i.pub".to_owned(), Err("it is a directory".to_owned())),
    ];
    let keys = Keyring::read(&files, NOW);
    assert_eq!(keys.counts(), (2, 2));
    let faults: Vec<_> = keys.faults().iter().map(|fault| fault.file.as_str()).collect();
    assert_eq!(faults, ["b.asc", "c.asc", "d.asc", "e.pub", "g.pub", "h.pub", "i.pub"]);
    assert!(keys.faults()[2].why.contains("a private key"), "{:?}", keys.faults());
    assert!(commit("ed25519", &keys).is_ok() && commit("subkey", &keys).is_ok());
    let again = Keyring::read(&files, NOW);
    assert_eq!(keys.digest(), again.digest());
    assert_ne!(keys.digest(), Keyring::read(&files[..8], NOW).digest());
}

#[test]
fn a_signed_tag_counts_by_its_own_name_only() {
    let keys = ring_of(&["ed25519.asc", "ssh-ed25519.pub"]);
    for (file, name) in [
        ("ed25519", "v1.0.0"),
        ("ssh-ed25519", "v1.1.0"),
        ("long", "v2.0.0"),
        ("long-pgp", "v2.1.0"),
    ] {
        let object = vector(&format!("{file}.tag"));
        let named = super::tag(&object, name, &keys, NOW).unwrap();
        assert!(named.is_commit && [40, 64].contains(&named.object.len()), "{named:?}");
        let other = super::tag(&object, "v9", &keys, NOW).unwrap_err().to_string();
        assert!(other.contains(&format!("calls itself \"{name}\"")), "{other}");
    }
    assert_eq!(super::tag(&vector("unsigned.tag"), "v3.0.0", &keys, NOW), Err(Refusal::Unsigned));
}

/// Changes one bit in each byte, or in each so many where the arithmetic takes long, and says what
/// becomes of it.
fn flip_each(object: &[u8], step: usize, verifies: impl Fn(&[u8]) -> bool) {
    assert!(verifies(object));
    for at in (0..object.len()).step_by(step) {
        let mut other = object.to_vec();
        other[at] ^= 1 << (at % 8);
        assert!(!verifies(&other), "byte {at}");
    }
}

#[test]
fn no_byte_of_a_signed_commit_can_be_another() {
    let keys = ring_of(&["ed25519.asc", "rsa4096.asc", "ssh-ed25519.pub", "ssh-rsa.pub"]);
    for (name, step) in [("ed25519", 1), ("rsa4096", 1), ("ssh-ed25519", 5), ("ssh-rsa", 5)] {
        flip_each(&vector(&format!("{name}.commit")), step, |object| {
            super::commit(object, ObjectFormat::Sha1, &keys, NOW).is_ok()
        });
    }
}

#[test]
fn no_byte_of_a_signed_tag_can_be_another() {
    let keys = ring_of(&["ed25519.asc", "ssh-ed25519.pub"]);
    for (file, name, step) in [("ed25519", "v1.0.0", 1), ("ssh-ed25519", "v1.1.0", 5)] {
        flip_each(&vector(&format!("{file}.tag")), step, |object| {
            super::tag(object, name, &keys, NOW).is_ok()
        });
    }
}

#[test]
fn no_byte_of_a_key_that_is_signed_can_be_another() {
    let text = String::from_utf8(vector("subkey.asc")).unwrap();
    let good = crate::verify::armor::only(&text).unwrap().data;
    let armoured = |data: &[u8]| {
        let text = STANDARD.encode(data);
        format!(
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{text}\n-----END PGP PUBLIC KEY BLOCK-----\n"
        )
    };
    let believes = |data: &[u8]| {
        let file = ("a.asc".to_owned(), Ok(armoured(data).into_bytes()));
        commit("subkey", &Keyring::read(&[file], NOW)).is_ok()
    };
    assert!(believes(&good));
    let packets = crate::verify::packet::packets(&good).unwrap();
    // The main key, its name and what it says of itself, and the subkey for signing.
    let counts: usize = packets[..4].iter().map(|packet| packet.body.len() + 2).sum();
    let mut lost = 0;
    for at in 0..counts {
        let mut other = good.clone();
        other[at] ^= 1;
        lost += usize::from(!believes(&other));
    }
    // Who made a signature, as it stands beside what is signed, is only a hint.
    assert!(lost + 64 > counts, "{lost} of {counts}");
}

/// A signature by a key that is in a device, as OpenSSH writes it.
fn by_device(flags: u8) -> (String, String) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let text = |bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        [&length[..], bytes].concat()
    };
    let kind = text(b"sk-ssh-ed25519@openssh.com");
    let key = [kind.clone(), text(pair.public_key().as_ref()), text(b"ssh:")].concat();
    let about = [text(b"git"), text(b""), text(b"sha256")].concat();
    let payload = "tree 1\n\ntext\n";
    let sum = digest(&SHA256, payload.as_bytes());
    let message = [b"SSHSIG".to_vec(), about.clone(), text(sum.as_ref())].concat();
    let done = [flags, 0, 0, 0, 9];
    let app = digest(&SHA256, b"ssh:");
    let inner = digest(&SHA256, &message);
    let signed = pair.sign(&[app.as_ref(), &done, inner.as_ref()].concat());
    let signature = [kind, text(signed.as_ref()), done.to_vec()].concat();
    let version = 1_u32.to_be_bytes();
    let all = [b"SSHSIG".to_vec(), version.to_vec(), text(&key), about, text(&signature)].concat();
    let armoured = STANDARD.encode(all);
    let lines: Vec<_> = armoured.as_bytes().chunks(70).map(String::from_utf8_lossy).collect();
    let armoured = format!(
        "-----BEGIN SSH SIGNATURE-----\n {}\n -----END SSH SIGNATURE-----",
        lines.join("\n ")
    );
    let commit = payload.replacen("\n\n", &format!("\ngpgsig {armoured}\n\n"), 1);
    (commit, format!("sk-ssh-ed25519@openssh.com {} a\n", STANDARD.encode(key)))
}

#[test]
fn a_key_in_a_device_counts_if_somebody_touched_it() {
    for (flags, good) in [(1, true), (5, true), (0, false), (4, false)] {
        let (commit, key) = by_device(flags);
        let keys = Keyring::read(&[("a.pub".to_owned(), Ok(key.into_bytes()))], NOW);
        assert_eq!(keys.faults(), []);
        let verdict = super::commit(commit.as_bytes(), ObjectFormat::Sha1, &keys, NOW);
        assert_eq!(verdict.is_ok(), good, "{flags}: {verdict:?}");
        let other = commit.replace("text", "test");
        let verdict = super::commit(other.as_bytes(), ObjectFormat::Sha1, &keys, NOW);
        assert!(verdict.is_err());
    }
}
