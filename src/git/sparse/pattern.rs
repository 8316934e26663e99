//! One pattern of a file of patterns, with the very meaning that it has for `git sparse-checkout`
//! (gitignore). gix has such patterns too, but splits some of them otherwise than Git. Pure.

use gix::bstr::{BStr, BString, ByteSlice};
use gix::glob::wildmatch;
use gix::glob::wildmatch::Mode;
use std::collections::HashMap;

/// A line that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Without what is told by the rest.
    text: BString,
    /// Where it stands, counted from one.
    line: usize,
    is_negative: bool,
    /// Whether only directories match.
    is_for_directories: bool,
    /// Whether the last part of a path is compared, and not all of it.
    is_name: bool,
    /// How much of it stands for itself, from the beginning.
    literal: usize,
}

/// Reads all patterns of a file.
pub(super) fn parse(text: &str) -> Vec<Pattern> {
    lines(text).filter_map(|(line, number)| Pattern::of(line.as_bytes(), number)).collect()
}

/// The lines of a file that are no comments, as Git reads them, each with its number.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.split('\n').zip(1..);
    let lines = lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(line, number)| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        // For Git, a text ends there.
        let line = line.split('\0').next().unwrap_or_default();
        (without_spaces(line), number)
    })
}

/// The patterns of a file, by what they are found by: most of many name one path or name each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Patterns {
    all: Vec<Pattern>,
    /// Those that stand for themselves, by their texts.
    exact: HashMap<BString, Vec<usize>>,
    /// The others.
    open: Vec<usize>,
}

impl Patterns {
    pub(super) fn of(text: &str) -> Self {
        let mut patterns = Self { all: parse(text), ..Self::default() };
        for (place, pattern) in patterns.all.iter().enumerate() {
            if pattern.literal == pattern.text.len() {
                patterns.exact.entry(pattern.text.clone()).or_default().push(place);
            } else {
                patterns.open.push(place);
            }
        }
        patterns
    }

    /// All of them, in order.
    pub(super) fn all(&self) -> &[Pattern] {
        &self.all
    }

    /// The last that matches.
    pub(super) fn last_of(&self, path: &BStr, is_directory: bool) -> Option<&Pattern> {
        let name = path.rfind_byte(b'/').map_or(0, |slash| slash + 1);
        let name = path.get(name..).unwrap_or_default();
        let matching = |place: &usize| {
            let pattern = self.all.get(*place)?;
            pattern.matches(path, name, is_directory).then_some((*place, pattern))
        };
        let exact = [path.as_bytes(), name].map(|text| {
            let places = self.exact.get(text.as_bstr()).map(Vec::as_slice).unwrap_or_default();
            places.iter().rev().find_map(matching)
        });
        let exact = exact.into_iter().flatten().max_by_key(|(place, _)| *place);
        let after = exact.map_or(0, |(place, _)| place);
        let open = self.open.iter().rev().take_while(|place| **place >= after).find_map(matching);
        open.or(exact).map(|(_, pattern)| pattern)
    }
}

impl Pattern {
    fn of(line: &[u8], number: usize) -> Option<Self> {
        let (is_negative, text) = match line.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        if line.is_empty() {
            return None;
        }
        let (is_for_directories, text) = match text.strip_suffix(b"/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let is_name = !text.contains(&b'/');
        let text = text.strip_prefix(b"/").unwrap_or(text);
        let literal = text.find_byteset(b"*?[\\").unwrap_or(text.len());
        let text = text.into();
        Some(Self { text, line: number, is_negative, is_for_directories, is_name, literal })
    }

    /// Where it stands.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// Whether what matches is left out.
    pub(super) fn is_negative(&self) -> bool {
        self.is_negative
    }

    /// Whether a path matches. `name` is its last part.
    pub(super) fn matches(&self, path: &[u8], name: &[u8], is_directory: bool) -> bool {
        if self.is_for_directories && !is_directory {
            return false;
        }
        let text = if self.is_name { name } else { path };
        let Some(rest) = text.strip_prefix(self.prefix()) else {
            return false;
        };
        let pattern = self.text.get(self.literal..).unwrap_or_default();
        if pattern.is_empty() || rest.is_empty() {
            return pattern.iter().all(|byte| *byte == b'*') && rest.is_empty();
        }
        // Git, too, begins to compare after what stands for itself.
        let mode = if self.is_name { Mode::empty() } else { Mode::NO_MATCH_SLASH_LITERAL };
        wildmatch(BStr::new(pattern), BStr::new(rest), mode)
    }

    fn prefix(&self) -> &[u8] {
        self.text.get(..self.literal).unwrap_or_default()
    }

    /// Whether it may match anything below a directory; the empty one is the top. In doubt it may.
    pub(super) fn may_match_below(&self, directory: &[u8]) -> bool {
        if self.is_name {
            return !self.text.is_empty();
        }
        let above = if directory.is_empty() { Vec::new() } else { [directory, b"/"].concat() };
        if self.literal == self.text.len() {
            return self.text.starts_with(&above) && self.text.len() > above.len();
        }
        let prefix = self.prefix();
        let slashes = |text: &[u8]| text.split(|byte| *byte == b'/').count();
        (prefix.starts_with(&above) || above.starts_with(prefix))
            && (self.text.contains_str("**") || slashes(&self.text) >= slashes(&above))
    }

    /// Why nothing ever matches, if that is so.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let text = self.text.as_bstr();
        if text.is_empty() {
            return Some("it names nothing");
        }
        if text.starts_with(b"./") || text.starts_with(b"../") {
            return Some("paths begin at the top of the repository, without ./ or ../");
        }
        if text.contains_str("//") || text.starts_with(b"/") {
            return Some("no path has two slashes in a row");
        }
        let mut rest = text.iter();
        while let Some(byte) = rest.next() {
            match byte {
                b'\\' if rest.next().is_none() => return Some("it ends with a backslash"),
                b'[' if !is_closed(&mut rest) => return Some("a bracket is not closed"),
                _ => (),
            }
        }
        None
    }
}

/// Goes on to the end of a set of characters, and says whether there is one.
fn is_closed(rest: &mut std::slice::Iter<'_, u8>) -> bool {
    if matches!(rest.as_slice().first(), Some(b'!' | b'^')) {
        rest.next();
    }
    // A bracket right at the beginning is one of the characters.
    let mut is_first = true;
    while let Some(byte) = rest.next() {
        match byte {
            b']' if !is_first => return true,
            b'\\' if rest.next().is_none() => return false,
            b'[' if rest.as_slice().first() == Some(&b':') => {
                if let Some(end) = rest.as_slice().find(b":]") {
                    rest.nth(end + 1);
                }
            }
            _ => (),
        }
        is_first = false;
    }
    false
}

/// Takes away spaces at the end, except one after a backslash.
fn without_spaces(line: &str) -> &str {
    let mut end = 0;
    let mut bytes = line.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b' ' => (),
            b'\\' => match bytes.next() {
                Some((at, _)) => end = at + 1,
                None => return line,
            },
            _ => end = at + 1,
        }
    }
    line.get(..end).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_never_matches_says_why() {
        let fault = |line: &str| parse(line).first().and_then(Pattern::fault);
        for fine in ["a", "[]a]", "[!]a]", "a\\ ", "[[:alpha:]]", "/a/*", "!b/", "[a\\]]", "**/a"] {
            assert_eq!(fault(fine), None, "{fine}");
        }
        for wrong in ["!", "/", "./a", "../a", "a//b", "//a", "[a", "[]", "a\\", "[[:alpha:]", "!/"]
        {
            assert!(fault(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn lines_are_read_as_git_reads_them() {
        let text = "\u{feff}# no\r\na  \r\n\r\n\\#b\nc\\ \n\0d\ne\0f\n   \n!g/\nlast";
        let read: Vec<_> = parse(text).into_iter().map(|one| (one.line, one.text)).collect();
        let expected = [(2, "a"), (4, "\\#b"), (5, "c\\ "), (7, "e"), (9, "g"), (10, "last")];
        let expected = expected.map(|(line, text)| (line, BString::from(text)));
        assert_eq!(read, expected);
    }
}
