//! How a service is asked that tells who to be: with patience, as it may only just be starting, and
//! not for ever.

use crate::credentials::CredentialsError;
use crate::credentials::error::is_for_now;
use crate::net::{Astray, Client, NetError, Response, redirect};
use crate::runtime::Stop;
use bytes::Bytes;
use http::Request;
use http::StatusCode;
use http::Uri;
use http::header::AUTHORIZATION;
use http_body_util::Full;
use std::time::{Duration, Instant};
use url::Url;

/// How long one try may take.
const ONE_TRY: Duration = Duration::from_secs(5);
/// How long all tries may take together.
const ALL_TRIES: Duration = Duration::from_secs(10);
/// The shortest try that is worth it.
const LEAST: Duration = Duration::from_millis(500);
/// How long to rest after the first try; twice as long after each other one.
const FIRST_REST: Duration = Duration::from_millis(100);
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(2);
/// How long an answer may be.
const ROOM: usize = 64 << 10;
/// How often a question may be sent elsewhere.
const MAX_REDIRECTS: usize = 5;

/// What goes out.
pub(super) type Question = Request<Full<Bytes>>;

/// How a service is reached, and what names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Service<'a> {
    /// The option with its address.
    pub(super) option: &'static str,
    /// Where it is, without what may be secret.
    pub(super) url: &'a str,
    pub(super) client: &'a Client,
    pub(super) stop: &'a Stop,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    /// How long the service wants to be left alone.
    pub(super) wait: Option<Duration>,
    pub(super) text: Bytes,
}

impl Reply {
    /// Says whether it is worth while to ask again soon.
    fn may_pass(&self) -> bool {
        let asks_too_often = self.status == StatusCode::TOO_MANY_REQUESTS;
        is_for_now(self.status) && self.wait.is_none() && !asks_too_often
    }
}

impl Service<'_> {
    /// Asks until there is an answer that counts. A service that wants to be left alone is.
    pub(super) fn ask(&self, question: &Question) -> Result<Reply, CredentialsError> {
        let begun = Instant::now();
        let mut rest = FIRST_REST;
        loop {
            let left = ALL_TRIES.saturating_sub(begun.elapsed());
            let error = match self.ask_once(question.clone(), left.min(ONE_TRY)) {
                Ok(reply) if !reply.may_pass() => return Ok(reply),
                Ok(reply) => self.refused(&reply, String::new()),
                Err(error) if !may_pass(&error) => return Err(error),
                Err(error) => error,
            };
            if begun.elapsed() + rest + LEAST > ALL_TRIES {
                return Err(error);
            }
            tracing::debug!(option = self.option, %error, "the service is asked again");
            self.stop.wait(async { tokio::time::sleep(rest).await }).map_err(|source| {
                self.unreached(NetError::Stopped { url: self.shown(), source })
            })?;
            rest = LONGEST_REST.min(rest * 2);
        }
    }

    fn ask_once(&self, mut question: Question, limit: Duration) -> Result<Reply, CredentialsError> {
        let stop = self.stop.or_sooner(limit);
        for _ in 0..=MAX_REDIRECTS {
            let answer =
                self.client.ask(question.clone(), ROOM, &stop).map_err(|error| {
                    match (&error, self.stop.check()) {
                        (NetError::Stopped { .. }, Ok(())) => self.slow(limit),
                        (_, _) => self.unreached(error),
                    }
                })?;
            if answer.status.is_redirection() {
                question = self.elsewhere(question, &answer)?;
                continue;
            }
            let wait = answer.retry_after();
            let text = answer.body.whole().cloned();
            return match text {
                Some(text) => Ok(Reply { status: answer.status, wait, text }),
                None => Err(self.unusable("is too long")),
            };
        }
        Err(self.unusable("is a redirect without end"))
    }

    /// Turns to where the service sends us. What proves who we are goes to the same server only.
    fn elsewhere(
        &self,
        mut question: Question,
        answer: &Response,
    ) -> Result<Question, CredentialsError> {
        let nowhere = || self.unusable("is a redirect to nowhere");
        let from = Url::parse(&question.uri().to_string()).map_err(|_error| nowhere())?;
        if question.method() != http::Method::GET {
            return Err(self.unusable("is a redirect, which is not followed"));
        }
        let to = redirect(&from, &answer.headers).map_err(|astray| match astray {
            Astray::Nowhere | Astray::NotHttp => nowhere(),
            Astray::Unsafe => self.unusable("is a redirect from https to something less safe"),
        })?;
        if from.origin() != to.origin() {
            question.headers_mut().remove(AUTHORIZATION);
        }
        *question.uri_mut() = Uri::try_from(to.as_str()).map_err(|_error| nowhere())?;
        Ok(question)
    }

    fn shown(&self) -> String {
        self.url.to_owned()
    }

    fn unreached(&self, source: NetError) -> CredentialsError {
        CredentialsError::Unreachable { option: self.option, source }
    }

    fn slow(&self, limit: Duration) -> CredentialsError {
        // In whole seconds: the last try has what the others left.
        let seconds = u64::try_from(limit.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
        let limit = Duration::from_secs(seconds);
        CredentialsError::Slow { option: self.option, url: self.shown(), limit }
    }

    /// The service said no.
    pub(super) fn refused(&self, reply: &Reply, words: String) -> CredentialsError {
        let Reply { status, wait, .. } = *reply;
        CredentialsError::Refused { option: self.option, url: self.shown(), status, wait, words }
    }

    /// The service said something that makes no sense here.
    pub(super) fn unusable(&self, problem: &'static str) -> CredentialsError {
        CredentialsError::Answer { option: self.option, url: self.shown(), problem }
    }
}

/// Says whether it may work in a moment.
fn may_pass(error: &CredentialsError) -> bool {
    match error {
        CredentialsError::Unreachable { source, .. } => {
            matches!(source, NetError::Connect { .. } | NetError::Broken { .. })
        }
        CredentialsError::Slow { .. } => true,
        CredentialsError::File { .. }
        | CredentialsError::Unfit { .. }
        | CredentialsError::Value { .. }
        | CredentialsError::Key { .. }
        | CredentialsError::Refused { .. }
        | CredentialsError::Answer { .. } => false,
    }
}
