//! The file that lists the repositories changes while the program runs.

use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use crate::fleet::{Entry, List, One, events_of, eventually_logs, text};
use crate::support::daemon::{Daemon, Root, bare, field};
use crate::support::wait::{SOON, eventually};

const RELOADED: &str = "the configuration file changed";
const BAD: &str = "the configuration file cannot be used; what it said before goes on to count";

/// Which file the link is, and which directory it names.
fn identity(root: &Root) -> (u64, u64) {
    let link = fs::symlink_metadata(root.link()).unwrap().ino();
    (link, fs::metadata(root.link()).unwrap().ino())
}

/// Waits until the file has been read with something new for the nth time.
#[track_caller]
fn eventually_reloaded(daemon: &Daemon, times: usize) -> serde_json::Value {
    eventually(RELOADED, SOON, || daemon.events(RELOADED).into_iter().nth(times - 1))
}

#[test]
fn repositories_come_change_and_go_and_the_others_stay_as_they_are() {
    let [stays, changes, goes, comes] = std::array::from_fn(|_| One::new());
    let list = List::new();
    list.list(&[stays.entry("stays"), changes.entry("changes"), goes.entry("goes")]);
    let daemon = list.setup().spawn();
    for one in [&stays, &changes, &goes] {
        one.eventually_published();
    }
    let number = stays.follows("more");
    let before = identity(&stays.root);
    changes.upstream.switch("other");
    changes.upstream.commit("file", "of the other branch");
    let went = identity(&goes.root);
    list.list(&[
        comes.entry("comes"),
        stays.entry("stays"),
        changes.entry("changes").with("ref: other"),
    ]);
    let event = eventually_reloaded(&daemon, 1);
    let told = ["added", "changed", "removed"].map(|name| field(&event, name).unwrap().clone());
    assert_eq!(told, ["comes", "changes", "goes"]);
    comes.eventually_published();
    changes.eventually_published();
    assert_eq!(identity(&stays.root), before);
    assert_eq!(identity(&goes.root), went, "what was published stays");
    eventually("the last status is written", SOON, || {
        (goes.root.status()?["phase"] == "stopped").then_some(())
    });
    assert!(stays.follows("still more") > number, "it was not begun again");
    assert_eq!(events_of(&daemon, "stays", "starting").len(), 1);
    assert_eq!(events_of(&daemon, "changes", "starting").len(), 2);
    let commit = goes.upstream.commit("file", "too late");
    changes.follows("and this");
    assert_ne!(goes.root.published(), Some(commit));
}

#[test]
fn one_that_is_called_otherwise_takes_the_root_over() {
    let one = One::new();
    let list = List::new();
    let daemon = list.list(&[one.entry("before")]).setup().spawn();
    one.eventually_published();
    list.list(&[one.entry("after")]);
    eventually_logs(&daemon, "after", "found an intact tree published", 1);
    one.follows("more");
    assert!(daemon.events("attempt failed").is_empty());
}

#[test]
fn all_may_go_and_others_come() {
    let [one, two] = [One::new(), One::new()];
    let list = List::new();
    let mut daemon = list.list(&[one.entry("one")]).setup().spawn();
    one.eventually_published();
    list.list(&[]);
    eventually_reloaded(&daemon, 1);
    list.list(&[two.entry("two")]);
    two.eventually_published();
    assert!(daemon.running());
}

#[test]
fn a_file_that_is_wrong_or_gone_changes_nothing_and_is_told_once() {
    let [one, two] = [One::new(), One::new()];
    let list = List::new();
    let daemon = list.list(&[one.entry("one")]).setup().spawn();
    one.eventually_published();
    let both = text(&[one.entry("one"), two.entry("two").with("depth: 3")]);
    // As an editor leaves it that is half-way through, and one that writes nonsense.
    for (times, bad) in
        [both.split_at(both.len() - 6).0, "repositories: [{name: 3"].iter().enumerate()
    {
        fs::write(list.path(), bad).unwrap();
        eventually(BAD, SOON, || daemon.events(BAD).into_iter().nth(times));
        fs::write(list.path(), bad).unwrap();
    }
    fs::remove_file(list.path()).unwrap();
    eventually("that it is gone is told", SOON, || daemon.events(BAD).into_iter().nth(2));
    one.follows("more");
    list.write(&both);
    two.eventually_published();
    assert_eq!(daemon.events(BAD).len(), 3);
    assert_eq!(events_of(&daemon, "one", "starting").len(), 1);
}

#[test]
fn a_config_map_that_is_turned_is_seen_at_once() {
    let [one, two] = [One::new(), One::new()];
    let mount = tempfile::tempdir().unwrap();
    let at = |name: &str| mount.path().join(name);
    let version = |name: &str, entries: &[Entry]| {
        fs::create_dir(at(name)).unwrap();
        fs::write(at(name).join("list.yaml"), text(entries)).unwrap();
    };
    version("..1", &[one.entry("one")]);
    version("..2", &[one.entry("one"), two.entry("two")]);
    symlink("..1", at("..data")).unwrap();
    symlink("..data/list.yaml", at("list.yaml")).unwrap();
    let config = format!("--config={}", at("list.yaml").display());
    let daemon = bare().flag(config).flag("--log-format=json").spawn();
    one.eventually_published();
    symlink("..2", at("..data_tmp")).unwrap();
    fs::rename(at("..data_tmp"), at("..data")).unwrap();
    two.eventually_published();
    assert_eq!(events_of(&daemon, "one", "starting").len(), 1);
}

#[test]
fn what_needs_a_restart_is_told_and_the_rest_counts() {
    let [one, two] = [One::new(), One::new()];
    let list = List::new();
    let mut daemon = list.list(&[one.entry("one")]).setup().spawn();
    one.eventually_published();
    let both = text(&[one.entry("one"), two.entry("two")]);
    list.write(&format!("sync-on-signal: SIGHUP\n{both}"));
    two.eventually_published();
    let event = daemon.eventually_logs("these options changed, which needs a restart");
    assert_eq!(field(&event, "options").unwrap(), "sync-on-signal");
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.exit(SOON).code(), Some(0));
}

#[test]
fn one_that_cannot_be_had_is_mended_by_a_change() {
    let one = One::new();
    let list = List::new();
    let wrong = Entry::new("one", Path::new("/nowhere/at/all"), &one.root.path());
    let other = One::new();
    let daemon = list.list(&[wrong, other.entry("other")]).setup().spawn();
    eventually_logs(&daemon, "one", "attempt failed", 1);
    list.list(&[one.entry("one"), other.entry("other")]);
    one.eventually_published();
}

#[test]
fn readiness_waits_for_one_of_the_start_until_its_first_success_and_no_longer() {
    let [one, other] = [One::new(), One::new()];
    let list = List::new();
    let wrong = |path: &str| Entry::new("one", Path::new(path), &one.root.path());
    let daemon = list.list(&[wrong("/nowhere/at/all"), other.entry("other")]).setup().start();
    let good = || daemon.get("/").ok().filter(|reply| reply.status == 200);
    other.eventually_published();
    list.list(&[wrong("/nowhere/else"), other.entry("other")]);
    eventually_logs(&daemon, "one", "starting", 2);
    daemon.eventually_logs(RELOADED);
    assert!(good().is_none(), "it is not added later, but changed");
    list.list(&[one.entry("one"), other.entry("other")]);
    eventually("all are good", SOON, good);
    list.list(&[wrong("/nowhere/at/all"), other.entry("other")]);
    eventually_logs(&daemon, "one", "starting", 4);
    eventually("it is good", SOON, good);
}
