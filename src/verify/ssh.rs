//! Whether a signature of SSH counts.

use crate::verify::refusal::Refusal;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, Fingerprint, HashAlg, PublicKey, SshSig};

/// What Git signs for.
const GIT: &str = "git";

/// Somebody touched the key, as a bit.
const TOUCHED: u8 = 1;

/// The keys that count, and those that do not any more.
#[derive(Clone, Debug, Default)]
pub(super) struct Trusted {
    pub(super) keys: Vec<PublicKey>,
    pub(super) revoked: Vec<KeyData>,
    /// Why it is not known which do not count any more.
    pub(super) unclear: Option<String>,
}

/// Says who signed the payload, if that is one of these keys and all is as it must be.
pub(super) fn check(armoured: &str, payload: &[u8], trusted: &Trusted) -> Result<String, Refusal> {
    let signature = SshSig::from_pem(armoured.trim_end_matches('\n'))
        .map_err(|error| Refusal::Broken(error.to_string()))?;
    if signature.public_key().is_certificate() {
        return Err(Refusal::Certificate);
    }
    let key = name(signature.public_key());
    if signature.version() != SshSig::VERSION {
        let why = format!("it is of version {}", signature.version());
        return Err(Refusal::Weak { key, why });
    }
    let known = trusted.keys.iter().find(|known| known.key_data() == signature.public_key());
    let Some(known) = known else {
        return Err(Refusal::Unknown { key });
    };
    if let Some(why) = weakness_of(&signature) {
        return Err(Refusal::Weak { key, why });
    }
    if signature.namespace() != GIT {
        let namespace = signature.namespace().to_owned();
        return Err(Refusal::Purpose { key, namespace });
    }
    if known.verify(GIT, payload, &signature).is_err() {
        return Err(Refusal::Mismatch { key });
    }
    if let Some(why) = trusted.unclear.clone() {
        return Err(Refusal::NoList { key, why });
    }
    if trusted.revoked.contains(signature.public_key()) {
        return Err(Refusal::Revoked { key });
    }
    Ok(key)
}

/// The key as `ssh-keygen -l` names it.
fn name(key: &KeyData) -> String {
    let fingerprint: Fingerprint = key.fingerprint(HashAlg::Sha256);
    format!("the SSH key {fingerprint} ({})", key.algorithm().as_str())
}

/// Why a signature is not taken whatever it fits.
fn weakness_of(signature: &SshSig) -> Option<String> {
    match signature.algorithm() {
        Algorithm::Rsa { hash: None } => Some("SHA-1 is not strong enough".to_owned()),
        Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256 => {
            // Behind the signature come what was done and a counter of four bytes.
            let bytes = signature.signature_bytes();
            let flags = bytes.len().checked_sub(5).and_then(|at| bytes.get(at).copied());
            let is_touched = flags.is_some_and(|flags| flags & TOUCHED != 0);
            (!is_touched).then(|| "nobody touched the key".to_owned())
        }
        Algorithm::Dsa
        | Algorithm::Ecdsa { .. }
        | Algorithm::Ed25519
        | Algorithm::Rsa { .. }
        | Algorithm::Other(_)
        | _ => None,
    }
}

/// Why no signature of a key is taken, if none is.
fn weakness(key: &KeyData) -> Option<String> {
    match key {
        KeyData::Rsa(rsa) if rsa.key_size() < 2048 => {
            Some(format!("RSA of {} bits is too short", rsa.key_size()))
        }
        KeyData::Rsa(_)
        | KeyData::Ecdsa(_)
        | KeyData::Ed25519(_)
        | KeyData::SkEcdsaSha2NistP256(_)
        | KeyData::SkEd25519(_) => None,
        KeyData::Certificate(_) => Some("it is a certificate; put the key itself here".to_owned()),
        KeyData::Dsa(_) | KeyData::Other(_) | _ => {
            Some(format!("its algorithm is unknown here: {}", key.algorithm().as_str()))
        }
    }
}

/// Reads a file with one key a line. Each line that is none comes with its number.
pub(super) fn lines(text: &str) -> Vec<Result<PublicKey, String>> {
    let lines = text.lines().map(str::trim).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let read = |(number, line): (usize, &str)| {
        let wrong = |why: &str| format!("line {}: {why}", number + 1);
        if line.contains("PRIVATE KEY") {
            return Err(wrong("it holds a private key, which must not be here"));
        }
        PublicKey::from_openssh(line).map_err(|_error| wrong("it is no public key of SSH"))
    };
    lines.map(read).collect()
}

/// The same for keys that are to count.
pub(super) fn keys(text: &str) -> Vec<Result<PublicKey, String>> {
    let strong = |key: PublicKey| match weakness(key.key_data()) {
        None => Ok(key),
        Some(why) => Err(format!("{}: {why}", name(key.key_data()))),
    };
    lines(text).into_iter().map(|line| line.and_then(strong)).collect()
}
