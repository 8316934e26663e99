//! Submodules that cannot be had for long: what the attempts cost that fail meanwhile, and what heals
//! by itself.

use std::fs;
use std::fs::FileTimes;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::contract::{metric, polling, trying};
use crate::faults::course::Driven;
use crate::faults::full::SmallDisk;
use crate::faults::scene::noise;
use crate::submodules::family::{Sub, assert_published, checkout, link, links, stores};
use crate::support::daemon::{Root, following};
use crate::support::git_daemon;
use crate::support::http;
use crate::support::http::{Answer, Http};
use crate::support::snapshot::Snapshot;
use crate::support::told::failures;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

const NOBODYS: &str = "1234567890123456789012345678901234567890";

fn packs(root: &Root) -> Vec<PathBuf> {
    let is_pack = |path: &PathBuf| path.extension().is_some_and(|end| end == "pack");
    let of = |store: PathBuf| fs::read_dir(store.join("objects/pack")).unwrap();
    stores(root)
        .into_iter()
        .flat_map(of)
        .map(|entry| entry.unwrap().path())
        .filter(is_pack)
        .collect()
}

/// How many requests there were, and what they brought.
fn traffic(server: &Http) -> (usize, u64) {
    let requests = server.requests();
    (requests.len(), requests.iter().map(|request| request.sent).sum())
}

#[test]
fn a_commit_that_nobody_pushed_is_asked_for_and_nothing_else_is_fetched() {
    let (upstream, other, root) = (Upstream::new(), Upstream::new(), Root::new());
    other.commit("noise", noise(1, 300_000));
    let away = http::serve(&other);
    let first = links(&upstream, &[link("sub", &away.url(), &other.head())]);
    let server = git_daemon::serve(&upstream);
    let mut driven = Driven::start(&server.url(), &root);
    assert_eq!(root.published().as_deref(), Some(&*first));
    let before = packs(&root);
    links(&upstream, &[link("sub", &away.url(), NOBODYS)]);
    for _ in 0..12 {
        let (requests, bytes) = traffic(&away);
        let failure = driven.fails();
        failure.expect("ref", NOBODYS);
        failure.expect("ref", "the server does not have it");
        assert!(!failure.error.contains("by its id"), "{failure:?}");
        let (now, sent) = traffic(&away);
        assert!(now - requests <= 2 && sent - bytes < 4000, "{} {}", now - requests, sent - bytes);
    }
    assert_eq!(packs(&root), before);
    assert_eq!(root.published(), Some(first));
    let pushed = other.commit("late", "late\n");
    let wanted = links(&upstream, &[link("sub", &away.url(), &pushed)]);
    driven.succeeds();
    assert_eq!(root.published(), Some(wanted));
}

#[test]
fn all_branches_are_fetched_once_from_a_server_that_gives_only_what_it_lists() {
    let (upstream, other, root) = (Upstream::new(), Upstream::new(), Root::new());
    other.commit("noise", noise(1, 300_000));
    let away = http::over(&other).old_protocol().start();
    let first = links(&upstream, &[link("sub", &away.url(), &other.head())]);
    let server = git_daemon::serve(&upstream);
    let mut driven = Driven::of(following(&server.url(), &root).flag("--depth=1"));
    assert_eq!(root.published().as_deref(), Some(&*first));
    other.commit("noise-2", noise(2, 300_000));
    links(&upstream, &[link("sub", &away.url(), NOBODYS)]);
    driven.fails().expect("ref", NOBODYS);
    let (before, (_, bytes)) = (packs(&root), traffic(&away));
    for _ in 0..11 {
        driven.fails().expect("ref", NOBODYS);
    }
    assert_eq!(packs(&root), before);
    let (_, sent) = traffic(&away);
    assert!(sent - bytes < 11 * 8000, "{}", sent - bytes);
    // What comes later is added to that.
    other.commit("more", "more\n");
    driven.fails().expect("ref", NOBODYS);
    let (_, now) = traffic(&away);
    assert!(now - sent < 20_000, "{}", now - sent);
    assert_eq!(root.published(), Some(first));
    let wanted = links(&upstream, &[link("sub", &away.url(), &other.head())]);
    driven.succeeds();
    assert_eq!(root.published(), Some(wanted));
}

#[test]
fn what_failed_attempts_fetched_goes_when_it_is_not_asked_for_any_more() {
    let (upstream, other, root) = (Upstream::new(), Upstream::new(), Root::new());
    let (kept, left) = (Sub::beside(&upstream, "kept"), Sub::beside(&upstream, "left"));
    let server = git_daemon::serve(&upstream);
    let away = http::serve(&other);
    away.answer(Answer::Missing);
    let kept = link("kept", "../kept.git", &kept.head());
    links(&upstream, std::slice::from_ref(&kept));
    let mut driven = Driven::start(&server.url(), &root);
    let published = stores(&root);
    let lost = link("lost", &away.url(), &other.head());
    let left = link("left", "../left.git", &left.head());
    links(&upstream, &[kept.clone(), left, lost.clone()]);
    driven.fails().expect("not_found", "\"lost\"");
    let begun = stores(&root);
    assert_eq!(begun.len(), 3);
    // One that is asked for at each attempt stays; the others are as if that were long ago.
    links(&upstream, &[kept, lost]);
    for store in &begun {
        let long_ago = fs::metadata(store).unwrap().modified().unwrap() - Duration::from_hours(2);
        let times = FileTimes::new().set_modified(long_ago);
        fs::File::open(store).unwrap().set_times(times).unwrap();
    }
    driven.fails().expect("not_found", "\"lost\"");
    let now = stores(&root);
    assert_eq!(now.len(), 2, "{now:?}");
    assert!(published.iter().all(|store| now.contains(store)));
}

/// Changes one byte in the middle.
fn flip(path: &PathBuf) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let mut file = fs::File::options().read(true).write(true).open(path).unwrap();
    let middle = SeekFrom::Start(file.metadata().unwrap().len() / 2);
    let mut byte = [0];
    file.seek(middle).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(middle).unwrap();
    file.write_all(&[byte[0] ^ 0x10]).unwrap();
}

#[test]
fn a_damaged_byte_among_the_objects_of_a_submodule_heals_by_itself() {
    for mode in ["fresh", "prepared"] {
        let (upstream, root) = (Upstream::new(), Root::new());
        let sub = Sub::beside(&upstream, "sub");
        sub.commit("noise", noise(1, 200_000));
        links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
        let server = git_daemon::serve(&upstream);
        let setup = following(&server.url(), &root).flag(format!("--trees={mode}"));
        let mut driven = Driven::of(setup);
        let pack = packs(&root);
        flip(pack.first().unwrap());
        // With another submodule the whole tree is written anew.
        let more = Sub::beside(&upstream, "more");
        let both =
            [link("more", "../more.git", &more.head()), link("sub", "../sub.git", &sub.head())];
        let wanted = links(&upstream, &both);
        let failed = (0..3).take_while(|_| driven.attempt().is_err()).count();
        assert!(failed < 3, "{mode}");
        assert_published(&root, &upstream.repo(), &wanted);
        let healed = driven.events("rebuilding the repository of a submodule");
        assert_eq!(healed.len(), 1, "{mode}");
    }
}

#[test]
fn whatever_has_the_names_of_what_a_repository_needs_is_replaced() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let sub = Sub::beside(&upstream, "sub");
    links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    let url = upstream.repo();
    trying(url.to_str().unwrap(), &root).once().expect_code(0);
    let files = ["objects", "objects/pack", "refs", "refs/gitsyncd", "worktrees", ".", ".."];
    let all = files.map(|name| (name, true)).into_iter();
    for (name, as_file) in all.chain([("HEAD", false), ("config", false)]) {
        let store = stores(&root).pop().unwrap();
        let place = store.join(name).canonicalize().unwrap();
        if as_file {
            fs::remove_dir_all(&place).unwrap();
            fs::write(&place, "in the way\n").unwrap();
        } else {
            fs::remove_file(&place).unwrap();
            fs::create_dir_all(place.join("in/the/way")).unwrap();
        }
        let moved = sub.commit("file", format!("{name}\n"));
        let commit = links(&upstream, &[link("sub", "../sub.git", &moved)]);
        trying(url.to_str().unwrap(), &root).once().expect_code(0);
        // Git may miss what a retired tree had.
        assert_eq!(root.published().as_deref(), Some(&*commit), "{name}");
        let seen = Snapshot::whole(&root.link()).without_pointers();
        assert_eq!(seen.differences(&checkout(&url, &commit, true)), [""; 0], "{name}");
    }
}

#[test]
fn what_is_fetched_for_submodules_is_told_and_counted() {
    let (upstream, other, root) = (Upstream::new(), Upstream::new(), Root::new());
    other.commit("noise", noise(1, 100_000));
    let away = http::over(&other).login("ada", "hush7").start();
    let url = away.url().replace("http://", "http://ada:hush7@");
    let commit = links(&upstream, &[link("sub", &url, &other.head())]);
    let repo = upstream.repo();
    let daemon = polling(repo.to_str().unwrap(), &root).start();
    root.eventually_publishes(&commit);
    let event = daemon.eventually_logs("fetched a submodule").to_string();
    for words in ["\"sub\"", &*away.url(), &*other.head(), "took"] {
        assert!(event.contains(words), "{words} is not in {event}");
    }
    assert!(!daemon.log().join("\n").contains("hush7"));
    // Nothing else goes over a wire here.
    daemon.eventually_ready();
    assert!(metric(&daemon, "gitsyncd_received_bytes_total") > 100_000);
    assert!(metric(&daemon, "gitsyncd_requests_total") >= 2);
}

#[test]
fn a_submodule_that_does_not_fit_leaves_the_old_tree_and_comes_once_there_is_room() {
    let test = "a submodule that does not fit";
    let Some(disk) = SmallDisk::mount(test, "size=8m") else { return };
    let (upstream, root) = (Upstream::new(), disk.root());
    let sub = Sub::beside(&upstream, "sub");
    links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    let server = git_daemon::serve(&upstream);
    let mut driven = Driven::of(following(&server.url(), &root));
    assert_published(&root, &upstream.repo(), &upstream.head());
    for (seed, leave) in (0..).zip([0, 40_000, 150_000, 250_000]) {
        let old = root.published();
        let ballast = disk.fill(leave);
        let moved = sub.commit("noise", noise(seed, 200_000));
        let wanted = links(&upstream, &[link("sub", "../sub.git", &moved)]);
        driven.fails().expect("disk", "No space left on device");
        assert_eq!(root.published(), old);
        assert!(root.link().join("sub/file").exists());
        driven.fails().expect("disk", "No space left on device");
        fs::remove_file(&ballast).unwrap();
        driven.succeeds();
        assert_published(&root, &upstream.repo(), &wanted);
    }
}

#[test]
fn gitmodules_is_not_read_if_it_is_huge_and_many_entries_are_no_burden() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let repo = upstream.repo();
    let sub = Sub::beside(&upstream, "sub");
    links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    let declared = fs::read(upstream.work().join(".gitmodules")).unwrap();
    let huge = [&*declared, &b"#".repeat(5 << 20)].concat();
    upstream.commit(".gitmodules", huge);
    let daemon = polling(repo.to_str().unwrap(), &root).start();
    let failure = eventually("it fails", SOON, || failures(&daemon.log()).into_iter().next());
    failure.expect("protocol", ".gitmodules is larger than");
    drop(daemon);
    let mut many = declared;
    for n in 0..20_000 {
        writeln!(many, "[submodule \"s{n}\"]\n\tpath = s{n}\n\turl = ../s.git\n\tupdate = none")
            .unwrap();
    }
    let wanted = upstream.commit(".gitmodules", many);
    trying(repo.to_str().unwrap(), &root).once().expect_code(0);
    assert_eq!(root.published(), Some(wanted));
}

#[test]
fn a_link_in_the_place_of_a_submodule_is_not_followed() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let sub = Sub::beside(&upstream, "sub");
    links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    let server = git_daemon::serve(&upstream);
    let mut driven = Driven::of(following(&server.url(), &root).flag("--trees=prepared"));
    root.eventually_prepares();
    let prepared = fs::read_dir(root.path().join(".git/gitsyncd/prepared")).unwrap().next();
    let place = prepared.unwrap().unwrap().path().join("tree/sub");
    let outside = upstream.dir().join("outside");
    fs::rename(&place, &outside).unwrap();
    std::os::unix::fs::symlink(&outside, &place).unwrap();
    let moved = sub.commit("added", "added\n");
    let wanted = links(&upstream, &[link("sub", "../sub.git", &moved)]);
    driven.succeeds();
    assert_published(&root, &upstream.repo(), &wanted);
    let names: Vec<_> =
        fs::read_dir(&outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["file"]);
}
