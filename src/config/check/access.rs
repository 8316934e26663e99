//! Texts to [`Access`]: who we are to sources, and how they are reached.

use crate::config::access::{Access, Credential, GithubApp, PasswordSource, Proxy, Ssh, Tls};
use crate::config::check::Checker;
use crate::config::git_config;
use crate::config::git_config::Setting;
use crate::config::options::BETWEEN;
use crate::config::options::GITHUB;
use crate::config::raw::Raw;
use crate::config::values;
use crate::model::{FileChoice, Secret, ServiceUrl, UrlPrefix};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Where Kubernetes users mount what belongs to Git.
const SSH_KEY: &str = "/etc/git-secret/ssh";
const KNOWN_HOSTS: &str = "/etc/git-secret/known_hosts";
const COOKIES: &str = "/etc/git-secret/cookie_file";

/// The names that a key for SSH has in Secrets.
const SSH_KEYS: [&str; 3] = ["ssh-privatekey", "ssh-private-key", "identity"];

/// Builds from what could be read.
pub(super) fn access(checker: &mut Checker<'_>, raw: &Raw, settings: Vec<Setting>) -> Access {
    let auth_dirs = files(checker, "auth-dir", raw.auth_dir.as_ref());
    let resolve = checker.resolver();
    let http = checker.all_of(git_config::http(&settings, &resolve));
    let identity = checker.all_of(git_config::identity(&settings, &resolve));
    let ca_file = checker.file("ca-file", raw.ca_file.as_ref());
    Access {
        username: checker.read("username", raw.username.as_ref(), username),
        password: secret(
            checker,
            ("password", raw.password.as_ref()),
            ("password-file", raw.password_file.as_ref()),
        ),
        credentials: credentials(checker, raw),
        askpass_url: checker.read("askpass-url", raw.askpass_url.as_ref(), |text| {
            service(text, &["http", "https"])
        }),
        cookie_file: cookies(checker, raw),
        github_app: github_app(checker, raw),
        ssh: ssh(checker, raw, &auth_dirs),
        tls: Tls {
            authorities: with_mounted(ca_file.map(FileChoice::named), &auth_dirs, &["ca.crt"]),
            identities: identities(checker, raw, &auth_dirs),
            ..Tls::default()
        },
        proxy: Proxy { all: proxy(checker, raw), environment: checker.proxies.to_vec() },
        auth_dirs,
        http,
        identity,
        settings,
    }
}

/// Puts what may be mounted behind what was named.
fn with_mounted(
    given: impl IntoIterator<Item = FileChoice>,
    dirs: &[PathBuf],
    names: &[&str],
) -> Vec<FileChoice> {
    let mounted =
        dirs.iter().flat_map(|dir| names.iter().map(|name| FileChoice::perhaps(dir.join(name))));
    given.into_iter().chain(mounted).collect()
}

/// Reads the settings of Git that both options give, and behind them those of the environment. Those
/// of the list are one text, with commas between them.
pub(super) fn settings(checker: &mut Checker<'_>, raw: &Raw) -> Vec<Setting> {
    let list = raw.git_config_add.as_ref().map(|texts| texts.replace(BETWEEN, ","));
    let mut read = Vec::new();
    for (option, text) in
        [("git-config", raw.git_config.as_ref()), ("git-config-add", list.as_ref())]
    {
        let parsed = checker.read(option, text, |text| git_config::parse(option, text));
        read.extend(parsed.into_iter().flatten());
    }
    let mut settled = git_config::settle(read);
    settled.extend_from_slice(checker.settings);
    settled
}

fn files(checker: &mut Checker<'_>, key: &str, text: Option<&String>) -> Vec<PathBuf> {
    let resolve = checker.resolver();
    checker.read_many(key, text, resolve)
}

fn cookies(checker: &mut Checker<'_>, raw: &Raw) -> Option<PathBuf> {
    match raw.cookie_file.as_deref().map(values::switch) {
        Some(Ok(true)) => Some(COOKIES.into()),
        Some(Ok(false)) => None,
        Some(Err(_)) | None => checker.file("cookie-file", raw.cookie_file.as_ref()),
    }
}

fn proxy(checker: &mut Checker<'_>, raw: &Raw) -> Option<ServiceUrl> {
    checker.read("proxy", raw.proxy.as_ref(), |text| {
        let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        service(&text, &["http", "https", "socks5", "socks5h"])
    })
}

/// Reads the address of a service. It is not shown, as it may hold a password.
fn service(text: &str, schemes: &[&str]) -> Result<ServiceUrl, String> {
    let url: ServiceUrl = text.parse().map_err(|error| format!("{error}"))?;
    if schemes.contains(&url.url().scheme()) {
        Ok(url)
    } else {
        Err(format!("its scheme is none of {}", schemes.join(", ")))
    }
}

/// Reads a secret that is given itself or in a file.
pub(super) fn secret(
    checker: &mut Checker<'_>,
    (value_key, value): (&str, Option<&String>),
    (file_key, file): (&str, Option<&String>),
) -> Option<PasswordSource> {
    let value = checker.read(value_key, value, |text| Ok(Secret::new(text)));
    let file = checker.file(file_key, file);
    if value.is_some() && file.is_some() {
        let other = checker.place(value_key);
        checker.complain(file_key, format!("cannot be given together with {other}"));
    }
    file.map(PasswordSource::File).or(value.map(PasswordSource::Value))
}

/// Reads a user name. It is not shown, as some services take a token for it.
fn username(text: &str) -> Result<String, String> {
    if text.contains(|c: char| c == ':' || c.is_control()) {
        Err("holds a colon, a line break or a control character".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// A credential as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    url: String,
    username: String,
    password: Option<String>,
    password_file: Option<String>,
}

/// One or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(Box<Written>),
    More(Vec<Written>),
}

fn credentials(checker: &mut Checker<'_>, raw: &Raw) -> Vec<Credential> {
    let resolve = checker.resolver();
    let read = checker.read_many("credential", raw.credential.as_ref(), |text| {
        let written = match serde_json::from_str(text) {
            Ok(OneOrMore::One(one)) => vec![*one],
            Ok(OneOrMore::More(more)) => more,
            Err(error) => return Err(not_a_credential(text, &error)),
        };
        written.into_iter().map(|written| credential(written, &resolve)).collect()
    });
    read.into_iter().flat_map(|list: Vec<_>| list).collect()
}

/// Says what is wrong with a text; never what it holds, which serde would.
fn not_a_credential(text: &str, error: &serde_json::Error) -> String {
    let form = "it is to be an object, or a list of objects, with url, username, and password or \
                password-file, all of them texts";
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(_) => format!("does not hold what is needed; {form}"),
        Err(_) => format!("is not JSON (column {}); {form}", error.column()),
    }
}

fn credential(
    written: Written,
    resolve: impl Fn(&str) -> Result<PathBuf, String>,
) -> Result<Credential, String> {
    let url: UrlPrefix = written.url.parse().map_err(|error| format!("the url: {error}"))?;
    let (password, file) = match (written.password, written.password_file) {
        // A template may name both and fill one.
        (Some(password), Some(file)) if file.is_empty() => (Some(password), None),
        (Some(password), Some(file)) if password.is_empty() => (None, Some(file)),
        both => both,
    };
    let password = match (password, file) {
        (Some(password), None) => PasswordSource::Value(Secret::new(password)),
        (None, Some(file)) => PasswordSource::File(resolve(&file)?),
        (Some(_), Some(_)) => {
            return Err(format!("the one for {url} has both password and password-file"));
        }
        (None, None) => {
            return Err(format!("the one for {url} has neither password nor password-file"));
        }
    };
    let username = username(&written.username)
        .map_err(|complaint| format!("the username of the one for {url} {complaint}"))?;
    Ok(Credential { url, username, password })
}

fn github_app(checker: &mut Checker<'_>, raw: &Raw) -> Option<GithubApp> {
    let number = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { Ok(text.to_owned()) } else { Err("is not a number".to_owned()) }
    };
    let name = |text: &str| {
        let is_name =
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if is_name { Ok(text.to_owned()) } else { Err("is not a client id".to_owned()) }
    };
    let base_url = raw.github_base_url.clone().filter(|url| !url.is_empty());
    let base_url = base_url.unwrap_or_else(|| GITHUB.to_owned());
    let base_url =
        checker.read("github-base-url", Some(&base_url), |text| service(text, &["http", "https"]));
    let keys = ["github-app-application-id", "github-app-client-id", "github-app-installation-id"];
    let [application_key, client_key, installation_key] = keys;
    // In numbers, nothing is written as 0.
    let is_given = |id: &String| id.bytes().any(|digit| digit != b'0');
    let application = checker.read(application_key, raw.github_app_application_id.as_ref(), number);
    let application = application.filter(is_given);
    let client = checker.read(client_key, raw.github_app_client_id.as_ref(), name);
    let installation =
        checker.read(installation_key, raw.github_app_installation_id.as_ref(), number);
    let installation = installation.filter(is_given);
    let key = secret(
        checker,
        ("github-app-private-key", raw.github_app_private_key.as_ref()),
        ("github-app-private-key-file", raw.github_app_private_key_file.as_ref()),
    );
    if application.is_some() && client.is_some() {
        let other = checker.place(application_key);
        checker.complain(client_key, format!("cannot be given together with {other}"));
    }
    let id = application.or(client);
    // A key alone is what a Secret brings that others use too.
    if id.is_none() && installation.is_none() && (key.is_none() || checker.called_as.is_peer()) {
        return None;
    }
    let mut lacks = |key: &str, lacking: bool| {
        if lacking && !checker.is_blamed(key) {
            checker.complain(key, "is needed for a GitHub App");
        }
    };
    lacks(client_key, id.is_none());
    lacks(installation_key, installation.is_none());
    lacks("github-app-private-key-file", key.is_none());
    Some(GithubApp {
        base_url: base_url?,
        id: id?,
        installation_id: installation?,
        private_key: key?,
    })
}

fn ssh(checker: &mut Checker<'_>, raw: &Raw, auth_dirs: &[PathBuf]) -> Ssh {
    let keys = files(checker, "ssh-key-file", raw.ssh_key_file.as_ref());
    let strict = checker.read("ssh-known-hosts", raw.ssh_known_hosts.as_ref(), values::switch);
    let known = checker.file("ssh-known-hosts-file", raw.ssh_known_hosts_file.as_ref());
    let usual =
        |none_named: bool, path: &str| none_named.then(|| FileChoice::perhaps(Path::new(path)));
    let usual_key = usual(keys.is_empty(), SSH_KEY);
    let usual_hosts = usual(known.is_none(), KNOWN_HOSTS);
    let mut keys =
        with_mounted(keys.into_iter().map(FileChoice::named), auth_dirs, SSH_KEYS.as_slice());
    keys.extend(usual_key);
    let mut known_hosts = with_mounted(known.map(FileChoice::named), auth_dirs, &["known_hosts"]);
    known_hosts.extend(usual_hosts);
    Ssh { keys, strict: strict.unwrap_or(true), known_hosts }
}

/// Takes pairs of certificate and key.
fn identities(
    checker: &mut Checker<'_>,
    raw: &Raw,
    auth_dirs: &[PathBuf],
) -> Vec<(FileChoice, FileChoice)> {
    let cert = checker.file("client-cert", raw.client_cert.as_ref());
    let key = checker.file("client-key", raw.client_key.as_ref());
    if cert.is_none() && key.is_some() {
        checker.complain("client-key", "needs client-cert");
    }
    let named = cert.map(|cert| {
        let key = key.unwrap_or_else(|| cert.clone());
        (FileChoice::named(cert), FileChoice::named(key))
    });
    let mounted = auth_dirs.iter().map(|dir| {
        (FileChoice::perhaps(dir.join("tls.crt")), FileChoice::perhaps(dir.join("tls.key")))
    });
    named.into_iter().chain(mounted).collect()
}
