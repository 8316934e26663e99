//! What `probe` and `status` need to know of a run that is going on. The rest of the options does
//! not matter to them, and need not be right or complete.

use crate::config::PasswordSource;
use crate::config::besides::Besides;
use crate::config::check::Checker;
use crate::config::check::access::secret;
use crate::config::commands::Asked;
use crate::config::given::Given;
use crate::config::problem::Problem;
use crate::config::raw::Raw;
use crate::config::values;
use crate::model::FileChoice;
use std::path::PathBuf;
use url::Url;

/// What to ask a server for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Where; if there are several, the next one counts when nothing listens at the one before.
    pub urls: Vec<Url>,
    /// Whose certificates to believe; the system's if there is none.
    pub authorities: Vec<FileChoice>,
}

impl Probe {
    /// Where something that listens at an address of an option can be reached from this machine.
    pub fn here(bind: &str, path: &str) -> Result<Vec<Url>, Problem> {
        here(Some(bind), path)
    }
}

/// Where a status may be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSource {
    /// The API; empty if it is not to be asked.
    pub api: Probe,
    /// The token of the API.
    pub token: Option<PasswordSource>,
    /// The directory with the status file, for when the API is not asked or nobody answers.
    pub root: Option<PathBuf>,
    /// The same of each repository, by their names, if a file lists them.
    pub roots: Vec<(String, PathBuf)>,
    /// The repository that is meant, if it is one of several.
    pub name: Option<String>,
    /// Whether the status is wanted as it is.
    pub json: bool,
}

/// Reads what `probe` needs.
pub(in crate::config) fn probe(
    besides: &Besides,
    asked: &Asked,
    raw: &Raw,
    given: &Given,
) -> Result<Probe, Vec<Problem>> {
    let mut checker = Checker::new(besides, given);
    let bind = checker.read("http-bind", raw.http_bind.as_ref(), values::address);
    let authorities = authorities(&mut checker, raw);
    let operand = asked.operand.as_deref();
    let mut told = checker.problems;
    let urls = match operand {
        Some(text) if is_url(text) => url(text).map(|url| vec![url]),
        Some(text) if !text.starts_with('/') => {
            Err(Problem::new("argument 2", "is neither a URL with http:// or https:// nor a /path"))
        }
        Some(_) | None => here(bind.as_deref(), operand.unwrap_or("/readyz")),
    };
    match urls {
        Ok(urls) if told.is_empty() => Ok(Probe { urls, authorities }),
        Ok(_) => Err(told),
        Err(_) if !told.is_empty() => Err(told),
        Err(problem) => {
            told.push(problem);
            Err(told)
        }
    }
}

/// Reads what `status` needs.
pub(in crate::config) fn status(
    besides: &Besides,
    asked: &Asked,
    (raw, given): (&Raw, &Given),
    roots: Option<Vec<(String, PathBuf)>>,
) -> Result<StatusSource, Vec<Problem>> {
    let mut checker = Checker::new(besides, given);
    let (bind, token) = api_of(&mut checker, raw);
    let authorities = authorities(&mut checker, raw);
    let root = checker.file("root", raw.root.as_ref());
    let resolve = checker.resolver();
    let mut told = checker.problems;
    let is_listed = roots.is_some() && asked.operand.is_none();
    let mut roots = roots.filter(|_| is_listed).unwrap_or_default();
    if let Some(name) = asked.name.as_ref().filter(|_| is_listed) {
        roots.retain(|(other, _)| other == name);
        if roots.is_empty() {
            told.push(Problem::new("--name", "there is no such repository in the file"));
        }
    }
    let (urls, root) = match asked.operand.as_deref() {
        Some(text) if is_url(text) => (api(text).map_err(|problem| told.push(problem)).ok(), None),
        Some(text) => match resolve(text) {
            Ok(root) => (None, Some(root)),
            Err(complaint) => {
                told.push(Problem::new("argument 2", complaint));
                (None, None)
            }
        },
        None => (here(bind.as_deref(), API).ok(), root.filter(|_| !is_listed)),
    };
    let urls = urls.unwrap_or_default();
    if urls.is_empty() && root.is_none() && roots.is_empty() && told.is_empty() {
        told.push(Problem::new("--root", "is required, or --http-bind, or a URL"));
    }
    if told.is_empty() {
        let (name, api) = (asked.name.clone(), Probe { urls, authorities });
        Ok(StatusSource { api, token, root, roots, name, json: asked.json })
    } else {
        Err(told)
    }
}

/// Where the API of a run is, and what it wants to be told.
pub(super) fn api_of(
    checker: &mut Checker<'_>,
    raw: &Raw,
) -> (Option<String>, Option<PasswordSource>) {
    let bind = checker.read("http-bind", raw.http_bind.as_ref(), values::address);
    let token = secret(
        checker,
        ("api-token", raw.api_token.as_ref()),
        ("api-token-file", raw.api_token_file.as_ref()),
    );
    (bind, token)
}

/// Where the API tells the status.
const API: &str = "/api/v1/status";

pub(super) fn authorities(checker: &mut Checker<'_>, raw: &Raw) -> Vec<FileChoice> {
    checker.file("ca-file", raw.ca_file.as_ref()).map(FileChoice::named).into_iter().collect()
}

fn is_url(text: &str) -> bool {
    text.contains("://")
}

/// Reads a URL. It is not shown, as it may hold a password.
fn url(text: &str) -> Result<Url, Problem> {
    let wrong = |complaint: String| Problem::new("argument 2", complaint);
    let url = Url::parse(text).map_err(|error| wrong(format!("is not a URL: {error}")))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(wrong("is not an http:// or https:// URL".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user name or a password, which would not be sent".to_owned()));
    }
    Ok(url)
}

/// Reads the URL of an API: of the server, or of the status itself.
fn api(text: &str) -> Result<Vec<Url>, Problem> {
    let mut url = url(text)?;
    if url.path() == "/" {
        url.set_path(API);
    }
    Ok(vec![url])
}

/// Where something that listens at an address can be reached from the same machine.
pub(super) fn here(bind: Option<&str>, path: &str) -> Result<Vec<Url>, Problem> {
    let problem = |complaint: &str| Problem::new("--http-bind", complaint);
    let bind = bind.ok_or_else(|| problem("is needed to know where to ask, or give a URL"))?;
    let (host, port) = bind.rsplit_once(':').unwrap_or(("", bind));
    if port.bytes().all(|digit| digit == b'0') {
        return Err(problem("has port 0, so that nobody knows where to ask; give a URL"));
    }
    let hosts: &[&str] = match host {
        "" => &["127.0.0.1", "[::1]"],
        "0.0.0.0" => &["127.0.0.1"],
        // It may take IPv4 in, and there may be no address of IPv6 to ask.
        _ if is_unspecified(host) => &["[::1]", "127.0.0.1"],
        host => &[host],
    };
    let urls = hosts.iter().map(|host| Url::parse(&format!("http://{host}:{port}{path}")));
    let urls: Result<Vec<_>, _> = urls.collect();
    urls.map_err(|error| problem(&format!("cannot be asked for this: {error}")))
}

/// Says whether this means all addresses, however it is written.
fn is_unspecified(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<std::net::Ipv6Addr>().is_ok_and(|address| address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(bind: Option<&str>) -> Vec<String> {
        let urls = here(bind, "/readyz").unwrap_or_default();
        urls.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_listens_on_all_addresses_is_asked_at_one_of_this_machine() {
        let (four, six) = ("http://127.0.0.1:80/readyz", "http://[::1]:80/readyz");
        let (four, six) = (four.replace(":80/", "/"), six.replace(":80/", "/"));
        assert_eq!(urls(Some(":80")), [four.clone(), six.clone()]);
        assert_eq!(urls(Some("0.0.0.0:80")), ["http://127.0.0.1/readyz"]);
        assert_eq!(urls(Some("[::]:80")), [six.clone(), four.clone()]);
        assert_eq!(urls(Some("[0:0::0]:80")), [six, four]);
        assert_eq!(urls(Some("10.0.0.1:8080")), ["http://10.0.0.1:8080/readyz"]);
        assert_eq!(urls(Some("[fe80::1]:8080")), ["http://[fe80::1]:8080/readyz"]);
        assert_eq!(urls(Some("localhost:8080")), ["http://localhost:8080/readyz"]);
        assert!(urls(Some(":0")).is_empty() && urls(None).is_empty());
    }

    #[test]
    fn the_address_of_an_api_may_be_that_of_the_server() {
        let of = |text: &str| api(text).map(|urls| urls[0].to_string()).ok();
        let full = Some("https://host/api/v1/status".to_owned());
        assert_eq!(of("https://host"), full);
        assert_eq!(of("https://host/"), full);
        assert_eq!(of("https://host/other").as_deref(), Some("https://host/other"));
        for wrong in ["ftp://host/", "https://ada@host/", "https://:hush@host/", "http://"] {
            let told = url(wrong).unwrap_err().to_string();
            assert!(told.starts_with("argument 2: ") && !told.contains("hush"), "{told}");
        }
    }
}
