//! Who we are to the source in an attempt, and what to do if the source does not believe it.

use crate::attempt::Failed;
use crate::config::{Access, Config};
use crate::credentials::{Credentials, CredentialsError, Services};
use crate::model::{Class, Cookies, HeaderLine, Location, Login, Outfit, RepoUrl, Secret, Step};
use crate::net::Client;
use crate::observe::audit;
use crate::observe::metrics::Metrics;
use crate::runtime::Stop;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What some people give as a password when the user name is the token.
const NO_PASSWORDS: [&str; 2] = ["", "x-oauth-basic"];

/// Credentials, and the way to the services that tell some of them.
#[derive(Debug)]
pub(super) struct Who {
    credentials: Credentials,
    access: Access,
    /// The header lines for each repository.
    headers: BTreeMap<String, Vec<HeaderLine>>,
    /// Not that of the source, so that its requests are not counted as those.
    client: Client,
    metrics: Arc<Metrics>,
    /// Who we were to each repository when that was last told, and whether it was believed.
    told: BTreeMap<String, (String, bool)>,
}

impl Who {
    /// Remembers where to look.
    pub(super) fn new(
        config: &Config,
        (client, services): (Client, &Services),
        metrics: &Arc<Metrics>,
    ) -> Self {
        let credentials = Credentials::new(&config.access, &config.repo, services);
        Self {
            credentials,
            access: config.access.clone(),
            headers: BTreeMap::new(),
            client,
            metrics: Arc::clone(metrics),
            told: BTreeMap::new(),
        }
    }

    /// Finds out who to be at a repository, and counts what services were asked for that.
    pub(super) fn current(
        &mut self,
        repo: &RepoUrl,
        stop: &Stop,
    ) -> Result<Outfit, CredentialsError> {
        let login = self.credentials.current(repo, &self.client, stop);
        let news = self.credentials.take_news();
        self.metrics.askpass(news.askpass.well, news.askpass.badly);
        self.metrics.github_app(news.github_app.well, news.github_app.badly);
        if let Some(expires) = news.expires {
            self.metrics.token_expires(expires);
        }
        let login = login?;
        let jar = self.credentials.cookies(repo)?;
        let way = || self.access.way(repo).headers;
        Ok(Outfit {
            login,
            headers: self.headers.entry(repo.to_string()).or_insert_with(way).clone(),
            cookies: jar.map(|jar| -> Arc<dyn Cookies> { jar }),
        })
    }

    /// Says what was looked at for who to be at a repository and had nothing, if we were nobody.
    pub(super) fn lacking(&self, repo: &RepoUrl) -> Vec<String> {
        self.credentials.lacking(repo)
    }

    /// Says whether the source may have failed an attempt because it did not believe us, and may
    /// believe us if it is asked once more. Some say that there is no such repository to those whom
    /// they do not know.
    pub(super) fn was_refused(&mut self, failed: &Failed) -> bool {
        matches!(failed.step, Some(Step::Resolve | Step::Fetch))
            && matches!(failed.error.class(), Class::Auth | Class::NotFound)
            && self.credentials.refused()
    }

    /// Tells the audit log that a server believed who we are, if that is news.
    pub(super) fn believed(&mut self, repo: &RepoUrl, outfit: &Outfit) {
        let Some(name) = name(repo, outfit) else {
            return;
        };
        let known = self.told.get(&repo.to_string());
        let is_known = known.is_some_and(|(who, believed)| *believed && who == name);
        // To be let in without a name is nothing to tell, unless it was refused before.
        let is_news = !is_known && (name != ANONYMOUS || known.is_some());
        if is_news {
            audit::login(name, repo, None);
        }
        if !is_known {
            self.told.insert(repo.to_string(), (name.to_owned(), true));
        }
    }

    /// Tells the audit log that it did not, if that is news.
    pub(super) fn disbelieved(&mut self, repo: &RepoUrl, outfit: &Outfit, failed: &Failed) {
        // Where credentials cannot be had, no server was asked.
        if failed.error.class() != Class::Auth || failed.step == Some(Step::Credentials) {
            return;
        }
        let Some(name) = name(repo, outfit) else {
            return;
        };
        let now = (name.to_owned(), false);
        if self.told.get(&repo.to_string()) != Some(&now) {
            audit::login(name, repo, Some(&failed.chain()));
            self.told.insert(repo.to_string(), now);
        }
    }
}

/// How somebody is called who gives no name.
const ANONYMOUS: &str = "anonymous";

/// Who we are to the server of a repository, as others may read it; nobody where there is no login.
pub(super) fn name<'a>(repo: &'a RepoUrl, outfit: &'a Outfit) -> Option<&'a str> {
    match (repo.location(), &outfit.login) {
        (Location::Ssh(url), _) => Some(url.user()),
        (Location::Http(_), Login::Basic { user, password }) => Some(harmless(user, password)),
        (Location::Http(_), Login::Anonymous) => Some(match (&outfit.cookies, &*outfit.headers) {
            (Some(_), _) => "cookies",
            (None, lines) if lines.iter().any(says_who) => "headers",
            (None, _) => ANONYMOUS,
        }),
        (Location::Local(_) | Location::Daemon(_), _) => None,
    }
}

/// Whether a header line may say who we are.
fn says_who(line: &HeaderLine) -> bool {
    let (name, _) = line.line.reveal().split_once(':').unwrap_or_default();
    !name.eq_ignore_ascii_case("user-agent")
}

/// The user name, unless it is the secret itself, as it may be where there is no password.
fn harmless<'a>(user: &'a str, password: &Secret) -> &'a str {
    if NO_PASSWORDS.contains(&password.reveal()) { "token" } else { user }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(user: &str, password: &str) -> Outfit {
        Login::Basic { user: user.to_owned(), password: Secret::new(password) }.into()
    }

    fn named(repo: &str, outfit: &Outfit) -> Option<String> {
        name(&repo.parse().unwrap(), outfit).map(str::to_owned)
    }

    #[test]
    fn a_name_is_told_and_a_token_in_its_place_is_not() {
        let url = "https://example.org/a.git";
        let check = |outfit: Outfit, wanted: &str| {
            assert_eq!(named(url, &outfit).as_deref(), Some(wanted));
        };
        check(login("ada", "hush"), "ada");
        check(login("ghp_hush", ""), "token");
        check(login("ghp_hush", "x-oauth-basic"), "token");
        check(Login::Anonymous.into(), "anonymous");
        let line = HeaderLine { url: None, line: Secret::new("PRIVATE-TOKEN: hush") };
        check(Outfit { headers: vec![line], ..Login::Anonymous.into() }, "headers");
    }

    #[test]
    fn over_ssh_the_name_is_in_the_address_and_elsewhere_there_is_none() {
        let outfit = Login::Anonymous.into();
        assert_eq!(named("git@example.org:a.git", &outfit).as_deref(), Some("git"));
        assert_eq!(named("/a.git", &outfit), None);
        assert_eq!(named("git://example.org/a.git", &outfit), None);
    }
}
