//! `publish=copy`: a directory into which the files of each commit are copied.

use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

use crate::contract::incremental::{apply, edit};
use crate::contract::random_trees::{Tree, commit};
use crate::contract::{polling, trying};
use crate::publishing::standing::commit_pair;
use crate::publishing::with_mounts;
use crate::support::daemon::{Root, Setup};
use crate::support::oracle;
use crate::support::skip;
use crate::support::snapshot::Snapshot;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually, pause};

fn url(upstream: &Upstream) -> String {
    upstream.repo().display().to_string()
}

fn once(upstream: &Upstream, root: &Root) -> Setup {
    trying(&url(upstream), root).flag("--publish=copy")
}

fn kept(upstream: &Upstream, root: &Root) -> Setup {
    polling(&url(upstream), root).flag("--publish=copy")
}

/// What differs from stock Git's checkout.
fn differences(place: &Path, upstream: &Upstream, commit: &str) -> Vec<String> {
    let (seen, _changing) = Snapshot::of(place);
    let wanted = oracle::checkout(&upstream.repo(), commit);
    seen.differences(&wanted.without_pointers())
}

#[track_caller]
fn assert_copied(place: &Path, upstream: &Upstream, commit: &str) {
    assert!(place.symlink_metadata().unwrap().is_dir(), "{} is no directory", place.display());
    assert_eq!(differences(place, upstream, commit), Vec::<String>::new());
    assert!(!place.join(".git").exists());
}

#[track_caller]
fn eventually_copied(place: &Path, upstream: &Upstream, commit: &str) {
    eventually(&format!("{commit} is copied"), SOON, || {
        place.symlink_metadata().ok().filter(fs::Metadata::is_dir)?;
        differences(place, upstream, commit).is_empty().then_some(())
    });
}

fn status(root: &Root) -> serde_json::Value {
    serde_json::from_slice(&fs::read(root.path().join(".git-sync")).unwrap()).unwrap()
}

#[test]
fn an_option_that_changes_says_nothing_of_another_link() {
    let upstream = Upstream::new();
    let (root, commit) = (Root::new(), upstream.commit("a", "a\n"));
    once(&upstream, &root).once().expect_code(0);
    let again = once(&upstream, &root).flag("--depth=2").once();
    again.expect_code(0);
    assert_copied(&root.link(), &upstream, &commit);
    assert!(!again.log.iter().any(|line| line.contains("the link is another one")));
}

#[test]
fn a_copy_equals_what_git_would_check_out_over_random_changes() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mut runner = TestRunner::deterministic();
    let mut tree = Tree::new();
    for _ in 0..12 {
        for edit in vec(edit(), 1..8).new_tree(&mut runner).unwrap().current() {
            apply(&mut tree, &edit);
        }
        let id = commit(&upstream, &tree);
        once(&upstream, &root).once().expect_code(0);
        assert_copied(&root.link(), &upstream, &id);
        assert_eq!(status(&root)["commit"]["id"], id);
        assert_eq!(status(&root)["tree"], root.link().display().to_string());
    }
}

#[test]
fn modes_links_and_kinds_change_and_what_did_not_keeps_its_time_and_number() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let base = upstream.change().file("same", "same").file("dir/a", "1").executable("x", "1");
    base.symlink("l", "same").file("now-dir", "1").commit();
    let daemon = kept(&upstream, &root).start();
    eventually_copied(&root.link(), &upstream, &upstream.head());
    let found = || fs::metadata(root.link().join("same")).unwrap();
    let before = found();
    let change = upstream.change().delete("dir/a").delete("now-dir").delete("x");
    let change = change.delete("l").file("dir", "now a file").file("now-dir/b/c", "2");
    let commit = change.file("x", "1").file("l", "no link").commit();
    eventually_copied(&root.link(), &upstream, &commit);
    assert_eq!((found().ino(), found().mtime_nsec()), (before.ino(), before.mtime_nsec()));
    drop(daemon);
}

#[test]
fn a_reader_sees_each_file_old_or_new_and_an_open_one_stays() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let text = |n: usize| format!("{n}\n").repeat(40_000);
    upstream.commit("large", text(0));
    let daemon = kept(&upstream, &root).flag("--period=10ms").start();
    eventually_copied(&root.link(), &upstream, &upstream.head());
    let open = fs::File::open(root.link().join("large")).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let (end, file) = (Arc::clone(&over), root.link().join("large"));
    let reader = thread::spawn(move || {
        let mut looks = 0;
        while !end.load(Ordering::Relaxed) {
            let read = fs::read_to_string(&file).expect("it is always there");
            let line = read.lines().next().expect("it is never empty");
            assert_eq!(read, format!("{line}\n").repeat(40_000));
            looks += 1;
        }
        looks
    });
    for n in 1..8 {
        let commit = upstream.commit("large", text(n));
        eventually_copied(&root.link(), &upstream, &commit);
    }
    over.store(true, Ordering::Relaxed);
    assert!(reader.join().unwrap() > 10);
    assert_eq!(std::io::read_to_string(open).unwrap(), text(0));
    drop(daemon);
}

#[test]
fn killed_at_any_moment_it_says_published_only_of_what_is_complete() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let many = |n: u32| {
        let change = (0..60).fold(upstream.change(), |change, file| {
            change.file(format!("d{}/f{file}", (file + n) % 7), format!("{n} {file}"))
        });
        change.commit()
    };
    let mut commit = many(0);
    once(&upstream, &root).once().expect_code(0);
    for round in 0..20_u64 {
        let daemon = kept(&upstream, &root).flag("--period=10ms").spawn();
        commit = many(u32::try_from(round).unwrap() + 1);
        pause(Duration::from_millis(20 + 6 * ((round * 7) % 17)));
        daemon.kill();
        let told = status(&root)["commit"]["id"].as_str().map(str::to_owned);
        if told.as_ref() == Some(&commit) {
            assert_copied(&root.link(), &upstream, &commit);
        }
    }
    once(&upstream, &root).once().expect_code(0);
    assert_copied(&root.link(), &upstream, &commit);
}

#[test]
fn what_others_change_is_put_right_or_told_or_left() {
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.change().file("a", "1").file("d/b", "2").commit();
    let daemon = kept(&upstream, &root).start();
    eventually_copied(&root.link(), &upstream, &upstream.head());
    let at = |name: &str| root.link().join(name);
    let damages: [&dyn Fn(); 6] = [
        &|| fs::write(at("a"), "longer").unwrap(),
        &|| fs::write(at("d/stranger"), "x").unwrap(),
        &|| fs::remove_file(at("d/b")).unwrap(),
        &|| fs::set_permissions(at("a"), fs::Permissions::from_mode(0o755)).unwrap(),
        &|| {
            fs::remove_dir_all(at("d")).unwrap();
            symlink("/", at("d")).unwrap();
        },
        &|| fs::remove_dir_all(root.link()).unwrap(),
    ];
    for damage in damages {
        damage();
        eventually_copied(&root.link(), &upstream, &upstream.head());
    }
    drop(daemon);
    let daemon = kept(&upstream, &root).flag("--drift=report").start();
    fs::write(at("a"), "longer").unwrap();
    daemon.eventually_logs("the copy was changed");
    crate::contract::after_more_attempts(&daemon, 3);
    assert_eq!(fs::read_to_string(at("a")).unwrap(), "longer");
    assert_eq!(daemon.events("the copy was changed").len(), 1);
    drop(daemon);
    // It is noticed at the start, too.
    once(&upstream, &root).once().expect_code(0);
    assert_copied(&root.link(), &upstream, &upstream.head());
}

#[test]
fn what_hooks_change_in_the_copy_stays_until_the_next_commit() {
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.commit("a", "1");
    let setup = kept(&upstream, &root).flag("--exechook-command=[\"sh\",\"-c\",\"echo x > made\"]");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let daemon = setup.variable("PATH", path).start();
    let made = root.link().join("made");
    eventually("the hook has run", SOON, || made.exists().then_some(()));
    crate::contract::after_more_attempts(&daemon, 5);
    assert!(made.exists());
    assert!(daemon.events("the copy was changed").is_empty());
    drop(daemon);
}

#[test]
fn a_directory_that_is_not_ours_is_refused_and_left_alone() {
    let (upstream, root) = (Upstream::new(), Root::new());
    fs::create_dir_all(root.link()).unwrap();
    fs::write(root.link().join("precious"), "x").unwrap();
    let finished = once(&upstream, &root).once();
    finished.expect_code(1);
    let log = finished.log.join("\n");
    assert!(log.contains("this root does not keep it up to date"), "{log}");
    assert!(log.contains("\"class\":\"config\""), "{log}");
    assert_eq!(fs::read_dir(root.link()).unwrap().count(), 1);
    fs::remove_file(root.link().join("precious")).unwrap();
    once(&upstream, &root).once().expect_code(0);
    assert_copied(&root.link(), &upstream, &upstream.head());
}

#[test]
fn a_rollback_copies_the_commit_before() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let first = upstream.head();
    once(&upstream, &root).once().expect_code(0);
    let second = upstream.change().file("b", "2").commit();
    once(&upstream, &root).once().expect_code(0);
    assert_copied(&root.link(), &upstream, &second);
    let command = |word: &str| {
        let setup = crate::support::daemon::bare().flag(word);
        setup.flag(format!("--root={}", root.path().display())).finish().expect_code(0);
    };
    command("rollback");
    assert_copied(&root.link(), &upstream, &first);
    command("unpin");
    assert_copied(&root.link(), &upstream, &second);
}

#[test]
fn the_form_may_change_between_runs() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let forms = ["symlink", "copy", "exchange", "copy", "symlink", "copy"];
    for (n, form) in forms.into_iter().enumerate() {
        for new in [false, true] {
            if new {
                commit_pair(&upstream, n);
            }
            let setup = trying(&url(&upstream), &root).flag(format!("--publish={form}"));
            setup.once().expect_code(0);
            assert_eq!(differences(&root.link(), &upstream, &upstream.head()), [""; 0], "{form}");
            assert_eq!(root.link().is_symlink(), form == "symlink");
            assert_eq!(root.link().join(".git").exists(), form != "copy");
        }
    }
}

#[test]
fn a_copy_that_was_left_is_refused_in_words_that_are_true_until_it_is_moved_away() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let run = |form: &str, link: &str| {
        let setup = trying(&url(&upstream), &root).flag(format!("--publish={form}"));
        setup.flag(format!("--link={link}")).once()
    };
    run("copy", "latest").expect_code(0);
    for other in ["symlink", "copy"] {
        run(other, other).expect_code(0);
        fs::write(root.link().join("mine"), "1").unwrap();
        for form in ["copy", "exchange", "symlink"] {
            let finished = run(form, "latest");
            finished.expect_code(1);
            let log = finished.log.join("\n");
            assert!(!log.contains("did not make"), "{log}");
            assert!(log.contains("a copy that was left for another link, too"), "{log}");
            assert_eq!(fs::read_to_string(root.link().join("mine")).unwrap(), "1");
        }
        fs::rename(root.link(), root.path().join(format!("away-{other}"))).unwrap();
        run("copy", "latest").expect_code(0);
        assert_copied(&root.link(), &upstream, &upstream.head());
    }
}

#[test]
fn another_file_system_and_a_full_one() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let Ok(dir) = TempDir::new_in("/dev/shm") else {
        return skip::note("publish=copy onto another file system", "there is no /dev/shm");
    };
    fs::create_dir_all(root.path()).unwrap();
    let place = dir.path().join("tree");
    for n in 0..3 {
        let commit = commit_pair(&upstream, n);
        let setup = once(&upstream, &root).flag(format!("--link={}", place.display()));
        setup.once().expect_code(0);
        assert_copied(&place, &upstream, &commit);
    }
}

#[test]
fn a_mount_point_is_filled_and_a_full_one_is_completed_later() {
    if skip::unless_unshared("publish=copy at a mount point", &["--mount"]) {
        return;
    }
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.change().file("a", "1").file("large", vec![b'x'; 900_000]).commit();
    fs::create_dir_all(root.link()).unwrap();
    let script = "mount -t tmpfs -o size=512k tmpfs \"$1\"; shift; link=\"$1\"; shift
        \"$@\" && exit 3
        test \"$(stat -c %s \"$link/large\" 2>/dev/null)\" = 900000 && exit 4
        grep -q '\"commit\": *{' \"$link/../.git-sync\" && exit 5
        mount -o remount,size=4m \"$link\" || exit 6
        \"$@\" || exit 7
        test \"$(stat -c %s \"$link/large\")\" = 900000 && test \"$(cat \"$link/a\")\" = 1";
    let setup = with_mounts(script)
        .flag(root.link())
        .flag(root.link())
        .flag(env!("CARGO_BIN_EXE_gitsyncd"))
        .flag(format!("--repo={}", url(&upstream)))
        .flag(format!("--root={}", root.path().display()))
        .flag("--link=latest")
        .flag("--publish=copy")
        .flag("--one-time")
        .flag("--max-failures=1");
    let finished = setup.finish();
    finished.expect_code(0);
    assert!(finished.log.join("\n").contains("\"class\":\"disk\""), "{finished:?}");
}
