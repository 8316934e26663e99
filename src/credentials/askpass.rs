//! A service that tells who to be, as `askpass-url` names it.
//!
//! It answers in the words of git-credential: lines of a key, an equals sign and a value. What it
//! told is kept for a while, so that it need not be asked at each attempt: until shortly before
//! `password_expiry_utc` if the answer has that, else for five minutes, and never longer than until
//! the source does not believe it.

use crate::credentials::CredentialsError;
use crate::credentials::basic;
use crate::credentials::file::problem_of;
use crate::credentials::kept::Kept;
use crate::credentials::service::{Question, Service};
use crate::credentials::services::Told;
use crate::model::{Login, RepoUrl, Secret, ServiceUrl};
use crate::net::{Client, login_of};
use crate::runtime::Stop;
use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Request;
use http::header::{AUTHORIZATION, USER_AGENT};
use http_body_util::Full;
use jiff::Timestamp;
use std::time::Duration;

pub(super) const OPTION: &str = "askpass-url";

/// How long an answer counts that does not say itself.
const LIFE: Duration = Duration::from_mins(5);

/// Tells the service which repository is meant. Services that do not know it ignore it.
const REPO: HeaderName = HeaderName::from_static("gitsync-repo");

/// The service, and what it told about each repository.
#[derive(Clone, Debug)]
pub(super) struct Askpass {
    url: ServiceUrl,
    shown: String,
    kept: Vec<(RepoUrl, Kept<Answer>)>,
}

/// What the service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    user: Option<String>,
    password: Secret,
}

impl Askpass {
    pub(super) fn new(url: ServiceUrl) -> Self {
        Self { shown: url.to_string(), url, kept: Vec::new() }
    }

    /// What is kept about a repository.
    pub(super) fn kept(
        &self,
        repo: &RepoUrl,
        user: &str,
    ) -> Option<Result<Told, CredentialsError>> {
        let (_, kept) = self.kept.iter().find(|(whose, _)| whose == repo)?;
        Some(login(kept.get()?, user).map(|login| (login, kept.expires())))
    }

    /// Asks who to be at a repository, and says when that ends if it was told. `user` is for
    /// services that tell a password alone.
    pub(super) fn ask(
        &mut self,
        repo: &RepoUrl,
        user: &str,
        client: &Client,
        stop: &Stop,
    ) -> Result<Told, CredentialsError> {
        self.kept.retain(|(whose, _)| whose != repo);
        let service = Service { option: OPTION, url: &self.shown, client, stop };
        let question = self.question(repo).ok_or_else(|| service.unusable("was never asked"))?;
        let reply = service.ask(&question)?;
        if !reply.status.is_success() {
            return Err(service.refused(&reply, String::new()));
        }
        let text =
            str::from_utf8(&reply.text).map_err(|_error| service.unusable("is not UTF-8 text"))?;
        let (told, expires) = read(text).map_err(|problem| service.unusable(problem))?;
        let login = login(told.clone(), user)?;
        let kept = match expires {
            Some(expires) => Kept::until(told, expires),
            None => Kept::for_a_while(told, LIFE),
        };
        self.kept.push((repo.clone(), kept));
        Ok((login, expires))
    }

    /// Forgets what was told with one of these passwords.
    pub(super) fn forget(&mut self, told: &[Secret]) {
        self.kept.retain(|(_, kept)| !told.contains(&kept.value().password));
    }

    fn question(&self, repo: &RepoUrl) -> Option<Question> {
        let mut headers = HeaderMap::new();
        let agent = HeaderValue::from_static(concat!("gitsyncd/", env!("CARGO_PKG_VERSION")));
        headers.insert(USER_AGENT, agent);
        if let Ok(repo) = HeaderValue::try_from(repo.to_string()) {
            headers.insert(REPO, repo);
        }
        headers.extend(login_of(&self.url).map(|login| (AUTHORIZATION, login)));
        let (whole, _fragment) =
            self.url.whole().reveal().split_once('#').unwrap_or((self.url.whole().reveal(), ""));
        let mut question = Request::get(whole).body(Full::new(Bytes::new())).ok()?;
        *question.headers_mut() = headers;
        Some(question)
    }
}

fn login(told: Answer, user: &str) -> Result<Login, CredentialsError> {
    basic(OPTION, told.user.unwrap_or_else(|| user.to_owned()), told.password)
}

/// Reads an answer; or says what is wrong with it.
fn read(text: &str) -> Result<(Answer, Option<Timestamp>), &'static str> {
    let (mut user, mut password, mut expires) = (None, None, None);
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match line.split_once('=') {
            Some(("username", value)) => user = Some(value),
            Some(("password", value)) => password = Some(value),
            Some(("password_expiry_utc", value)) => {
                expires = value.parse().ok().and_then(|at| Timestamp::from_second(at).ok());
            }
            Some(_) | None => (),
        }
    }
    let password = password.ok_or("holds no line 'password=…'")?;
    match problem_of(password) {
        None => (),
        Some(crate::credentials::Problem::Empty) => return Err("holds an empty password"),
        Some(_) => return Err("holds a password with a control character"),
    }
    let user = user.filter(|user| !user.is_empty()).map(str::to_owned);
    Ok((Answer { user, password: Secret::new(password) }, expires))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_git_does() {
        let check = |text: &str, user: Option<&str>, password: &str, expires: Option<i64>| {
            let told = Answer { user: user.map(str::to_owned), password: Secret::new(password) };
            let expires = expires.map(|at| Timestamp::from_second(at).unwrap());
            assert_eq!(read(text), Ok((told, expires)), "{text}");
        };
        check("username=a\npassword=b\n", Some("a"), "b", None);
        check("username=a\r\npassword=b\r\n\r\n", Some("a"), "b", None);
        check("protocol=https\nhost=h\npassword=a=b: \u{fc} ", None, "a=b: \u{fc} ", None);
        check("password=b\npassword_expiry_utc=2000000000", None, "b", Some(2_000_000_000));
        check("password=b\npassword_expiry_utc=soon\nusername=", None, "b", None);
    }

    #[test]
    fn what_is_no_answer_is_told() {
        for text in ["", "username=a\n", "<html>", "{\"password\":\"b\"}"] {
            assert_eq!(read(text), Err("holds no line 'password=…'"), "{text}");
        }
        assert_eq!(read("password=\n"), Err("holds an empty password"));
        assert!(read("password=a\0b\n").is_err());
        assert!(read("password=a\rb\n").is_err());
    }
}
