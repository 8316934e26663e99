//! The variables of the environment that concern this program.
//!
//! Foreign variables are not looked at, whatever bytes they hold, save those of curl and Git.

use crate::config::borrowed;
use crate::config::git_config::Setting;
use crate::config::names;
use crate::config::names::{OLD_PREFIX, PREFIX};
use crate::config::options::Opt;
use crate::config::problem::{Origin, Problem};
use crate::model::Secret;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// What the environment holds for us.
#[derive(Default)]
pub(super) struct Environment {
    /// Variables of options, by their names; none is empty.
    pub(super) variables: BTreeMap<String, String>,
    /// Variables with our prefix that no option reads.
    pub(super) unknown: Vec<Problem>,
    pub(super) problems: Vec<Problem>,
    /// The proxies that programs on this machine are to use, by their names in small letters.
    pub(super) proxies: Vec<(String, Secret)>,
    /// The settings of Git that variables of Git name.
    pub(super) settings: Vec<Setting>,
    /// Variables of Git that change nothing here.
    pub(super) idle: Vec<Problem>,
}

/// What curl reads to find a proxy. That of `http` counts in small letters only, because a server
/// that runs programs gives them the headers of a request as variables in capitals.
const PROXIES: [&str; 7] =
    ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

impl Environment {
    /// Notes a proxy; a name in small letters comes before the same in capitals.
    fn proxy(&mut self, name: &str, value: OsString) {
        let Ok(value) = value.into_string() else {
            let complaint = "the value is not UTF-8";
            return self.problems.push(Problem::new(name, complaint));
        };
        let small = name.to_ascii_lowercase();
        let known = self.proxies.iter().any(|(known, _)| *known == small);
        if value.is_empty() || (known && name != small) {
            return;
        }
        self.proxies.retain(|(known, _)| *known != small);
        self.proxies.push((small, Secret::new(value)));
    }
}

/// Picks our variables.
pub(super) fn read(vars: impl Iterator<Item = (OsString, OsString)>) -> Environment {
    let mut found = Environment::default();
    let mut of_git = BTreeMap::new();
    for (name, value) in vars {
        let name = name.to_string_lossy().into_owned();
        if PROXIES.contains(&name.as_str()) {
            found.proxy(&name, value);
            continue;
        }
        if borrowed::is_one(&name) {
            of_git.insert(name, value);
            continue;
        }
        let Some(opt) = names::variable(&name) else {
            let ours = [PREFIX, OLD_PREFIX].into_iter().find(|start| name.starts_with(start));
            if let Some(prefix) = ours
                && !is_from_kubernetes(prefix, &name, &value.to_string_lossy())
            {
                found.unknown.push(unknown(prefix, &name));
            }
            continue;
        };
        match value.into_string() {
            Ok(text) if text.is_empty() => (),
            Ok(text) => drop(found.variables.insert(name, text)),
            Err(_hidden) => {
                let place = Origin::Variable(name).place(opt);
                found.problems.push(Problem::new(place, "the value is not UTF-8"));
            }
        }
    }
    let of_git = borrowed::read(&of_git);
    found.problems.extend(of_git.problems);
    (found.settings, found.idle) = (of_git.settings, of_git.idle);
    found.proxies.sort_by(|(one, _), (other, _)| one.cmp(other));
    found.unknown.sort_by_key(ToString::to_string);
    found.problems.sort_by_key(ToString::to_string);
    found
}

/// Compares without the prefix, which would make any two names alike.
fn unknown(prefix: &str, name: &str) -> Problem {
    let tail = |name: &str| name.strip_prefix(prefix).map(|tail| tail.replace('_', "-"));
    let known: Vec<_> =
        names::options().flat_map(Opt::variables).filter_map(|(known, _)| tail(&known)).collect();
    let wanted = tail(name).unwrap_or_default();
    let complaint = match names::nearest(&wanted, known.iter().map(String::as_str)) {
        Some(meant) => {
            let meant = meant.replace('-', "_");
            format!("no option reads this variable; the nearest is {prefix}{meant}")
        }
        None => "no option reads this variable".to_owned(),
    };
    Problem::new(name, complaint)
}

/// Recognises what Kubernetes gives to every pod for a Service whose name begins like our prefix.
fn is_from_kubernetes(prefix: &str, name: &str, value: &str) -> bool {
    let tail = name.strip_prefix(prefix).unwrap_or(name);
    let is_url = ["tcp://", "udp://", "sctp://"].iter().any(|start| value.starts_with(start));
    let has_port = |tail: &str| {
        tail.split_once("_PORT_")
            .is_some_and(|(_, port)| port.starts_with(|c: char| c.is_ascii_digit()))
    };
    tail == "PORT"
        || tail.starts_with("PORT_")
        || tail.starts_with("SERVICE_")
        || tail.contains("_SERVICE_HOST")
        || tail.contains("_SERVICE_PORT")
        || has_port(tail)
        || (tail.ends_with("_PORT") && is_url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    fn of(vars: &[(&str, &str)]) -> Environment {
        read(vars.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn empty_and_foreign_variables_are_passed_over() {
        let found = of(&[("GITSYNC_REF", ""), ("PATH", "/bin"), ("GITOPS_NOTHING", "x")]);
        assert!(found.variables.is_empty() && found.unknown.is_empty());
    }

    #[test]
    fn an_unknown_variable_is_told_with_the_nearest_one() {
        let told: Vec<_> =
            of(&[("GITSYNC_REPOO", "x"), ("GITSYNC_WEATHER", "x"), ("GIT_SYNC_WIAT", "1")])
                .unknown
                .iter()
                .map(ToString::to_string)
                .collect();
        assert_eq!(
            told,
            [
                "GITSYNC_REPOO: no option reads this variable; the nearest is GITSYNC_REPO",
                "GITSYNC_WEATHER: no option reads this variable",
                "GIT_SYNC_WIAT: no option reads this variable; the nearest is GIT_SYNC_WAIT",
            ]
        );
    }

    #[test]
    fn variables_of_kubernetes_services_are_ignored_silently() {
        let found = of(&[
            ("GITSYNC_PORT", "tcp://10.0.0.1:80"),
            ("GITSYNC_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("GITSYNC_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("GITSYNC_SERVICE_HOST", "10.0.0.1"),
            ("GITSYNC_SERVICE_PORT_HTTP", "80"),
            ("GITSYNC_WEB_SERVICE_HOST", "10.0.0.1"),
            ("GITSYNC_WEB_SERVICE_PORT", "80"),
            ("GITSYNC_WEB_PORT", "tcp://10.0.0.1:80"),
            ("GITSYNC_WEB_PORT_80_TCP_PROTO", "tcp"),
            ("GIT_SYNC_SERVICE_HOST", "10.0.0.1"),
            ("GIT_SYNC_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ]);
        assert!(found.unknown.is_empty(), "{:?}", found.unknown);
        assert!(found.variables.is_empty());
    }

    #[test]
    fn proxies_are_found_as_curl_finds_them() {
        let found = of(&[
            ("HTTP_PROXY", "http://from-a-header"),
            ("HTTPS_PROXY", "http://capitals"),
            ("https_proxy", "http://small"),
            ("ALL_PROXY", "socks5://all"),
            ("no_proxy", ""),
        ]);
        let found: Vec<_> =
            found.proxies.iter().map(|(name, text)| (name.as_str(), text.reveal())).collect();
        assert_eq!(found, [("all_proxy", "socks5://all"), ("https_proxy", "http://small")]);
    }

    #[test]
    fn only_our_variables_must_be_utf_8() {
        let bad = || OsString::from_vec(b"hunter2\xff".to_vec());
        let vars = [
            (OsString::from("GITSYNC_PASSWORD"), bad()),
            (OsString::from("FOREIGN"), bad()),
            (bad(), bad()),
        ];
        let told: Vec<_> =
            read(vars.into_iter()).problems.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["--password (from GITSYNC_PASSWORD): the value is not UTF-8"]);
    }
}
