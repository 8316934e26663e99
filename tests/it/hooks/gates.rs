//! The program before a publication: what it sees, and what it can hold back.

use rustix::process::Signal;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::contract::{after_more_attempts, assert_published, metric};
use crate::hooks::{Script, count, eventually_counts, telling, texts};
use crate::support::daemon::{Daemon, Root, Setup};
use crate::support::get::ask;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Agrees to what has no file named `bad`.
const GOOD: &str = "[ ! -e bad ]";

fn asking(upstream: &Upstream, root: &Root, hook: &Script) -> Setup {
    telling(upstream, root)
        .flag(format!("--pre-publish-exechook-command={}", hook.command()))
        .flag("--pre-publish-exechook-backoff=1s")
}

fn gated(upstream: &Upstream, root: &Root, hook: &Script) -> Setup {
    asking(upstream, root, hook).flag("--publish-gate")
}

#[track_caller]
fn eventually_refuses(daemon: &Daemon, root: &Root, commit: &str) {
    eventually(&format!("{commit} is refused"), SOON, || {
        let status = root.status()?;
        let attempt = &status["last_attempt"];
        let told = attempt["error"]["message"].as_str().is_some_and(|told| told.contains(commit));
        (attempt["outcome"] == "refused" && told).then_some(())
    });
    assert_eq!(daemon.get("/healthz").unwrap().status, 200);
}

/// Goes to a commit, and stays there.
#[track_caller]
fn order(daemon: &Daemon, what: &str, commit: &str) {
    let headers = [("Authorization", "Bearer t"), ("Content-Type", "application/json")];
    let (path, body) = (format!("/api/v1/{what}"), json!({ "to": commit }).to_string());
    let reply = ask(daemon.address(), "POST", &path, &headers, body.as_bytes()).unwrap();
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[test]
fn it_runs_before_readers_see_the_commit_and_git_works_there() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new(&format!(
        "readlink {} >> $D/told\ngit rev-parse HEAD >> $D/told\ngit status --porcelain >> $D/told",
        root.link().display()
    ));
    let first = upstream.head();
    let daemon = asking(&upstream, &root, &hook).start();
    eventually_counts(&daemon, "pre-publish-exechook", "success", 1);
    root.eventually_publishes(&first);
    let second = upstream.commit("a", "2");
    root.eventually_publishes(&second);
    assert_eq!(hook.read("told"), format!("{first}\n.worktrees/{first}\n{second}\n"));
    assert_published(&root, &upstream, &second);
    assert_eq!(hook.ran(), [first, second]);
    let steps = metric(&daemon, "gitsyncd_step_duration_seconds_count{step=\"gate\"}");
    assert_eq!(steps, 2);
    daemon.kill();
    let daemon = asking(&upstream, &root, &hook).start();
    after_more_attempts(&daemon, 3);
    assert_eq!(hook.ran().len(), 2, "new commits only");
}

#[test]
fn without_a_gate_a_failure_holds_nothing_back_and_is_tried_again() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("[ -e $D/go ]");
    let commit = upstream.head();
    let daemon = asking(&upstream, &root, &hook).start();
    root.eventually_publishes(&commit);
    eventually_counts(&daemon, "pre-publish-exechook", "error", 2);
    hook.touch("go");
    eventually_counts(&daemon, "pre-publish-exechook", "success", 1);
    assert!(hook.ran().iter().all(|ran| *ran == commit));
}

#[test]
fn a_refused_commit_is_remembered_and_the_next_one_is_tried() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new(GOOD);
    let good = upstream.head();
    let daemon = gated(&upstream, &root, &hook).flag("--max-failures=1").start();
    root.eventually_publishes(&good);
    let bad = upstream.commit("bad", "");
    eventually_refuses(&daemon, &root, &bad);
    after_more_attempts(&daemon, 5);
    assert_eq!(hook.ran(), [&good, &bad].map(String::as_str));
    assert_published(&root, &upstream, &good);
    let status = root.status().unwrap();
    assert_eq!((&status["failures"], &status["last_attempt"]["step"]), (&json!(0), &json!("gate")));
    assert_eq!(texts(&daemon.log(), "a commit is refused", "commit"), [bad.as_str()]);
    assert_eq!(metric(&daemon, "gitsyncd_last_attempt_outcome{outcome=\"refused\"}"), 1);
    assert!(daemon.ready());
    daemon.kill();
    let daemon = gated(&upstream, &root, &hook).start();
    eventually_refuses(&daemon, &root, &bad);
    after_more_attempts(&daemon, 3);
    assert_eq!(hook.ran().len(), 2, "it is remembered over a restart");
    let better = upstream.change().delete("bad").file("a", "better").commit();
    root.eventually_publishes(&better);
    assert_eq!(hook.ran()[2..], [better]);
}

#[test]
fn another_program_gets_to_see_a_refused_commit() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let (strict, mild) = (Script::new("exit 1"), Script::new("exit 0"));
    let commit = upstream.head();
    let daemon = gated(&upstream, &root, &strict).start();
    eventually_refuses(&daemon, &root, &commit);
    assert_eq!(root.published(), None);
    assert_eq!(daemon.get("/").unwrap().status, 503, "nothing has succeeded yet");
    let trees = fs::read_dir(root.path().join(".worktrees"));
    assert!(trees.map_or(0, Iterator::count) == 0, "nothing is left of it");
    daemon.kill();
    let _daemon = gated(&upstream, &root, &mild).start();
    root.eventually_publishes(&commit);
    assert_published(&root, &upstream, &commit);
}

#[test]
fn no_answer_in_time_is_a_refusal() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("exec sleep 1000");
    let commit = upstream.head();
    let daemon = gated(&upstream, &root, &hook).flag("--pre-publish-exechook-timeout=1s").start();
    eventually_refuses(&daemon, &root, &commit);
    assert_eq!(count(&daemon, "pre-publish-exechook", "error"), 1);
}

#[test]
fn what_is_published_is_looked_after_while_a_commit_is_refused() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new(GOOD);
    let good = upstream.commit("a", "good");
    let daemon = gated(&upstream, &root, &hook).start();
    root.eventually_publishes(&good);
    let bad = upstream.commit("bad", "");
    eventually_refuses(&daemon, &root, &bad);
    fs::write(root.link().join("a"), "damaged by somebody").unwrap();
    eventually("it is repaired", SOON, || {
        (fs::read_to_string(root.link().join("a")).ok()? == "good").then_some(())
    });
    daemon.eventually_logs("the published tree was changed");
    after_more_attempts(&daemon, 3);
    eventually_refuses(&daemon, &root, &bad);
    assert_eq!(hook.ran(), [&good, &bad].map(String::as_str), "no other time");
    fs::remove_file(root.link()).unwrap();
    root.eventually_publishes(&good);
    after_more_attempts(&daemon, 3);
    eventually_refuses(&daemon, &root, &bad);
    assert_eq!(hook.ran().iter().filter(|ran| **ran == bad).count(), 1);
}

#[test]
fn what_somebody_asked_for_is_not_held_back() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new(GOOD);
    let good = upstream.head();
    let daemon = gated(&upstream, &root, &hook).flag("--api-token=t").start();
    root.eventually_publishes(&good);
    let bad = upstream.commit("bad", "");
    eventually_refuses(&daemon, &root, &bad);
    order(&daemon, "pin", &bad);
    root.eventually_publishes(&bad);
    order(&daemon, "rollback", &good);
    root.eventually_publishes(&good);
    assert_eq!(
        hook.ran(),
        [&good, &bad, &bad, &good].map(String::as_str),
        "it is told all the same"
    );
    let told = texts(
        &daemon.log(),
        "publishing what was chosen, whatever the pre-publish hook says",
        "why",
    );
    assert_eq!(told, ["it ended with exit status 1"]);
}

#[test]
fn a_stop_while_it_is_asked_leaves_nothing_to_repair() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("while [ ! -e $D/go ]; do sleep 0.02; done");
    let commit = upstream.head();
    let mut daemon = gated(&upstream, &root, &hook).start();
    hook.eventually_ran(&[&commit]);
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.exit(SOON).code(), Some(0));
    assert_eq!(root.published(), None);
    hook.touch("go");
    let _daemon = gated(&upstream, &root, &hook).start();
    root.eventually_publishes(&commit);
    assert_published(&root, &upstream, &commit);
}

#[test]
fn what_it_was_asked_about_at_a_crash_is_no_tree_to_keep() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("[ ! -e slow ] || while [ ! -e $D/go ]; do sleep 0.02; done");
    let good = upstream.head();
    let start = || gated(&upstream, &root, &hook).flag("--keep-trees=5").start();
    let daemon = start();
    root.eventually_publishes(&good);
    let asked = upstream.commit("slow", "");
    hook.eventually_ran(&[&good, &asked]);
    daemon.kill();
    hook.touch("go");
    let trees = root.path().join(".worktrees");
    assert!(trees.join(&asked).exists(), "it was under its final name");
    let better = upstream.change().delete("slow").file("a", "better").commit();
    let _daemon = start();
    root.eventually_publishes(&better);
    eventually("it is gone", SOON, || (!trees.join(&asked).exists()).then_some(()));
    assert!(trees.join(&good).exists(), "that one was published");
    assert_published(&root, &upstream, &better);
}

#[test]
fn the_time_for_a_sync_is_the_most_that_it_is_waited_for() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("exec sleep 1000");
    let commit = upstream.head();
    let _daemon = asking(&upstream, &root, &hook).flag("--sync-timeout=2s").start();
    root.eventually_publishes(&commit);
    let root = Root::new();
    let daemon = gated(&upstream, &root, &hook).flag("--sync-timeout=1s").start();
    eventually("there is a warning at the start", SOON, || {
        let log = daemon.log().join("\n");
        log.contains("--pre-publish-exechook-timeout: 30s is no less than").then_some(())
    });
    eventually("that is a failure", SOON, || {
        let status = root.status()?;
        let attempt = &status["last_attempt"];
        (attempt["step"] == "gate" && attempt["error"]["class"] == "timeout").then_some(())
    });
    assert_eq!(root.published(), None);
}

#[test]
fn a_start_while_a_commit_is_refused_is_a_success_for_what_is_published() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let (gate, after) = (Script::new(GOOD), Script::new(""));
    let touched = after.file("touched");
    let start = || {
        gated(&upstream, &root, &gate)
            .flag(format!("--exechook-command={}", after.command()))
            .flag(format!("--touch-file={}", touched.display()))
            .start()
    };
    let good = upstream.head();
    let mut daemon = start();
    root.eventually_publishes(&good);
    let bad = upstream.commit("bad", "");
    eventually_refuses(&daemon, &root, &bad);
    for (remembered, runs) in [(true, 2), (false, 3)] {
        daemon.kill();
        fs::remove_file(&touched).unwrap();
        if !remembered {
            fs::remove_file(root.path().join(".git/gitsyncd/refused.json")).unwrap();
        }
        daemon = start();
        eventually("`/` is good", SOON, || (daemon.get("/").ok()?.status == 200).then_some(()));
        eventually("it is told", SOON, || {
            (after.ran().len() == runs && touched.exists()).then_some(())
        });
        eventually_refuses(&daemon, &root, &bad);
        let status = root.status().unwrap();
        assert_eq!((&status["phase"], &status["commit"]["id"]), (&json!("steady"), &json!(good)));
        assert!(status["last_success_at"].is_string(), "{status}");
        after_more_attempts(&daemon, 3);
        assert_eq!(after.ran(), vec![good.clone(); runs], "once for each start");
    }
    assert_eq!(gate.ran(), [&good, &bad, &bad].map(String::as_str));
    assert_published(&root, &upstream, &good);
}

#[test]
fn a_program_that_cannot_be_started_is_a_failure_and_tried_again() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let place = Script::new("");
    let program = place.file("check");
    let commit = upstream.head();
    let daemon = telling(&upstream, &root)
        .flag(format!("--pre-publish-exechook-command={}", program.display()))
        .flag("--publish-gate")
        .start();
    let fails = |why: &str| {
        eventually(why, SOON, || {
            let status = root.status()?;
            let error = &status["last_attempt"]["error"];
            let told = error["message"].as_str().is_some_and(|told| told.contains(why));
            (told && error["class"] == "gate" && status["last_attempt"]["step"] == "gate")
                .then_some(())
        });
        assert!(root.status().unwrap()["failures"].as_u64().unwrap() > 0);
    };
    fails("No such file");
    let shell = crate::support::process::program("sh");
    fs::write(&program, format!("#!{}\nexit 0\n", shell.display())).unwrap();
    fails("Permission denied");
    assert!(!root.path().join(".git/gitsyncd/refused.json").exists());
    let trees = fs::read_dir(root.path().join(".worktrees"));
    assert!(trees.map_or(0, Iterator::count) <= 1, "nothing piles up");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    root.eventually_publishes(&commit);
    assert_published(&root, &upstream, &commit);
    drop(daemon);
}

#[test]
fn a_tree_that_readers_may_still_be_in_is_left_to_them() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("[ ! -e $D/no ] && echo x > note");
    let first = upstream.head();
    let daemon = gated(&upstream, &root, &hook)
        .flag("--api-token=t")
        .flag("--stale-worktree-timeout=1h")
        .start();
    root.eventually_publishes(&first);
    let second = upstream.commit("a", "2");
    root.eventually_publishes(&second);
    let old = root.path().join(".worktrees").join(&first);
    fs::remove_file(old.join("note")).unwrap();
    hook.touch("no");
    upstream.reset(&first);
    eventually_refuses(&daemon, &root, &first);
    assert!(old.is_dir() && !old.join("note").exists(), "it is refused");
    fs::remove_file(hook.file("no")).unwrap();
    order(&daemon, "rollback", &first);
    root.eventually_publishes(&first);
    assert!(old.is_dir() && !old.join("note").exists(), "it is published");
    assert!(root.link().join("note").exists());
    let third = upstream.commit("b", "3");
    order(&daemon, "pin", &third);
    root.eventually_publishes(&third);
    fs::remove_file(root.link().join("note")).unwrap();
    assert_published(&root, &upstream, &third);
}

#[test]
fn what_a_hook_put_in_the_place_of_the_tree_is_not_published() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let first = upstream.head();
    let hook =
        Script::new("if [ -e bad ]; then d=$(pwd -P); cd /; rm -rf \"$d\"; ln -s /usr \"$d\"; fi");
    let daemon = telling(&upstream, &root)
        .flag(format!("--pre-publish-exechook-command={}", hook.command()))
        .start();
    root.eventually_publishes(&first);
    upstream.commit("bad", "");
    eventually("it is told", SOON, || {
        let status = root.status()?;
        let error = &status["last_attempt"]["error"];
        error["message"].as_str()?.contains("put something else in its place").then_some(())
    });
    assert_published(&root, &upstream, &first);
    let third = upstream.change().delete("bad").commit();
    root.eventually_publishes(&third);
    drop(daemon);
}
