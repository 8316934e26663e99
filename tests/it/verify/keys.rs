//! The directory of keys: what is in it, and what happens when that changes.

use std::fs;
use std::os::unix::fs::symlink;

use crate::contract::{after_more_attempts, assert_published};
use crate::support::daemon::{Root, following};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::verify::{Keys, eventually_refuses, path, signed, verifying};

#[test]
fn a_change_of_the_keys_counts_at_once() {
    let (upstream, root, keys) = (Upstream::new(), Root::new(), Keys::new());
    let (ada, bob) = (keys.friend("ada"), keys.person("bob"));
    let one = signed(&upstream, &ada, "1");
    // Nothing but the change itself starts an attempt.
    let _daemon = verifying(&path(&upstream), &root, &keys, "head").flag("--period=1h").start();
    root.eventually_publishes(&one);
    let two = signed(&upstream, &bob, "2");
    eventually_refuses(&root, &two, "is in no file of verify-key-dir");
    keys.trust("bob", &bob);
    root.eventually_publishes(&two);
    keys.forget("bob");
    eventually_refuses(&root, &two, "is in no file of verify-key-dir");
    assert_published(&root, &upstream, &two);
    keys.trust("bob", &bob);
    eventually("it is good again", SOON, || {
        (root.status()?["last_attempt"]["outcome"] == "unchanged").then_some(())
    });
    fs::copy(&bob, keys.trusted().join("revoked_keys")).unwrap();
    eventually_refuses(&root, &two, "which is revoked");
}

#[test]
fn a_mounted_secret_is_read_again_when_it_turns() {
    let (upstream, root, keys) = (Upstream::new(), Root::new(), Keys::new());
    let (ada, bob) = (keys.person("ada"), keys.person("bob"));
    let at = |name: &str| keys.trusted().join(name);
    for (name, key) in [("..1", &ada), ("..2", &bob)] {
        fs::create_dir(at(name)).unwrap();
        fs::copy(key, at(name).join("team.pub")).unwrap();
    }
    symlink("..1", at("..data")).unwrap();
    symlink("..data/team.pub", at("team.pub")).unwrap();
    let one = signed(&upstream, &ada, "1");
    let _daemon = verifying(&path(&upstream), &root, &keys, "head").flag("--period=1h").start();
    root.eventually_publishes(&one);
    let two = signed(&upstream, &bob, "2");
    eventually_refuses(&root, &two, "is in no file of verify-key-dir");
    symlink("..2", at("..data_tmp")).unwrap();
    fs::rename(at("..data_tmp"), at("..data")).unwrap();
    root.eventually_publishes(&two);
}

#[test]
fn without_a_key_nothing_is_published_and_what_is_no_key_is_told_once() {
    let (upstream, root, keys) = (Upstream::new(), Root::new(), Keys::new());
    let ada = keys.person("ada");
    let one = signed(&upstream, &ada, "1");
    fs::write(keys.trusted().join("bad.pub"), "nonsense\n").unwrap();
    let daemon = verifying(&path(&upstream), &root, &keys, "head").start();
    eventually_refuses(&root, &one, "there is no usable key in verify-key-dir (bad.pub: line 1");
    after_more_attempts(&daemon, 3);
    assert_eq!(daemon.events("this is no key that counts").len(), 1);
    keys.trust("ada", &ada);
    root.eventually_publishes(&one);
    drop(daemon);
    fs::remove_dir_all(keys.trusted()).unwrap();
    let _daemon = verifying(&path(&upstream), &root, &keys, "head").start();
    eventually_refuses(&root, &one, "the directory cannot be read");
}

#[test]
fn the_directory_must_be_named() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let ended = following(&path(&upstream), &root).flag("--verify=head").once();
    ended.expect_code(2);
    assert!(ended.log.join("\n").contains("needs --verify-key-dir"), "{:?}", ended.log);
}

#[test]
fn a_check_tells_how_many_keys_there_are() {
    let (upstream, root, keys) = (Upstream::new(), Root::new(), Keys::new());
    let check = |keys: &Keys| {
        let flags = [
            format!("--repo={}", path(&upstream)),
            format!("--root={}", root.path().display()),
            format!("--verify-key-dir={}", keys.trusted().display()),
        ];
        let setup = crate::support::daemon::bare().flag("check").flag("--verify=head");
        flags.into_iter().fold(setup, crate::support::daemon::Setup::flag).finish()
    };
    let ended = check(&keys);
    ended.expect_code(1);
    let told = ended.stdout.join("\n");
    assert!(told.contains("FAILED   verify: there is no key that counts"), "{told}");
    keys.friend("ada");
    fs::write(keys.trusted().join("bad.asc"), "nonsense\n").unwrap();
    let ended = check(&keys);
    ended.expect_code(0);
    let told = ended.stdout.join("\n");
    assert!(told.contains("ok       verify: head: signatures by 0 PGP and 1 SSH keys"), "{told}");
    assert!(told.contains("warning  verify: bad.asc: there is no armoured"), "{told}");
}
