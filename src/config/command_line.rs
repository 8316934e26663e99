//! The command line as it may be shown to others: without what may be a secret.

use crate::config::hooks::public_command;
use crate::config::names;
use crate::config::options::Exposure;
use std::ffi::OsString;

/// What stands for what is not shown.
const HIDDEN: &str = "[hidden]";

/// Hides values of options that are or may hold a secret, arguments of programs, whatever looks like
/// the user information or the query of a URL, and what follows a flag that nobody knows.
pub fn shown(args: impl Iterator<Item = OsString>) -> Vec<String> {
    let mut shown = Vec::new();
    // How to show what stands alone.
    let mut rule = Rule::Show;
    for (place, arg) in args.enumerate() {
        let text = arg.to_string_lossy();
        let name = text.strip_prefix("--").or_else(|| text.strip_prefix('-'));
        let Some(name) = name.filter(|_| place > 0) else {
            shown.push(if place == 0 { text.into_owned() } else { rule.apply(&text) });
            continue;
        };
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (name, None),
        };
        rule = Rule::of(name);
        let dashes = text.strip_suffix(text.trim_start_matches('-')).unwrap_or_default();
        shown.push(match value {
            // What nobody knows may be a value that was torn off.
            _ if rule == Rule::Hide && !is_known(name) => HIDDEN.to_owned(),
            Some(value) => format!("{dashes}{name}={}", rule.apply(value)),
            None => text.into_owned(),
        });
    }
    shown
}

/// How the values of a flag are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Unless it looks like an address with more in it.
    Show,
    Program,
    Hide,
}

impl Rule {
    fn of(name: &str) -> Self {
        let wishes = ["help", "man", "version", "print-config"];
        let counts = name.strip_prefix('v').is_some_and(|n| n.parse::<u8>().is_ok());
        if name.len() == 1 || counts || wishes.contains(&name) {
            return Self::Show;
        }
        match names::flag(name).map(|(opt, _)| opt.exposure) {
            Some(Exposure::Open | Exposure::Address) => Self::Show,
            Some(Exposure::Command) => Self::Program,
            Some(Exposure::Delicate | Exposure::Secret) | None => Self::Hide,
        }
    }

    fn apply(self, value: &str) -> String {
        match self {
            Self::Show if is_delicate(value) => HIDDEN.to_owned(),
            Self::Show => value.to_owned(),
            Self::Program => public_command(value, HIDDEN),
            Self::Hide => HIDDEN.to_owned(),
        }
    }
}

fn is_known(name: &str) -> bool {
    names::flag(name).is_some() || name.starts_with("__env__")
}

/// Whether a text looks like a URL that holds more than where something is.
fn is_delicate(text: &str) -> bool {
    let url = text.split_once("://").map(|(_, rest)| rest);
    url.is_some_and(|rest| rest.contains(['@', '?']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let args = [
            "/gitsyncd",
            "--repo=https://me:hush@h/a?token=hush",
            "--repo",
            "https://hush@h/a",
            "--ref=main",
            "--root",
            "/git",
            "-v",
            "6",
            "-v9",
            "--password=hush",
            "--password",
            "hush",
            "--git-config=http.extraHeader:A: hush",
            "--git-config-add",
            "http.extraHeader:A: hush",
            "--credential={\"password\":\"hush\"}",
            "--__env__GITSYNC_PASSWORD=hush",
            "--pasword=hush",
            "--pasword",
            "hush",
            "--hush",
            "--username=hush",
            "--webhook-body={\"token\": \"hush\"}",
            "--exechook-command=[\"./hook.sh\", \"hush\"]",
            "--pre-publish-exechook-command",
            "[\"./check\", \"--token=hush\", \"hush\"]",
            "--one-time",
        ];
        let shown = shown(args.into_iter().map(OsString::from));
        assert!(!shown.concat().contains("hush"), "{shown:?}");
        assert_eq!(shown.len(), args.len());
        let programs = [
            r#"--exechook-command=["./hook.sh","[hidden]"]"#,
            r#"["./check","[hidden]","[hidden]"]"#,
        ];
        let open = ["/gitsyncd", "--ref=main", "--root", "/git", "-v", "6", "-v9", "--one-time"];
        for open in open.into_iter().chain(programs) {
            assert!(shown.iter().any(|arg| arg == open), "{open}: {shown:?}");
        }
        assert!(shown.iter().any(|arg| arg == "--password=[hidden]"), "{shown:?}");
    }
}
