//! `gitsyncd rollback`, `pin` and `unpin`, by way of a running daemon and of a root that nobody uses.

use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

use crate::commands::{command, text};
use crate::contract::{after_more_attempts, assert_published, polling, trying};
use crate::serving::ordered;
use crate::support::daemon::{Finished, Root, Setup};
use crate::support::http;
use crate::support::http::Answer;
use crate::support::service::Service;
use crate::support::upstream::Upstream;

fn local(upstream: &Upstream) -> String {
    upstream.repo().display().to_string()
}

/// A command for a root, of which nothing else is told.
fn of_root(words: &[&str], root: &Root) -> Setup {
    command(words).flag(format!("--root={}", root.path().display()))
}

#[track_caller]
fn expect(finished: &Finished, code: i32, told: &str) {
    finished.expect_code(code);
    let all = [text(finished), finished.log.join("\n")].concat();
    assert!(all.contains(told), "no {told:?} in\n{all}");
    assert!(finished.stdout.len() <= 1, "more than one line: {finished:?}");
}

/// A root in which these were published one after the other, by a program that has ended.
fn published(upstream: &Upstream, url: &str, root: &Root, times: usize) -> Vec<String> {
    let one = |n: usize| {
        let commit = upstream.commit("a", format!("change {n}"));
        trying(url, root).flag("--stale-worktree-timeout=0").once().expect_code(0);
        commit
    };
    (0..times).map(one).collect()
}

#[test]
fn a_running_daemon_is_asked_over_its_api() {
    let (upstream, root, dir) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    let daemon = ordered(&local(&upstream), &root).start();
    let first = upstream.head();
    root.eventually_publishes(&first);
    let second = upstream.commit("a", "2");
    root.eventually_publishes(&second);
    // Then the daemon knows that the other one was before it.
    after_more_attempts(&daemon, 1);
    let file = dir.path().join("token");
    fs::write(&file, crate::serving::TOKEN).unwrap();
    let at = |words: &[&str]| {
        let token = format!("--api-token-file={}", file.display());
        command(words).flag(format!("--http-bind={}", daemon.address())).flag(token)
    };
    let stays = |commit: &str| format!("{commit} is published and stays until `gitsyncd unpin`");
    expect(&at(&["rollback"]).finish(), 0, &stays(&first));
    assert_published(&root, &upstream, &first);
    after_more_attempts(&daemon, 2);
    expect(&at(&["rollback", &second]).finish(), 0, &stays(&second));
    expect(&at(&["rollback", "previous"]).finish(), 0, &stays(&first));
    expect(&at(&["pin"]).finish(), 0, &stays(&first));
    let third = upstream.commit("a", "3");
    let followed = format!("{third} is published, and the ref is followed again");
    expect(&at(&["unpin"]).finish(), 0, &followed);
    assert_published(&root, &upstream, &third);
    expect(&at(&["pin", &"a".repeat(40)]).finish(), 1, "502");
    assert_published(&root, &upstream, &third);
    let bind = format!("--http-bind={}", daemon.address());
    let untold = command(&["rollback"]).flag(&bind).finish();
    expect(&untold, 1, "check api-token");
    // The root is in use, which is said with the way out.
    let held = of_root(&["rollback"], &root).finish();
    expect(&held, 1, "another instance is using the root");
    expect(&held, 1, "--http-bind");
    let nobody = format!("--http-bind={}", Service::not_yet().addr());
    expect(&of_root(&["pin"], &root).flag(nobody).finish(), 1, "could not connect");
}

#[test]
fn without_a_daemon_the_root_is_changed_and_the_next_run_stays_there() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let commits = published(&upstream, &server.url(), &root, 5);
    server.answer(Answer::Unavailable);
    let stays = |commit: &str| format!("{commit} is published and stays until `gitsyncd unpin`");
    expect(&of_root(&["rollback"], &root).finish(), 0, &stays(&commits[3]));
    assert_published(&root, &upstream, &commits[3]);
    expect(&of_root(&["rollback", &commits[0]], &root).finish(), 0, &stays(&commits[0]));
    assert_published(&root, &upstream, &commits[0]);
    let status = root.status().unwrap();
    assert_eq!((&status["pinned"], &status["phase"]), (&json!(true), &json!("stopped")));
    assert_eq!(status["previous"], commits[3]);
    assert_eq!((&status["failures"], &status["ref"]), (&json!(0), &json!("HEAD")));
    // Whoever comes later stays there.
    let daemon = polling(&server.url(), &root).start();
    daemon.eventually_ready();
    after_more_attempts(&daemon, 2);
    assert_published(&root, &upstream, &commits[0]);
    drop(daemon);
    // Without the source the ref cannot be followed, but it is from then on.
    expect(&of_root(&["unpin"], &root).flag("--sync-timeout=5s").finish(), 1, "error: ");
    server.heal();
    trying(&server.url(), &root).once().expect_code(0);
    assert_published(&root, &upstream, &commits[4]);
    expect(&of_root(&["pin"], &root).finish(), 0, &stays(&commits[4]));
    let newest = upstream.commit("a", "newest");
    trying(&server.url(), &root).once().expect_code(0);
    assert_published(&root, &upstream, &commits[4]);
    let followed = format!("{newest} is published, and the ref is followed again");
    expect(&of_root(&["unpin"], &root).finish(), 0, &followed);
    assert_published(&root, &upstream, &newest);
}

#[test]
fn an_older_commit_is_brought_from_the_source() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let commits = published(&upstream, &server.url(), &root, 7);
    trying(&server.url(), &root).flag("--git-gc=always").once().expect_code(0);
    expect(&of_root(&["rollback", &commits[0]], &root).finish(), 0, &commits[0]);
    assert_published(&root, &upstream, &commits[0]);
}

#[test]
fn what_was_published_is_published_in_the_same_way() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let first = upstream.change().file("in/a", "1").file("out/b", "1").commit();
    let run = || {
        let setup = trying(&local(&upstream), &root).flag("--link=current");
        setup.flag("--sparse-path=in").flag("--keep-trees=3").once()
    };
    run().expect_code(0);
    upstream.change().file("in/a", "2").commit();
    run().expect_code(0);
    expect(&of_root(&["rollback"], &root).finish(), 0, &first);
    let link = root.path().join("current");
    assert_eq!(fs::read_link(&link).unwrap().file_name().unwrap(), first.as_str());
    assert_eq!(fs::read_to_string(link.join("in/a")).unwrap(), "1");
    assert!(!link.join("out").exists(), "only a part of it was published");
    assert!(!root.link().exists(), "there is no other link");
}

#[test]
fn what_may_not_be_published_is_not_published_by_a_command_either() {
    let (upstream, root, dir) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    let good = upstream.head();
    let url = local(&upstream);
    let check = dir.path().join("check");
    fs::write(&check, "#!/bin/sh\n[ ! -e bad ]\n").unwrap();
    fs::set_permissions(&check, fs::Permissions::from_mode(0o755)).unwrap();
    let gate = |command: &str| format!("--pre-publish-exechook-command={command}");
    let plain = gate(&check.display().to_string());
    trying(&url, &root).flag("--publish-gate").flag(&plain).once().expect_code(0);
    upstream.commit("bad", "");
    expect(&of_root(&["unpin"], &root).finish(), 1, "does not agree to commit");
    assert_published(&root, &upstream, &good);
    let secret = gate(&json!([check, "hush"]).to_string());
    trying(&url, &root).flag("--publish-gate").flag(&secret).once().expect_code(1);
    for words in ["unpin", "rollback", "pin"] {
        let untold = of_root(&[words], &root).finish();
        expect(&untold, 2, "--pre-publish-exechook-command: is needed");
    }
    expect(&of_root(&["unpin"], &root).flag(&secret).finish(), 1, "does not agree to commit");
    trying(&url, &root).flag("--sync-window=allow 0 0 1 1 * 1s").once().expect_code(1);
    expect(&of_root(&["sync"], &root).finish(), 1, "window");
    let keys = dir.path().join("keys");
    fs::create_dir(&keys).unwrap();
    let dir = format!("--verify-key-dir={}", keys.display());
    trying(&url, &root).flag("--verify=head").flag(dir).once().expect_code(1);
    expect(&of_root(&["unpin"], &root).finish(), 1, "does not verify");
    fs::remove_dir(&keys).unwrap();
    expect(&of_root(&["unpin"], &root).finish(), 1, "is no directory of keys here");
    assert_published(&root, &upstream, &good);
}

#[test]
fn who_unpins_while_no_window_is_open_is_told_what_waits() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let good = upstream.head();
    let url = local(&upstream);
    let closed = || trying(&url, &root).flag("--sync-window=allow 0 0 1 1 * 1s");
    closed().once().expect_code(0);
    expect(&of_root(&["pin"], &root).finish(), 0, &format!("{good} is published and stays"));
    let next = upstream.commit("a", "2");
    closed().once().expect_code(0);
    let told = of_root(&["unpin"], &root).finish();
    expect(&told, 0, &format!("unpinned: {next} waits until 2"));
    expect(&told, 0, &format!("when a window opens, and {good} stays published until then"));
    assert_published(&root, &upstream, &good);
    let status = root.status().unwrap();
    assert_eq!((&status["pinned"], &status["failures"]), (&json!(false), &json!(0)));
    assert_eq!(status["last_attempt"]["outcome"], "unchanged");
    assert_eq!(status["waiting"]["commit"], next);
    // A run that is to be the only one still has to publish what the ref names.
    closed().once().expect_code(1);
    trying(&url, &root).once().expect_code(0);
    assert_published(&root, &upstream, &next);
}

#[test]
fn who_unpins_over_the_api_is_told_what_waits() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let good = upstream.head();
    let daemon = ordered(&local(&upstream), &root).flag("--sync-window=allow 0 0 1 1 * 1s").start();
    root.eventually_publishes(&good);
    let at = |word: &str| {
        let token = format!("--api-token={}", crate::serving::TOKEN);
        command(&[word]).flag(format!("--http-bind={}", daemon.address())).flag(token)
    };
    let followed = format!("{good} is published, and the ref is followed again");
    expect(&at("unpin").finish(), 0, &followed);
    expect(&at("pin").finish(), 0, &format!("{good} is published and stays"));
    let next = upstream.commit("a", "2");
    let told = at("unpin").finish();
    expect(&told, 0, &format!("unpinned: {next} waits until 2"));
    expect(&told, 0, &format!("when a window opens, and {good} stays published until then"));
    assert_published(&root, &upstream, &good);
}

#[test]
fn what_cannot_be_done_is_told_and_changes_nothing() {
    let (upstream, root) = (Upstream::new(), Root::new());
    for word in ["rollback", "pin", "unpin", "sync"] {
        let nothing = of_root(&[word], &root).finish();
        let path = root.path();
        let told = format!("error: --root: nothing was ever published in {}", path.display());
        expect(&nothing, 2, &told);
        assert!(!path.exists() && !nothing.log.join("\n").contains("is required"));
    }
    let commits = published(&upstream, &local(&upstream), &root, 1);
    let before = of_root(&["rollback"], &root).finish();
    expect(&before, 1, "no commit is known that was published before");
    let wrong = of_root(&["rollback", "yesterday"], &root).finish();
    expect(&wrong, 2, "argument 2: is neither previous nor a full commit id");
    expect(&of_root(&["pin", "previous"], &root).finish(), 2, "is no full commit id");
    expect(&of_root(&["unpin", "x"], &root).finish(), 2, "nothing but flags");
    expect(&of_root(&["pin"], &root).flag("--nonsense").finish(), 2, "--nonsense");
    let none = of_root(&["rollback", &"b".repeat(40)], &root).finish();
    expect(&none, 1, "error: ");
    assert_published(&root, &upstream, &commits[0]);
    assert_eq!(root.status().unwrap()["pinned"], Value::Bool(false));
}

#[test]
fn what_is_shown_counts_though_somebody_changed_it() {
    let upstream = Upstream::new();
    let url = local(&upstream);
    let harms: [fn(&Root); 2] = [
        |root| fs::write(root.link().join("a"), "changed").unwrap(),
        |root| fs::remove_file(root.link().join(".git")).unwrap(),
    ];
    for harm in harms {
        let root = Root::new();
        let commits = published(&upstream, &url, &root, 2);
        harm(&root);
        let finished = of_root(&["rollback"], &root).finish();
        expect(&finished, 0, &format!("{} is published and stays", commits[0]));
        assert_published(&root, &upstream, &commits[0]);
        of_root(&["unpin"], &root).finish().expect_code(0);
        harm(&root);
        let finished = of_root(&["pin"], &root).finish();
        expect(&finished, 0, &format!("{} is published and stays", commits[1]));
        assert_published(&root, &upstream, &commits[1]);
    }
}
