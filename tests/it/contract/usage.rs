//! What cannot be right is refused at once, all of it, before anything is touched.

use std::fs;

use crate::contract::trying;
use crate::support::daemon::{Root, bare, following};
use crate::support::upstream::Upstream;

/// The options that are built.
const OPTIONS: [&str; 26] = [
    "repo",
    "ref",
    "depth",
    "submodules",
    "root",
    "link",
    "stale-worktree-timeout",
    "git-gc",
    "period",
    "jitter",
    "init-period",
    "sync-timeout",
    "one-time",
    "sync-on-signal",
    "max-failures",
    "init-max-failures",
    "username",
    "password",
    "password-file",
    "ca-file",
    "touch-file",
    "error-file",
    "http-bind",
    "http-metrics",
    "verbose",
    "log-format",
];

#[test]
fn every_problem_is_in_one_report() {
    let root = Root::new();
    let finished = bare()
        .flag(format!("--root={}", root.path().display()))
        .flag("--period=10 parsecs")
        .flag("--depth=-1")
        .flag("--no-such-flag")
        .flag("--link=.git/x")
        .flag("--password-file=/p")
        .variable("GITSYNC_PASSWORD", "hush-hush")
        .variable("GITSYNC_MAX_FAILURES", "many")
        .finish();
    finished.expect_code(2);
    assert_eq!(finished.stdout, [""; 0]);
    let report = finished.log.join("\n");
    for word in [
        "--repo",
        "10 parsecs",
        "--depth",
        "no-such-flag",
        ".git/x",
        "--password-file",
        "GITSYNC_MAX_FAILURES",
        "many",
        "gitsyncd --help",
    ] {
        assert!(report.contains(word), "{word:?} is not in\n{report}");
    }
    assert!(!report.contains("hush-hush"), "{report}");
    assert!(!root.path().exists());
}

#[test]
fn bad_usage_ends_with_two_and_touches_nothing() {
    for flag in [
        "--repo=",
        "--repo=ftp://host/a",
        "--repo=ssh://-host/a.git",
        "--ref=a b",
        "--ref=",
        "--ref=tag:[",
        "--ref=tag:v[1-9",
        "--depth=one",
        "--depth=-1",
        "--submodules=on",
        "--root=",
        "--root=/",
        "--root=/x/..",
        "--link=/",
        "--link=..",
        "--link=.git",
        "--link=.worktrees/a",
        "--link=.git-sync",
        &format!("--link={}", "n".repeat(242)),
        &format!("--link={}/a", "n".repeat(256)),
        &format!("--touch-file={}", "n".repeat(300)),
        "--stale-worktree-timeout=-1s",
        "--git-gc=sometimes",
        "--period=0",
        "--period=1ms",
        "--jitter=100%",
        "--jitter=2h",
        "--init-period=x",
        "--http-metrics",
        "--change-permissions=0775",
        "--sync-timeout=0",
        "--one-time=perhaps",
        "--sync-on-signal=KILL",
        "--sync-on-signal=TERM",
        "--sync-on-signal=999",
        "--max-failures=x",
        "--init-max-failures=1.5",
        "--username=a:b",
        "--touch-file=latest",
        "--error-file=.git/a",
        "--http-bind=nowhere",
        "--http-bind=:70000",
        "--verbose=loud",
        "--log-format=xml",
        "-x",
        "stray",
        "--no-repo",
    ] {
        let root = Root::new();
        let setup = following("/nowhere", &root).flag("--one-time").flag("--init-max-failures=1");
        let finished = setup.flag(flag).finish();
        assert_eq!(finished.status.code(), Some(2), "{flag}: {}", finished.log.join("\n"));
        assert!(!root.path().exists(), "{flag}");
        let above = root.path();
        let left = fs::read_dir(above.parent().unwrap()).unwrap().count();
        assert_eq!(left, 0, "{flag}");
        let errors = finished.log.iter().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(errors, 1, "{flag}: {}", finished.log.join("\n"));
    }
}

#[test]
fn an_unknown_variable_is_a_warning_with_a_suggestion() {
    let root = Root::new();
    let setup = trying("/nowhere", &root).variable("GITSYNC_PERIODE", "1s");
    let setup = setup.variable("GITSYNC_PORT_80_TCP", "tcp://10.0.0.1:80");
    let finished = setup.variable("GITSYNC_SERVICE_HOST", "10.0.0.1").once();
    finished.expect_code(1);
    let warnings: Vec<_> = finished.log.iter().filter(|line| line.contains("\"WARN\"")).collect();
    assert!(warnings[0].contains("GITSYNC_PERIODE") && warnings[0].contains("GITSYNC_PERIOD"));
    assert!(!finished.log.join("\n").contains("GITSYNC_PORT"));
    assert!(!finished.log.join("\n").contains("SERVICE_HOST"));
}

#[test]
fn help_names_every_option_and_version_is_short() {
    let help = bare().flag("--help").finish();
    help.expect_code(0);
    let text = help.stdout.join("\n");
    for option in OPTIONS {
        assert!(text.contains(&format!("--{option}")), "--{option} is not in\n{text}");
    }
    assert_eq!(help.log, [""; 0]);
    let version = bare().flag("--version").finish();
    version.expect_code(0);
    assert_eq!(version.stdout, [format!("gitsyncd {}", env!("CARGO_PKG_VERSION"))]);
    let manual = bare().flag("--man").finish();
    manual.expect_code(0);
    assert!(manual.stdout.len() > text.lines().count());
}

#[test]
fn the_effective_configuration_is_printed_with_its_origins() {
    let root = Root::new();
    let setup = following("https://ada:hush-hush@host/a.git", &root).flag("--print-config");
    let finished = setup
        .flag("--period=90")
        .variable("GITSYNC_PERIOD", "1h")
        .variable("GITSYNC_DEPTH", "3")
        .variable("GITOPS_TOKEN", "hush-hush")
        .finish();
    finished.expect_code(0);
    let text = finished.stdout.join("\n");
    for line in [
        "repo: https://host/a.git  # from --repo",
        "ref: HEAD  # default",
        "period: 1m30s  # from --period",
        "depth: 3  # from GITSYNC_DEPTH",
        "password: \"[secret]\"  # from GITOPS_TOKEN",
        "max-failures: 5  # default",
    ] {
        assert!(finished.stdout.iter().any(|printed| printed == line), "{line} is not in\n{text}");
    }
    for option in OPTIONS {
        let start = format!("{option}:");
        assert!(finished.stdout.iter().any(|line| line.starts_with(&start)), "{option}");
    }
    assert!(!text.contains("hush-hush"), "{text}");
    assert!(!root.path().exists());
}

#[test]
fn a_link_may_have_as_long_a_name_as_the_system_leaves_room_for() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let link = "n".repeat(241);
    let setup = trying(&upstream.repo().display().to_string(), &root);
    setup.flag(format!("--link={link}")).once().expect_code(0);
    assert!(root.path().join(link).join("README").is_file());
}

#[test]
fn the_root_of_the_file_system_is_no_root_under_either_name() {
    for name in ["gitsyncd", "git-sync"] {
        let asked = bare().called(name).flag("--repo=/nowhere").flag("--root=/").flag("--one-time");
        let finished = asked.finish();
        finished.expect_code(2);
        let told = finished.log.join("\n");
        assert!(told.contains("is the root of the file system"), "{told}");
    }
}
