//! Trees that are easy to get wrong are written as stock Git writes them.

use std::fs;

use crate::contract::{assert_published, polling, publishes, trying};
use crate::support::daemon::Root;
use crate::support::git::{git, run};
use crate::support::http;
use crate::support::oracle;
use crate::support::snapshot::{Entry, Snapshot};
use crate::support::told::only_failure;
use crate::support::upstream::Upstream;

/// Publishes the newest commit from the bare repository on this machine.
#[track_caller]
fn sync(root: &Root, upstream: &Upstream, commit: &str) {
    publishes(trying(upstream.repo().to_str().unwrap(), root), root, upstream, commit);
}

#[test]
fn an_empty_tree_and_an_empty_commit() {
    let (upstream, root) = (Upstream::empty(), Root::new());
    let server = http::serve(&upstream);
    let empty = upstream.change().commit();
    publishes(trying(&server.url(), &root), &root, &upstream, &empty);
    assert_eq!(Snapshot::whole(&root.link()).len(), 0);
    let full = upstream.commit("a", "1");
    publishes(trying(&server.url(), &root), &root, &upstream, &full);
    let same_tree = upstream.change().commit();
    publishes(trying(&server.url(), &root), &root, &upstream, &same_tree);
    let empty_again = upstream.change().delete("a").commit();
    publishes(trying(&server.url(), &root), &root, &upstream, &empty_again);
    assert_eq!(Snapshot::whole(&root.link()).len(), 0);
}

#[test]
fn attributes_change_what_is_written() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let commit = upstream.change().attributes().commit();
    sync(&root, &upstream, &commit);
    let seen = Snapshot::whole(&root.link());
    let content = |name: &str| match seen.get(name) {
        Some(Entry::File(_, content)) => content.clone(),
        other => panic!("{name} is {other:?}"),
    };
    assert_eq!(content("dos.crlf"), b"one\r\ntwo\r\n");
    assert_eq!(content("sub/other.crlf"), b"one\ntwo\n");
    assert_eq!(content("two.utf16")[..4], *b"\xff\xfes\0");
    assert!(content("mark.ident").starts_with(b"before $Id: "));
}

#[test]
fn new_attributes_change_files_that_did_not_change() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let plain = upstream.change().file("a.txt", "one\ntwo\n").file("b.txt", "$Id$\n").commit();
    sync(&root, &upstream, &plain);
    let attributes = "a.txt text eol=crlf\nb.txt ident\n";
    let commit = upstream.change().file(".gitattributes", attributes).commit();
    sync(&root, &upstream, &commit);
    assert_eq!(fs::read(root.link().join("a.txt")).unwrap(), b"one\r\ntwo\r\n");
}

#[test]
fn files_that_were_committed_against_their_attributes() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mixed = "one\r\ntwo\nthree\r\n";
    let names = ["a.crlf", "a.lf", "a.auto", "a.text", "a.bin"];
    names.iter().fold(upstream.change(), |change, name| change.file(name, mixed)).commit();
    // Git leaves what is committed already as it is until somebody touches it.
    let attributes = "*.crlf text eol=crlf\n*.lf text eol=lf\n*.auto text=auto eol=crlf\n\
                      *.text text\n*.bin binary\n";
    let commit = upstream.change().file(".gitattributes", attributes).commit();
    trying(upstream.repo().to_str().unwrap(), &root).once().expect_code(0);
    // Stock Git itself does not call such a tree clean, so only the content is compared.
    let right = oracle::checkout(&upstream.repo(), &commit);
    let differences = Snapshot::whole(&root.link()).differences(&right);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn kinds_of_files_may_change_into_each_other() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let url = upstream.repo().to_str().unwrap().to_owned();
    let _daemon = polling(&url, &root).start();
    let steps: [fn(&Upstream) -> String; 6] = [
        |upstream| upstream.change().file("x", "a file").file("d/e/f", "deep").commit(),
        |upstream| upstream.change().executable("x", "a file").commit(),
        |upstream| upstream.change().symlink("x", "d/e").symlink("d", "nowhere").commit(),
        |upstream| upstream.change().file("x/y/z", "a directory").delete("d").commit(),
        |upstream| upstream.change().symlink("x", "x/y").file("d", "").commit(),
        |upstream| upstream.change().file("x", "a file again").executable("d/e", "").commit(),
    ];
    for step in steps {
        let commit = step(&upstream);
        root.eventually_publishes(&commit);
        assert_published(&root, &upstream, &commit);
    }
}

#[test]
fn submodules_are_empty_directories_if_that_is_wanted() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let entry = format!("160000,{},modules/sub", upstream.head());
    fs::create_dir_all(upstream.work().join("modules/sub")).unwrap();
    run(upstream.git().args(["update-index", "--add", "--cacheinfo", &entry]));
    let modules = "[submodule \"sub\"]\n\tpath = modules/sub\n\turl = ../sub.git\n";
    let commit = upstream.change().file(".gitmodules", modules).file("modules/a", "").commit();
    let listed = run(upstream.git().args(["ls-tree", "-r", &commit, "modules/sub"]));
    assert!(listed.starts_with("160000 commit"), "{listed}");
    let local = upstream.repo();
    let off = |url: &str, root: &Root| trying(url, root).flag("--submodules=off");
    publishes(off(local.to_str().unwrap(), &root), &root, &upstream, &commit);
    let seen = Snapshot::whole(&root.link());
    assert!(matches!(seen.get("modules/sub"), Some(Entry::Directory(_))), "{seen:?}");
    let server = http::serve(&upstream);
    let other = Root::new();
    publishes(off(&server.url(), &other), &other, &upstream, &commit);
    // Its commit is found unchanged, so the tree with the directory counts as whole.
    let daemon = polling(&server.url(), &other).flag("--submodules=off").start();
    daemon.eventually_ready();
    assert!(daemon.events("the published tree was changed").is_empty());
    // Where they are wanted, a tree without them is none.
    let third = Root::new();
    let finished = trying(&server.url(), &third).once();
    only_failure(&finished).expect("not_found", "modules/sub");
    assert_eq!(third.published(), None);
}

#[test]
fn a_large_file_and_many_small_ones() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let noise: Vec<u8> =
        (0_u32..200_000).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let commit = upstream.change().file("noise", noise).files(500, "small").commit();
    let server = http::serve(&upstream);
    publishes(trying(&server.url(), &root), &root, &upstream, &commit);
}

#[test]
fn a_published_tree_is_found_clean_without_reading_it() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let commit = upstream.change().attributes().files(50, "f").commit();
    sync(&root, &upstream, &commit);
    // Unlike `git status`, this reports every file whose stat data is not that of the index.
    let touched = run(git(&root.link()).args(["diff-files", "--name-only"]));
    assert_eq!(touched, "");
}

#[test]
fn identifiers_are_expanded_as_git_does() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let change = upstream.change().file(".gitattributes", "*.ident ident\n");
    let commit = change.file("a.ident", "before $Id$ after\n").commit();
    sync(&root, &upstream, &commit);
}

#[test]
fn encodings_of_the_work_tree_are_written() {
    let text = "sixt\u{e9}en\n";
    let le = |mark: &str| {
        format!("{mark}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    let be = |mark: &str| {
        format!("{mark}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()
    };
    let mut wrong = Vec::new();
    for (label, bytes) in [
        ("UTF-16LE-BOM", le("\u{feff}")),
        ("UTF-16", be("\u{feff}")),
        ("UTF-16BE", be("")),
        ("UTF-16LE", le("")),
        ("ISO-8859-1", b"sixt\xe9en\n".to_vec()),
    ] {
        let (upstream, root) = (Upstream::empty(), Root::new());
        let attributes = format!("*.txt text working-tree-encoding={label} eol=lf\n");
        let change = upstream.change().file(".gitattributes", attributes);
        let commit = change.file("a.txt", bytes).commit();
        trying(upstream.repo().to_str().unwrap(), &root).once().expect_code(0);
        let right = oracle::checkout(&upstream.repo(), &commit);
        let found = Snapshot::whole(&root.link()).differences(&right);
        wrong.extend(found.into_iter().map(|text| format!("{label}: {text}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
