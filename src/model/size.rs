//! Sizes in bytes, as people write them.

use std::fmt;
use std::str::FromStr;

/// Units of 1024, largest first; those of one letter are Git's.
const UNITS: [(&str, u64); 7] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("g", 1 << 30),
    ("m", 1 << 20),
    ("k", 1 << 10),
];

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// Why a text is no size.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not a size; write 1048576, 512MiB or 1GiB")]
pub struct SizeError(String);

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        number(text, &UNITS).map(Self).ok_or_else(|| SizeError(text.to_owned()))
    }
}

/// In the largest unit in which it is a whole number.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, times): &&(&str, u64)| self.0 > 0 && self.0.is_multiple_of(*times);
        match UNITS.iter().find(fits) {
            Some((unit, times)) => write!(f, "{}{unit}", self.0 / times),
            None => write!(f, "{}", self.0),
        }
    }
}

/// A number as Git writes it, with a unit of one letter perhaps.
pub(super) fn of_git(text: &str) -> Option<u64> {
    number(text, UNITS.get(4..).unwrap_or_default())
}

fn number(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let unit = units.iter().find_map(|(unit, times)| Some((text.strip_suffix(unit)?, *times)));
    let (digits, times) = unit.unwrap_or((text, 1));
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<u64>().ok().filter(|_| is_number)?.checked_mul(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_of_1024() {
        let check = |text: &str, bytes: u64, shown: &str| {
            let size: Size = text.parse().unwrap();
            assert_eq!((size.0, size.to_string().as_str()), (bytes, shown));
        };
        check("0", 0, "0");
        check("1000", 1000, "1000");
        check("1048576", 1 << 20, "1MiB");
        check("512MiB", 512 << 20, "512MiB");
        check("1g", 1 << 30, "1GiB");
        check("1536KiB", 1536 << 10, "1536KiB");
        check("2TiB", 2 << 40, "2TiB");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "GiB", "-1", "1.5GiB", "1 GiB", "+1", "1GB", "99999999999TiB", "1kk"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
        assert_eq!(of_git("1MiB"), None);
        assert_eq!(of_git("1m"), Some(1 << 20));
    }
}
