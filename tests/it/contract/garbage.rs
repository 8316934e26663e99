//! Objects that nothing needs go: seldom by default, and never what is needed.

use rustix::process::Signal;
use std::fs;
use std::time::{Duration, Instant};

use crate::contract::{after_more_attempts, assert_published, polling, trying};
use crate::support::daemon::{Daemon, Root, Setup};
use crate::support::git::{git, run};
use crate::support::git_daemon;
use crate::support::objects::{assert_sound, ends, has, knows, packs};
use crate::support::skip;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

fn following(url: &str, root: &Root, mode: &str) -> Setup {
    polling(url, root)
        .flag(format!("--git-gc={mode}"))
        .flag("--stale-worktree-timeout=0")
        .flag("-v1")
}

/// Publishes so many changes, one after the other.
fn change(upstream: &Upstream, root: &Root, count: u32) -> Vec<String> {
    let publish = |n| {
        let commit = upstream.commit("a", format!("{n} after {}", upstream.head()));
        root.eventually_publishes(&commit);
        commit
    };
    (0..count).map(publish).collect()
}

#[track_caller]
fn eventually_collects(daemon: &Daemon, times: usize) {
    eventually(&format!("{times} collections end"), SOON, || {
        (daemon.events("collected garbage").len() >= times).then_some(())
    });
}

/// Waits until a daemon that always collects has no more to collect.
#[track_caller]
fn eventually_rests(daemon: &Daemon, root: &Root) {
    after_more_attempts(daemon, 2);
    eventually("all is collected", SOON, || {
        let begun = daemon.events("collecting garbage").len();
        let ended = daemon.events("collected garbage").len();
        (begun == ended && packs(root).len() == 1).then_some(())
    });
}

/// Publishes so many changes of one file and looks at what is left.
fn many_changes(count: u32) {
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.change().files(300, "f").commit();
    let server = git_daemon::serve(&upstream);
    let daemon = following(&server.url(), &root, "auto").start();
    let commits = change(&upstream, &root, count);
    after_more_attempts(&daemon, 2);
    let expected = usize::try_from(count / 50).unwrap();
    eventually_collects(&daemon, expected.saturating_sub(1).max(1));
    let seldom = daemon.events("collected garbage").len();
    assert!(seldom <= expected, "{seldom} collections in {count} changes");
    assert!(packs(&root).len() <= 53, "{} packs", packs(&root).len());
    assert!(ends(&root) <= 60, "{} ends of history", ends(&root));
    for commit in commits.iter().rev().take(5) {
        assert!(has(&root, commit), "{commit}");
    }
    assert!(!knows(&root, &commits[10]), "what nobody needs is gone");
    assert!(daemon.events("could not collect garbage").is_empty());
    assert_sound(&root);
    assert_published(&root, &upstream, &upstream.head());
}

#[test]
fn by_default_many_changes_leave_few_packs() {
    many_changes(56);
}

#[test]
fn long_a_thousand_changes_leave_few_packs() {
    if skip::unless_long("a thousand changes leave few packs") {
        return;
    }
    many_changes(1000);
}

#[test]
fn long_large_packs_do_not_pile_up() {
    if skip::unless_long("large packs do not pile up") {
        return;
    }
    let (upstream, root) = (Upstream::new(), Root::new());
    let daemon = following(upstream.repo().to_str().unwrap(), &root, "auto").start();
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..4 {
        let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(35 << 20).collect();
        let commit = upstream.commit("noise", noise);
        root.eventually_publishes(&commit);
    }
    eventually_collects(&daemon, 1);
    assert_eq!(packs(&root).len(), 1);
    assert_sound(&root);
}

#[test]
fn always_leaves_one_pack_after_each_publication() {
    for mode in ["always", "aggressive"] {
        let (upstream, root) = (Upstream::new(), Root::new());
        upstream.change().files(20, "f").commit();
        let server = git_daemon::serve(&upstream);
        let daemon = following(&server.url(), &root, mode).start();
        root.eventually_publishes(&upstream.head());
        let mut all = Vec::new();
        for times in 1..10 {
            all.extend(change(&upstream, &root, 1));
            eventually_collects(&daemon, times);
            assert_eq!(packs(&root).len(), 1, "{mode}");
            assert!(ends(&root) <= 5, "{mode}: {} ends of history", ends(&root));
        }
        let (gone, kept) = all.split_at(all.len() - 5);
        assert!(kept.iter().all(|commit| has(&root, commit)), "{mode}");
        assert!(!gone.iter().any(|commit| knows(&root, commit)), "{mode}");
        assert_sound(&root);
        assert_published(&root, &upstream, &upstream.head());
    }
}

#[test]
fn off_keeps_everything() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let url = upstream.repo().display().to_string();
    let daemon = following(&url, &root, "off").start();
    let commits = change(&upstream, &root, 60);
    after_more_attempts(&daemon, 2);
    assert!(daemon.events("collecting garbage").is_empty());
    assert!(packs(&root).len() >= 60);
    assert!(commits.iter().all(|commit| knows(&root, commit)));
    assert_sound(&root);
}

#[test]
fn a_tree_that_has_not_gone_keeps_its_objects() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let url = upstream.repo().display().to_string();
    let setup = polling(&url, &root).flag("--git-gc=always").flag("-v1");
    let daemon = setup.flag("--stale-worktree-timeout=1h").start();
    let mut commits = Vec::new();
    for times in 0..8 {
        commits.extend(change(&upstream, &root, 1));
        eventually_collects(&daemon, times);
    }
    for commit in commits {
        let tree = root.path().join(".worktrees").join(&commit);
        assert_eq!(run(git(&tree).args(["status", "--porcelain"])), "");
        assert!(has(&root, &commit));
    }
    assert_sound(&root);
}

#[test]
fn what_others_named_stays_and_packed_refs_do_no_harm() {
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.annotated_tag("v1");
    let url = upstream.repo().display().to_string();
    let daemon = following(&url, &root, "always").start();
    let old = change(&upstream, &root, 1);
    run(git(&root.path()).args(["tag", "--annotate", "-m", "mine", "mine", &old[0]]));
    let mut before = change(&upstream, &root, 4);
    eventually_rests(&daemon, &root);
    let text = || fs::read_to_string(root.path().join(".git/packed-refs")).unwrap_or_default();
    run(git(&root.path()).args(["pack-refs", "--all", "--prune"]));
    assert!(text().contains("refs/gitsyncd/") && text().contains("refs/heads/gitsyncd"));
    // The last five count, whether their refs are packed or not.
    before.extend(change(&upstream, &root, 2));
    eventually_rests(&daemon, &root);
    let kept = before.split_off(before.len() - 5);
    assert!(kept.iter().all(|commit| has(&root, commit)));
    let late = change(&upstream, &root, 6);
    eventually_rests(&daemon, &root);
    assert!(late.iter().skip(1).all(|commit| has(&root, commit)));
    assert!(!before.iter().chain(&kept).any(|commit| knows(&root, commit)), "they are gone");
    assert!(!text().contains("refs/gitsyncd/"), "{}", text());
    assert!(has(&root, "refs/tags/mine") && has(&root, &old[0]));
    assert_sound(&root);
    assert_published(&root, &upstream, &upstream.head());
}

#[test]
fn objects_with_files_of_their_own_are_packed_or_stay() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let url = upstream.repo().display().to_string();
    let daemon = following(&url, &root, "always").start();
    root.eventually_publishes(&upstream.head());
    // Somebody unpacks what there is, and adds what nothing names yet.
    let pack = packs(&root).remove(0);
    let aside = root.path().join("aside");
    fs::rename(&pack, &aside).unwrap();
    fs::remove_file(pack.with_extension("idx")).unwrap();
    let input = fs::File::open(&aside).unwrap();
    run(git(&root.path()).args(["unpack-objects", "-q"]).stdin(input));
    // Not in its place: the program may still look at the pack.
    fs::remove_file(&aside).unwrap();
    fs::write(&aside, "not named yet").unwrap();
    let id = run(git(&root.path()).args(["hash-object", "-w", "aside"]));
    fs::remove_file(&aside).unwrap();
    change(&upstream, &root, 2);
    eventually_collects(&daemon, 1);
    change(&upstream, &root, 1);
    eventually_collects(&daemon, 2);
    let loose = run(git(&root.path()).args(["count-objects"]));
    assert!(loose.starts_with("1 objects"), "{loose}");
    assert!(knows(&root, &id));
    assert_sound(&root);
    assert_published(&root, &upstream, &upstream.head());
}

/// A repository whose garbage takes long to collect, and which is otherwise small.
fn long_history(root: &Root) -> (Upstream, Daemon) {
    let upstream = Upstream::new();
    let head = upstream.long_history(4000);
    let url = upstream.repo().display().to_string();
    let daemon = following(&url, root, "always").flag("--depth=0").start();
    eventually("all of it is fetched", 3 * SOON, || {
        (root.published() == Some(head.clone())).then_some(())
    });
    (upstream, daemon)
}

#[test]
fn a_change_does_not_wait_for_a_collection() {
    let root = Root::new();
    let (upstream, daemon) = long_history(&root);
    change(&upstream, &root, 1);
    daemon.eventually_logs("collecting garbage");
    let during = change(&upstream, &root, 3);
    let so_far = daemon.events("collected garbage").len();
    assert_eq!(so_far, 0, "they were published while garbage was collected");
    eventually_collects(&daemon, 1);
    // What came meanwhile is there.
    assert!(during.iter().all(|commit| has(&root, commit)));
    assert_sound(&root);
    assert_published(&root, &upstream, &upstream.head());
    let history = run(git(&root.link()).args(["rev-list", "--count", "HEAD"]));
    assert_eq!(history, "4005");
}

#[test]
fn a_commit_that_is_published_again_during_a_collection_keeps_its_objects() {
    let root = Root::new();
    let (upstream, daemon) = long_history(&root);
    let old = change(&upstream, &root, 8);
    eventually_collects(&daemon, 1);
    // Its objects are in a pack that is about to go, or were in one.
    let base = upstream.commit("a", "for the next collection");
    root.eventually_publishes(&base);
    eventually("the next collection begins", SOON, || {
        let ended = daemon.events("collected garbage").len();
        (daemon.events("collecting garbage").len() > ended).then_some(())
    });
    run(upstream.git().args(["reset", "--quiet", "--hard", &old[0]]));
    run(upstream.git().args(["push", "--quiet", "--force", "origin", "HEAD"]));
    root.eventually_publishes(&old[0]);
    eventually("all collections end", SOON, || {
        let begun = daemon.events("collecting garbage").len();
        (daemon.events("collected garbage").len() == begun).then_some(())
    });
    assert!(has(&root, &old[0]));
    assert_sound(&root);
    assert_published(&root, &upstream, &old[0]);
}

#[test]
fn a_stop_does_not_wait_for_a_collection() {
    let root = Root::new();
    let (upstream, mut daemon) = long_history(&root);
    change(&upstream, &root, 1);
    daemon.eventually_logs("collecting garbage");
    let begin = Instant::now();
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.exit(SOON).code(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert!(daemon.events("collected garbage").is_empty());
    assert_sound(&root);
    let url = upstream.repo().display().to_string();
    trying(&url, &root).flag("--depth=0").flag("--git-gc=always").once().expect_code(0);
    assert_sound(&root);
    assert_published(&root, &upstream, &upstream.head());
}

#[test]
fn a_one_time_run_collects_before_it_ends() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    for n in 0..4 {
        upstream.commit("a", n.to_string());
        trying(&server.url(), &root).flag("--git-gc=always").once().expect_code(0);
        assert_eq!(packs(&root).len(), 1);
        assert_sound(&root);
    }
    assert_published(&root, &upstream, &upstream.head());
}
