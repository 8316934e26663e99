//! What calls may say: parameters and bodies, read strictly. What is not understood is refused.

use crate::config;
use crate::http::api::problem::Refused;
use crate::http::body::is_json;
use crate::model::CommitId;
use crate::observe::history;
use crate::trigger::order::Choice;
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use url::form_urlencoded;

/// How long a call may wait.
const LONGEST: Duration = Duration::from_mins(10);
/// How many letters a duration may have.
const LETTERS: usize = 64;
/// What a duration is made of, beside numbers.
const UNITS: [&str; 6] = ["ns", "us", "ms", "s", "m", "h"];

/// What the query of a call may say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// How many entries are wanted.
    pub(super) limit: Option<usize>,
    /// How long to wait for the end of an attempt.
    pub(super) wait: Option<Duration>,
    /// Which repository is meant.
    pub(super) repo: Option<String>,
}

/// Something in a request is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong(StatusCode, String);

impl Wrong {
    fn new(words: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, words.into())
    }
}

impl From<Wrong> for Refused {
    fn from(Wrong(code, words): Wrong) -> Self {
        Self::new(code, words)
    }
}

impl Query {
    /// Reads the query, in which these names may be.
    pub(super) fn read(uri: &Uri, names: &[&str]) -> Result<Self, Wrong> {
        let mut query = Self::default();
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        for (name, value) in pairs {
            let again = match &*name {
                "limit" if names.contains(&"limit") => {
                    query.limit.replace(limit(&value)?).is_some()
                }
                "wait" if names.contains(&"wait") => query.wait.replace(wait(&value)?).is_some(),
                "repo" if names.contains(&"repo") => {
                    query.repo.replace(value.into_owned()).is_some()
                }
                name => return Err(Wrong::new(format!("there is no parameter {name:?} here"))),
            };
            if again {
                return Err(Wrong::new(format!("the parameter {name:?} is given more than once")));
            }
        }
        Ok(query)
    }
}

fn limit(text: &str) -> Result<usize, Wrong> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && (1..=history::MOST).contains(number));
    number.ok_or_else(|| Wrong::new(format!("limit is not a number from 1 to {}", history::MOST)))
}

/// Reads a duration; what is too long is as long as it may be.
fn wait(text: &str) -> Result<Duration, Wrong> {
    if text.len() > LETTERS || !is_duration(text) {
        return Err(Wrong::new("wait is not a duration; write 30s, 5m or 1m30s"));
    }
    Ok(config::duration(text).map_or(LONGEST, |length| length.min(LONGEST)))
}

/// Says whether this is one number, or numbers with units. (It is what the document says, and a part
/// of what options understand.)
fn is_duration(text: &str) -> bool {
    let number = |text: &str| {
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        digits(whole) && digits(fraction)
    };
    let of_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut rest = text;
    while let Some(end) = rest.find(|c| !of_number(c)) {
        let (figures, after) = rest.split_at(end);
        let (unit, after) = after.split_at(after.find(of_number).unwrap_or(after.len()));
        if !number(figures) || !UNITS.contains(&unit) {
            return false;
        }
        if after.is_empty() {
            return true;
        }
        rest = after;
    }
    // A number without a unit must be all there is.
    rest.len() == text.len() && number(text)
}

/// The body of a call that takes none.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// The body of a rollback.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rollback {
    to: Target,
}

/// The body of a pin.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pin {
    #[serde(default)]
    to: Target,
}

/// Which commit.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "String")]
enum Target {
    #[default]
    Current,
    Previous,
    Commit(CommitId),
}

impl TryFrom<String> for Target {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "current" => Ok(Self::Current),
            "previous" => Ok(Self::Previous),
            text => text.parse().map(Self::Commit).map_err(
                |_no_id| "\"to\" is neither a word that is understood nor a full commit id",
            ),
        }
    }
}

impl Rollback {
    /// Which commit to stay at.
    pub(super) fn choice(self) -> Result<Choice, Wrong> {
        match self.to {
            Target::Current => Err(Wrong::new("nobody can roll back to what is published")),
            Target::Previous => Ok(Choice::Previous),
            Target::Commit(id) => Ok(Choice::Commit(id)),
        }
    }
}

impl Pin {
    /// Which commit to stay at.
    pub(super) fn choice(self) -> Choice {
        match self.to {
            Target::Current => Choice::Current,
            Target::Previous => Choice::Previous,
            Target::Commit(id) => Choice::Commit(id),
        }
    }
}

/// Reads a body that must be a JSON object; if there is none, `empty` says what is meant.
pub(super) fn object<T: DeserializeOwned>(
    headers: &HeaderMap,
    bytes: &[u8],
    empty: Option<T>,
) -> Result<T, Wrong> {
    if bytes.is_empty()
        && let Some(empty) = empty
    {
        return Ok(empty);
    }
    if !bytes.is_empty() && !is_json(headers) {
        let words = "the body is not said to be application/json";
        return Err(Wrong(StatusCode::UNSUPPORTED_MEDIA_TYPE, words.to_owned()));
    }
    // Lists would be taken for objects without names.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Wrong::new("the body is not a JSON object"));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| Wrong::new(format!("the body is not what is wanted: {error}")))
}

/// Reads a header that holds a number.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Wrong> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let text = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let number = text.and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| Wrong::new(format!("the header {name} is not a number")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::CONTENT_TYPE;

    fn query(text: &str, names: &[&str]) -> Option<Query> {
        let uri = format!("/a?{text}").parse().ok()?;
        Query::read(&uri, names).ok()
    }

    #[test]
    fn parameters_are_read_strictly() {
        let limit = |text| query(text, &["limit"]).and_then(|query| query.limit);
        assert_eq!(limit("limit=1"), Some(1));
        assert_eq!(limit("limit=100"), Some(100));
        for wrong in
            ["limit=0", "limit=101", "limit=", "limit=+1", "limit=1&limit=1", "limit=%31%ff"]
        {
            assert_eq!(limit(wrong), None, "{wrong}");
        }
        let repo = |text| query(text, &["repo"]).and_then(|query| query.repo);
        assert_eq!(repo("repo=a%2Fb+c").as_deref(), Some("a/b c"));
        assert_eq!(repo("repo=a&repo=a"), None);
        assert_eq!(query("repo=a", &["limit"]), None);
        assert_eq!(query("wait=1s", &["limit"]), None);
        assert_eq!(query("", &[]), Some(Query::default()));
    }

    #[test]
    fn a_wait_is_a_duration_and_bounded() {
        let wait = |text: &str| {
            let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            query(&format!("wait={text}"), &["wait"]).and_then(|query| query.wait)
        };
        let seconds = Duration::from_secs;
        for (text, length) in [
            ("30s", seconds(30)),
            ("30", seconds(30)),
            ("1.5", Duration::from_millis(1500)),
            ("1m30s", seconds(90)),
            ("0", Duration::ZERO),
            ("250ms", Duration::from_millis(250)),
            ("11m", LONGEST),
            ("99999999999999999999999999h", LONGEST),
        ] {
            assert_eq!(wait(text), Some(length), "{text}");
        }
        for wrong in [
            "",
            "s",
            "-1s",
            "+1",
            ".5s",
            "5.",
            "1s5",
            "1x",
            "1s 2s",
            "\u{663}s",
            "1ss",
            &"0".repeat(65),
        ] {
            assert_eq!(wait(wrong), None, "{wrong:?}");
        }
    }

    fn json() -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))])
    }

    #[test]
    fn bodies_are_read_strictly() {
        let pin = |text: &str| {
            let pin = object(&json(), text.as_bytes(), Some(Pin::default()));
            pin.map(Pin::choice).map_err(|wrong| wrong.0)
        };
        let id = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(pin(""), Ok(Choice::Current));
        assert_eq!(pin(" {} "), Ok(Choice::Current));
        assert_eq!(pin("{\"to\":\"previous\"}"), Ok(Choice::Previous));
        let commit = Choice::Commit(id.parse().unwrap());
        assert_eq!(pin(&format!("{{\"to\":\"{id}\"}}")), Ok(commit));
        let deep = "[".repeat(60_000);
        let deep = format!("{{\"to\":{deep}");
        for wrong in [
            " ",
            "[]",
            "[\"previous\"]",
            "null",
            "\"previous\"",
            "1",
            "{",
            "{}{}",
            "{\"to\":null}",
            "{\"to\":1}",
            "{\"to\":\"\"}",
            "{\"to\":\"abc\"}",
            "{\"to\":\"previous\",\"a\":1}",
            "{\"to\":\"previous\",\"to\":\"previous\"}",
            "{\"to\":[]}",
            &deep,
        ] {
            assert_eq!(pin(wrong), Err(StatusCode::BAD_REQUEST), "{wrong:.40}");
        }
        let invalid = object(&json(), b"{\"to\":\"\xff\"}", Some(Pin::default()));
        assert_eq!(invalid.unwrap_err().0, StatusCode::BAD_REQUEST);
        let rollback = |text: &str| {
            object(&json(), text.as_bytes(), None)
                .and_then(Rollback::choice)
                .map_err(|wrong| wrong.0)
        };
        assert_eq!(rollback("{\"to\":\"previous\"}"), Ok(Choice::Previous));
        for wrong in ["", "{}", "{\"to\":\"current\"}"] {
            assert_eq!(rollback(wrong), Err(StatusCode::BAD_REQUEST), "{wrong}");
        }
    }

    #[test]
    fn a_body_that_is_not_said_to_be_json_is_refused() {
        let untold = object(&HeaderMap::new(), b"{}", Some(Nothing {}));
        assert_eq!(untold.unwrap_err().0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
}
