//! Who we are to sources over HTTP, read anew at each attempt so that what was rotated is seen.
//!
//! The first of these that there is for a repository counts:
//!
//! 1. `username` with `password` or `password-file`;
//! 2. the longest of `credential` that covers its address;
//! 3. the GitHub App;
//! 4. `askpass-url`;
//! 5. `username` and `password` in the first `auth-dir` that has one of them;
//! 6. the first line of a file of the credential helper `store`, as settings of Git name it, that is
//!    for this server and this user;
//! 7. `username` alone, and the user information of the URL.
//!
//! Where there is no user name at all, the setting `credential.<url>.username` has one.
//!
//! So what was said about one address goes before what is said about a server, and what can be
//! changed while the program runs before what cannot. All but 2, 6 and 7 are for the server of `repo`
//! only: scheme, host and port. Nothing is asked for sources that are reached in another way.
//!
//! How SSH servers know us is not known here.

mod askpass;
mod auth_dir;
mod cookies;
mod error;
mod file;
mod github_app;
mod kept;
mod service;
mod services;
mod store;
#[cfg(test)]
mod tests;

pub use cookies::CookieJar;
pub use error::{CredentialsError, Problem};
pub use services::Services;

use crate::config::{Access, Credential, PasswordSource};
use crate::credentials::askpass::Askpass;
use crate::credentials::auth_dir::AuthDir;
use crate::credentials::cookies::CookieFile;
use crate::credentials::file::{SecretFile, problem_of};
use crate::credentials::github_app::App;
use crate::credentials::services::Shared;
use crate::credentials::store::Store;
use crate::model::{Location, Login, RepoUrl, Secret, UrlPrefix};
use crate::net::Client;
use crate::runtime::Stop;
use jiff::Timestamp;
use std::sync::Arc;
use url::{Origin, Url};

/// The user name sent with a password that came without one. Hosting services that take a token
/// for a password accept any name.
const ANY_USER: &str = "git";

/// All that says who we are, and what is kept of it from one attempt to the next.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The server of `repo`, if it is reached over HTTP.
    home: Option<Origin>,
    username: Option<String>,
    password: Option<Password>,
    entries: Vec<Entry>,
    app: Option<Shared<App>>,
    askpass: Option<Shared<Askpass>>,
    auth_dirs: Vec<AuthDir>,
    /// The files of cookies that were needed so far.
    cookies: Vec<CookieFile>,
    stores: Vec<Store>,
    access: Access,
    /// Whether what was told last was kept from an earlier attempt.
    was_kept: bool,
    /// What services told us since a source last did not believe it.
    told: Vec<Secret>,
    news: News,
}

/// How services were asked since somebody last wanted to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The service of `askpass-url`.
    pub askpass: Asked,
    /// The API of GitHub.
    pub github_app: Asked,
    /// When what one of them told last comes to its end, if it said so.
    pub expires: Option<Timestamp>,
}

/// How often a service was asked, and how that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// It told what was wanted.
    pub well: u64,
    /// It did not.
    pub badly: u64,
}

/// Where a password is.
#[derive(Clone, Debug)]
enum Password {
    Value { secret: Secret, option: &'static str },
    File(SecretFile),
}

/// Who to be where.
#[derive(Clone, Debug)]
struct Entry {
    url: UrlPrefix,
    username: String,
    password: Password,
}

impl Credentials {
    /// Remembers where to look. `repo` is the repository that the options are about. What `services`
    /// tell is shared.
    pub fn new(access: &Access, repo: &RepoUrl, services: &Services) -> Self {
        let entry = |given: &Credential| Entry {
            url: given.url.clone(),
            username: given.username.clone(),
            password: Password::new(&given.password, "credential", "credential"),
        };
        let password = access.password.as_ref();
        Self {
            home: http(repo).map(Url::origin),
            username: access.username.clone(),
            password: password.map(|given| Password::new(given, "password", "password-file")),
            entries: access.credentials.iter().map(entry).collect(),
            app: services.app(access),
            askpass: services.askpass(access, repo),
            auth_dirs: access.auth_dirs.iter().map(|dir| AuthDir::new(dir)).collect(),
            cookies: Vec::new(),
            stores: Store::all(&access.identity),
            access: access.clone(),
            was_kept: false,
            told: Vec::new(),
            news: News::default(),
        }
    }

    /// Finds out who to be at a repository now. Services are asked only if what they told before is
    /// not good any more.
    pub fn current(
        &mut self,
        repo: &RepoUrl,
        client: &Client,
        stop: &Stop,
    ) -> Result<Login, CredentialsError> {
        self.was_kept = false;
        let Some(url) = http(repo) else {
            return Ok(Login::Anonymous);
        };
        let at_home = self.home.as_ref() == Some(&url.origin());
        let username = self.username.clone().filter(|_| at_home);
        let set = store::username(&self.access.identity, url, repo.user()).map(str::to_owned);
        let given = username.as_deref().or(repo.user());
        let user = given.or(set.as_deref());
        let name = user.unwrap_or(ANY_USER);
        if let Some(password) = self.password.as_mut().filter(|_| at_home) {
            return basic("username", name.to_owned(), password.read()?);
        }
        if let Some(entry) = longest(&mut self.entries, url, user) {
            return basic("credential", entry.username.clone(), entry.password.read()?);
        }
        if at_home {
            if self.app.is_some() || self.askpass.is_some() {
                return self.ask_services(repo, name, client, stop);
            }
            for dir in &mut self.auth_dirs {
                if let Some(login) = dir.login(username.as_deref(), name)? {
                    return Ok(login);
                }
            }
        }
        let password = repo.password().cloned();
        if password.is_none() {
            for store in &mut self.stores {
                if let Some((user, password)) = store.find(url, repo.user(), user)? {
                    return basic("git-config", user, password);
                }
            }
        }
        if given.is_none() && password.is_none() {
            return Ok(Login::Anonymous);
        }
        basic("repo", name.to_owned(), password.unwrap_or_else(|| Secret::new("")))
    }

    /// Says why the directories told nothing of who to be at a repository, given that nothing else
    /// did: each that was looked at, in a few words.
    pub fn lacking(&self, repo: &RepoUrl) -> Vec<String> {
        let at_home = http(repo).is_some_and(|url| self.home.as_ref() == Some(&url.origin()));
        let looked = self.auth_dirs.iter().filter(|_| at_home);
        looked.map(AuthDir::lacks).collect()
    }

    /// The cookies that there are now for a repository, if it is reached over HTTP and there is a
    /// file of them; the same value as before if it did not change.
    pub fn cookies(&mut self, repo: &RepoUrl) -> Result<Option<Arc<CookieJar>>, CredentialsError> {
        let access = &self.access;
        let path = match access.http.as_slice() {
            [] => access.cookie_file.clone(),
            [..] => access.way(repo).cookie_file,
        };
        let Some(path) = path.filter(|_| http(repo).is_some()) else {
            return Ok(None);
        };
        let known = self.cookies.iter().position(|cookies| cookies.file().path() == path);
        let place = known.unwrap_or_else(|| {
            self.cookies.push(CookieFile::new(path));
            self.cookies.len() - 1
        });
        self.cookies.get_mut(place).map(CookieFile::jar).transpose()
    }

    /// Forgets what services told, because a source did not believe it. Says whether it makes sense
    /// to ask again in the same attempt: whether what was told last was kept from an earlier one, or
    /// a file changed since.
    pub fn refused(&mut self) -> bool {
        let mut changed = self.files().any(SecretFile::has_changed);
        let told = std::mem::take(&mut self.told);
        // Whoever asks just now gets something new in any case. What others were told since stays.
        if let Some(app) = &self.app
            && let Ok(mut app) = app.try_lock()
        {
            changed |= app.file().is_some_and(SecretFile::has_changed);
            app.forget(&told);
        }
        if let Some(askpass) = &self.askpass
            && let Ok(mut askpass) = askpass.try_lock()
        {
            askpass.forget(&told);
        }
        std::mem::take(&mut self.was_kept) || changed
    }

    /// How services were asked since the last call.
    pub fn take_news(&mut self) -> News {
        std::mem::take(&mut self.news)
    }

    /// Takes what the first of the services told, and asks it if that is not good any more.
    fn ask_services(
        &mut self,
        repo: &RepoUrl,
        name: &str,
        client: &Client,
        stop: &Stop,
    ) -> Result<Login, CredentialsError> {
        let (asked, told) = match (&self.app, &self.askpass) {
            (Some(app), _) => (&mut self.news.github_app, services::token(app, client, stop)),
            (None, Some(askpass)) => {
                let about = (repo, name);
                (&mut self.news.askpass, services::answer(askpass, about, client, stop))
            }
            (None, None) => return Ok(Login::Anonymous),
        };
        let (was_kept, (login, expires)) = told.inspect_err(|_error| asked.badly += 1)?;
        asked.well += u64::from(!was_kept);
        self.was_kept = was_kept;
        self.news.expires = expires;
        if let Login::Basic { password, .. } = &login
            && !self.told.contains(password)
        {
            self.told.push(password.clone());
        }
        Ok(login)
    }

    /// Every file that was named.
    fn files(&self) -> impl Iterator<Item = &SecretFile> {
        let passwords =
            self.password.iter().chain(self.entries.iter().map(|entry| &entry.password));
        passwords
            .filter_map(Password::file)
            .chain(self.auth_dirs.iter().flat_map(AuthDir::files))
            .chain(self.cookies.iter().map(CookieFile::file))
            .chain(self.stores.iter().map(Store::file))
    }
}

impl Password {
    fn new(given: &PasswordSource, option: &'static str, of_file: &'static str) -> Self {
        match given {
            PasswordSource::Value(secret) => Self::Value { secret: secret.clone(), option },
            PasswordSource::File(path) => Self::File(SecretFile::new(path, of_file)),
        }
    }

    fn file(&self) -> Option<&SecretFile> {
        match self {
            Self::Value { .. } => None,
            Self::File(file) => Some(file),
        }
    }

    fn read(&mut self) -> Result<Secret, CredentialsError> {
        match self {
            Self::Value { secret, option } => match problem_of(secret.reveal()) {
                Some(problem) => Err(CredentialsError::Value { option, problem }),
                None => Ok(secret.clone()),
            },
            Self::File(file) => file.needed_line(),
        }
    }
}

/// The address, if it is one over HTTP.
fn http(repo: &RepoUrl) -> Option<&Url> {
    if let Location::Http(url) = repo.location() { Some(url) } else { None }
}

/// The entry with the longest address that covers the URL. Of equals, the first for this user, or
/// else the first.
fn longest<'a>(entries: &'a mut [Entry], url: &Url, user: Option<&str>) -> Option<&'a mut Entry> {
    let worth = |entry: &Entry| {
        let length = entry.url.covers(url)?;
        Some((length, user.is_some_and(|user| user == entry.username)))
    };
    let best = entries.iter().filter_map(worth).max()?;
    entries.iter_mut().find(|entry| worth(entry) == Some(best))
}

/// Makes a login that basic authentication can carry (RFC 7617).
fn basic(option: &'static str, user: String, password: Secret) -> Result<Login, CredentialsError> {
    let problem = match problem_of(&user) {
        Some(Problem::Empty) | None => user.contains(':').then_some(Problem::Colon),
        problem => problem,
    };
    match problem {
        Some(problem) => Err(CredentialsError::Value { option, problem }),
        None => Ok(Login::Basic { user, password }),
    }
}
