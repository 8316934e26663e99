//! docs/migrating.md names every option and variable of git-sync, and the program understands them.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::daemon::{Finished, Setup, bare};

const PAGE: &str = include_str!("../../../docs/migrating.md");

/// Every flag that the help of git-sync 4.7 lists, with a value that it takes.
const FLAGS: [(&str, &str); 55] = [
    ("add-user", ""),
    ("askpass-url", "http://localhost/ask"),
    ("cookie-file", ""),
    ("credential", r#"{"url":"https://h/","username":"u","password":"p"}"#),
    ("depth", "3"),
    ("error-file", "error"),
    ("exechook-backoff", "5s"),
    ("exechook-command", "./hook"),
    ("exechook-timeout", "5s"),
    ("filter", "blob:none"),
    ("git", "/usr/bin/git"),
    ("git-config", "http.postBuffer:1048576"),
    ("git-config-add", "safe.directory:*"),
    ("git-gc", "auto"),
    ("github-app-application-id", "1"),
    ("github-app-client-id", "a"),
    ("github-app-installation-id", "2"),
    ("github-app-private-key-file", "/k"),
    ("github-base-url", "https://example.org/api/"),
    ("group-write", ""),
    ("help", ""),
    ("http-bind", ":8080"),
    ("http-metrics", ""),
    ("http-pprof", ""),
    ("init-max-failures", "3"),
    ("init-period", "50ms"),
    ("link", "here"),
    ("man", ""),
    ("max-failures", "-1"),
    ("one-time", ""),
    ("password-file", "/p"),
    ("period", "30s"),
    ("pre-publish-exechook-backoff", "5s"),
    ("pre-publish-exechook-command", "./hook"),
    ("pre-publish-exechook-timeout", "5s"),
    ("ref", "v1"),
    ("repo", "https://example.org/a"),
    ("root", "/git"),
    ("sparse-checkout-file", "/sparse"),
    ("ssh-key-file", "/key"),
    ("ssh-known-hosts", ""),
    ("ssh-known-hosts-file", "/hosts"),
    ("stale-worktree-timeout", "1h"),
    ("submodules", "off"),
    ("sync-on-signal", "HUP"),
    ("sync-timeout", "5m"),
    ("touch-file", "touch"),
    ("username", "u"),
    ("verbose", "6"),
    ("version", ""),
    ("webhook-backoff", "5s"),
    ("webhook-method", "PUT"),
    ("webhook-success-status", "0"),
    ("webhook-timeout", "5s"),
    ("webhook-url", "https://example.org/hook"),
];

/// What version 3 called variables otherwise than by the name of the flag, and what they set.
const OLD: [(&str, &str, &str); 15] = [
    ("GIT_SYNC_BRANCH", "main", "ref"),
    ("GIT_SYNC_REV", "v1", "ref"),
    ("GIT_SYNC_DEST", "here", "link"),
    ("GIT_SYNC_WAIT", "0.5", "period"),
    ("GIT_SYNC_TIMEOUT", "7", "sync-timeout"),
    ("GIT_SYNC_MAX_SYNC_FAILURES", "3", "max-failures"),
    ("GIT_SYNC_HOOK_COMMAND", "./hook", "exechook-command"),
    ("GIT_SSH_KEY_FILE", "/a:/b", "ssh-key-file"),
    ("GIT_KNOWN_HOSTS", "false", "ssh-known-hosts"),
    ("GIT_SYNC_KNOWN_HOSTS", "false", "ssh-known-hosts"),
    ("GIT_SSH_KNOWN_HOSTS_FILE", "/hosts", "ssh-known-hosts-file"),
    ("GIT_SYNC_SSH_KNOWN_HOSTS_FILE", "/hosts", "ssh-known-hosts-file"),
    ("GIT_COOKIE_FILE", "true", "cookie-file"),
    ("GIT_ASKPASS_URL", "http://localhost/ask", "askpass-url"),
    ("GIT_SYNC_ASKPASS_URL", "http://localhost/ask", "askpass-url"),
];

/// The rows of the table of options: the option, and what there is to it here.
fn rows() -> BTreeMap<&'static str, &'static str> {
    let mut rows = BTreeMap::new();
    for line in PAGE.lines().filter(|line| line.matches('|').count() == 5) {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let (option, here) = (cells.next().unwrap(), cells.next().unwrap());
        if let Some(option) = option.strip_prefix("`--").and_then(|cell| cell.strip_suffix('`')) {
            assert!(rows.insert(option, here).is_none(), "{option} is there twice");
        }
    }
    rows
}

/// What is called for if only these are given, and the options that cannot be without others.
fn asked(key: &str) -> Setup {
    let setup = bare().called("git-sync").flag("--print-config");
    let setup = match key {
        "repo" => setup,
        _ => setup.flag("--repo=/srv/a"),
    };
    let setup = if key == "root" { setup } else { setup.flag("--root=/git") };
    match key {
        "http-metrics" | "http-pprof" => setup.flag("--http-bind=:8080"),
        "username" => setup.flag("--password-file=/p"),
        "password-file" => setup.flag("--username=u"),
        "github-app-application-id" | "github-app-client-id" => {
            setup.flag("--github-app-installation-id=2").flag("--github-app-private-key-file=/k")
        }
        "github-app-installation-id" => {
            setup.flag("--github-app-client-id=a").flag("--github-app-private-key-file=/k")
        }
        "github-app-private-key-file" => {
            setup.flag("--github-app-client-id=a").flag("--github-app-installation-id=2")
        }
        _ => setup,
    }
}

/// Fails unless the value of an option is said to come from there.
#[track_caller]
fn assert_from(finished: &Finished, key: &str, origin: &str) {
    finished.expect_code(0);
    let start = format!("{key}: ");
    let line = finished.stdout.iter().find(|line| line.starts_with(&start));
    let line = line.unwrap_or_else(|| panic!("{key} is not in {:#?}", finished.stdout));
    assert!(line.ends_with(&format!("# from {origin}")), "{line}");
}

#[test]
fn the_table_names_each_option_once() {
    let named: BTreeSet<_> = rows().into_keys().collect();
    let known: BTreeSet<_> = FLAGS.into_iter().map(|(flag, _)| flag).collect();
    assert_eq!(named, known);
    for (option, here) in rows() {
        assert!(["same", "better", "no effect"].contains(&here), "{option}: {here}");
    }
}

#[test]
fn each_flag_is_understood_unless_the_table_says_otherwise() {
    for (flag, value) in
        FLAGS.into_iter().filter(|(flag, _)| !["help", "man", "version"].contains(flag))
    {
        let given =
            if value.is_empty() { format!("--{flag}") } else { format!("--{flag}={value}") };
        let finished = asked(flag).flag(given).finish();
        assert_from(&finished, flag, &format!("--{flag}"));
    }
    for flag in ["--help", "--man", "--version", "-h", "-?"] {
        let finished = bare().called("git-sync").flag(flag).finish();
        finished.expect_code(0);
        assert!(!finished.stdout.is_empty(), "{flag}");
    }
}

#[test]
fn each_variable_is_understood_by_both_of_its_names() {
    let actions = ["help", "man", "version"];
    for (key, value) in FLAGS.into_iter().filter(|(flag, _)| !actions.contains(flag)) {
        for prefix in ["GITSYNC_", "GIT_SYNC_"] {
            let name = format!("{prefix}{}", key.replace('-', "_").to_uppercase());
            let value = if value.is_empty() { "true" } else { value };
            let finished = asked(key).variable(&name, value).finish();
            assert_from(&finished, key, &name);
        }
    }
}

#[test]
fn each_old_variable_is_understood_and_named_in_the_page() {
    for (name, value, key) in OLD {
        let finished = asked(key).variable(name, value).finish();
        assert_from(&finished, key, name);
        let regular = format!("GIT_SYNC_{}", key.replace('-', "_").to_uppercase());
        assert!(
            name == regular || PAGE.contains(&format!("`{name}`")),
            "{name} is not in the page"
        );
    }
    let refused = asked("root").flag("--root=/git").variable("GIT_SYNC_PERMISSIONS", "0775");
    refused.finish().expect_code(2);
}
