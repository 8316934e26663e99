//! Called as git-sync: its defaults, its manners, and what it refuses.

use crate::config::tests::surroundings;
use crate::config::{Config, Drift, LogFormat, Personality, Request, Surroundings, load};
use crate::model::{Garbage, Submodules};
use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::Path;
use std::time::Duration;

fn ask(args: &[&str], vars: &[(&str, &str)]) -> Result<(Config, Vec<String>), Vec<String>> {
    let program = std::iter::once(OsString::from("/git-sync"));
    let request = load(
        program.chain(args.iter().map(OsString::from)),
        vars.iter().map(|(name, text)| (name.into(), text.into())),
        Surroundings { stderr_is_terminal: true, ..surroundings() },
    );
    match request {
        Ok(Request::Run { fleet, warnings }) => {
            assert!(!fleet.process.serving.metrics);
            assert_eq!(fleet.process.log_format, LogFormat::Json);
            Ok((fleet.into_only(), warnings))
        }
        Ok(other) => panic!("{other:?}"),
        Err(told) => Err(told.iter().map(ToString::to_string).collect()),
    }
}

fn config(args: &[&str]) -> Config {
    ask(&[&["--repo=https://example.org/team/app.git", "--root=/git"], args].concat(), &[])
        .unwrap()
        .0
}

fn refused(args: &[&str]) -> String {
    let told = ask(&[&["--repo=https://example.org/a.git", "--root=/git"], args].concat(), &[])
        .unwrap_err();
    assert_eq!(told.len(), 1, "{told:?}");
    told.concat()
}

#[test]
fn every_default_is_that_of_git_sync() {
    let config = config(&[]);
    assert_eq!(config.personality, Personality::GitSync);
    assert_eq!(config.link, Path::new("/git/app.git"));
    assert_eq!(config.period, Some(Duration::from_secs(10)));
    assert_eq!(config.init_period, Duration::from_secs(10));
    assert_eq!(config.jitter, Duration::ZERO);
    assert_eq!(config.sync_timeout, Duration::from_mins(2));
    assert_eq!(config.max_failures, NonZeroU64::new(1));
    assert_eq!(config.init_max_failures, NonZeroU64::new(1));
    assert_eq!(config.stale_worktree_timeout, Duration::ZERO);
    assert_eq!(config.garbage, Garbage::Always);
    assert_eq!(config.part.submodules, Submodules::Recursive);
    assert_eq!(config.drift, Drift::Report);
}

#[test]
fn the_link_is_the_last_part_of_the_address() {
    for (repo, link) in [
        ("https://example.org/team/app", "/git/app"),
        ("https://example.org/team/app/", "/git/app"),
        ("git@example.org:team/app.git", "/git/app.git"),
        ("ssh://git@example.org/app", "/git/app"),
        ("/srv/mirrors/app", "/git/app"),
        ("file:///srv/app", "/git/app"),
    ] {
        let (config, _) = ask(&[&format!("--repo={repo}"), "--root=/git"], &[]).unwrap();
        assert_eq!(config.link, Path::new(link), "{repo}");
    }
}

#[test]
fn root_and_repo_must_be_said() {
    let told = ask(&[], &[]).unwrap_err();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|told| told.starts_with("--repo: is required")));
    assert!(told.iter().any(|told| told.starts_with("--root: is required")));
}

#[test]
fn words_that_belong_to_no_flag_are_passed_over_with_a_warning() {
    let repo = "--repo=/srv/a";
    let (config, warnings) = ask(&[repo, "--root=/git", "--one-time", "true"], &[]).unwrap();
    assert!(config.one_time);
    assert!(warnings.iter().any(|told| told.contains("after --one-time")), "{warnings:?}");
}

#[test]
fn logins_that_git_sync_refuses_are_refused() {
    assert!(refused(&["--username=me"]).starts_with("--username: needs --password-file"));
    assert!(refused(&["--password-file=/p"]).starts_with("--password-file: needs --username"));
    assert!(refused(&["--password=x"]).starts_with("--password: needs --username"));
    let both = ["--repo=https://you@example.org/a.git", "--username=me", "--password=x"];
    assert!(refused(&both).starts_with("--repo: holds a user name"));
    let app = [
        "--github-app-client-id=a",
        "--github-app-installation-id=1",
        "--github-app-private-key-file=/k",
        "--username=me",
        "--password=x",
    ];
    let told = ask(&[&["--repo=https://example.org/a", "--root=/git"], &app[..]].concat(), &[]);
    assert_eq!(told.unwrap_err().len(), 2);
}

#[test]
fn deprecated_names_set_their_successors() {
    let (config, warnings) = ask(
        &["--repo=/srv/a", "--root=/git", "--dest=here", "--wait=0.5", "--timeout=7", "--ssh"],
        &[("GIT_SYNC_BRANCH", "main"), ("GIT_SYNC_MAX_SYNC_FAILURES", "3")],
    )
    .unwrap();
    assert_eq!(config.reference.to_string(), "main");
    assert_eq!(config.link, Path::new("/git/here"));
    assert_eq!(config.period, Some(Duration::from_millis(500)));
    assert_eq!(config.init_period, Duration::from_millis(500));
    assert_eq!(config.sync_timeout, Duration::from_secs(7));
    assert_eq!(config.max_failures, NonZeroU64::new(3));
    for name in ["--dest", "--wait", "--timeout", "GIT_SYNC_BRANCH", "GIT_SYNC_MAX_SYNC_FAILURES"] {
        let told = format!("{name} is an old name");
        assert!(warnings.iter().any(|warning| warning.starts_with(&told)), "{name} {warnings:?}");
    }
    assert!(refused(&["--change-permissions=0775"]).contains("--group-write"));
    assert!(refused(&["--branch=main", "--rev=v1"]).contains("both --branch and --rev"));
    assert_eq!(super::config(&["--branch=main", "--rev=HEAD"]).reference.to_string(), "main");
}

#[test]
fn what_templates_leave_empty_counts_as_not_given() {
    let base = ["--repo=/srv/a", "--root=/git"];
    for more in [
        &["--rev=", "--branch="][..],
        &["--rev=HEAD", "--branch="],
        &["--dest=", "--link=a"],
        &["--github-app-installation-id=0", "--github-app-application-id=0"],
        &["--github-app-private-key-file=/k", "--github-base-url="],
        &[r#"--credential={"url":"https://h","username":"u","password":"p","password-file":""}"#],
    ] {
        let (config, _) = ask(&[&base, more].concat(), &[]).unwrap();
        assert_eq!(config.reference.to_string(), "HEAD", "{more:?}");
        assert!(config.access.github_app.is_none(), "{more:?}");
    }
    let (config, _) = ask(&[&base[..], &["--rev=v1", "--branch="]].concat(), &[]).unwrap();
    assert_eq!(config.reference.to_string(), "v1");
    let (config, _) = ask(&[&base[..], &["--dest="]].concat(), &[("GITSYNC_LINK", "a")]).unwrap();
    assert_eq!(config.link, Path::new("/git/a"));
}

#[test]
fn a_variable_that_git_sync_does_not_read_is_told() {
    let base = ["--repo=/srv/a", "--root=/git"];
    let (config, warnings) = ask(&base, &[("GITSYNC_BRANCH", "dev")]).unwrap();
    assert_eq!(config.reference.to_string(), "dev");
    assert!(warnings.contains(&"GITSYNC_BRANCH counts here, unlike in git-sync".to_owned()));
    let (_, warnings) = ask(&base, &[("GIT_ASKPASS_URL", "http://h/")]).unwrap();
    assert!(!warnings.iter().any(|told| told.contains("unlike")), "{warnings:?}");
}
