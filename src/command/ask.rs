//! One question over HTTP, without proxies and redirects.

use crate::command::{harmless, in_our_words};
use crate::config::Probe;
use crate::model::{Cause, Secret};
use crate::net::{Body, Client, Dialer, NetError, Proxies, Trust};
use crate::runtime::{Stop, Stopped};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Full;
use std::io::Read;
use std::sync::Arc;
use url::Url;

/// How much of a complaint is read.
const COMPLAINT: u64 = 2 << 10;
/// How much of it is shown, in letters.
const SHOWN: usize = 300;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    /// Who said it, without what may be secret.
    pub(super) url: String,
    pub(super) status: StatusCode,
    body: Body,
}

/// Asks for the first URL; where nothing listens, for the next one.
pub(super) fn get(to: &Probe, token: Option<&Secret>, stop: &Stop) -> Result<Answer, Cause> {
    send(to, &(Method::GET, None), token, stop).map_err(|unheard| match unheard {
        Unheard::Nobody(cause) | Unheard::Failed(cause) => cause,
    })
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Unheard {
    /// Nothing listens.
    Nobody(Cause),
    /// Something went wrong, and perhaps what was asked for was heard.
    Failed(Cause),
}

/// Says something in JSON to the first URL; where nothing listens, to the next one.
pub(super) fn send(
    to: &Probe,
    (method, body): &(Method, Option<String>),
    token: Option<&Secret>,
    stop: &Stop,
) -> Result<Answer, Unheard> {
    let trust = Trust::new(to.authorities.clone(), Vec::new());
    let dialer = Dialer::new(Proxies::default(), trust);
    let client = Client::new(dialer, Arc::default());
    let mut failed = Cause::new("there is nobody to ask");
    for url in &to.urls {
        let mut request = question(url, token).map_err(Unheard::Failed)?;
        *request.method_mut() = method.clone();
        if let Some(body) = body {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(CONTENT_TYPE, json);
            *request.body_mut() = Full::new(Bytes::from(body.clone()));
        }
        match client.send(request, stop) {
            Ok(answer) => {
                let (status, body) = (answer.status, answer.body);
                let url = body.url().to_owned();
                return Ok(Answer { url, status, body });
            }
            Err(error) => {
                failed = in_time(&error);
                if !matches!(error, NetError::Connect { .. }) {
                    return Err(Unheard::Failed(failed));
                }
            }
        }
    }
    Err(Unheard::Nobody(failed))
}

fn question(url: &Url, token: Option<&Secret>) -> Result<Request<Full<Bytes>>, Cause> {
    let uri: Uri = url.as_str().parse().map_err(|error| Cause::of(&error))?;
    let mut request = Request::new(Full::default());
    *request.uri_mut() = uri;
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("*/*"));
    if let Some(token) = token {
        let value = HeaderValue::try_from(format!("Bearer {}", token.reveal()));
        let mut value = value.map_err(|_hidden| Cause::new("the token cannot be sent"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// Says why there is no answer. The time that is over is not that of a sync.
fn in_time(error: &NetError) -> Cause {
    if let NetError::Stopped { url, source: Stopped::Late } = error {
        return Cause::new(format!("{url} did not answer in time"));
    }
    Cause::of(error)
}

impl Answer {
    /// What was said, up to so many bytes.
    pub(super) fn text(self, most: u64) -> Result<Vec<u8>, Cause> {
        let mut text = Vec::new();
        self.body.take(most).read_to_end(&mut text).map_err(|error| Cause::of(&error))?;
        Ok(text)
    }

    /// The code with its name in one line, with the beginning of what else was said if it is not
    /// good.
    pub(super) fn line(self) -> String {
        let line = format!("{} answers {}", self.url, self.status);
        if self.status.is_success() {
            return line;
        }
        let text = self.text(COMPLAINT).unwrap_or_default();
        if let Some(detail) = detail(&text) {
            let detail: String = detail.chars().take(SHOWN).collect();
            return format!("{line}: {}", in_our_words(&detail));
        }
        let text = String::from_utf8_lossy(&text);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let words: String = words.chars().take(SHOWN).collect();
        if words.is_empty() { line } else { format!("{line}: {}", harmless(&words)) }
    }
}

/// What the API of a gitsyncd says of an error (RFC 9457).
fn detail(text: &[u8]) -> Option<String> {
    /// The parts that tell it from other JSON.
    #[derive(serde::Deserialize)]
    struct Problem {
        detail: String,
        #[serde(rename = "status")]
        _status: u16,
    }
    let problem: Problem = serde_json::from_slice(text).ok()?;
    Some(problem.detail).filter(|detail| !detail.is_empty())
}
