//! Texts to [`Access`]: who we are to sources, and how they are reached.

use crate::config::access::{Access, Credential, GithubApp, PasswordSource, Proxy, Ssh, Tls};
use crate::config::check::Checker;
use crate::config::git_config;
use crate::config::git_config::Setting;
use crate::config::raw::Raw;
use crate::config::values;
use crate::model::{FileChoice, HeaderLine, Secret, ServiceUrl, UrlPrefix};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Where Kubernetes users mount what belongs to Git.
const SSH_KEY: &str = "/etc/git-secret/ssh";
const KNOWN_HOSTS: &str = "/etc/git-secret/known_hosts";
const COOKIES: &str = "/etc/git-secret/cookie_file";

/// The names that a key for SSH has in Secrets.
const SSH_KEYS: [&str; 3] = ["ssh-privatekey", "ssh-private-key", "identity"];

/// Builds from what could be read.
pub(super) fn access(checker: &mut Checker<'_>, raw: &Raw) -> Access {
    let settings = settings(checker, raw);
    let named = |key: &str| git_config::last(&settings, key);
    let auth_dirs = files(checker, "auth-dir", raw.auth_dir.as_ref());
    let cookie_file = cookies(checker, raw, named("http.cookiefile"));
    let ca_file = file_or(checker, "ca-file", raw.ca_file.as_ref(), named("http.sslcainfo"));
    let proxy = proxy(checker, raw, named("http.proxy"));
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
        cookie_file,
        github_app: github_app(checker, raw),
        extra_headers: extra_headers(checker, &settings),
        ssh: ssh(checker, raw, &auth_dirs),
        tls: Tls {
            authorities: with_mounted(ca_file.map(FileChoice::named), &auth_dirs, &["ca.crt"]),
            identities: identities(checker, raw, &settings, &auth_dirs),
        },
        proxy: Proxy { all: proxy, environment: checker.proxies.to_vec() },
        auth_dirs,
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

fn settings(checker: &mut Checker<'_>, raw: &Raw) -> Vec<Setting> {
    let read = checker.read_many("git-config", raw.git_config.as_ref(), git_config::parse);
    read.into_iter().flatten().collect()
}

/// Reads a path, or else takes that of a setting of Git.
fn file_or(
    checker: &mut Checker<'_>,
    key: &str,
    text: Option<&String>,
    setting: Option<String>,
) -> Option<PathBuf> {
    match text {
        Some(_) => checker.file(key, text),
        None => checker.file("git-config", setting.as_ref()),
    }
}

fn files(checker: &mut Checker<'_>, key: &str, text: Option<&String>) -> Vec<PathBuf> {
    let resolve = checker.resolver();
    checker.read_many(key, text, resolve)
}

fn cookies(checker: &mut Checker<'_>, raw: &Raw, setting: Option<String>) -> Option<PathBuf> {
    match raw.cookie_file.as_deref().map(values::switch) {
        Some(Ok(true)) => Some(COOKIES.into()),
        Some(Ok(false)) => None,
        Some(Err(_)) | None => file_or(checker, "cookie-file", raw.cookie_file.as_ref(), setting),
    }
}

fn proxy(checker: &mut Checker<'_>, raw: &Raw, setting: Option<String>) -> Option<ServiceUrl> {
    let (key, text) = match &raw.proxy {
        Some(text) => ("proxy", Some(text)),
        None => ("git-config", setting.as_ref()),
    };
    checker.read(key, text, |text| {
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
    let password = match (written.password, written.password_file) {
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
    let base_url = checker.read("github-base-url", raw.github_base_url.as_ref(), |text| {
        service(text, &["http", "https"])
    });
    let keys = ["github-app-application-id", "github-app-client-id", "github-app-installation-id"];
    let [application_key, client_key, installation_key] = keys;
    let application = checker.read(application_key, raw.github_app_application_id.as_ref(), number);
    let client = checker.read(client_key, raw.github_app_client_id.as_ref(), name);
    let installation =
        checker.read(installation_key, raw.github_app_installation_id.as_ref(), number);
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
    if id.is_none() && installation.is_none() && key.is_none() {
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

/// Takes the header lines, in Git's order; an empty one takes back those before it.
fn extra_headers(checker: &mut Checker<'_>, settings: &[Setting]) -> Vec<HeaderLine> {
    let mut headers: Vec<HeaderLine> = Vec::new();
    for setting in settings {
        if !setting.is_of_http("extraheader") {
            continue;
        }
        let url = match setting.url().map(str::parse::<UrlPrefix>).transpose() {
            Ok(url) => url,
            Err(error) => {
                checker.complain("git-config", format!("{}: {error}", setting.shown()));
                continue;
            }
        };
        let line = setting.value.reveal();
        if line.is_empty() {
            headers.retain(|header| header.url != url);
        } else if is_header(line) {
            headers.push(HeaderLine { url, line: setting.value.clone() });
        } else {
            checker.complain("git-config", format!("{}: it is not `Name: value`", setting.shown()));
        }
    }
    headers
}

/// Says whether this can be a line of a request's head (RFC 9110, 5.1 and 5.5).
fn is_header(line: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    line.split_once(':').is_some_and(|(name, value)| {
        !name.is_empty() && name.bytes().all(is_token) && !value.contains(char::is_control)
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
    settings: &[Setting],
    auth_dirs: &[PathBuf],
) -> Vec<(FileChoice, FileChoice)> {
    let named = |key: &str| git_config::last(settings, key);
    let cert = file_or(checker, "client-cert", raw.client_cert.as_ref(), named("http.sslcert"));
    let key = file_or(checker, "client-key", raw.client_key.as_ref(), named("http.sslkey"));
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
