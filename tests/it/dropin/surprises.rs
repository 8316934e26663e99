//! What surprised those who run kubernetes/git-sync, turned round. Each test is named after what
//! happened there and does not happen here.

use rustix::process::{Pid, Signal, test_kill_process_group};
use std::fs;
use std::time::Duration;

use crate::dropin::as_git_sync;
use crate::support::daemon::{Daemon, Root, Setup, bare};
use crate::support::faults::{Fault, in_front_of};
use crate::support::git_daemon;
use crate::support::http;
use crate::support::leaks::Secrets;
use crate::support::observer;
use crate::support::process::{children, path, program};
use crate::support::service::{Service, answer};
use crate::support::skip;
use crate::support::told::metric;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually, pause};

/// Runs on, whatever fails, and polls often.
fn polling(url: &str, root: &Root) -> Setup {
    as_git_sync(url, root).flag("--link=latest").flag("--period=50ms").flag("--max-failures=-1")
}

fn polls(daemon: &Daemon) -> u64 {
    ["success", "noop"]
        .iter()
        .filter_map(|status| {
            metric(daemon, &format!("git_sync_count_total{{status=\"{status}\"}}"))
        })
        .sum()
}

#[track_caller]
fn polls_again(daemon: &Daemon) {
    let before = polls(daemon);
    eventually("it polls", SOON, || (polls(daemon) > before + 2).then_some(()));
}

#[test]
fn a_local_check_that_fails_does_not_take_the_published_tree_away() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    let commit = upstream.commit("file", "text");
    let daemon = polling(&server.url(), &root).flag("--http-metrics").start();
    root.eventually_publishes(&commit);
    daemon.eventually_ready();
    let watching = observer::watch(&root.link());
    for name in ["HEAD", "config", "shallow"] {
        fs::write(root.path().join(".git").join(name), "nonsense").unwrap();
        polls_again(&daemon);
    }
    fs::remove_dir_all(root.path().join(".git/objects")).unwrap();
    polls_again(&daemon);
    watching.has_looked();
    let seen = watching.stop();
    assert!(seen.passes() > 10);
    seen.assert_flawless(&upstream.repo());
    let next = upstream.commit("file", "other text");
    root.eventually_publishes(&next);
}

#[test]
fn a_poll_does_not_start_seven_programs() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    let daemon = polling(&server.url(), &root)
        .flag("--http-metrics")
        .variable("PATH", "/usr/bin:/bin")
        .start();
    daemon.eventually_ready();
    let before = polls(&daemon);
    while polls(&daemon) < before + 20 {
        assert_eq!(children(daemon.pid()), [0; 0]);
    }
}

#[test]
fn a_link_that_a_crash_left_half_made_does_not_stop_publication_for_ever() {
    let (upstream, root) = (Upstream::new(), Root::new());
    fs::create_dir_all(root.path()).unwrap();
    for name in ["tmp-link", "latest.gitsyncd-new"] {
        std::os::unix::fs::symlink("nowhere", root.path().join(name)).unwrap();
    }
    let daemon = polling(upstream.repo().to_str().unwrap(), &root).start();
    root.eventually_publishes(&upstream.head());
    root.eventually_publishes(&upstream.commit("a", "1"));
    drop(daemon);
}

#[test]
fn lock_files_that_a_crash_left_do_not_wedge_it() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    let first = upstream.commit("a", "1");
    let daemon = polling(&server.url(), &root).start();
    root.eventually_publishes(&first);
    drop(daemon);
    let git = root.path().join(".git");
    let locks = ["HEAD.lock", "index.lock", "shallow.lock", "config.lock", "packed-refs.lock"];
    for lock in locks {
        fs::write(git.join(lock), "").unwrap();
    }
    for worktree in fs::read_dir(git.join("worktrees")).unwrap() {
        let worktree = worktree.unwrap().path();
        fs::write(worktree.join("index.lock"), "").unwrap();
        fs::write(worktree.join("HEAD.lock"), "").unwrap();
    }
    let watching = observer::watch(&root.link());
    let daemon = polling(&server.url(), &root).start();
    daemon.eventually_ready();
    root.eventually_publishes(&upstream.commit("a", "2"));
    root.eventually_publishes(&upstream.commit("a", "3"));
    let seen = watching.stop();
    seen.assert_flawless(&upstream.repo());
}

#[test]
fn health_does_not_stay_good_for_ever_after_the_repository_is_gone() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    let daemon =
        crate::contract::polling(&server.url(), &root).flag("--ready-max-age=500ms").start();
    daemon.eventually_ready();
    drop(server);
    let says = |path: &'static str, code: u16| {
        eventually(path, SOON, || (daemon.get(path).unwrap().status == code).then_some(()));
    };
    says("/healthz", 503);
    says("/readyz", 503);
    // Starting anew would not help, and what is published is still there to be read.
    says("/livez", 200);
    says("/", 200);
    assert!(root.published().is_some());
}

#[test]
fn the_first_failure_after_a_success_does_not_end_it_by_default() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    let mut daemon = crate::support::daemon::following(&server.url(), &root)
        .flag("--period=20ms")
        .flag("--jitter=0")
        .start();
    daemon.eventually_ready();
    drop(server);
    daemon.eventually_logs("attempt failed");
    eventually("it tries again", SOON, || {
        (daemon.events("attempt failed").len() > 1).then_some(())
    });
    assert!(daemon.running());
}

#[test]
fn a_stop_in_the_middle_of_a_fetch_leaves_no_program_behind() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    let mut slow = in_front_of(server.addr());
    slow.break_with(Fault::Silent);
    let mut daemon = polling(&git_daemon::url_at(slow.addr()), &root).start();
    eventually("it asks", SOON, || (slow.connections() > 0).then_some(()));
    let pid = daemon.pid();
    daemon.signal(Signal::TERM);
    assert!(daemon.exit(Duration::from_secs(5)).code().is_some());
    let group = Pid::from_raw(pid).unwrap();
    assert!(test_kill_process_group(group).is_err(), "something is left");
}

#[test]
fn the_tree_of_a_full_commit_id_is_not_left_alone_for_ever() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let commit = upstream.commit("file", "text");
    let daemon =
        polling(upstream.repo().to_str().unwrap(), &root).flag(format!("--ref={commit}")).start();
    root.eventually_publishes(&commit);
    daemon.eventually_ready();
    fs::remove_dir_all(fs::canonicalize(root.link()).unwrap()).unwrap();
    eventually("the tree is back", SOON, || fs::read(root.link().join("file")).ok());
}

#[test]
fn secrets_in_options_are_not_logged_however_much_is_logged() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let ask = Service::start(|_asked| answer("200 OK", "username=ada\npassword=hush2hush"));
    let server = http::over(&upstream).login("ada", "hush2hush").start();
    let secrets = Secrets::of("hush4hush", &["hush1hush", "hush2hush", "hush3hush"]);
    let setup = polling(&server.url(), &root)
        .flag("-v=9")
        .flag("--git-config=\"http.extraHeader\":\"X-Token: hush1hush\"")
        .flag(format!("--askpass-url={}", ask.url("/ask?key=hush3hush")));
    let daemon = setup.start();
    daemon.eventually_ready();
    assert!(server.requests().len() > 1);
    secrets.assert_not_shown(&daemon);
    secrets.assert_not_below(&root.path());
}

#[test]
fn nothing_but_the_root_need_be_writable() {
    const NAME: &str = "nothing_but_the_root_need_be_writable";
    const LOCKED: &str =
        "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro / && shift && exec \"$@\"";
    if skip::unless_unshared(NAME, &["--mount"]) {
        return;
    }
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    fs::create_dir_all(root.path()).unwrap();
    let mut setup = bare().program(program("unshare")).variable("PATH", path());
    for word in ["--mount", "/bin/sh", "-c", LOCKED, "sh"] {
        setup = setup.flag(word);
    }
    let daemon = setup
        .flag(root.path())
        .flag(env!("CARGO_BIN_EXE_gitsyncd"))
        .flag(format!("--repo={}", server.url()))
        .flag(format!("--root={}", root.path().display()))
        .flag("--period=50ms")
        .variable("TMPDIR", "/nonexistent")
        .variable("HOME", "/nonexistent")
        .spawn();
    root.eventually_publishes(&upstream.head());
    root.eventually_publishes(&upstream.commit("a", "1"));
    drop(daemon);
}

#[test]
fn an_old_variable_that_wins_over_a_new_one_is_told() {
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.tag("v1");
    let daemon = polling(upstream.repo().to_str().unwrap(), &root)
        .variable("GIT_SYNC_PERIOD", "30ms")
        .variable("GIT_SYNC_ROOT", root.path().join("elsewhere"))
        .variable("GITSYNC_HTTP_METRICS", "false")
        .variable("GIT_SYNC_HTTP_METRICS", "true")
        .start();
    daemon.eventually_ready();
    daemon.eventually_logs("GIT_SYNC_HTTP_METRICS counts in place of GITSYNC_HTTP_METRICS");
    assert_eq!(daemon.get("/metrics").unwrap().status, 200);
    assert!(root.published().is_some(), "a flag counts before a variable of the same name");
}

#[test]
fn a_key_of_a_github_app_that_is_missing_does_not_end_it() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let mut daemon = polling(&server.url(), &root)
        .flag("--github-app-client-id=a")
        .flag("--github-app-installation-id=1")
        .flag("--github-app-private-key-file=/nonexistent/key")
        .start();
    daemon.eventually_logs("attempt failed");
    eventually("it tries again", SOON, || {
        (daemon.events("attempt failed").len() > 2).then_some(())
    });
    assert!(daemon.running());
}

#[test]
fn a_service_for_logins_may_take_longer_than_a_second() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::over(&upstream).login("ada", "hush").start();
    let ask = Service::start(|_asked| {
        pause(Duration::from_millis(1500));
        answer("200 OK", "username=ada\npassword=hush")
    });
    let finished = as_git_sync(&server.url(), &root)
        .flag(format!("--askpass-url={}", ask.url("/")))
        .flag("--one-time")
        .finish();
    finished.expect_code(0);
}

#[test]
fn a_program_before_the_publication_does_not_come_too_late() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let first = upstream.commit("bad", "");
    let gate = r#"["/bin/sh","-c","sleep 0.3; test -e good"]"#;
    let daemon = polling(upstream.repo().to_str().unwrap(), &root)
        .flag(format!("--pre-publish-exechook-command={gate}"))
        .flag("--publish-gate")
        .variable("PATH", path())
        .start();
    daemon.eventually_logs("a commit is refused");
    assert_eq!(root.published(), None, "{first}");
    let good = upstream.commit("good", "");
    root.eventually_publishes(&good);
}
