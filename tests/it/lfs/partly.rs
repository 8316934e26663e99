//! Git LFS where only a part of the repository comes: what is needed of a commit to know what to bring.

use std::fs;

use crate::lfs::{kept_in, polling, settled, trying};
use crate::partial::has;
use crate::support::daemon::{Root, Setup};
use crate::support::git::run;
use crate::support::http;
use crate::support::lfs::{self, Server, git_with_lfs, kept, oid};
use crate::support::upstream::Upstream;

/// A repository whose server filters, and which says where its files are.
fn filtering() -> (Upstream, Server, String) {
    let upstream = lfs::upstream();
    upstream.configure("uploadpack.allowFilter", "true");
    let server = Server::start(&kept(&upstream));
    let commit = upstream
        .change()
        .file(".lfsconfig", format!("[lfs]\n\turl = {}\n", server.url()))
        .file("in/a.bin", "in\n")
        .file("in/text", "plain\n")
        .file("out/b.bin", "out\n")
        .file("out/text", "not wanted\n")
        .commit();
    (upstream, server, commit)
}

fn partly(setup: Setup, filter: &str) -> Setup {
    setup.flag(format!("--filter={filter}")).flag("--sparse-path=in")
}

#[test]
fn only_files_that_are_written_are_brought_and_where_from_is_known() {
    for filter in ["blob:none", "tree:0"] {
        let (upstream, server, commit) = filtering();
        let (root, git) = (Root::new(), http::serve(&upstream));
        partly(trying(&git.url(), &root), filter).once().expect_code(0);
        assert_eq!(root.published(), Some(commit));
        assert_eq!(fs::read(root.link().join("in/a.bin")).unwrap(), b"in\n");
        assert_eq!(kept_in(&root), [oid(b"in\n")]);
        assert_eq!(server.downloads().len(), 1);
        assert!(has(&root, &upstream, "HEAD:.lfsconfig"));
        assert!(!has(&root, &upstream, "HEAD:out/b.bin"), "not even its pointer");
        let status = ["--no-optional-locks", "status", "--porcelain"];
        let mut git = git_with_lfs(&root.link());
        assert_eq!(run(git.env("GIT_NO_LAZY_FETCH", "1").args(status)), "");
    }
}

#[test]
fn switching_it_on_in_a_partial_clone_finds_where_files_are() {
    for rules in ["--sparse-path=in", ""] {
        let (upstream, server, commit) = filtering();
        let (root, git) = (Root::new(), http::serve(&upstream));
        let off = || {
            let setup = crate::contract::trying(&git.url(), &root).flag("--filter=blob:none");
            if rules.is_empty() { setup } else { setup.flag(rules) }
        };
        off().once().expect_code(0);
        assert!(server.asked().is_empty());
        off().flag("--lfs=on").once().expect_code(0);
        assert_eq!(root.published(), Some(commit));
        assert_eq!(fs::read(root.link().join("in/a.bin")).unwrap(), b"in\n");
    }
}

#[test]
fn changes_to_a_part_bring_what_they_need() {
    let (upstream, server, commit) = filtering();
    let (root, git) = (Root::new(), http::serve(&upstream));
    let daemon = partly(polling(&git.url(), &root), "blob:none").start();
    settled(&daemon, &root, &commit);
    let count = server.asked().len();
    let id = upstream.commit("out/b.bin", "out, changed\n");
    settled(&daemon, &root, &id);
    assert_eq!(server.asked().len(), count);
    let other = Server::start(&kept(&upstream));
    let config = format!("[lfs]\n\turl = {}\n", other.url());
    let change = upstream.change().file(".lfsconfig", config);
    let id = change.file("in/a.bin", "in, changed\n").commit();
    settled(&daemon, &root, &id);
    assert_eq!(fs::read(root.link().join("in/a.bin")).unwrap(), b"in, changed\n");
    assert_eq!((server.asked().len(), other.asked().len()), (count, 2));
}
