//! What holds for several repositories together: names are unique, and nothing is in the way of
//! another.

use crate::config::file::Entry;
use crate::config::names;
use crate::config::paths;
use crate::config::problem::{Origin, Problem};
use crate::config::real;
use crate::config::whole::Repository;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How long a name may be.
const LONGEST: usize = 100;

/// Finds what a repository is called, and where that is from: its name, or the last part of its
/// address.
pub(in crate::config) fn name(entry: &Entry) -> Result<(String, Origin), Problem> {
    if let Some((name, origin)) = &entry.name {
        return match unfit(name) {
            None => Ok((name.clone(), origin.clone())),
            Some(why) => Err(Problem::new(origin.name(), format!("the name {name:?} {why}"))),
        };
    }
    let repo = entry.values.get("repo").map(|(repo, _)| last_part(repo)).unwrap_or_default();
    if unfit(repo).is_none() {
        return Ok((repo.to_owned(), Origin::Default));
    }
    // What the address holds is not shown: it may be a secret.
    let complaint =
        "no name can be made of the last part of `repo`; give it one, as in `name: docs`";
    Err(Problem::new(entry.place.name(), complaint))
}

/// Finds which of the repositories that a file lists a command means. It must say so if there are
/// several.
pub(in crate::config) fn meant(
    entries: &[Entry],
    asked: Option<&str>,
) -> Result<Option<String>, Problem> {
    let names: Vec<_> = entries.iter().filter_map(|entry| Some(name(entry).ok()?.0)).collect();
    let told = |complaint: &str| {
        Err(Problem::new("--name", format!("{complaint}; the file lists {}", names.join(", "))))
    };
    match (asked, names.as_slice()) {
        (Some(asked), names) if names.iter().any(|name| name == asked) => {
            Ok(Some(asked.to_owned()))
        }
        (Some(_), _) => told("there is no such repository"),
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some(only.clone())),
        (None, _) => told("is needed to say which repository is meant"),
    }
}

/// Says why a text cannot be a name.
fn unfit(name: &str) -> Option<&'static str> {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        Some("does not begin with a letter of ASCII, a digit or `_`")
    } else if !name.chars().all(is_letter) {
        Some("holds something else than letters of ASCII, digits, `.`, `_` and `-`")
    } else if name.len() > LONGEST {
        Some("is longer than 100 letters")
    } else {
        None
    }
}

/// The last part of an address, without `.git`.
fn last_part(repo: &str) -> &str {
    let repo = repo.trim_end_matches('/');
    let repo = repo.strip_suffix("/.git").unwrap_or(repo).trim_end_matches('/');
    let last = repo.rsplit(['/', ':']).next().unwrap_or_default();
    last.strip_suffix(".git").unwrap_or(last)
}

/// Lists what cannot be together.
pub(in crate::config) fn clashes(repositories: &[Repository]) -> Vec<Problem> {
    let mut problems = same_names(repositories);
    let places = Places::of(repositories);
    for (index, one) in repositories.iter().enumerate() {
        for (key, path) in paths_of(one) {
            if let Some((other, what)) = places.clash(index, key, &real_of(key, path)) {
                let told = format!("{:?} {what} of {}", path.display(), called(other));
                let opt = names::option(key);
                let place = opt.map_or_else(|| key.to_owned(), |opt| one.given.place(opt));
                problems.push(Problem::new(place, told));
            }
        }
    }
    problems
}

fn same_names(repositories: &[Repository]) -> Vec<Problem> {
    let mut known = BTreeMap::new();
    let mut problems = Vec::new();
    for one in repositories {
        let Some(name) = &one.config.name else { continue };
        let Some(first) = known.insert(name, place_of_name(one)) else { continue };
        let complaint = match (&one.named, &first) {
            (Origin::Default, _) => "; its name is the last part of `repo`, so give it another",
            (Origin::Flag(_) | Origin::Variable(_) | Origin::File(..), _) => "",
        };
        let told = format!("is called {name} as is the repository in {first}{complaint}");
        problems.push(Problem::new(place_of_name(one), told));
    }
    problems
}

/// Where the name of a repository is from.
fn place_of_name(one: &Repository) -> String {
    match &one.named {
        Origin::Default => one.given.origin("repo").name(),
        Origin::Flag(_) | Origin::Variable(_) | Origin::File(..) => one.named.name(),
    }
}

fn called(one: &Repository) -> String {
    one.config.name.clone().unwrap_or_default()
}

/// Where things of a repository are, by option.
fn paths_of(one: &Repository) -> impl Iterator<Item = (&'static str, &Path)> {
    let config = &one.config;
    let fixed = [("root", config.root.as_path()), ("link", config.link.as_path())];
    let files = [("touch-file", &config.touch_file), ("error-file", &config.error_file)];
    let files = files.into_iter().filter_map(|(key, file)| Some((key, file.as_deref()?)));
    fixed.into_iter().chain(files)
}

/// Where such a path really leads. What may be a link, or is replaced, is not followed.
fn real_of(key: &str, path: &Path) -> PathBuf {
    if key == "root" { real::place(path) } else { real::entry(path) }
}

/// Who has which path, by where it really leads; the first one if there are several.
struct Places<'a> {
    repositories: &'a [Repository],
    of: BTreeMap<PathBuf, Vec<(usize, &'static str)>>,
}

impl<'a> Places<'a> {
    fn of(repositories: &'a [Repository]) -> Self {
        let mut of = BTreeMap::<_, Vec<_>>::new();
        for (index, one) in repositories.iter().enumerate() {
            for (key, path) in paths_of(one) {
                of.entry(real_of(key, path)).or_default().push((index, key));
            }
        }
        Self { repositories, of }
    }

    /// Finds another repository that a path is in the way of, and says how.
    fn clash(&self, index: usize, key: &str, path: &Path) -> Option<(&'a Repository, String)> {
        for above in path.ancestors() {
            for (other, taken) in self.of.get(above).into_iter().flatten() {
                // Of two that are the same, the second is told.
                let is_first = *other > index && above == path;
                let Some(one) = self.repositories.get(*other).filter(|_| *other != index) else {
                    continue;
                };
                if let (false, Some(how)) = (is_first, how(key, path, taken, above)) {
                    return Some((one, how));
                }
            }
        }
        None
    }
}

/// Says how a path is in the way of another that is the same or above it.
fn how(key: &str, path: &Path, taken: &str, above: &Path) -> Option<String> {
    match (key, taken) {
        (_, _) if path == above => Some(format!("is the same as the {taken}")),
        ("root", "root") => Some("is inside the root".to_owned()),
        (_, "root") => paths::taken(above, path).map(|why| format!("{why}, in the root")),
        (_, "link") => Some("is inside the published tree".to_owned()),
        (_, _) => Some(format!("is below the {taken}, which is a file,")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_last_part_of_the_address() {
        for (repo, name) in [
            ("https://host/a/b.git", "b"),
            ("https://host/a/b/", "b"),
            ("git@host:web/site.git", "site"),
            ("git@host:site", "site"),
            ("/srv/a/.git", "a"),
            ("/srv/a.git/", "a"),
            ("file:///srv/A_b.c-1", "A_b.c-1"),
        ] {
            assert_eq!(last_part(repo), name, "{repo}");
        }
    }

    #[test]
    fn a_name_is_short_and_plain() {
        let (long, longest) = ("a".repeat(101), "a".repeat(100));
        for bad in ["", ".", "..", ".git", "-a", "a/b", "a b", "\u{e9}", "a\"", &long] {
            assert!(unfit(bad).is_some(), "{bad}");
        }
        for good in ["a", "_a", "0", "a.b-c_D", &longest] {
            assert!(unfit(good).is_none(), "{good}");
        }
    }
}
