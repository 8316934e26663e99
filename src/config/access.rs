//! Who we are to sources, and how they are reached: what the options say about it. Nothing is read
//! here; files are read again at each attempt.

use crate::config::git_config;
use crate::config::git_config::{CredentialSetting, HttpSetting, Protocols, Setting, rewritten};
use crate::config::way;
use crate::config::way::Way;
use crate::model::{FileChoice, Location, RepoUrl, Secret, ServiceUrl, UrlPrefix};
use std::path::{Path, PathBuf};

/// What a mounted Secret calls a login.
const LOGIN_NAMES: [&str; 2] = ["username", "password"];

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Who to be at the server of the repository.
    pub username: Option<String>,
    /// How to prove it.
    pub password: Option<PasswordSource>,
    /// Who to be at which servers.
    pub credentials: Vec<Credential>,
    /// Directories where Secrets are mounted as they are, for `username` and `password`; the other
    /// files in them are in the lists below.
    pub auth_dirs: Vec<PathBuf>,
    /// A service that tells who to be at the server of the repository.
    pub askpass_url: Option<ServiceUrl>,
    /// Cookies in the format of Netscape, for any server that they name.
    pub cookie_file: Option<PathBuf>,
    /// An application of GitHub to be.
    pub github_app: Option<GithubApp>,
    /// Settings of Git in the order in which they count.
    pub settings: Vec<Setting>,
    /// Those of them that say how servers are spoken to; [`Access::way`] joins them with what the
    /// options say.
    pub http: Vec<HttpSetting>,
    /// Those of them that say who to be.
    pub identity: Vec<CredentialSetting>,
    /// How to be known to SSH servers, and to know them.
    pub ssh: Ssh,
    /// Which servers to believe over TLS, and how to be known to them.
    pub tls: Tls,
    /// What is in between.
    pub proxy: Proxy,
}

impl Access {
    /// How the server of a repository is spoken to. Settings are about HTTP only.
    pub fn way(&self, repo: &RepoUrl) -> Way {
        way::to(self, repo)
    }

    /// Where settings of Git say that large files are.
    pub fn lfs_url(&self) -> Option<&str> {
        git_config::lfs_url(&self.settings)
    }

    /// Where something really is that somebody else said the address of, such as that of a submodule.
    pub fn place_of(&self, text: &str) -> String {
        rewritten(&self.settings, text).unwrap_or_else(|| text.to_owned())
    }

    /// Says which protocol it is that a submodule may not be reached by. What is on this machine may
    /// be had by those that are on it themselves, and by others only if that was said.
    pub fn forbids_submodule(&self, repo: &RepoUrl, above: &RepoUrl) -> Option<&'static str> {
        let (protocols, _told_at_the_start) = Protocols::read(&self.settings);
        let is_local = |repo: &RepoUrl| matches!(repo.location(), Location::Local(_));
        if is_local(repo) && !is_local(above) && !protocols.always_allows_files() {
            return Some("file");
        }
        protocols.forbids(repo)
    }

    /// How services are spoken to that help us, such as one that tells passwords: by the options and
    /// by what is said of all servers. They must prove who they are in any case.
    pub fn way_to_services(&self) -> Way {
        way::to_services(self)
    }

    /// Every file that says who we are to sources over HTTP, or whom to believe there.
    pub fn http_files(&self) -> Vec<PathBuf> {
        let credentials = self.credentials.iter().map(|one| &one.password);
        let key = self.github_app.as_ref().map(|app| &app.private_key);
        let secrets =
            self.password.iter().chain(credentials).chain(key).filter_map(|secret| match secret {
                PasswordSource::File(file) => Some(file.clone()),
                PasswordSource::Value(_) => None,
            });
        let mounted = self.auth_dirs.iter().flat_map(|dir| LOGIN_NAMES.map(|name| dir.join(name)));
        let identities = self.tls.identities.iter().flat_map(|(cert, key)| [cert, key]);
        let tls = self.tls.authorities.iter().chain(identities).map(|file| file.path.clone());
        let of_http = self.http.iter().filter_map(|setting| setting.item.file());
        let stores = self.identity.iter().filter_map(|setting| setting.item.file());
        let named = of_http.chain(stores).map(Path::to_owned);
        secrets.chain(mounted).chain(self.cookie_file.clone()).chain(tls).chain(named).collect()
    }

    /// Every file that says who we are to sources over SSH, or whom to believe there.
    pub fn ssh_files(&self) -> Vec<PathBuf> {
        let files = self.ssh.keys.iter().chain(&self.ssh.known_hosts);
        files.map(|file| file.path.clone()).collect()
    }
}

/// Where a password is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// It was given itself.
    Value(Secret),
    /// In a file, which is read again at every attempt.
    File(PathBuf),
}

/// Who to be at some servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Where; the longest that covers a repository counts.
    pub url: UrlPrefix,
    /// The name.
    pub username: String,
    /// The proof.
    pub password: PasswordSource,
}

/// An application of GitHub, for which there are tokens that last an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GithubApp {
    /// Where the API is.
    pub base_url: ServiceUrl,
    /// Its number or its client id.
    pub id: String,
    /// The number of its installation.
    pub installation_id: String,
    /// An RSA key in PEM form.
    pub private_key: PasswordSource,
}

/// How to be known to SSH servers, and to know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssh {
    /// Private keys, in the order in which they are offered.
    pub keys: Vec<FileChoice>,
    /// Whether a server must be known.
    pub strict: bool,
    /// The lists of known servers; all that exist count.
    pub known_hosts: Vec<FileChoice>,
}

impl Default for Ssh {
    fn default() -> Self {
        Self { keys: Vec::new(), strict: true, known_hosts: Vec::new() }
    }
}

/// Which servers to believe over TLS, and how to be known to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificates of authorities; all that exist count, and the system's if none does.
    pub authorities: Vec<FileChoice>,
    /// Directories of more certificates of authorities, which are believed as well.
    pub directories: Vec<PathBuf>,
    /// Our certificate and its key; the first pair that exists counts.
    pub identities: Vec<(FileChoice, FileChoice)>,
    /// Whether any server is believed, and nothing of the above is looked at.
    pub blind: bool,
}

/// What is between us and sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxy {
    /// For every server but those of `no_proxy`: `http://`, `https://`, `socks5://` (names
    /// are looked up here) or `socks5h://` (there).
    pub all: Option<ServiceUrl>,
    /// The variables `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` in small letters, as
    /// far as they are set; they may hold passwords.
    pub environment: Vec<(String, Secret)>,
}
