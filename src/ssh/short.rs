//! Keys of ECDSA whose private number begins with a zero.
//!
//! OpenSSH writes numbers without zeros at their beginning (RFC 4251, 5, `mpint`), so one of 256 keys
//! of nistp256 holds a number of less than 32 bytes. ssh-key 0.7.0-rc.11 takes that for damage. This
//! writes such a key anew with the zeros, and knows of no other keys. The format is that of
//! `PROTOCOL.key` of OpenSSH.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8] = b"openssh-key-v1\0";
const KIND: &[u8] = b"ecdsa-sha2-nistp256";
/// How many bytes its private number has.
const SIZE: usize = 32;
/// What the private part is a multiple of, if it is not encrypted.
const BLOCK: usize = 8;
/// How long the lines are.
const LINE: usize = 70;

/// Writes such a key anew; none if the text is anything else.
pub(super) fn filled(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let bytes = STANDARD.decode(inner.split_ascii_whitespace().collect::<String>()).ok()?;
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let head = [take(&mut rest)?, take(&mut rest)?, take(&mut rest)?];
    let (one, mut rest) = rest.split_first_chunk::<4>()?;
    let public = take(&mut rest)?;
    let (check, mut private) = take(&mut rest)?.split_first_chunk::<8>()?;
    let names = [take(&mut private)?, take(&mut private)?, take(&mut private)?];
    let (number, comment) = (take(&mut private)?, take(&mut private)?);
    if head.first() != Some(&b"none".as_slice())
        || *one != [0, 0, 0, 1]
        || names.first() != Some(&KIND)
        || number.len() >= SIZE
    {
        return None;
    }
    let mut whole = vec![0; SIZE - number.len()];
    whole.extend_from_slice(number);
    let mut private = check.to_vec();
    for part in names.into_iter().chain([whole.as_slice(), comment]) {
        put(&mut private, part);
    }
    private.extend((1..=u8::MAX).take(private.len().next_multiple_of(BLOCK) - private.len()));
    let mut bytes = MAGIC.to_vec();
    for part in head {
        put(&mut bytes, part);
    }
    bytes.extend_from_slice(one);
    put(&mut bytes, public);
    put(&mut bytes, &private);
    let text = STANDARD.encode(bytes);
    let lines = text.as_bytes().chunks(LINE).map(|line| String::from_utf8_lossy(line) + "\n");
    Some(format!("{BEGIN}\n{}{END}\n", lines.collect::<String>()))
}

/// Takes a string: its length in four bytes, and as many bytes.
fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (taken, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

/// Adds a string.
fn put(to: &mut Vec<u8>, part: &[u8]) {
    // Parts come from a file of bounded length.
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssh::keys::parse;
    use proptest::prelude::*;

    /// A key for this test, by `ssh-keygen`, whose number has 31 bytes.
    const SHORT: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS
1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQSDAfAk0hD8LYlDb90mvWAmtYm10/Cd
o4Muz5hePhXWFPLAKX/k/o5R3JjYq62EeeykyZ2ylXBRVWkBEA9uEFJ6AAAAoNxzuE7cc7
hOAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBIMB8CTSEPwtiUNv
3Sa9YCa1ibXT8J2jgy7PmF4+FdYU8sApf+T+jlHcmNirrYR57KTJnbKVcFFVaQEQD24QUn
oAAAAfFQ0/QLLJVG5cLP5E9hC1gjOVJ2CMS1/VJLHpCxKdIgAAAAVzaG9ydAECAwQ=
-----END OPENSSH PRIVATE KEY-----
";
    const PUBLIC: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAAB\
                          BBIMB8CTSEPwtiUNv3Sa9YCa1ibXT8J2jgy7PmF4+FdYU8sApf+T+jlHcmNirrYR57KTJn\
                          bKVcFFVaQEQD24QUno= short";

    #[test]
    fn a_key_whose_number_begins_with_a_zero_is_a_key() {
        let refused = russh::keys::decode_secret_key(SHORT, None);
        assert!(refused.is_err(), "once this holds no more, this file may go");
        let key = parse(SHORT).unwrap();
        assert_eq!(key.public_key().to_openssh().unwrap(), PUBLIC);
        let again = filled(SHORT).unwrap();
        assert!(filled(&again).is_none(), "there is nothing left to fill");
        assert!(filled("").is_none() && filled("-----BEGIN PRIVATE KEY-----").is_none());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(at in 0..SHORT.len(), by in any::<u8>(), end in 0..SHORT.len()) {
            let mut bytes = SHORT.as_bytes().to_vec();
            bytes[at] = by & 0x7f;
            let text = String::from_utf8(bytes).unwrap();
            drop(filled(&text));
            let part = text.get(..end).unwrap();
            drop(filled(part));
            drop(filled(&format!("{part}{END}")));
        }
    }
}
