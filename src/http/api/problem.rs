//! What is said when a call fails (RFC 9457).

use crate::http::answer;
use crate::http::answer::{Body, PROBLEM};
use crate::http::body::Unread;
use crate::model::{Class, Step};
use crate::observe::status::Attempt;
use crate::trigger::order::Refusal;
use http::{Response, StatusCode};
use serde::Serialize;

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
fn code_of(class: Class) -> StatusCode {
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

/// Says why a wish was not tried.
pub(super) fn refused(refusal: &Refusal) -> Response<Body> {
    let words = refusal.to_string();
    match refusal {
        Refusal::NothingPublished | Refusal::NothingBefore | Refusal::Overtaken => {
            problem(StatusCode::CONFLICT, &words)
        }
        Refusal::Busy | Refusal::Stopping => unavailable(&words),
    }
}

/// Says that it may work later.
pub(in crate::http) fn unavailable(words: &str) -> Response<Body> {
    answer::soon(problem(StatusCode::SERVICE_UNAVAILABLE, words))
}

/// Says why a body was not read.
pub(in crate::http) fn unread(why: Unread, most: usize) -> Response<Body> {
    match why {
        Unread::Long => {
            let words = format!("the body is longer than {most} bytes");
            problem(StatusCode::PAYLOAD_TOO_LARGE, &words)
        }
        Unread::Crowded => unavailable("too many large bodies are being read"),
        Unread::Slow => problem(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
        Unread::Broken => problem(StatusCode::BAD_REQUEST, "the body is not as HTTP has it"),
    }
}
