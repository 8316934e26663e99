//! Which files of a commit are written (git-sparse-checkout): patterns in the form of `gitignore`, of
//! which the last that matches decides, or directories. Pure.

use gix::bstr::{BStr, ByteSlice};
use gix::glob::Pattern;
use gix::glob::pattern::Case;
use gix::glob::wildmatch;

/// Rules that say which files are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sparse {
    text: String,
    cone: bool,
    patterns: Vec<Pattern>,
}

/// How much of a directory may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descent {
    /// Nothing.
    Nothing,
    /// All of it.
    Whole,
    /// It depends on what is in it.
    Part,
}

impl Sparse {
    /// Takes patterns as they stand in a file.
    pub fn of_patterns(text: &str) -> Self {
        Self { text: text.to_owned(), cone: false, patterns: parse(text) }
    }

    /// Takes directories, as `git sparse-checkout set --cone` does: with all that is in them go the
    /// files right in the directories above them. None of them ends or begins with a slash.
    pub fn of_directories(directories: &[String]) -> Self {
        let mut sorted: Vec<&String> = directories.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let is_below = |one: &str, other: &str| {
            one.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
        };
        let all = sorted.clone();
        sorted.retain(|one| !all.iter().any(|other| is_below(one, other)));
        let mut above: Vec<&str> = sorted
            .iter()
            .flat_map(|path| path.match_indices('/').filter_map(|(at, _)| path.get(..at)))
            .collect();
        above.sort_unstable();
        above.dedup();
        let mut text = "/*\n!/*/\n".to_owned();
        for path in above {
            let path = escaped(path);
            text += &["/", &path, "/\n!/", &path, "/*/\n"].concat();
        }
        for path in sorted {
            text += &["/", &escaped(path), "/\n"].concat();
        }
        let patterns = parse(&text);
        Self { text, cone: true, patterns }
    }

    /// The rules as Git has them in `info/sparse-checkout`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether they are directories only.
    pub fn is_cone(&self) -> bool {
        self.cone
    }

    /// Whether a file is written.
    pub fn includes(&self, path: &BStr) -> bool {
        self.verdict(path, false)
    }

    /// How much of a directory may be written.
    pub fn descent(&self, directory: &BStr) -> Descent {
        let included = self.verdict(directory, true);
        let may_differ = |pattern: &Pattern| {
            pattern.is_negative() == included && may_match_below(pattern, directory)
        };
        match (self.patterns.iter().any(may_differ), included) {
            (true, _) => Descent::Part,
            (false, true) => Descent::Whole,
            (false, false) => Descent::Nothing,
        }
    }

    /// What the last pattern says that matches; if none does, it is as for the directory above.
    fn verdict(&self, path: &BStr, is_directory: bool) -> bool {
        let (mut path, mut is_directory) = (path, is_directory);
        loop {
            let name = path.rfind_byte(b'/').map(|slash| slash + 1);
            let found = self.patterns.iter().rev().find(|pattern| {
                pattern.matches_repo_relative_path(
                    path,
                    name,
                    Some(is_directory),
                    Case::Sensitive,
                    wildmatch::Mode::NO_MATCH_SLASH_LITERAL,
                )
            });
            if let Some(pattern) = found {
                return !pattern.is_negative();
            }
            let Some(name) = name else {
                return false;
            };
            path = path.get(..name - 1).unwrap_or_default().as_bstr();
            is_directory = true;
        }
    }
}

fn parse(text: &str) -> Vec<Pattern> {
    gix::ignore::parse(text.as_bytes(), false).map(|(pattern, _, _)| pattern).collect()
}

/// Whether a pattern may match something in a directory, and not only the directory itself.
fn may_match_below(pattern: &Pattern, directory: &BStr) -> bool {
    use gix::glob::pattern::Mode;
    if pattern.mode.contains(Mode::NO_SUB_DIR) && !pattern.mode.contains(Mode::ABSOLUTE) {
        // It is matched with names, wherever they are.
        return true;
    }
    let mut parts = pattern.text.split(|byte| *byte == b'/').filter(|part| !part.is_empty());
    for name in directory.split(|byte| *byte == b'/') {
        match parts.next() {
            Some(part) if part.iter().any(|byte| b"*?[\\".contains(byte)) => {
                if part == b"**" {
                    return true;
                }
            }
            Some(part) if part == name => (),
            Some(_) | None => return false,
        }
    }
    parts.next().is_some()
}

/// A name in which nothing stands for anything else.
fn escaped(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for char in path.chars() {
        if ['*', '?', '[', '\\'].contains(&char) {
            text.push('\\');
        }
        text.push(char);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn included(sparse: &Sparse, paths: &[&str]) -> Vec<bool> {
        paths.iter().map(|path| sparse.includes(BStr::new(path))).collect()
    }

    #[test]
    fn directories_bring_the_files_above_them() {
        let sparse = Sparse::of_directories(&["a/b".to_owned(), "c".to_owned(), "c/d".to_owned()]);
        let paths = ["r", "a/f", "a/b/f", "a/b/x/f", "a/x/f", "b/f", "c/f", "c/d/f"];
        let expected = [true, true, true, true, false, false, true, true];
        assert_eq!(included(&sparse, &paths), expected, "{}", sparse.text());
        let check = |directory: &str, descent| {
            assert_eq!(sparse.descent(BStr::new(directory)), descent, "{directory}");
        };
        check("a", Descent::Part);
        check("a/b", Descent::Whole);
        check("a/b/x", Descent::Whole);
        check("a/x", Descent::Nothing);
        check("b", Descent::Nothing);
        check("c", Descent::Whole);
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let sparse = Sparse::of_patterns("# comment\n*.md\n/src/\n!/src/old/\n!secret.md\n");
        let paths =
            ["a.md", "d/e/a.md", "a.c", "src/a.c", "src/old/a.c", "src/old/a.md", "secret.md"];
        let expected = [true, true, false, true, false, true, false];
        assert_eq!(included(&sparse, &paths), expected);
        assert_eq!(sparse.descent(BStr::new("lib")), Descent::Part);
    }
}
