//! Pointers: the small text that a repository holds in the place of a large file.
//!
//! What counts as one is what `git lfs smudge` takes for one. Which files are looked at is for
//! attributes to say, and not known here.

use std::fmt;

/// No pointer is as long as this.
pub const TOO_LONG: u64 = 1024;

/// What the first line may name.
const VERSIONS: [&str; 3] = [
    "https://git-lfs.github.com/spec/v1",
    "https://hawser.github.com/spec/v1",
    "http://git-media.io/v/2",
];

/// The lines that must be there, in this order.
const KEYS: [&str; 3] = ["version", "oid", "size"];

/// The id of nothing, which is kept nowhere.
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The SHA-256 of a file, as 64 small hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(String);

impl Oid {
    /// Reads an id.
    pub fn new(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
        (text.len() == 64 && digits).then(|| Self(text.to_owned()))
    }

    /// Writes the id that a digest is.
    pub(super) fn of(digest: &[u8]) -> Self {
        let digits =
            |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16));
        Self(digest.iter().flat_map(digits).flatten().collect())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which file belongs in the place of a pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// What it holds.
    pub oid: Oid,
    /// How long it is, in bytes.
    pub size: u64,
    /// What else was done to the content before it was given away, by a program of somebody's own.
    pub extension: Option<String>,
}

impl Pointer {
    /// Reads a pointer; none if the text is something else.
    pub fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        if u64::try_from(text.len()).ok()? >= TOO_LONG {
            return None;
        }
        let mut values = Vec::with_capacity(KEYS.len());
        let mut extension = None;
        for line in text.trim().lines().filter(|line| !line.is_empty()) {
            let (key, value) = line.split_once(' ')?;
            let expected = KEYS.get(values.len())?;
            if key == *expected {
                values.push(value);
            } else if is_extension(key) {
                extension.get_or_insert_with(|| key.to_owned());
            } else {
                return None;
            }
        }
        let [version, oid, size] = *values else {
            return None;
        };
        let size = size.parse::<i64>().ok().and_then(|size| u64::try_from(size).ok())?;
        let oid = Oid::new(oid.strip_prefix("sha256:")?)?;
        VERSIONS.contains(&version).then_some(Self { oid, size, extension })
    }

    /// Says whether it names the empty file, which nobody has to have.
    pub fn is_empty(&self) -> bool {
        self.size == 0 && self.oid.as_str() == NOTHING
    }
}

/// Says whether a line is about an extension: `ext-0-name`.
fn is_extension(key: &str) -> bool {
    let rest = key.strip_prefix("ext-").and_then(|rest| rest.split_once('-'));
    rest.is_some_and(|(number, name)| {
        number.len() == 1 && number.bytes().all(|c| c.is_ascii_digit()) && !name.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OID: &str = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

    fn text() -> String {
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize 12345\n")
    }

    #[test]
    fn a_pointer_is_read_as_stock_lfs_reads_it() {
        let pointer = Pointer::read(text().as_bytes()).unwrap();
        assert_eq!((pointer.oid.as_str(), pointer.size), (OID, 12345));
        assert_eq!(pointer.extension, None);
        let ways = [
            text().replace('\n', "\r\n"),
            format!("\n\n {}\n\n", text()),
            text().trim_end().to_owned(),
            text().replace("git-lfs.github", "hawser.github"),
            text().replace("https://git-lfs.github.com/spec/v1", "http://git-media.io/v/2"),
            text().replace("12345", "+0012345"),
            text().replace("12345", "12345  "),
        ];
        for way in ways {
            assert_eq!(Pointer::read(way.as_bytes()), Some(pointer.clone()), "{way}");
        }
        let extended = text().replace("oid", &format!("ext-0-foo sha256:{OID}\noid"));
        let extension = Pointer::read(extended.as_bytes()).unwrap().extension;
        assert_eq!(extension.as_deref(), Some("ext-0-foo"));
    }

    #[test]
    fn what_stock_lfs_does_not_take_for_a_pointer_is_none() {
        let lines: Vec<_> = text().lines().map(str::to_owned).collect();
        let others = [
            String::new(),
            text() + "x y\n",
            text() + "garbage",
            text().replace("4d7a", "4D7A"),
            text().replace("4d7a", "4d7"),
            text().replace("sha256", "sha1"),
            text().replace("12345", "-1"),
            text().replace("12345", " 12345"),
            text().replace("12345", "9223372036854775808"),
            text().replace("spec/v1", "spec/v2"),
            format!("{}\n{}\n{}\n", lines[0], lines[2], lines[1]),
            format!("{}\n{}\n", lines[1], lines[2]),
            text() + &" ".repeat(1024),
        ];
        for other in others {
            assert_eq!(Pointer::read(other.as_bytes()), None, "{other}");
        }
        assert_eq!(Pointer::read(b"version \xff\n"), None);
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_to_look_at(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(Pointer::read(&text), None);
        }
    }
}
