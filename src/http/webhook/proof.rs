//! Whether the sender of a delivery knows a secret.
//!
//! Every comparison takes the same time wherever the first difference is. A secret of the form
//! `whsec_...` is a key that signs, as GitLab makes them, and never travels: so it is not taken
//! where the secret itself would be sent, as a token or a password. Where a text is the key of a
//! signature (all others) its form does not matter.

use crate::model::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::{SignedDuration, Timestamp};
use ring::hmac::{self, Context, HMAC_SHA256, Key};

/// How long a signature is, in bytes.
const TAG: usize = 32;
/// What the keys of signatures with a time begin with.
const SIGNING: &str = "whsec_";
/// The scheme of signatures with a time that is understood.
const SCHEME: &str = "v1,";
/// How far the time of a signature may be from now, either way.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// What hex signatures may begin with.
const SHA256: &str = "sha256=";
/// What is refused instead.
const SHA1: &str = "sha1=";

/// Why a delivery is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("the signature is missing; set the secret at the sender")]
    NoSignature,
    #[error("the signature is wrong")]
    Signature,
    #[error("signatures with SHA-1 are not taken; SHA-256 is needed")]
    Sha1,
    #[error("the token is missing; set the secret at the sender")]
    NoToken,
    #[error("the token is wrong")]
    Token,
    #[error("the password is missing; set basic authentication at the sender")]
    NoPassword,
    #[error("the password is wrong")]
    Password,
    #[error("the signature is right, but its time is more than five minutes from now")]
    Time,
}

/// The value of a header; empty if it holds what is not ASCII.
pub(super) fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// What the head of a delivery claims, as far as that can be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// It was true already: the head holds the secret.
    Proven,
    /// A signature of the body.
    Signed([u8; TAG]),
    /// A signature of the body with an id and a time.
    Timed(Timed),
}

impl Claim {
    /// Holds it against the body.
    pub(super) fn prove(
        &self,
        body: &[u8],
        secrets: &[&Secret],
        now: Timestamp,
    ) -> Result<(), Flaw> {
        match self {
            Self::Proven => Ok(()),
            Self::Signed(tag) => signed(tag, body, secrets),
            Self::Timed(timed) => timed.prove(body, secrets, now),
        }
    }
}

fn signed(tag: &[u8], body: &[u8], secrets: &[&Secret]) -> Result<(), Flaw> {
    let by = |secret: &&Secret| {
        let key = Key::new(HMAC_SHA256, secret.reveal().as_bytes());
        hmac::verify(&key, body, tag).is_ok()
    };
    secrets.iter().any(by).then_some(()).ok_or(Flaw::Signature)
}

/// A signature of the body in hex digits, as they are.
pub(super) fn hex(signature: &str) -> Result<Claim, Flaw> {
    let tag = unhex(signature).and_then(|tag| <[u8; TAG]>::try_from(tag).ok());
    tag.map(Claim::Signed).ok_or(Flaw::Signature)
}

/// A signature of the body after the name of its algorithm.
pub(super) fn named_hex(signature: &str) -> Result<Claim, Flaw> {
    match signature.strip_prefix(SHA256) {
        Some(digits) => hex(digits),
        None if signature.starts_with(SHA1) => Err(Flaw::Sha1),
        None => Err(Flaw::Signature),
    }
}

/// Compares a token that is the secret itself.
pub(super) fn token(given: &str, secrets: &[&Secret]) -> Result<Claim, Flaw> {
    let mut tokens = secrets.iter().map(|secret| secret.reveal()).filter(|text| !signs(text));
    let same = tokens.any(|token| equal(token.as_bytes(), given.as_bytes()));
    same.then_some(Claim::Proven).ok_or(Flaw::Token)
}

/// Compares the password of basic authentication; the user may be anybody.
pub(super) fn password(headers: &HeaderMap, secrets: &[&Secret]) -> Result<Claim, Flaw> {
    let given = value(headers, AUTHORIZATION.as_str()).ok_or(Flaw::NoPassword)?;
    let login = basic(given).ok_or(Flaw::Password)?;
    let (_user, password) = login.split_once(':').ok_or(Flaw::Password)?;
    token(password, secrets).map_err(|_token| Flaw::Password)
}

/// A signature of the body with an id and a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Timed {
    /// What the sender calls the delivery.
    id: String,
    /// When it was signed, in seconds since 1970.
    time: String,
    /// Signatures, of which one has to be right.
    tags: Vec<Vec<u8>>,
}

impl Timed {
    /// Says whether a secret has the form that makes such signatures.
    pub(super) fn can_be_told(secrets: &[&Secret]) -> bool {
        secrets.iter().any(|secret| signs(secret.reveal()))
    }

    /// Takes signatures with one space between them. Those of other schemes are passed over.
    pub(super) fn of(id: &str, time: &str, signatures: &str) -> Result<Claim, Flaw> {
        let given = signatures.split(' ').filter_map(|text| text.strip_prefix(SCHEME));
        let tags = given.filter_map(|text| STANDARD.decode(text).ok());
        let tags: Vec<_> = tags.filter(|tag| tag.len() == TAG).collect();
        if tags.is_empty() {
            return Err(Flaw::Signature);
        }
        Ok(Claim::Timed(Self { id: id.to_owned(), time: time.to_owned(), tags }))
    }

    /// Compares it, and its time with now.
    fn prove(&self, body: &[u8], secrets: &[&Secret], now: Timestamp) -> Result<(), Flaw> {
        let by = |key: Vec<u8>| {
            // Made once for each key: a head has room for many signatures.
            let mut right = Context::with_key(&Key::new(HMAC_SHA256, &key));
            for part in [self.id.as_bytes(), b".", self.time.as_bytes(), b".", body] {
                right.update(part);
            }
            let right = right.sign();
            self.tags.iter().any(|given| equal(right.as_ref(), given))
        };
        let mut keys = secrets.iter().filter_map(|secret| key(secret));
        if !keys.any(by) {
            return Err(Flaw::Signature);
        }
        let time = self.time.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
        let near = time.is_some_and(|time| time.duration_since(now).abs() <= WINDOW);
        near.then_some(()).ok_or(Flaw::Time)
    }
}

/// Says whether a secret is a key that signs and is never sent.
fn signs(secret: &str) -> bool {
    secret.starts_with(SIGNING)
}

/// The key in a secret of that form; none if it is empty or not Base64.
fn key(secret: &Secret) -> Option<Vec<u8>> {
    let text = secret.reveal().strip_prefix(SIGNING)?;
    STANDARD.decode(text).ok().filter(|key| !key.is_empty())
}

/// Compares in a time that tells nothing, not even the length of the first.
fn equal(right: &[u8], given: &[u8]) -> bool {
    let key = Key::new(HMAC_SHA256, b"the comparison of two texts");
    hmac::verify(&key, given, hmac::sign(&key, right).as_ref()).is_ok()
}

/// User and password of basic authentication.
fn basic(header: &str) -> Option<String> {
    let (scheme, login) = header.split_once(' ')?;
    let login = STANDARD.decode(login.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"));
    String::from_utf8(login?).ok()
}

/// The bytes that hex digits stand for.
fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret and the signatures of GitHub's documentation.
    const EXAMPLE: &str = "It's a Secret to Everybody";
    const SIGNED: [(&str, &str); 2] = [
        ("Hello, World!", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
        ("Hello World!", "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"),
    ];

    #[test]
    fn the_signatures_of_the_documentation_are_right_and_others_are_not() {
        let secret = Secret::new(EXAMPLE);
        let other = Secret::new("other");
        let hex = |text: &str, body: &[u8], secrets: &[&Secret]| {
            hex(text)?.prove(body, secrets, Timestamp::UNIX_EPOCH)
        };
        let named_hex = |text: &str, body: &[u8], secrets: &[&Secret]| {
            named_hex(text)?.prove(body, secrets, Timestamp::UNIX_EPOCH)
        };
        for (body, digits) in SIGNED {
            let body = body.as_bytes();
            assert_eq!(hex(digits, body, &[&other, &secret]), Ok(()));
            assert_eq!(hex(&digits.to_uppercase(), body, &[&secret]), Ok(()));
            assert_eq!(named_hex(&format!("sha256={digits}"), body, &[&secret]), Ok(()));
            assert_eq!(named_hex(digits, body, &[&secret]), Err(Flaw::Signature));
            assert_eq!(named_hex(&format!("sha1={digits}"), body, &[&secret]), Err(Flaw::Sha1));
            assert_eq!(hex(digits, b"Hello", &[&secret]), Err(Flaw::Signature));
            assert_eq!(hex(digits, body, &[&other]), Err(Flaw::Signature));
            assert_eq!(hex(digits, body, &[]), Err(Flaw::Signature));
            for part in [0, 1, 2, 62, 63] {
                assert_eq!(hex(digits.split_at(part).0, body, &[&secret]), Err(Flaw::Signature));
            }
            assert_eq!(hex(&format!("{digits}00"), body, &[&secret]), Err(Flaw::Signature));
        }
        assert_eq!(named_hex("sha256=", b"", &[&secret]), Err(Flaw::Signature));
    }

    #[test]
    fn a_signature_with_a_time_holds_for_five_minutes_either_way() {
        let secret = Secret::new("whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=");
        let right = "v1,HhNkai0tK8cU0Cm3n88iFy5cIniwCqWN81kRNtVmxXw=";
        let check = |signatures: &str, time: &str, body: &str, late: i64| {
            let now = Timestamp::from_second(1_700_000_000 + late).unwrap();
            Timed::of("msg_1", time, signatures)?.prove(body.as_bytes(), &[&secret], now)
        };
        let (time, body) = ("1700000000", r#"{"a":1}"#);
        for late in [0, 300, -300] {
            assert_eq!(check(right, time, body, late), Ok(()));
        }
        for late in [301, -301] {
            assert_eq!(check(right, time, body, late), Err(Flaw::Time));
        }
        assert_eq!(check(&format!("v1,AAAA v2,x {right}"), time, body, 0), Ok(()));
        assert_eq!(check(right, "1700000001", body, 0), Err(Flaw::Signature));
        assert_eq!(check(right, time, "{}", 0), Err(Flaw::Signature));
        for wrong in ["", "v1,", "v1", " ", "v1a,", right.trim_start_matches("v1,")] {
            assert_eq!(check(wrong, time, body, 0), Err(Flaw::Signature));
        }
    }

    #[test]
    fn a_time_that_is_none_is_never_near() {
        let secret = Secret::new("whsec_AAAA");
        for time in ["", "x", "99999999999999999999", "-1", "9223372036854775807"] {
            let message = format!("id.{time}.");
            let tag = hmac::sign(&Key::new(HMAC_SHA256, &[0; 3]), message.as_bytes());
            let signatures = format!("v1,{}", STANDARD.encode(tag));
            let timed = Timed::of("id", time, &signatures).unwrap();
            let now = Timestamp::from_second(1_700_000_000).unwrap();
            assert_eq!(timed.prove(b"", &[&secret], now), Err(Flaw::Time), "{time}");
        }
    }

    #[test]
    fn a_key_that_signs_is_no_token() {
        let (plain, signing) = (Secret::new("plain"), Secret::new("whsec_AAAA"));
        let both = [&signing, &plain];
        assert_eq!(token("plain", &both), Ok(Claim::Proven));
        for wrong in ["", "whsec_AAAA", "AAAA", "plai", "plain ", "PLAIN"] {
            assert_eq!(token(wrong, &both), Err(Flaw::Token), "{wrong}");
        }
        assert!(Timed::can_be_told(&both) && !Timed::can_be_told(&[&plain]));
        assert_eq!(key(&Secret::new("whsec_")), None);
        assert_eq!(key(&Secret::new("whsec_*")), None);
    }

    #[test]
    fn the_password_counts_and_the_user_does_not() {
        let secret = Secret::new("pass:word");
        let check = |login: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, login.parse().unwrap());
            password(&headers, &[&secret])
        };
        let encoded = |login: &str| STANDARD.encode(login);
        assert_eq!(check(&format!("Basic {}", encoded("anybody:pass:word"))), Ok(Claim::Proven));
        assert_eq!(check(&format!("basic {}", encoded(":pass:word"))), Ok(Claim::Proven));
        for wrong in ["anybody:", "pass:word", "a:pass", "", ":"] {
            assert_eq!(check(&format!("Basic {}", encoded(wrong))), Err(Flaw::Password));
        }
        assert_eq!(check("Bearer pass:word"), Err(Flaw::Password));
        assert_eq!(check("Basic"), Err(Flaw::Password));
        assert_eq!(check("Basic !"), Err(Flaw::Password));
        assert_eq!(password(&HeaderMap::new(), &[&secret]), Err(Flaw::NoPassword));
    }

    #[test]
    fn what_cannot_be_a_signature_is_known_without_the_body() {
        for wrong in ["", "00", &"0".repeat(63), &"0".repeat(66), &"x".repeat(64)] {
            assert_eq!(hex(wrong), Err(Flaw::Signature), "{wrong}");
        }
        assert!(matches!(hex(&"0".repeat(64)), Ok(Claim::Signed(_))));
        for wrong in ["", "v1,", "v1,AAAA", "v2,HhNkai0tK8cU0Cm3n88iFy5cIniwCqWN81kRNtVmxXw="] {
            assert_eq!(Timed::of("id", "1", wrong), Err(Flaw::Signature), "{wrong}");
        }
    }
}
