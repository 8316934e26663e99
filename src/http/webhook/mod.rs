//! Webhooks that tell of a push: from headers and a body to a verdict.
//!
//! The head is looked at first: from whoever does not even claim to know a secret, nothing more has
//! to be taken. Then the signature is compared, and then the body is read. It is a hint: whoever knows a secret can make the program look at its source sooner than
//! it would anyway, and nothing more. So a payload that does not say what was pushed means "look".
//!
//! Nothing is waited for here, and no clock is read.

mod azure;
mod bitbucket;
#[cfg(feature = "fuzzing")]
pub(super) mod fuzzing;
mod github;
mod gitlab;
mod proof;
mod provider;
mod push;
mod relevance;
#[cfg(test)]
mod tests;

use crate::http::body::is_json;
use crate::http::webhook::proof::{Claim, Flaw};
use crate::http::webhook::provider::{Provider, Reading};
use crate::http::webhook::push::{Malformed, News, Push};
use crate::http::webhook::relevance::concerned;
use crate::model::{Reference, RepoUrl, Secret};
use crate::observe::metrics;
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
    pub(super) provider: metrics::Provider,
    /// What the sender calls this delivery: short and plain; empty if it does not say.
    pub(super) delivery: String,
    /// Which of the followed repositories are to be looked at, by their places in the list.
    pub(super) look: Vec<usize>,
}

impl Verdict {
    /// Says this of a delivery that was not looked at.
    pub(super) fn unseen(code: StatusCode, words: &str) -> Self {
        Self {
            code,
            words: words.to_owned(),
            provider: metrics::Provider::Unknown,
            delivery: String::new(),
            look: Vec::new(),
        }
    }
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

/// A delivery whose head may be right.
#[derive(Clone, Debug)]
pub(super) struct Screened {
    provider: Provider,
    claim: Claim,
}

/// Looks at the head of a delivery. Its body need not be taken if there is a verdict already. Empty
/// secrets do not count.
pub(super) fn screen(headers: &HeaderMap, secrets: &[Secret]) -> Result<Screened, Verdict> {
    let provider = Provider::of(headers);
    let claim = find(headers, provider, &counting(secrets));
    claim.map_err(|decline| verdict(provider, headers, Err(decline)))
}

impl Screened {
    /// Says what becomes of the delivery with this head.
    pub(super) fn judge(
        &self,
        delivery: &Delivery<'_>,
        secrets: &[Secret],
        followed: &[Followed],
        now: Timestamp,
    ) -> Verdict {
        let push = self.push(delivery, &counting(secrets), now);
        let look = push.and_then(|push| concerned(&push, followed).map_err(Decline::from));
        verdict(Some(self.provider), delivery.headers, look)
    }

    /// Says that its body could not be taken, or not be judged.
    pub(super) fn refuse(&self, headers: &HeaderMap, code: StatusCode, words: &str) -> Verdict {
        let nothing = verdict(Some(self.provider), headers, Ok(Vec::new()));
        Verdict { code, words: words.to_owned(), ..nothing }
    }

    /// Finds the push that a delivery tells of, if its sender knows a secret.
    fn push(
        &self,
        delivery: &Delivery<'_>,
        secrets: &[&Secret],
        now: Timestamp,
    ) -> Result<Push, Decline> {
        self.claim.prove(delivery.body, secrets, now)?;
        let Reading { read, .. } = self.provider.reading();
        match read(self.provider, delivery)? {
            News::Push(push) => Ok(push),
            News::Ping => Err(Decline::Ping),
            News::Other => Err(Decline::Event),
        }
    }
}

fn counting(secrets: &[Secret]) -> Vec<&Secret> {
    secrets.iter().filter(|secret| !secret.reveal().is_empty()).collect()
}

/// Finds what the sender claims.
fn find(
    headers: &HeaderMap,
    provider: Option<Provider>,
    secrets: &[&Secret],
) -> Result<Screened, Decline> {
    if secrets.is_empty() {
        return Err(Decline::NoSecret);
    }
    if !is_json(headers) {
        return Err(Decline::ContentType);
    }
    let provider = provider.ok_or(Decline::Unknown)?;
    let Reading { claim, .. } = provider.reading();
    Ok(Screened { provider, claim: claim(headers, secrets)? })
}

fn verdict(
    provider: Option<Provider>,
    headers: &HeaderMap,
    look: Result<Vec<usize>, Decline>,
) -> Verdict {
    let (code, words, look) = match look {
        Ok(look) => (StatusCode::ACCEPTED, LOOKS.to_owned(), look),
        Err(decline) => (decline.code(), decline.to_string(), Vec::new()),
    };
    let id = provider.and_then(|provider| provider.delivery(headers));
    Verdict {
        code,
        words,
        provider: provider.map_or(metrics::Provider::Unknown, Provider::known),
        delivery: harmless(id.unwrap_or_default()),
        look,
    }
}

/// Both in one, for a delivery that is all there.
#[cfg(any(test, feature = "fuzzing"))]
fn judge(
    delivery: &Delivery<'_>,
    secrets: &[Secret],
    followed: &[Followed],
    now: Timestamp,
) -> Verdict {
    match screen(delivery.headers, secrets) {
        Ok(screened) => screened.judge(delivery, secrets, followed, now),
        Err(verdict) => verdict,
    }
}

/// Text of a stranger that may stand in a log and in an answer.
fn harmless(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:{}".contains(c);
    let letters = text.chars().take(MOST_OF_ID);
    letters.map(|c| if plain(c) { c } else { '_' }).collect()
}
