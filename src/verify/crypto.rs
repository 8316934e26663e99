//! The arithmetic behind signatures, which crates do: which key, which hash, which numbers.

use crate::verify::packet::Reader;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use ring::digest;
use ring::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384};
use ring::signature::{RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey};

/// A hash that is strong enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// By its number in PGP, or what it is called that is not taken.
    pub(super) fn of(number: u8) -> Result<Self, String> {
        Err(match number {
            8 => return Ok(Self::Sha256),
            9 => return Ok(Self::Sha384),
            10 => return Ok(Self::Sha512),
            1 => "MD5".to_owned(),
            2 => "SHA-1".to_owned(),
            3 => "RIPEMD-160".to_owned(),
            11 => "SHA-224".to_owned(),
            other => format!("hash number {other}"),
        })
    }

    pub(super) fn digest(self, message: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, message)
    }
}

/// A curve on which signatures are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

/// The numbers of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Material {
    /// Modulus and exponent.
    Rsa(Vec<u8>, Vec<u8>),
    /// A curve and the point on it.
    Ecdsa(Curve, Vec<u8>),
    /// The point.
    Ed25519([u8; 32]),
    /// Something that is not for signing, or too old or new.
    Other(u8),
}

impl Material {
    /// Reads what follows the number of the algorithm.
    pub(super) fn read(algorithm: u8, reader: &mut Reader<'_>) -> Result<Self, &'static str> {
        let found = match algorithm {
            1 | 3 => Self::Rsa(reader.number()?.to_vec(), reader.number()?.to_vec()),
            19 | 22 => {
                let length = reader.byte()?.into();
                let oid = reader.take(length)?;
                let point = reader.number()?;
                match (algorithm, oid) {
                    (19, [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]) => {
                        Self::Ecdsa(Curve::P256, point.to_vec())
                    }
                    (19, [0x2b, 0x81, 4, 0, 0x22]) => Self::Ecdsa(Curve::P384, point.to_vec()),
                    (19, [0x2b, 0x81, 4, 0, 0x23]) => Self::Ecdsa(Curve::P521, point.to_vec()),
                    (22, [0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1]) => {
                        let point = point.strip_prefix(&[0x40]).and_then(|it| it.try_into().ok());
                        Self::Ed25519(point.ok_or("it has a point of an unknown form")?)
                    }
                    _ => return Ok(Self::Other(algorithm)),
                }
            }
            27 => {
                let point = reader.take(32)?.try_into();
                Self::Ed25519(point.map_err(|_error| "it has a point of an unknown form")?)
            }
            other => return Ok(Self::Other(other)),
        };
        if reader.0.is_empty() { Ok(found) } else { Err("something follows its numbers") }
    }

    /// Whether a signature of this algorithm can be one of this key.
    pub(super) fn is_of(&self, algorithm: u8) -> bool {
        match self {
            Self::Rsa(..) => matches!(algorithm, 1 | 3),
            Self::Ecdsa(..) => algorithm == 19,
            Self::Ed25519(_) => matches!(algorithm, 22 | 27),
            Self::Other(_) => false,
        }
    }

    /// Why no signature of it is taken, if none is.
    pub(super) fn weakness(&self) -> Option<String> {
        match self {
            Self::Rsa(modulus, _) if modulus.len() < 256 => {
                Some(format!("RSA of {} bits is too short", modulus.len() * 8))
            }
            Self::Rsa(modulus, _) if modulus.len() > 1024 => {
                Some("RSA of more than 8192 bits is not read".to_owned())
            }
            Self::Rsa(..) | Self::Ecdsa(..) | Self::Ed25519(_) => None,
            Self::Other(17) => Some("DSA is not taken".to_owned()),
            Self::Other(number) => Some(format!("its algorithm (number {number}) is unknown here")),
        }
    }

    /// Says whether the numbers of a signature fit the message.
    pub(super) fn verifies(
        &self,
        algorithm: u8,
        hash: Hash,
        message: &[u8],
        numbers: &[u8],
    ) -> Option<()> {
        if !self.is_of(algorithm) {
            return None;
        }
        let digest = hash.digest(message);
        let mut reader = Reader(numbers);
        let verified = match self {
            Self::Rsa(modulus, exponent) => {
                let signature = padded(reader.number().ok()?, modulus.len())?;
                let parameters = match hash {
                    Hash::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
                    Hash::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
                    Hash::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
                };
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(parameters, message, &signature).ok()
            }
            Self::Ecdsa(curve, point) => {
                let (r, s) = (reader.number().ok()?, reader.number().ok()?);
                ecdsa(*curve, point, digest.as_ref(), (r, s))
            }
            Self::Ed25519(point) => {
                let signature = if algorithm == 27 {
                    reader.take(64).ok()?.to_vec()
                } else {
                    let (r, s) = (reader.number().ok()?, reader.number().ok()?);
                    [padded(r, 32)?, padded(s, 32)?].concat()
                };
                let key = UnparsedPublicKey::new(&ED25519, point);
                key.verify(digest.as_ref(), &signature).ok()
            }
            Self::Other(_) => None,
        };
        verified.filter(|()| reader.0.is_empty())
    }
}

fn ecdsa(curve: Curve, point: &[u8], digest: &[u8], (r, s): (&[u8], &[u8])) -> Option<()> {
    let both = |length| Some([padded(r, length)?, padded(s, length)?].concat());
    match curve {
        Curve::P256 => {
            let signature = p256::ecdsa::Signature::from_slice(&both(32)?).ok()?;
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            key.verify_prehash(digest, &signature).ok()
        }
        Curve::P384 => {
            let signature = p384::ecdsa::Signature::from_slice(&both(48)?).ok()?;
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            key.verify_prehash(digest, &signature).ok()
        }
        Curve::P521 => {
            let signature = p521::ecdsa::Signature::from_slice(&both(66)?).ok()?;
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            key.verify_prehash(digest, &signature).ok()
        }
    }
}

/// Puts zeroes before a number until it is so long.
fn padded(number: &[u8], length: usize) -> Option<Vec<u8>> {
    let zeroes = length.checked_sub(number.len())?;
    Some([vec![0; zeroes], number.to_vec()].concat())
}
