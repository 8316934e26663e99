//! What the options say about whom to tell, and whom to ask before a commit is published.

use crate::config::borrowed;
use crate::config::names;
use crate::config::options::{Exposure, Opt};
use crate::model::{Event, Secret, ServiceUrl, Template};
use std::ffi::OsString;
use std::time::Duration;

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
    /// Whether the program that may hold a commit back has no arguments, nor seems to: they may be
    /// secret.
    pub(super) fn is_plain_gate(&self) -> bool {
        let program = self.pre_publish.command.as_slice();
        self.gate && matches!(program, [program] if !program.contains(char::is_whitespace))
    }

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
    /// The command as it is given, with this in the place of each argument.
    pub(super) fn text(&self, hidden: &str) -> Option<String> {
        match self.command.as_slice() {
            [] => None,
            [program] if !program.starts_with('[') => Some(program.clone()),
            [program, arguments @ ..] => Some(program_of(program, arguments.len(), hidden)),
        }
    }
}

/// Writes a command as a list, with this in the place of each argument.
fn program_of(program: &str, arguments: usize, hidden: &str) -> String {
    let arguments = std::iter::repeat_n(hidden, arguments);
    let list: Vec<_> = std::iter::once(program).chain(arguments).collect();
    serde_json::json!(list).to_string()
}

/// What may be seen of the text of a command: its program.
pub(super) fn public_command(text: &str, hidden: &str) -> String {
    match serde_json::from_str::<Vec<String>>(text).as_deref() {
        Ok([program, arguments @ ..]) => program_of(program, arguments.len(), hidden),
        // Somebody may have meant arguments.
        Ok([]) | Err(_) => match text.trim().split_once(char::is_whitespace) {
            _ if text.trim_start().starts_with('[') => hidden.to_owned(),
            Some((program, _)) => format!("{program} {hidden}"),
            None => text.to_owned(),
        },
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

/// The variables that may hold a secret of ours, those of these that name a proxy with a user or a
/// password, and those of these that list settings of Git if one may be a secret. What we run is not
/// to inherit them.
pub fn secret_variables(vars: impl Iterator<Item = (OsString, OsString)>) -> Vec<String> {
    let vars: Vec<_> = vars
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect();
    // Git stops if a part of them is missing.
    let lists_secret = vars.iter().any(|(name, value)| borrowed::lists_secret(name, value));
    let closed = names::options().filter(|opt| opt.exposure != Exposure::Open);
    let ours = closed.flat_map(Opt::variables).map(|(name, _)| name);
    let others = vars.into_iter().filter_map(|(name, value)| {
        let names_proxy = name.to_ascii_lowercase().ends_with("_proxy") && value.contains('@');
        let is_listed = lists_secret && borrowed::is_listing(&name);
        (names_proxy || is_listed).then_some(name)
    });
    ours.chain(others).collect()
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
        let vars = [
            ("https_proxy", "http://me:hush@proxy:3128"),
            ("ALL_PROXY", "me:hush@proxy"),
            ("http_proxy", "http://proxy:3128"),
            ("no_proxy", "localhost"),
            ("MAIL", "me@example.org"),
        ];
        let vars = vars.map(|(name, value)| (name.into(), value.into()));
        let hidden = secret_variables(vars.into_iter());
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
            "GITSYNC_USERNAME",
            "GITSYNC_EXECHOOK_COMMAND",
            "GIT_SYNC_HOOK_COMMAND",
            "https_proxy",
            "ALL_PROXY",
        ] {
            assert!(hidden.iter().any(|hidden| hidden == name), "{name}");
        }
        for name in [
            "GITSYNC_REF",
            "GITSYNC_PASSWORD_FILE",
            "GITSYNC_ROOT",
            "http_proxy",
            "no_proxy",
            "MAIL",
        ] {
            assert!(!hidden.iter().any(|hidden| hidden == name), "{name}");
        }
    }

    #[test]
    fn listed_settings_are_hidden_as_a_whole_or_not_at_all() {
        let hidden = |key: &str| {
            let vars = [
                ("GIT_CONFIG_COUNT", "1"),
                ("GIT_CONFIG_KEY_0", key),
                ("GIT_CONFIG_VALUE_0", "hush"),
            ];
            let vars = vars.map(|(name, value)| (name.into(), value.into()));
            let hidden = secret_variables(vars.into_iter());
            hidden.iter().filter(|name| name.starts_with("GIT_CONFIG_")).count()
        };
        assert_eq!([hidden("http.extraHeader"), hidden("safe.directory")], [3, 0]);
    }

    #[test]
    fn of_a_command_the_program_is_shown() {
        let shown = |text: &str| public_command(text, "X");
        assert_eq!(shown("./hook.sh"), "./hook.sh");
        assert_eq!(shown(r#"["./hook.sh", "--token", "hush"]"#), r#"["./hook.sh","X","X"]"#);
        assert_eq!(shown("./hook.sh --token=hush"), "./hook.sh X");
        assert_eq!([shown(r#"["./hook.sh", "hush""#), shown("[]")], ["X", "X"]);
    }

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        let shown = |text: &str| public(&text.parse().unwrap());
        assert_eq!(shown("http://me:pw@h:81/x?token=t"), "http://h:81/\u{2026}");
        assert_eq!(shown("https://h?token=t"), "https://h/");
    }
}
