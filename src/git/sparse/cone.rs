//! Reads a file of patterns as Git does where `core.sparseCheckoutCone` is on: if each line names a
//! directory in one of a few forms, files in the directories above are written too, whether they are
//! named or not (git-sparse-checkout, "internals — cone pattern set"). Pure.

use crate::git::sparse::pattern::lines;
use std::collections::{BTreeMap, BTreeSet};

/// The directories that a file names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cone {
    /// Those of which everything is written; the empty one is the top.
    pub(super) whole: BTreeSet<String>,
    /// Those of which the files are written that are right in them.
    pub(super) above: BTreeSet<String>,
}

/// Reads it; none if a line has another form, so that all of them are patterns.
pub(super) fn read(text: &str) -> Option<Cone> {
    let mut cone = Cone::default();
    // How often each was named: what is taken back is taken back once.
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    let mut all = false;
    for (line, _) in lines(text) {
        let (negative, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (directory, line) = line.strip_suffix('/').map_or((false, line), |rest| (true, rest));
        if line == "/*" && negative == directory {
            all = !negative;
            continue;
        }
        let name = line.strip_prefix('/').filter(|name| !name.is_empty() && directory)?;
        if line.contains("**") || stands_for_others(line) {
            return None;
        }
        match name.strip_suffix("/*") {
            Some(name) => {
                // It takes back what was said of a directory before.
                let name = plain(name);
                let count = named.get_mut(&name).filter(|count| negative && **count > 0)?;
                *count -= 1;
                cone.above.insert(name);
            }
            None if negative => return None,
            None => {
                let name = plain(name);
                // Git forgets here that the star was escaped.
                let name = name.strip_suffix("/*").unwrap_or(&name);
                // To name it again is not a form that Git knows.
                if cone.above.contains(name) {
                    return None;
                }
                *named.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    cone.whole = named.into_iter().filter(|(_, count)| *count > 0).map(|(name, _)| name).collect();
    if all {
        cone.whole.insert(String::new());
    }
    Some(cone)
}

/// Whether a letter stands for others. One at the end may, and those that are escaped do not.
fn stands_for_others(pattern: &str) -> bool {
    let is_special = |char: Option<&char>| matches!(char, Some('*' | '\\' | '[' | '?'));
    let chars: Vec<char> = pattern.chars().collect();
    (1..chars.len()).any(|at| {
        let (before, here, next) = (chars.get(at - 1), chars.get(at), chars.get(at + 1));
        let is_escape = here == Some(&'\\') && is_special(next);
        let is_last = before == Some(&'/') && here == Some(&'*') && next.is_none();
        is_special(here) && before != Some(&'\\') && !is_escape && !is_last
    })
}

/// A name without what escapes its letters.
fn plain(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut chars = name.chars();
    while let Some(char) = chars.next() {
        let char = if char == '\\' { chars.next().unwrap_or(char) } else { char };
        text.push(char);
    }
    text
}
