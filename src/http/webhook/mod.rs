//! Webhooks that tell of a push: from headers and a body to a verdict.
//!
//! The length of the body was bounded before. First the signature is compared, then the body is
//! read. It is a hint: whoever knows a secret can make the program look at its source sooner than
//! it would anyway, and nothing more. So a payload that does not say what was pushed means "look".
//!
//! Nothing is waited for here, and no clock is read.

mod azure;
mod bitbucket;
#[cfg(feature = "fuzzing")]
pub(super) mod fuzzing;
mod github;
mod gitlab;
mod place;
mod proof;
mod provider;
mod push;
mod relevance;
#[cfg(test)]
mod tests;

use crate::http::webhook::proof::Flaw;
use crate::http::webhook::provider::{Provider, Reading};
use crate::http::webhook::push::{Malformed, News};
use crate::http::webhook::relevance::concerned;
use crate::model::{Reference, RepoUrl, Secret};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

/// How much of a delivery's id is kept.
const MOST_OF_ID: usize = 64;
/// What is said when a push is a reason to look.
const LOOKS: &str = "an attempt was asked for";

/// What was posted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery<'a> {
    /// The head of the request.
    pub(super) headers: &'a HeaderMap,
    /// All of its body, as it came.
    pub(super) body: &'a [u8],
}

/// A repository that webhooks may be about.
#[derive(Clone, Debug)]
pub(super) struct Followed {
    /// Where it is.
    pub(super) repo: RepoUrl,
    /// What is followed in it.
    pub(super) reference: Reference,
}

/// What becomes of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The code of the answer.
    pub(super) code: StatusCode,
    /// Words for the sender, who may be anybody.
    pub(super) words: String,
    /// Who sent it, as far as the headers tell.
    pub(super) provider: &'static str,
    /// What the sender calls this delivery: short and plain; empty if it does not say.
    pub(super) delivery: String,
    /// Which of the followed repositories are to be looked at, by their places in the list.
    pub(super) look: Vec<usize>,
}

/// Why nothing is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Decline {
    #[error("no secret for webhooks is configured here, so none is taken")]
    NoSecret,
    #[error("only application/json is taken; choose it as the content type at the sender")]
    ContentType,
    #[error("this is no webhook of a provider that is known here")]
    Unknown,
    #[error(transparent)]
    Unproven(#[from] Flaw),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("pong")]
    Ping,
    #[error("nothing to do: this event is not about a push")]
    Event,
    #[error("nothing to do: this repository is not followed")]
    Repository,
    #[error("nothing to do: this ref is not followed")]
    Ref,
}

impl Decline {
    fn code(self) -> StatusCode {
        match self {
            Self::NoSecret => StatusCode::FORBIDDEN,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unknown | Self::Unproven(_) => StatusCode::UNAUTHORIZED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Ping | Self::Event | Self::Repository | Self::Ref => StatusCode::OK,
        }
    }
}

/// Says what becomes of a delivery. Empty secrets do not count.
pub(super) fn judge(
    delivery: &Delivery<'_>,
    secrets: &[Secret],
    followed: &[Followed],
    now: Timestamp,
) -> Verdict {
    let provider = Provider::of(delivery.headers);
    let looked_at = consider(delivery, provider, secrets, now)
        .and_then(|push| concerned(&push, followed).map_err(Decline::from));
    let (code, words, look) = match looked_at {
        Ok(look) => (StatusCode::ACCEPTED, LOOKS.to_owned(), look),
        Err(decline) => (decline.code(), decline.to_string(), Vec::new()),
    };
    let id = provider.and_then(|provider| provider.delivery(delivery.headers));
    Verdict {
        code,
        words,
        provider: provider.map_or("unknown", Provider::label),
        delivery: harmless(id.unwrap_or_default()),
        look,
    }
}

/// Finds the push that a delivery tells of, if its sender knows a secret.
fn consider(
    delivery: &Delivery<'_>,
    provider: Option<Provider>,
    secrets: &[Secret],
    now: Timestamp,
) -> Result<push::Push, Decline> {
    let secrets: Vec<_> = secrets.iter().filter(|secret| !secret.reveal().is_empty()).collect();
    if secrets.is_empty() {
        return Err(Decline::NoSecret);
    }
    if !is_json(delivery.headers) {
        return Err(Decline::ContentType);
    }
    let provider = provider.ok_or(Decline::Unknown)?;
    let Reading { prove, read } = provider.reading();
    prove(delivery, &secrets, now)?;
    match read(provider, delivery)? {
        News::Push(push) => Ok(push),
        News::Ping => Err(Decline::Ping),
        News::Other => Err(Decline::Event),
    }
}

/// Says whether the body is declared to be JSON, with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.and_then(|text| text.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Text of a stranger that may stand in a log and in an answer.
fn harmless(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:{}".contains(c);
    let letters = text.chars().take(MOST_OF_ID);
    letters.map(|c| if plain(c) { c } else { '_' }).collect()
}
