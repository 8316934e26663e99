//! What hooks change in the tree is how it is to be.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;

use crate::contract::{after_more_attempts, assert_published, metric};
use crate::hooks::{Script, eventually_counts, telling};
use crate::support::daemon::Root;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Changes, deletes, adds and makes executable, but in the first tree only.
const CHANGES: &str = "[ -e $D/done ] && exit\ntouch $D/done\necho more >> a\nrm b\necho new > c\n\
                       chmod +x d\nrm e; ln -s a e";

fn first(upstream: &Upstream) -> String {
    let change = upstream.change().file("a", "a\n").file("b", "b\n").file("d", "d\n");
    change.file("e", "e\n").file("sub/f", "f\n").commit()
}

#[test]
fn what_hooks_change_is_no_damage_and_does_not_reach_the_next_tree() {
    for flag in ["exechook-command", "pre-publish-exechook-command"] {
        let (upstream, root, hook) = (Upstream::new(), Root::new(), Script::new(CHANGES));
        let commit = first(&upstream);
        let setup = || telling(&upstream, &root).flag(format!("--{flag}={}", hook.command()));
        let changed = || {
            let read = |name: &str| fs::read_to_string(root.link().join(name)).ok();
            read("a") == Some("a\nmore\n".to_owned()) && read("b").is_none() && read("c").is_some()
        };
        let daemon = setup().start();
        eventually_counts(&daemon, flag.trim_end_matches("-command"), "success", 1);
        after_more_attempts(&daemon, 5);
        assert!(changed(), "{flag}");
        assert_eq!(metric(&daemon, "gitsyncd_drift_total"), 0);
        daemon.kill();
        let daemon = setup().start();
        daemon.eventually_logs("found an intact tree published");
        after_more_attempts(&daemon, 5);
        assert!(changed(), "{flag}: after a restart");
        let next = upstream.commit("g", "g");
        root.eventually_publishes(&next);
        assert_published(&root, &upstream, &next);
        assert_ne!(commit, next);
    }
}

#[test]
fn what_others_change_is_repaired_all_the_same() {
    let (upstream, root, hook) = (Upstream::new(), Root::new(), Script::new(CHANGES));
    first(&upstream);
    let daemon =
        telling(&upstream, &root).flag(format!("--exechook-command={}", hook.command())).start();
    eventually_counts(&daemon, "exechook", "success", 1);
    daemon.eventually_logs("hooks changed files of the commit");
    after_more_attempts(&daemon, 2);
    fs::write(root.link().join("a"), "somebody else").unwrap();
    eventually("it is repaired", SOON, || {
        (fs::read_to_string(root.link().join("a")).ok()? == "a\n").then_some(())
    });
    assert_eq!(metric(&daemon, "gitsyncd_drift_total"), 1);
}

/// Starts again without hooks, and looks that nothing is repaired.
fn is_found_in_order(upstream: &Upstream, root: &Root) {
    let daemon = telling(upstream, root).start();
    daemon.eventually_logs("found an intact tree published");
    after_more_attempts(&daemon, 3);
    assert_eq!(fs::read_to_string(root.link().join("a")).unwrap(), "more\n");
    assert_eq!(metric(&daemon, "gitsyncd_drift_total"), 0);
}

#[test]
fn a_crash_right_after_the_link_moved_leaves_nothing_to_repair() {
    for _ in 0..3 {
        let (upstream, root, hook) = (Upstream::new(), Root::new(), Script::new("echo more > a"));
        upstream.commit("a", "a\n");
        let daemon = telling(&upstream, &root)
            .flag(format!("--pre-publish-exechook-command={}", hook.command()))
            .start();
        let pid = Pid::from_raw(daemon.pid()).unwrap();
        while fs::read_link(root.link()).is_err() {
            std::hint::spin_loop();
        }
        kill_process(pid, Signal::KILL).unwrap();
        drop(daemon);
        is_found_in_order(&upstream, &root);
    }
}

#[test]
fn a_stop_right_after_a_hook_leaves_nothing_to_repair() {
    for (flag, body) in [
        ("exechook-command", "echo more > a; kill -TERM $PPID"),
        ("exechook-command", "echo more > a; kill -TERM $PPID; exec sleep 1000"),
        (
            "pre-publish-exechook-command",
            "echo more > a; [ -e $D/done ] && kill -TERM $PPID; \
         touch $D/done; exit 1",
        ),
    ] {
        let (upstream, root, hook) = (Upstream::new(), Root::new(), Script::new(body));
        upstream.commit("a", "a\n");
        let mut daemon = telling(&upstream, &root)
            .flag(format!("--{flag}={}", hook.command()))
            .flag("--pre-publish-exechook-backoff=1s")
            .start();
        assert_eq!(daemon.exit(SOON).code(), Some(0), "{flag}");
        is_found_in_order(&upstream, &root);
    }
}

#[test]
fn what_a_hook_changes_where_another_instance_works_is_left_to_that_one() {
    let (upstream, root, hook) = (Upstream::new(), Root::new(), Script::new("echo more > a"));
    let commit = upstream.commit("a", "a\n");
    let other = telling(&upstream, &root).start();
    root.eventually_publishes(&commit);
    after_more_attempts(&other, 1);
    let flag = format!("--exechook-command={}", hook.command());
    telling(&upstream, &root).flag(flag).once().expect_code(0);
    assert_eq!(hook.ran(), [commit.as_str()]);
    assert!(!root.path().join(".git/worktrees").join(&commit).join("visited.gitsyncd").exists());
    other.eventually_logs("the published tree was changed");
    eventually("it is repaired", SOON, || {
        (fs::read_to_string(root.link().join("a")).ok()? == "a\n").then_some(())
    });
}
