//! What the options say about whom to tell, and whom to ask before a commit is published.

use crate::config::names;
use crate::config::options::Opt;
use crate::model::{Event, Secret, ServiceUrl, Template};
use std::time::Duration;

/// Options that hold a secret, or may hold one as a part of an address.
const MAY_BE_SECRET: [&str; 11] = [
    "repo",
    "fallback-repo",
    "credential",
    "askpass-url",
    "github-base-url",
    "git-config",
    "git-config-add",
    "proxy",
    "webhook-url",
    "webhook-header",
    "webhook-body",
];

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooks {
    /// What to run after each publication.
    pub exec: Exec,
    /// What to run before each publication.
    pub pre_publish: Exec,
    /// Whether that may hold a commit back.
    pub gate: bool,
    /// Whom to tell over HTTP.
    pub web: Web,
}

impl Hooks {
    /// What works but may not be meant, in words.
    pub(super) fn doubts(&self, sync_timeout: Duration) -> Vec<String> {
        let hooks =
            [("exechook-command", &self.exec), ("pre-publish-exechook-command", &self.pre_publish)];
        let doubts = hooks.into_iter().filter_map(|(key, exec)| match exec.command.as_slice() {
            [program] if program.contains(char::is_whitespace) => Some(format!(
                "--{key}: {program:?} is taken for the name of one program; write \
                 [\"PROGRAM\",\"ARGUMENT\"] to give it arguments"
            )),
            _ => None,
        });
        let late = (self.gate && self.pre_publish.timeout >= sync_timeout).then(|| {
            format!(
                "--pre-publish-exechook-timeout: {:?} is no less than --sync-timeout, {sync_timeout:?}; a \
                 program that takes that long is not refused but fails, again and again",
                self.pre_publish.timeout
            )
        });
        doubts.chain(late).collect()
    }
}

/// A program to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exec {
    /// The program and its arguments; nothing if none is to be run.
    pub command: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
    /// How long to rest before it is run again after a failure.
    pub backoff: Duration,
}

impl Exec {
    /// The command as it is given.
    pub(super) fn text(&self) -> Option<String> {
        match self.command.as_slice() {
            [] => None,
            [program] if !program.starts_with('[') => Some(program.clone()),
            list => Some(serde_json::json!(list).to_string()),
        }
    }
}

/// Whom to tell over HTTP, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// Whom.
    pub urls: Vec<ServiceUrl>,
    /// The method of the request.
    pub method: String,
    /// The status that means success; none if any does.
    pub success: Option<u16>,
    /// How long it may take.
    pub timeout: Duration,
    /// How long to rest before it is tried again after a failure.
    pub backoff: Duration,
    /// Lines for the head of the request.
    pub headers: Vec<(String, Secret)>,
    /// The content; nothing if there is none.
    pub body: Option<Template>,
    /// Of what to tell.
    pub events: Vec<Event>,
}

/// The variables that may hold a secret of ours. What we run is not to inherit them.
pub fn secret_variables() -> Vec<String> {
    let is_secret = |opt: &&Opt| opt.secret || MAY_BE_SECRET.contains(&opt.key);
    let variables = names::options().filter(is_secret).flat_map(Opt::variables);
    variables.map(|(name, _)| name).collect()
}

/// Writes an address so that it shows no secret: some services put theirs into the path.
pub fn public(url: &ServiceUrl) -> String {
    let origin = url.url().origin().ascii_serialization();
    if url.url().path() == "/" { format!("{origin}/") } else { format!("{origin}/\u{2026}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_a_secret_is_known() {
        let hidden = secret_variables();
        for name in [
            "GITSYNC_PASSWORD",
            "GIT_SYNC_PASSWORD",
            "GITOPS_TOKEN",
            "GITSYNC_API_TOKEN",
            "GITSYNC_HOOK_SECRET",
            "GITSYNC_CREDENTIAL",
            "GITSYNC_GITHUB_APP_PRIVATE_KEY",
            "GITSYNC_WEBHOOK_URL",
            "GITSYNC_WEBHOOK_HEADER",
            "GITOPS_BASE_REPO_URL",
        ] {
            assert!(hidden.iter().any(|hidden| hidden == name), "{name}");
        }
        for name in ["GITSYNC_REF", "GITSYNC_PASSWORD_FILE", "GITSYNC_ROOT"] {
            assert!(!hidden.iter().any(|hidden| hidden == name), "{name}");
        }
    }

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        let shown = |text: &str| public(&text.parse().unwrap());
        assert_eq!(shown("http://me:pw@h:81/x?token=t"), "http://h:81/\u{2026}");
        assert_eq!(shown("https://h?token=t"), "https://h/");
    }
}
