//! What is too large to take: objects and packs, true and only claimed, by every way in.

use gix::ObjectId;
use gix::object::Kind;
use std::fs;

use crate::faults::course::{eventually_fails, fails, patient, single, succeeds};
use crate::lfs::memory::{fill, peak};
use crate::support::daemon::{Daemon, Root, Setup, following};
use crate::support::git::{git, run};
use crate::support::packs::{Pack, Sender, copy, delta, insert, name};
use crate::support::told::Failure;
use crate::support::upstream::Upstream;
use crate::support::{git_daemon, http, sshd};

/// The most that a program may have had that refused something, in kilobytes; about twice what was seen.
const LITTLE: u64 = 64 << 10;

/// A daemon that makes one attempt, and how that failed.
fn tries(setup: Setup) -> (Daemon, Failure) {
    let daemon = setup.flag("--init-period=1h").flag("--max-failures=-1").start();
    let failure = eventually_fails(&daemon, 0, &["protocol", "disk", "network", "internal"]);
    (daemon, failure)
}

/// Fails if anything of a pack that did not count is there.
#[track_caller]
fn assert_clean(root: &Root) {
    let packs = root.path().join(".git/objects/pack");
    let names =
        |dir| fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> =
        names(packs).filter(|name| !name.to_string_lossy().starts_with("pack-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A repository with a file that is 300 MiB in it, and a small fraction of that on the way.
fn bomb() -> Upstream {
    let (upstream, mut pack, zeros) = (Upstream::new(), Pack::new(), vec![0; 300 << 20]);
    pack.object(Kind::Blob, &zeros);
    let commit = pack.commit("zeros", name(&zeros));
    plant(&upstream, &pack.finish(), commit);
    upstream
}

/// Puts a pack into a repository, and a branch at a commit of it.
fn plant(upstream: &Upstream, pack: &[u8], commit: ObjectId) {
    let place = upstream.repo().join("objects/pack/pack-1234.pack");
    fs::write(&place, pack).unwrap();
    run(git(&upstream.repo()).args(["index-pack"]).arg(&place));
    run(git(&upstream.repo()).args(["update-ref", "refs/heads/main", &commit.to_string()]));
}

#[test]
fn an_object_that_is_too_large_is_refused_before_it_takes_memory() {
    let upstream = bomb();
    let (web, daemon) = (http::serve(&upstream), git_daemon::serve(&upstream));
    let local = upstream.repo().display().to_string();
    for url in [web.url(), daemon.url(), local.clone(), format!("file://{local}")] {
        let root = Root::new();
        let (daemon, failure) = tries(following(&url, &root).flag("--max-object-size=64MiB"));
        failure.expect("protocol", "a blob of 314572800 bytes in it, more than 64MiB");
        assert!(failure.error.contains("--max-object-size"), "{failure:?}");
        assert!(failure.error.contains(url.trim_start_matches("file://")), "{failure:?}");
        assert!(failure.hint.contains("Git LFS"), "{failure:?}");
        let peak = peak(&daemon);
        println!("{url}: {peak} kB");
        assert!(peak < LITTLE, "{url}: {peak} kB");
        assert_eq!(root.published(), None);
        assert_clean(&root);
    }
}

#[test]
fn what_is_published_stays_until_a_commit_comes_that_may() {
    let upstream = Upstream::new();
    let server = git_daemon::serve(&upstream);
    let root = Root::new();
    let daemon = patient(&server.url(), &root).flag("--max-object-size=1MiB").start();
    let first = upstream.head();
    root.eventually_publishes(&first);
    upstream.commit("large", vec![0; (1 << 20) + 1]);
    let failure = eventually_fails(&daemon, 0, &["protocol"]);
    failure.expect("protocol", "a blob of 1048577 bytes");
    assert_eq!(root.published(), Some(first));
    let good = upstream.commit("large", vec![0; 1 << 20]);
    root.eventually_publishes(&good);
    assert_eq!(fs::metadata(root.link().join("large")).unwrap().len(), 1 << 20);
}

#[test]
fn a_pack_ends_where_it_is_too_large() {
    let upstream = Upstream::new();
    fill(&upstream.work().join("noise"), 3, 7);
    let commit = upstream.change().commit();
    let (web, git, shell) = (http::serve(&upstream), git_daemon::serve(&upstream), sshd::start());
    let key = shell.login();
    let over_ssh = |root: &Root, url: &str| {
        single(url, root)
            .flag(format!("--ssh-key-file={}", key.path.display()))
            .flag(format!("--ssh-known-hosts-file={}", shell.known().display()))
    };
    let local = upstream.repo().display().to_string();
    for url in [web.url(), git.url(), shell.url(&upstream.repo()), local] {
        let root = Root::new();
        let failure = fails(over_ssh(&root, &url).flag("--max-pack-size=2MiB"));
        failure.expect("protocol", "larger than 2MiB, the limit of --max-pack-size");
        assert_eq!(root.published(), None);
        assert_clean(&root);
        succeeds(over_ssh(&root, &url).flag("--max-pack-size=4MiB"));
        assert_eq!(root.published().as_deref(), Some(commit.as_str()));
    }
}

#[test]
fn submodules_and_partial_clones_have_the_same_limits() {
    let (upstream, inner) = (Upstream::new(), Upstream::new());
    inner.commit("large", vec![0; 2 << 20]);
    let server = git_daemon::serve(&inner);
    let mut add = upstream.git();
    run(add.args(["submodule", "--quiet", "add", &server.url(), "part"]));
    upstream.change().commit();
    let root = Root::new();
    let url = git_daemon::serve(&upstream);
    let failure = fails(single(&url.url(), &root).flag("--max-object-size=1MiB"));
    failure.expect("protocol", "a blob of 2097152 bytes");
    assert!(failure.error.contains(&server.url()), "{failure:?}");
    inner.configure("uploadpack.allowFilter", "true");
    inner.configure("uploadpack.allowAnySHA1InWant", "true");
    let root = Root::new();
    let partial = single(&server.url(), &root).flag("--filter=blob:none");
    fails(partial.flag("--max-object-size=1MiB")).expect("protocol", "a blob of 2097152 bytes");
    assert_clean(&root);
}

/// What comes of a pack of ours, and how much memory that took.
#[track_caller]
fn sent(pack: &[u8], class: &str, words: &str) -> u64 {
    let (upstream, root) = (Upstream::new(), Root::new());
    let sender = Sender::start(&upstream, pack);
    let (daemon, failure) =
        tries(following(&sender.server.url(), &root).flag("--max-object-size=8MiB"));
    failure.expect(class, words);
    assert_eq!(root.published(), None);
    assert_clean(&root);
    let peak = peak(&daemon);
    println!("{} bytes: {peak} kB", pack.len());
    drop(daemon);
    sender.repent();
    succeeds(single(&sender.server.url(), &root));
    assert_eq!(root.published(), Some(upstream.head()));
    peak
}

#[test]
fn no_memory_is_taken_for_what_a_pack_only_claims() {
    let mut pack = Pack::new();
    let base = pack.object(Kind::Blob, b"base");
    pack.delta(base, &delta(4, 1 << 60, &insert(b"more")));
    let words = "a delta with a result of 1152921504606846976 bytes in it, more than 8MiB";
    assert!(sent(&pack.finish(), "protocol", words) < LITTLE);

    let mut pack = Pack::new();
    pack.entry((3, 1 << 60), &[], b"little");
    assert!(sent(&pack.finish(), "protocol", "a blob of 1152921504606846976 bytes") < LITTLE);

    let mut pack = Pack::new();
    pack.entry((3, 1000), &[], &vec![0; 1 << 20]);
    assert!(sent(&pack.finish(), "protocol", "1048576 bytes but 1000 bytes") < LITTLE);

    let mut pack = Pack::new();
    pack.object(Kind::Blob, b"one");
    assert!(sent(&pack.claiming(u32::MAX), "protocol", "4294967295 objects; 67108864") < LITTLE);

    // Nothing is reserved for those that may come.
    let mut pack = Pack::new();
    pack.object(Kind::Blob, b"one");
    assert!(sent(&pack.claiming(1 << 26), "protocol", "corrupt deflate stream") < LITTLE);
}

/// A chain of so many deltas, each of which names its base by its place or by its name.
fn chain(pack: &mut Pack, deltas: u32, by_name: bool) -> [u8; 4] {
    let mut content = [0xff; 4];
    let mut base = pack.object(Kind::Blob, &content);
    for number in 0..deltas {
        let next = number.to_be_bytes();
        let change = delta(4, 4, &insert(&next));
        base = if by_name {
            pack.delta_by_name(name(&content), &change)
        } else {
            pack.delta(base, &change)
        };
        content = next;
    }
    content
}

#[test]
fn deep_chains_of_deltas_are_refused() {
    for (deltas, by_name) in [(100_000, false), (20_000, true)] {
        let mut pack = Pack::new();
        chain(&mut pack, deltas, by_name);
        assert!(sent(&pack.finish(), "protocol", "more than 8192 deep") < LITTLE);
    }
}

#[test]
fn chains_as_deep_as_the_limit_are_taken() {
    for by_name in [false, true] {
        let (upstream, root) = (Upstream::new(), Root::new());
        let mut pack = Pack::new();
        let last = chain(&mut pack, 8192, by_name);
        let commit = pack.commit("deep", name(&last));
        let pack = pack.finish();
        plant(&upstream, &pack, commit);
        let sender = Sender::start(&upstream, &pack);
        succeeds(single(&sender.server.url(), &root));
        assert_eq!(root.published(), Some(commit.to_string()));
        assert_eq!(fs::read(root.link().join("deep")).unwrap(), last);
    }
}

#[test]
fn objects_that_would_be_in_memory_together_are_too_much() {
    const LARGE: usize = 8 << 20;
    let mut pack = Pack::new();
    let mut base = pack.object(Kind::Blob, &vec![0; LARGE]);
    // Each is the base of four: while one is made, the others wait, and what they are made from.
    for number in 0..100_u32 {
        for side in 1..=4_u8 {
            let start = [&number.to_be_bytes()[..], &[side]].concat();
            let change = [insert(&start), copy(LARGE - start.len())].concat();
            let next = pack.delta(base, &delta(LARGE, LARGE, &change));
            if side == 4 {
                base = next;
            }
        }
    }
    let peak = sent(&pack.finish(), "protocol", "more than 288MiB of memory");
    assert!(peak < 400 << 10, "{peak} kB");
}
