//! Repositories whose objects are named by SHA-256: the same as others, whatever the way there.

use serde_json::json;
use std::fs;
use std::path::Path;

use crate::contract::incremental::settled;
use crate::contract::{after_more_attempts, assert_published, metric, polling, publishes, trying};
use crate::support::daemon::{Root, Setup};
use crate::support::get::ask;
use crate::support::git::{git, run};
use crate::support::git_daemon;
use crate::support::http;
use crate::support::objects::{assert_sound, has, knows, packs};
use crate::support::sshd;
use crate::support::told::failures;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// By which hash stock Git finds objects named in the root.
pub(super) fn format(root: &Root) -> String {
    run(git(&root.path()).args(["rev-parse", "--show-object-format"]))
}

/// A URL on this machine.
pub(super) fn path(upstream: &Upstream) -> String {
    upstream.repo().display().to_string()
}

/// Follows three commits, with a stop and a start between the last two.
#[track_caller]
fn follows(upstream: &Upstream, setup: impl Fn(&Root) -> Setup) {
    let root = Root::new();
    let change = upstream.change().odd_names().attributes().files(30, "f");
    let first = change.executable("run", "x\n").symlink("s", "run").commit();
    let daemon = setup(&root).start();
    root.eventually_publishes(&first);
    assert_published(&root, upstream, &first);
    assert_eq!(format(&root), "sha256");
    root.eventually_prepares();
    let second = upstream.change().file("f/000/000003.txt", "new\n").delete("run").commit();
    root.eventually_publishes(&second);
    assert_published(&root, upstream, &second);
    after_more_attempts(&daemon, 3);
    assert_eq!(metric(&daemon, "gitsyncd_drift_total"), 0);
    assert!(failures(&daemon.log()).is_empty(), "{:?}", daemon.log());
    daemon.kill();
    let daemon = setup(&root).start();
    daemon.eventually_ready();
    let third = upstream.commit("sub/new", "3\n");
    root.eventually_publishes(&third);
    assert_published(&root, upstream, &third);
    assert!(failures(&daemon.log()).is_empty(), "{:?}", daemon.log());
    assert_sound(&root);
}

#[test]
fn every_way_leads_to_what_stock_git_checks_out() {
    let upstream = Upstream::by("sha256");
    let (web, old) = (http::serve(&upstream), http::over(&upstream).old_protocol().start());
    let (daemon, shell) = (git_daemon::serve(&upstream), sshd::start());
    let (key, known) = (shell.login(), shell.known());
    let urls = [
        path(&upstream),
        format!("file://{}", path(&upstream)),
        web.url(),
        old.url(),
        daemon.url(),
        shell.url(&upstream.repo()),
    ];
    for url in urls {
        println!("{url}");
        follows(&upstream, |root| {
            polling(&url, root)
                .flag(format!("--ssh-key-file={}", key.path.display()))
                .flag(format!("--ssh-known-hosts-file={}", known.display()))
        });
    }
}

#[test]
fn every_way_to_make_a_tree_does() {
    for mode in ["fresh", "prepared", "reused"] {
        let (upstream, root) = (Upstream::by("sha256"), Root::new());
        let server = http::serve(&upstream);
        let daemon = polling(&server.url(), &root).flag(format!("--trees={mode}")).start();
        for n in 0..4 {
            let change = upstream.change().files(20, "f").file("f/000/000007.txt", format!("{n}"));
            let commit = change.commit();
            root.eventually_publishes(&commit);
            assert_published(&root, &upstream, &commit);
            after_more_attempts(&daemon, 2);
        }
    }
}

#[test]
fn the_history_is_as_deep_as_is_wanted() {
    let (upstream, root) = (Upstream::by("sha256"), Root::new());
    let commit = upstream.long_history(20);
    let server = git_daemon::serve(&upstream);
    for (url, depth, count) in [
        (server.url(), 1, "1"),
        (server.url(), 5, "5"),
        (path(&upstream), 3, "3"),
        (server.url(), 0, "21"),
    ] {
        publishes(trying(&url, &root).flag(format!("--depth={depth}")), &root, &upstream, &commit);
        let counted = run(git(&root.path()).args(["rev-list", "--count", "HEAD"]));
        assert_eq!(counted, count, "--depth={depth} from {url}");
    }
    assert_sound(&root);
}

#[test]
fn every_kind_of_ref_is_understood() {
    let upstream = Upstream::by("sha256");
    let old = upstream.commit("a", "1\n");
    upstream.annotated_tag("v1.2.0");
    upstream.tag("at");
    let new = upstream.commit("a", "2\n");
    let server = http::serve(&upstream);
    for url in [server.url(), path(&upstream)] {
        let start = |length: usize| old.get(..length).unwrap().to_owned();
        for (reference, commit) in [
            ("HEAD".to_owned(), &new),
            ("v1.2.0".to_owned(), &old),
            ("semver:^1".to_owned(), &old),
            ("refs/heads/main".to_owned(), &new),
            (old.clone(), &old),
            (old.to_uppercase(), &old),
            (start(10), &old),
            (start(50), &old),
        ] {
            println!("{reference} at {url}");
            let root = Root::new();
            let setup = trying(&url, &root).flag(format!("--ref={reference}"));
            publishes(setup, &root, &upstream, commit);
        }
    }
}

#[test]
fn a_commit_can_be_chosen_and_left_again() {
    let (upstream, root) = (Upstream::by("sha256"), Root::new());
    let daemon = polling(&path(&upstream), &root).flag("--api-token=t").start();
    let first = upstream.head();
    root.eventually_publishes(&first);
    let second = upstream.commit("a", "2\n");
    settled(&daemon, &root, &second);
    let order = |method: &str, what: &str, to: &str| {
        let headers = [("Authorization", "Bearer t"), ("Content-Type", "application/json")];
        let body = if method == "POST" { json!({ "to": to }).to_string() } else { String::new() };
        let path = format!("/api/v1/{what}");
        ask(daemon.address(), method, &path, &headers, body.as_bytes()).unwrap()
    };
    for (method, what, to, commit) in [
        ("POST", "rollback", "previous", &first),
        ("POST", "pin", &*second, &second),
        ("POST", "pin", &*first, &first),
        ("DELETE", "pin", "", &second),
    ] {
        let reply = order(method, what, to);
        assert_eq!(reply.status, 200, "{reply:?}");
        settled(&daemon, &root, commit);
        assert_published(&root, &upstream, commit);
    }
    for length in [40, 64] {
        let reply = order("POST", "pin", &"1".repeat(length));
        assert_eq!(reply.status, 502, "{reply:?}");
        assert!(reply.body.contains("\"ref\""), "{reply:?}");
    }
    assert_published(&root, &upstream, &second);
}

#[test]
fn what_a_reader_changed_is_put_right() {
    let (upstream, root) = (Upstream::by("sha256"), Root::new());
    let commit = upstream.change().files(200, "f").commit();
    let daemon = polling(&path(&upstream), &root).start();
    root.eventually_publishes(&commit);
    after_more_attempts(&daemon, 2);
    fs::remove_file(root.link().join("f/001/000150.txt")).unwrap();
    eventually("it is there again", SOON, || {
        root.link().join("f/001/000150.txt").exists().then_some(())
    });
    after_more_attempts(&daemon, 1);
    assert_published(&root, &upstream, &commit);
}

#[test]
fn garbage_is_collected() {
    let (upstream, root) = (Upstream::by("sha256"), Root::new());
    let server = git_daemon::serve(&upstream);
    let setup = polling(&server.url(), &root).flag("--git-gc=always").flag("-v1");
    let daemon = setup.flag("--stale-worktree-timeout=0").start();
    let mut all = Vec::new();
    for n in 0..9 {
        let commit = upstream.commit("a", format!("{n}\n"));
        root.eventually_publishes(&commit);
        eventually("it is collected", SOON, || {
            (daemon.events("collected garbage").len() >= n).then_some(())
        });
        all.push(commit);
    }
    after_more_attempts(&daemon, 2);
    let (gone, kept) = all.split_at(all.len() - 5);
    assert!(kept.iter().all(|commit| has(&root, commit)));
    assert!(!knows(&root, &gone[0]));
    assert!(packs(&root).len() <= 2, "{:?}", packs(&root));
    assert!(daemon.events("could not collect garbage").is_empty());
    assert_sound(&root);
}

#[test]
fn a_repository_that_was_lost_is_made_again_by_the_same_hash() {
    type Harm = fn(&Path);
    let harms: [Harm; 4] = [
        |git| {
            fs::rename(git.join("objects"), git.join("gone")).unwrap();
            fs::remove_dir_all(git.join("gone")).unwrap();
        },
        |git| fs::remove_file(git.join("config")).unwrap(),
        |git| fs::write(git.join("config"), "[core]\n\trepositoryformatversion = 0\n").unwrap(),
        |git| fs::write(git.join("config"), "garbage").unwrap(),
    ];
    for (number, harm) in harms.into_iter().enumerate() {
        println!("harm {number}");
        let (upstream, root) = (Upstream::by("sha256"), Root::new());
        let server = http::serve(&upstream);
        let at_once = "--stale-worktree-timeout=0";
        publishes(trying(&server.url(), &root), &root, &upstream, &upstream.head());
        let daemon = polling(&server.url(), &root).flag(at_once).start();
        daemon.eventually_ready();
        harm(&root.path().join(".git"));
        let commit = upstream.commit("a", "new\n");
        root.eventually_publishes(&commit);
        after_more_attempts(&daemon, 2);
        assert_published(&root, &upstream, &commit);
        assert_eq!(format(&root), "sha256");
        daemon.kill();
        harm(&root.path().join(".git"));
        publishes(trying(&server.url(), &root), &root, &upstream, &commit);
    }
}
