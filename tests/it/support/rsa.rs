//! Keys as GitHub makes them for its apps, and keys that are none; OpenSSL makes them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

use crate::support::git::run;

/// The kinds of keys.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// As GitHub gives it out: PKCS #1.
    Pkcs1,
    /// The same in the form of today: PKCS #8.
    Pkcs8,
    /// With a passphrase.
    Encrypted,
    /// Of an elliptic curve.
    Elliptic,
}

/// Makes a key in PEM form.
pub(crate) fn key(kind: Kind) -> String {
    let arguments = match kind {
        Kind::Pkcs1 => ["genrsa", "-traditional", "2048"].as_slice(),
        Kind::Pkcs8 => &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        Kind::Encrypted => &["genrsa", "-aes128", "-passout", "pass:none", "2048"],
        Kind::Elliptic => &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    };
    let mut command = Command::new("openssl");
    let text = run(command.args(arguments).current_dir(Path::new("/")));
    assert!(text.starts_with("-----BEGIN "), "{kind:?}");
    text
}

/// Checks the signature of a statement (RFC 7519, RS256) by the key that should have made it, and
/// gives its head and its claims.
pub(crate) fn verified(statement: &str, pem: &str) -> Option<(Value, Value)> {
    let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    let pair = match &der {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Sec1(_) | _ => panic!("no RSA key"),
    };
    let public = pair.unwrap().public().as_ref().to_vec();
    let (signed, signature) = statement.rsplit_once('.')?;
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
        .verify(signed.as_bytes(), &decode(signature)?)
        .ok()?;
    let (head, claims) = signed.split_once('.')?;
    let read = |text| serde_json::from_slice(&decode(text)?).ok();
    Some((read(head)?, read(claims)?))
}
