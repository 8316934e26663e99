//! An application of GitHub: it proves itself by a signed statement (RFC 7519, RS256) and gets a
//! token for one of its installations, which lasts an hour and is used as a password.
//!
//! The signature is ring's, which is here for TLS already. The usual crate for such statements would
//! bring a second library of cryptography.

use crate::config::{GithubApp, PasswordSource};
use crate::credentials::CredentialsError;
use crate::credentials::basic;
use crate::credentials::error::GITHUB;
use crate::credentials::file::SecretFile;
use crate::credentials::kept::Kept;
use crate::credentials::service::{Question, Reply, Service};
use crate::credentials::services::Told;
use crate::model::{Cause, Login, Secret, ServiceUrl};
use crate::net::{Client, NetError};
use crate::runtime::Stop;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::HeaderValue;
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http_body_util::Full;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use std::time::Instant;

const KEY: &str = "github-app-private-key";
const KEY_FILE: &str = "github-app-private-key-file";

/// Who an application is to Git.
const USER: &str = "x-access-token";

/// How far in the past the statement begins, in seconds, for clocks that differ.
const PAST: i64 = 60;
/// How long it counts from now, in seconds. GitHub takes at most ten minutes in all.
const LIFE: i64 = 480;
/// How much of the API's own words is shown: less than makes a token.
const WORDS: usize = 200;

/// The application, and its token.
#[derive(Clone, Debug)]
pub(super) struct App {
    base_url: ServiceUrl,
    shown: String,
    id: String,
    installation: String,
    key: Key,
    kept: Option<Kept<Secret>>,
    /// Why there is none, and when that was found out.
    failed: Option<(Instant, CredentialsError)>,
}

#[derive(Clone, Debug)]
enum Key {
    Value(Secret),
    File(SecretFile),
}

/// What the statement says, as RFC 7519 names it.
#[derive(Debug, Serialize)]
struct Claims<'a> {
    iat: i64,
    exp: i64,
    iss: &'a str,
}

/// What the API answers.
#[derive(Deserialize)]
struct Granted {
    token: String,
    expires_at: Timestamp,
}

/// What it answers if it does not like something.
#[derive(Deserialize)]
struct Complaint {
    message: String,
}

impl App {
    pub(super) fn new(app: GithubApp) -> Self {
        Self {
            shown: app.base_url.to_string(),
            base_url: app.base_url,
            id: app.id,
            installation: app.installation_id,
            key: match app.private_key {
                PasswordSource::Value(key) => Key::Value(key),
                PasswordSource::File(path) => Key::File(SecretFile::new(path, KEY_FILE)),
            },
            kept: None,
            failed: None,
        }
    }

    /// The file with the key, if it is in one.
    pub(super) fn file(&self) -> Option<&SecretFile> {
        match &self.key {
            Key::Value(_) => None,
            Key::File(file) => Some(file),
        }
    }

    /// The token that is kept, unless it ends soon or the key is another one.
    pub(super) fn kept(&self) -> Option<Result<Told, CredentialsError>> {
        if self.file().is_some_and(SecretFile::has_changed) {
            return None;
        }
        let kept = self.kept.as_ref()?;
        Some(login(kept.get()?).map(|login| (login, kept.expires())))
    }

    /// Why nobody could get one since then. That somebody had no more time is no reason.
    pub(super) fn failed_since(&self, time: Instant) -> Option<CredentialsError> {
        let (at, error) = self.failed.as_ref()?;
        let stopped =
            matches!(error, CredentialsError::Unreachable { source: NetError::Stopped { .. }, .. });
        (*at >= time && !stopped).then(|| error.clone())
    }

    /// Gets a new token, and says when it ends.
    pub(super) fn ask(&mut self, client: &Client, stop: &Stop) -> Result<Told, CredentialsError> {
        self.kept = None;
        let asked = self.ask_for_it(client, stop);
        self.failed = asked.as_ref().err().map(|error| (Instant::now(), error.clone()));
        asked
    }

    fn ask_for_it(&mut self, client: &Client, stop: &Stop) -> Result<Told, CredentialsError> {
        let statement = self.statement(Timestamp::now().as_second())?;
        let service = Service { option: GITHUB, url: &self.shown, client, stop };
        let question =
            self.question(&statement).ok_or_else(|| service.unusable("was never asked"))?;
        let reply = service.ask(&question)?;
        if !reply.status.is_success() {
            let words = words(&reply);
            return Err(service.refused(&reply, words));
        }
        let granted: Granted = serde_json::from_slice(&reply.text)
            .map_err(|_error| service.unusable("holds no token and no time of its end"))?;
        if granted.token.is_empty() {
            return Err(service.unusable("holds an empty token"));
        }
        let token = Secret::new(granted.token);
        self.kept = Some(Kept::until(token.clone(), granted.expires_at));
        Ok((login(token)?, Some(granted.expires_at)))
    }

    /// Forgets the token if it is one of these.
    pub(super) fn forget(&mut self, told: &[Secret]) {
        self.kept = self.kept.take().filter(|kept| !told.contains(kept.value()));
    }

    fn question(&self, statement: &Secret) -> Option<Question> {
        let mut url = self.base_url.url().clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend([
            "app",
            "installations",
            &self.installation,
            "access_tokens",
        ]);
        let mut proof = HeaderValue::try_from(format!("Bearer {}", statement.reveal())).ok()?;
        proof.set_sensitive(true);
        Request::post(url.as_str())
            .header(ACCEPT, "application/vnd.github+json")
            .header(USER_AGENT, concat!("gitsyncd/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, proof)
            .body(Full::new(Bytes::from_static(b"{}")))
            .ok()
    }

    /// Says, signed, who we are.
    fn statement(&mut self, now: i64) -> Result<Secret, CredentialsError> {
        let (pem, whose) = match &mut self.key {
            Key::Value(pem) => (pem.clone(), KEY.to_owned()),
            Key::File(file) => (file.needed()?, format!("{} ({KEY_FILE})", file.path().display())),
        };
        sign(&pem, &Claims { iat: now - PAST, exp: now + LIFE, iss: &self.id })
            .map_err(|reason| CredentialsError::Key { whose, reason })
    }
}

fn login(token: Secret) -> Result<Login, CredentialsError> {
    basic(GITHUB, USER.to_owned(), token)
}

/// What the API says about a refusal, after a colon.
fn words(reply: &Reply) -> String {
    let message = serde_json::from_slice(&reply.text).map(|Complaint { message }| message);
    match message {
        Ok(message) => {
            let plain = message.chars().filter(|c| !c.is_control()).take(WORDS);
            format!(": {}", plain.collect::<String>())
        }
        Err(_it_said_nothing) => String::new(),
    }
}

/// Makes a statement of claims, signed with a key in PEM form.
fn sign(pem: &Secret, claims: &Claims<'_>) -> Result<Secret, Cause> {
    let key = key_of(pem)?;
    let claims = serde_json::to_vec(claims).map_err(|error| Cause::of(&error))?;
    let encode = |part: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(part);
    let text = format!("{}.{}", encode(br#"{"alg":"RS256","typ":"JWT"}"#), encode(&claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
        .map_err(|_error| Cause::new("it cannot sign"))?;
    Ok(Secret::new(format!("{text}.{}", encode(&signature))))
}

fn key_of(pem: &Secret) -> Result<RsaKeyPair, Cause> {
    let text = pem.reveal();
    // In a variable the line ends are often written out.
    let lines = if text.contains('\n') { text.to_owned() } else { text.replace("\\n", "\n") };
    if lines.contains("ENCRYPTED") {
        return Err(Cause::new("it is encrypted"));
    }
    let key = PrivateKeyDer::from_pem_slice(lines.as_bytes())
        .map_err(|_error| Cause::new("it holds no private key in PEM form"))?;
    let key = match &key {
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Sec1(_) | _ => return Err(Cause::new("it is a key of another kind")),
    };
    key.map_err(|rejected| Cause::new(rejected.to_string()))
}
