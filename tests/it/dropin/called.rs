//! What is different if it is called as git-sync.

use rustix::process::Signal;
use serde_json::Value;
use std::fs;

use crate::dropin::as_git_sync;
use crate::support::daemon::{Root, bare};
use crate::support::git_daemon;
use crate::support::told::metric;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

#[test]
fn the_link_is_called_as_the_repository_and_logs_are_json() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let url = upstream.repo();
    let finished = as_git_sync(url.to_str().unwrap(), &root).flag("--one-time").finish();
    finished.expect_code(0);
    let link = root.path().join(url.file_name().unwrap());
    let target = fs::read_link(link).unwrap();
    assert_eq!(target.file_name().unwrap().to_str().unwrap(), upstream.head());
    for line in &finished.log {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
}

#[test]
fn the_first_failure_after_a_success_ends_it() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    let mut daemon = as_git_sync(&server.url(), &root).flag("--period=50ms").start();
    daemon.eventually_ready();
    drop(server);
    assert_eq!(daemon.exit(SOON).code(), Some(1));
}

#[test]
fn a_full_commit_id_still_lets_the_program_run_and_stop() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let url = upstream.repo();
    let mut daemon = as_git_sync(url.to_str().unwrap(), &root)
        .flag(format!("--ref={}", upstream.head()))
        .flag("--period=50ms")
        .flag("--http-metrics")
        .start();
    daemon.eventually_ready();
    let polls = |daemon: &_| metric(daemon, "gitsyncd_triggers_total{trigger=\"period\"}");
    eventually("the tree is looked at again", SOON, || polls(&daemon).filter(|polls| *polls > 2));
    fs::remove_dir_all(fs::canonicalize(root.path().join("repo.git")).unwrap()).unwrap();
    eventually("the tree is back", SOON, || fs::canonicalize(root.path().join("repo.git")).ok());
    // git-sync looks no more, and so counts no more.
    assert_eq!(metric(&daemon, "git_fetch_count_total"), Some(1));
    assert_eq!(metric(&daemon, "git_sync_count_total{status=\"success\"}"), Some(1));
    assert_eq!(metric(&daemon, "git_sync_count_total{status=\"noop\"}"), Some(0));
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.exit(SOON).code(), Some(0));
}

#[test]
fn every_unknown_path_answers_as_the_root_does() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let daemon = as_git_sync(upstream.repo().to_str().unwrap(), &root)
        .flag("--ref=nothing")
        .flag("--max-failures=-1")
        .flag("--period=10s")
        .start();
    daemon.eventually_logs("listening");
    for path in ["/", "/healthz", "/anything", "/metrics", "/debug/pprof/"] {
        let reply = daemon.get(path).unwrap();
        assert_eq!(reply.status, 503, "{path} {}", reply.body);
    }
    let other = Root::new();
    let ready = as_git_sync(upstream.repo().to_str().unwrap(), &other).start();
    ready.eventually_ready();
    for path in ["/", "/healthz", "/anything", "/metrics"] {
        assert_eq!(ready.get(path).unwrap().status, 200, "{path}");
    }
}

#[test]
fn a_file_that_somebody_wrote_is_told_and_left_and_a_tree_that_is_gone_comes_back() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let commit = upstream.commit("file", "as it was");
    let daemon = as_git_sync(upstream.repo().to_str().unwrap(), &root)
        .flag("--link=latest")
        .flag("--period=50ms")
        .flag("--max-failures=-1")
        .start();
    root.eventually_publishes(&commit);
    fs::write(root.link().join("file"), "written by a reader").unwrap();
    daemon.eventually_logs("the published tree was changed");
    assert_eq!(fs::read_to_string(root.link().join("file")).unwrap(), "written by a reader");
    fs::remove_dir_all(fs::canonicalize(root.link()).unwrap()).unwrap();
    eventually("the tree is back", SOON, || {
        let text = fs::read_to_string(root.link().join("file")).ok();
        text.filter(|text| text == "as it was")
    });
}

#[test]
fn its_texts_have_that_name() {
    let called = |words: &[&str]| {
        let setup = words.iter().fold(bare().called("git-sync"), |setup, word| setup.flag(*word));
        setup.finish()
    };
    let wrong = called(&["--root=/r"]);
    wrong.expect_code(2);
    assert_eq!(wrong.log.last().unwrap(), "git-sync --help lists the options.");
    for (words, title) in [
        (&["--help"][..], "git-sync keeps a directory equal to a Git ref."),
        (&["--man"], "git-sync - keeps a directory equal to a Git ref"),
        (&["pin", "--help"], "git-sync pin [COMMIT]"),
        (&["completions", "zsh"], "#compdef git-sync"),
        (&["completions", "zsh"], "    compdef _gitsyncd git-sync"),
        (&["completions", "bash"], "    complete -F _gitsyncd -o bashdefault -o default git-sync"),
    ] {
        let finished = called(words);
        finished.expect_code(0);
        let found = finished.stdout.iter().any(|line| line.trim_start().starts_with(title.trim()));
        assert!(found, "{words:?} has no {title:?}");
    }
    for words in [&["--man"][..], &["help", "completions"], &["help", "help"], &["unpin", "--help"]]
    {
        let told = called(words).stdout.join("\n");
        for own in
            ["gitsyncd --", "gitsyncd rollback", "gitsyncd help", "gitsyncd.fish", " gitsyncd\n"]
        {
            assert!(!told.contains(own), "{words:?} has {own:?}");
        }
    }
    let fish = called(&["completions", "fish"]).stdout;
    let mut told = fish.iter().filter(|line| line.starts_with("complete -c")).peekable();
    assert!(told.peek().is_some());
    assert!(told.all(|line| line.starts_with("complete -c git-sync ")));
}

#[test]
fn a_variable_that_nothing_reads_is_a_warning_beside_an_error() {
    let setup = bare().called("git-sync").variable("GITSYNC_PASSWORD_FLIE", "/secret");
    let finished = setup.flag("--root=/r").finish();
    finished.expect_code(2);
    let told = finished.log.join("\n");
    assert!(told.contains("error: --repo: is required"), "{told}");
    assert!(
        told.contains("warning: GITSYNC_PASSWORD_FLIE: no option reads this variable"),
        "{told}"
    );
}
