//! What hooks change in the tree is how it is to be.

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
