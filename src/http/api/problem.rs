//! What is said when a call fails (RFC 9457).

use crate::http::answer;
use crate::http::answer::{Body, PROBLEM};
use crate::http::body::Unread;
use crate::model::{Class, Step};
use crate::observe::status::Attempt;
use crate::trigger::order::Refusal;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

/// How a client is asked for the token.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"gitsyncd\"");

/// The whole of it.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    /// There are no pages about problems; the status says what kind it is.
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<Class>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<&'a Attempt>,
}

impl<'a> Problem<'a> {
    fn new(code: StatusCode, detail: &'a str) -> Self {
        Self {
            r#type: "about:blank",
            title: code.canonical_reason().unwrap_or("Error"),
            status: code.as_u16(),
            detail,
            class: None,
            step: None,
            hint: None,
            attempt: None,
        }
    }
}

/// Why somebody does not get what was asked for.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) code: StatusCode,
    /// What is answered.
    words: String,
    /// What the audit log is told, if that is something else.
    short: Option<&'static str>,
}

impl Refused {
    /// Refuses in these words.
    pub(super) fn new(code: StatusCode, words: impl Into<String>) -> Self {
        Self { code, words: words.into(), short: None }
    }

    /// Refuses what may work later.
    pub(super) fn for_now(words: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, words)
    }

    /// Gives the audit log other words.
    pub(super) fn in_short(self, words: &'static str) -> Self {
        Self { short: Some(words), ..self }
    }

    /// What the audit log is told.
    pub(super) fn why(&self) -> &str {
        self.short.unwrap_or(&self.words)
    }

    /// Says so.
    pub(super) fn answer(&self) -> Response<Body> {
        let mut answer = problem(self.code, &self.words);
        if self.code == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
        }
        if self.code == StatusCode::SERVICE_UNAVAILABLE { answer::soon(answer) } else { answer }
    }
}

/// Says what is wrong.
pub(in crate::http) fn problem(code: StatusCode, detail: &str) -> Response<Body> {
    answer::json(code, PROBLEM, &Problem::new(code, detail))
}

/// Says what was wrong with an attempt.
pub(super) fn failed(attempt: &Attempt) -> Response<Body> {
    let Some(error) = &attempt.error else {
        let problem = Problem {
            attempt: Some(attempt),
            ..Problem::new(StatusCode::CONFLICT, "a new commit was found and not published")
        };
        return answer::json(StatusCode::CONFLICT, PROBLEM, &problem);
    };
    let code = code_of(error.class);
    let problem = Problem {
        class: Some(error.class),
        step: attempt.step,
        hint: Some(&error.hint),
        attempt: Some(attempt),
        ..Problem::new(code, &error.message)
    };
    answer::json(code, PROBLEM, &problem)
}

/// What a class of failures is in HTTP: what the source or the way to it did, what took too long,
/// and what is ours.
pub(super) fn code_of(class: Class) -> StatusCode {
    match class {
        Class::Auth
        | Class::NotFound
        | Class::Network
        | Class::Tls
        | Class::Protocol
        | Class::Ref
        | Class::Verify => StatusCode::BAD_GATEWAY,
        Class::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Class::Config | Class::Gate | Class::Disk | Class::Locked | Class::Internal => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

impl From<Refusal> for Refused {
    /// Says why a wish was not tried.
    fn from(refusal: Refusal) -> Self {
        let words = refusal.to_string();
        match refusal {
            Refusal::NothingPublished | Refusal::NothingBefore | Refusal::Overtaken => {
                Self::new(StatusCode::CONFLICT, words)
            }
            Refusal::Busy | Refusal::Stopping => Self::for_now(&words),
        }
    }
}

/// Says why a body was not read.
pub(super) fn unread(why: Unread, most: usize) -> Refused {
    match why {
        Unread::Long => {
            let words = format!("the body is longer than {most} bytes");
            Refused::new(StatusCode::PAYLOAD_TOO_LARGE, words)
        }
        Unread::Crowded => Refused::for_now("too many large bodies are being read"),
        Unread::Slow => Refused::new(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
        Unread::Broken => Refused::new(StatusCode::BAD_REQUEST, "the body is not as HTTP has it"),
    }
}
