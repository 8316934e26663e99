//! Which files of a commit are written (git-sparse-checkout): patterns in the form of `gitignore`, of
//! which the last that matches decides, or directories. Pure.

mod cone;
mod marker;
mod pattern;
#[cfg(test)]
mod tests;

pub(crate) use marker::Marker;

use crate::git::sparse::cone::Cone;
use crate::git::sparse::pattern::{Pattern, Patterns};
use gix::bstr::{BStr, ByteSlice};
use std::collections::BTreeSet;

/// Rules that say which files are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sparse {
    text: String,
    rules: Rules,
}

/// The two kinds of rules. Git, too, treats them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rules {
    Patterns(Patterns),
    Directories {
        /// As they were given, in order.
        given: Vec<String>,
        /// Those of which everything is written.
        whole: BTreeSet<String>,
        /// Those above them, of which the files are written that are right in them.
        above: BTreeSet<String>,
        /// All that lead to one of either.
        through: BTreeSet<String>,
    },
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
        Self { text: text.to_owned(), rules: Rules::Patterns(Patterns::of(text)) }
    }

    /// Takes directories, as `git sparse-checkout set --cone` does: with all that is in them go the
    /// files right in the directories above them. None of them ends or begins with a slash.
    pub fn of_directories(directories: &[String]) -> Self {
        let given: BTreeSet<String> = directories.iter().cloned().collect();
        let is_below = |path: &str| ancestors(path).any(|above| given.contains(above));
        let whole: BTreeSet<String> =
            given.iter().filter(|path| !is_below(path)).cloned().collect();
        let above: BTreeSet<String> =
            whole.iter().flat_map(|path| ancestors(path)).map(str::to_owned).collect();
        let mut text = "/*\n!/*/\n".to_owned();
        for path in &above {
            let path = escaped(path);
            text += &["/", &path, "/\n!/", &path, "/*/\n"].concat();
        }
        for path in &whole {
            text += &["/", &escaped(path), "/\n"].concat();
        }
        let given = given.into_iter().collect();
        Self { text, rules: Rules::Directories { given, whole, through: above.clone(), above } }
    }

    /// Takes a file as kubernetes/git-sync has Git read it: as directories, if all its lines are that.
    pub fn as_git_reads(text: &str) -> Self {
        let Some(Cone { whole, above }) = cone::read(text) else {
            return Self::of_patterns(text);
        };
        let through = whole.iter().chain(&above).flat_map(|path| ancestors(path));
        let through = through.map(str::to_owned).collect();
        let rules = Rules::Directories { given: Vec::new(), whole, above, through };
        Self { text: text.to_owned(), rules }
    }

    /// The rules as Git has them in `info/sparse-checkout`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same on one line that begins with its kind, whatever it holds.
    pub(crate) fn shape(&self) -> String {
        let form = if self.is_cone() { "cone" } else { "patterns" };
        format!("sparse {form} = {:?}\n", self.text())
    }

    /// Whether they are directories only.
    pub fn is_cone(&self) -> bool {
        matches!(self.rules, Rules::Directories { .. })
    }

    /// The directories, if they are that.
    pub fn directories(&self) -> &[String] {
        match &self.rules {
            Rules::Directories { given, .. } => given,
            Rules::Patterns(_) => &[],
        }
    }

    /// What is wrong with patterns, each with the line on which it stands. Git says nothing of it.
    pub fn faults(&self) -> Vec<(usize, &'static str)> {
        let Rules::Patterns(patterns) = &self.rules else {
            return Vec::new();
        };
        let fault = |pattern: &Pattern| Some((pattern.line(), pattern.fault()?));
        patterns.all().iter().filter_map(fault).collect()
    }

    /// Whether there is any rule by which a file could be written.
    pub fn may_include_any(&self) -> bool {
        match &self.rules {
            Rules::Patterns(patterns) => {
                patterns.all().iter().any(|pattern| !pattern.is_negative())
            }
            Rules::Directories { .. } => true,
        }
    }

    /// Whether a file, symlink or submodule is written. Git does not know yet that a submodule will be
    /// a directory when it decides about it for a new tree, so it is none here either.
    pub fn includes(&self, path: &BStr) -> bool {
        Marker::new(self).includes(path)
    }

    /// How much of a directory may be written. The empty one is the top.
    pub fn descent(&self, directory: &BStr) -> Descent {
        Marker::new(self).descent(directory)
    }

    /// Whether a directory that is wanted whole has this path, which may be that of a file.
    fn names_itself(&self, path: &BStr) -> bool {
        let Rules::Directories { whole, .. } = &self.rules else {
            return false;
        };
        path.to_str().is_ok_and(|path| whole.contains(path))
    }

    /// What is said of a path itself; none if it is as for the directory above.
    fn verdict(&self, path: &BStr, is_directory: bool) -> Option<bool> {
        let Rules::Patterns(patterns) = &self.rules else {
            return None;
        };
        let found = patterns.last_of(path, is_directory);
        found.map(|pattern| !pattern.is_negative())
    }

    /// Whether a directory counts as written, given whether the one above does, and how much of it
    /// may be.
    fn enter(&self, directory: &BStr, above: bool) -> (bool, Descent) {
        match &self.rules {
            Rules::Patterns(patterns) => {
                // The top has no name, so nothing is said of it.
                let own = Some(directory).filter(|path| !path.is_empty());
                let own = own.and_then(|path| self.verdict(path, true));
                let included = own.unwrap_or(above);
                let may_differ = |pattern: &Pattern| {
                    pattern.is_negative() == included && pattern.may_match_below(directory)
                };
                let descent = match (patterns.all().iter().any(may_differ), included) {
                    (true, _) => Descent::Part,
                    (false, true) => Descent::Whole,
                    (false, false) => Descent::Nothing,
                };
                (included, descent)
            }
            Rules::Directories { whole, above, through, .. } => {
                let name = directory.to_str().unwrap_or_default();
                // Git goes into those at the top, and from there only where the one above is named.
                let is_met = name.rsplit_once('/').is_none_or(|(parent, _)| above.contains(parent));
                if whole.contains(name) {
                    (true, Descent::Whole)
                } else if directory.is_empty() || is_met && above.contains(name) {
                    (true, Descent::Part)
                } else if is_met && through.contains(name) {
                    (false, Descent::Part)
                } else {
                    (false, Descent::Nothing)
                }
            }
        }
    }
}

/// The directories above a path, without the top.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
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
