//! The command line as it may be shown to others: without what may be a secret.

use crate::config::names;
use std::ffi::OsString;

/// What stands for what is not shown.
const HIDDEN: &str = "[hidden]";

/// Options that may hold a secret somewhere, and are hidden as a whole.
const DELICATE: [&str; 7] = [
    "askpass-url",
    "credential",
    "git-config",
    "git-config-add",
    "proxy",
    "webhook-header",
    "webhook-url",
];

/// Hides values of options that are or may hold a secret, whatever looks like the user information or
/// the query of a URL, and what follows a flag that nobody knows.
pub fn shown(args: impl Iterator<Item = OsString>) -> Vec<String> {
    let mut shown = Vec::new();
    let mut hides = false;
    for (place, arg) in args.enumerate() {
        let text = arg.to_string_lossy();
        let name = text.strip_prefix("--").or_else(|| text.strip_prefix('-'));
        let Some(name) = name.filter(|_| place > 0) else {
            let open = place == 0 || !(hides || is_delicate(&text));
            shown.push(if open { text.into_owned() } else { HIDDEN.to_owned() });
            continue;
        };
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (name, None),
        };
        hides = !is_open(name);
        let dashes = text.strip_suffix(text.trim_start_matches('-')).unwrap_or_default();
        // What nobody knows may be a value that was torn off.
        let known = hides.then(|| names::flag(name).is_some() || name.starts_with("__env__"));
        shown.push(match value {
            Some(value) if hides || is_delicate(value) => match known {
                Some(false) => HIDDEN.to_owned(),
                _ => format!("{dashes}{name}={HIDDEN}"),
            },
            None if known == Some(false) => HIDDEN.to_owned(),
            Some(_) | None => text.into_owned(),
        });
    }
    shown
}

/// Whether the values of a flag may be seen.
fn is_open(name: &str) -> bool {
    if name.len() == 1 || name.strip_prefix('v').is_some_and(|n| n.parse::<u8>().is_ok()) {
        return true;
    }
    let wishes = ["help", "man", "version", "print-config"];
    wishes.contains(&name)
        || names::flag(name).is_some_and(|(opt, _)| !opt.secret && !DELICATE.contains(&opt.key))
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
            "--one-time",
        ];
        let shown = shown(args.into_iter().map(OsString::from));
        assert!(!shown.concat().contains("hush"), "{shown:?}");
        assert_eq!(shown.len(), args.len());
        for open in ["/gitsyncd", "--ref=main", "--root", "/git", "-v", "6", "-v9", "--one-time"] {
            assert!(shown.iter().any(|arg| arg == open), "{open}: {shown:?}");
        }
        assert!(shown.iter().any(|arg| arg == "--password=[hidden]"), "{shown:?}");
    }
}
