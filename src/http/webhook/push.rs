//! What payloads tell, as far as it matters here, and how it is read from JSON.

use crate::model::Place;
use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;

/// How many things of a list are kept; of a longer one it is taken that it may tell of anything.
const MOST: usize = 1_000;
/// Where branches are.
pub(super) const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";

/// What a delivery is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// A greeting.
    Ping,
    /// Refs changed.
    Push(Push),
    /// Something that is nothing to us.
    Other,
}

/// Refs of a repository came, moved or went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Push {
    /// The full names of the refs; none if it is not told, or not all of them.
    pub(super) refs: Option<Vec<String>>,
    /// The full name of the branch that the repository's HEAD names, if it is told.
    pub(super) default_branch: Option<String>,
    /// All that is told about where the repository is.
    pub(super) places: Vec<Place>,
}

/// The body cannot be read. Nothing of it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("the body is not UTF-8")]
    Utf8,
    #[error("the body is not a JSON object")]
    NoObject,
    #[error("the body is not JSON: line {line}, column {column}")]
    Syntax { line: usize, column: usize },
    #[error("the body is not what this event has: line {line}, column {column}")]
    Content { line: usize, column: usize },
    #[error("the body does not say what was pushed")]
    NoRef,
    #[error("it is not said which event this is")]
    NoEvent,
}

/// Reads a body.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    let text = std::str::from_utf8(body).map_err(|_where| Malformed::Utf8)?;
    // A list would be taken for the values of an object.
    if !text.trim_start().starts_with('{') {
        return Err(Malformed::NoObject);
    }
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        if error.is_data() {
            Malformed::Content { line, column }
        } else {
            Malformed::Syntax { line, column }
        }
    })
}

/// The full names that a name may stand for, where it is said what kind of ref it is.
pub(super) fn full_names(name: &str, kind: Option<&str>) -> Vec<String> {
    let below = |prefix: &str| format!("{prefix}{name}");
    match kind.map(str::to_ascii_lowercase).as_deref() {
        _ if name.starts_with("refs/") => vec![name.to_owned()],
        Some("branch") => vec![below(BRANCHES)],
        Some("tag") => vec![below(TAGS)],
        Some(_) | None => vec![below(BRANCHES), below(TAGS)],
    }
}

/// The full name of a branch, if one is named.
pub(super) fn branch(name: Option<String>) -> Option<String> {
    let name = name.filter(|name| !name.is_empty())?;
    full_names(&name, Some("branch")).into_iter().next()
}

/// The beginning of a list that may be long.
#[derive(Clone, Debug)]
pub(super) struct Few<T> {
    items: Vec<T>,
    more: bool,
}

impl<T> Few<T> {
    /// The refs that the things of a list name; none if it is empty, if some are left out, or if a
    /// thing names none.
    pub(super) fn refs(self, of: fn(T) -> Option<Vec<String>>) -> Option<Vec<String>> {
        if self.more || self.items.is_empty() {
            return None;
        }
        let refs: Option<Vec<_>> = self.items.into_iter().map(of).collect();
        Some(refs?.concat())
    }

    /// What was kept.
    pub(super) fn into_items(self) -> Vec<T> {
        self.items
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Reader(PhantomData))
    }
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
    type Value = Few<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Few<T>, A::Error> {
        let mut few = Few { items: Vec::new(), more: false };
        while few.items.len() < MOST {
            match list.next_element()? {
                Some(item) => few.items.push(item),
                None => return Ok(few),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            few.more = true;
        }
        Ok(few)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct List {
        list: Few<String>,
    }

    fn refs(text: &str) -> Option<Vec<String>> {
        let list: List = parse(text.as_bytes()).unwrap();
        list.list.refs(|name| Some(full_names(&name, None)))
    }

    #[test]
    fn of_a_list_that_is_too_long_nothing_is_believed() {
        let list = |many| format!(r#"{{"list":[{}]}}"#, vec![r#""refs/heads/a""#; many].join(","));
        assert_eq!(refs(&list(0)), None);
        assert_eq!(refs(&list(2)), Some(vec!["refs/heads/a".to_owned(); 2]));
        assert_eq!(refs(&list(MOST)).map(|it| it.len()), Some(MOST));
        assert_eq!(refs(&list(MOST + 1)), None);
    }

    #[test]
    fn what_is_wrong_with_a_body_is_said_without_repeating_it() {
        let check = |body: &[u8], wanted| {
            let mut found = parse::<List>(body).unwrap_err();
            if let Malformed::Content { column, .. } | Malformed::Syntax { column, .. } = &mut found
            {
                assert!((1..=body.len()).contains(&std::mem::take(column)));
            }
            assert_eq!(found, wanted, "{}", body.escape_ascii());
        };
        let (syntax, content) =
            (Malformed::Syntax { line: 1, column: 0 }, Malformed::Content { line: 1, column: 0 });
        check(b"{\"list\":[\"\xff\"]}", Malformed::Utf8);
        check(b"", Malformed::NoObject);
        check(b"[[\"a\"]]", Malformed::NoObject);
        check(b"payload=%7B%7D", Malformed::NoObject);
        check(br#"{"list":["#, syntax);
        check(br#"{"list":[]}}"#, syntax);
        check(br#"{"list":{}}"#, content);
        check(br#"{"list":[],"list":[]}"#, content);
        check(br#"{"list":[1e999]}"#, syntax);
        check(b"{}", content);
    }

    #[test]
    fn what_is_deep_or_huge_where_nothing_is_looked_for_does_no_harm() {
        let deep = format!(r#"{{"a":{}{},"list":[]}}"#, "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(refs(&deep), None);
        let deep = format!(r#"{{"list":{}"#, "[".repeat(200_000));
        assert!(parse::<List>(deep.as_bytes()).is_err());
        assert_eq!(refs(r#"{"a":1e99999999,"a":-0,"list":["b"]}"#).map(|it| it.len()), Some(2));
    }

    #[test]
    fn short_names_stand_for_what_their_kind_says() {
        assert_eq!(full_names("a/b", Some("branch")), ["refs/heads/a/b"]);
        assert_eq!(full_names("v1", Some("TAG")), ["refs/tags/v1"]);
        assert_eq!(full_names("x", Some("bookmark")), ["refs/heads/x", "refs/tags/x"]);
        assert_eq!(full_names("refs/notes/x", Some("branch")), ["refs/notes/x"]);
        assert_eq!(branch(Some("main".into())).as_deref(), Some("refs/heads/main"));
        assert_eq!(branch(Some(String::new())), None);
    }
}
