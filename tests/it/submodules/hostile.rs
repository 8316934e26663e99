//! Commits that say of their submodules what nobody should follow.

use std::fs;
use std::path::Path;

use crate::contract::{polling, trying};
use crate::submodules::family::{Sub, assert_published, bare_link, link, links};
use crate::support::daemon::Root;
use crate::support::git::{git, run};
use crate::support::http;
use crate::support::skip;
use crate::support::told::only_failure;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Commits a submodule at `path`, and this of it.
fn declare(upstream: &Upstream, path: &str, commit: &str, modules: &str) -> String {
    links(upstream, &[]);
    bare_link(&upstream.work(), path, commit);
    fs::write(upstream.work().join(".gitmodules"), modules).unwrap();
    upstream.change().commit()
}

#[test]
fn what_could_do_harm_is_refused_and_nothing_is_published() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let sub = Sub::beside(&upstream, "sub");
    let server = http::serve(&upstream);
    let witness = root.path().parent().unwrap().join("witness");
    let touch = format!("touch {}", witness.display());
    let url = |url: &str| format!("[submodule \"s\"]\n\tpath = sub\n\turl = {url}\n");
    let name = |name: &str| format!("[submodule \"{name}\"]\n\tpath = sub\n\turl = ../sub.git\n");
    let update = format!("{}\tupdate = !{touch}\n", url("../sub.git"));
    for (modules, words) in [
        (String::new(), "there is no entry"),
        (url("../sub.git").replace("path = sub", "path = other"), "there is no entry"),
        ("[submodule \"s\"]\n\tpath = sub\n".to_owned(), "does not say where"),
        (url(&format!("\"--upload-pack={touch}\"")), "like an option"),
        (url("-u./payload"), "like an option"),
        (url(&format!("\"ext::sh -c '{touch}'\"")), "names a program"),
        (url("fd::17/x"), "names a program"),
        (url("ftp://127.0.0.1/sub.git"), "scheme"),
        (url("ssh://-oProxyCommand=x/sub.git"), "cannot be used"),
        (url("\"-oProxyCommand=x:sub.git\""), "like an option"),
        (url("\"http://127.0.0.1/a\\nb\""), "control characters"),
        (url("http://127.0.0.1/a%0ahost=b"), "control characters"),
        (url("sub.git"), "neither a URL nor an absolute path"),
        (url("../../../../../../../sub.git"), ""),
        (url("/etc"), "path on this machine"),
        (url("file:///etc"), "path on this machine"),
        (name("../../hooks"), "not safe"),
        (name("a/../../b"), "not safe"),
        (name("/abs"), "not safe"),
        (name(""), "not safe"),
        (update, "wants a program"),
        ("[submodule \"s\"\n".to_owned(), "cannot be read"),
        (format!("[include]\n\tpath = {}\n", sub.work().join("file").display()), "no entry"),
    ] {
        declare(&upstream, "sub", &sub.head(), &modules);
        let failure = only_failure(&trying(&server.url(), &root).once());
        failure.expect(&failure.class, words);
        assert!(["protocol", "network", "not_found"].contains(&&*failure.class), "{failure:?}");
        assert!(words.is_empty() || failure.class == "protocol", "{failure:?}");
        assert_eq!(root.published(), None, "{modules}");
        assert!(!witness.exists(), "{modules}");
    }
}

#[test]
fn a_path_that_ends_in_a_carriage_return_is_refused() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let sub = Sub::beside(&upstream, "sub");
    let modules = "[submodule \"s\"]\n\tpath = \"sub\\r\"\n\turl = ../sub.git\n";
    for text in [modules.to_owned(), modules.replace("\\r", "\r")] {
        declare(&upstream, "sub\r", &sub.head(), &text);
        let failure = only_failure(&trying(upstream.repo().to_str().unwrap(), &root).once());
        assert_eq!(failure.class, "protocol", "{failure:?}");
        assert_eq!(root.published(), None);
    }
}

/// Commits a tree object, in which only entries of this kind are checked that are not ours.
fn commit_tree(upstream: &Upstream, entries: &str) -> String {
    let dir = upstream.work();
    let list = upstream.dir().join("entries");
    fs::write(&list, entries).unwrap();
    let mut make = git(&dir);
    make.args(["mktree", "--missing"]).stdin(fs::File::open(list).unwrap());
    let tree = run(&mut make);
    let commit = run(git(&dir).args(["commit-tree", "-m", "odd", &tree]));
    run(git(&dir).args([
        "push",
        "--quiet",
        "--force",
        "origin",
        &format!("{commit}:refs/heads/main"),
    ]));
    commit
}

fn blob(upstream: &Upstream, content: &str) -> String {
    let file = upstream.dir().join("blob");
    fs::write(&file, content).unwrap();
    run(git(&upstream.work()).args(["hash-object", "-w"]).arg(file))
}

fn tree_of(dir: &Path, line: &str) -> String {
    let list = dir.join("../inner");
    fs::write(&list, line).unwrap();
    let mut make = git(dir);
    run(make.args(["mktree", "--missing"]).stdin(fs::File::open(list).unwrap()))
}

#[test]
fn no_path_leads_out_of_the_tree_or_into_what_git_keeps() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let (sub, outside) = (Sub::beside(&upstream, "sub"), tempfile::tempdir().unwrap());
    let id = sub.head();
    let modules = |path: &str| {
        let text = format!("[submodule \"s\"]\n\tpath = {path}\n\turl = ../sub.git\n");
        format!("100644 blob {}\t.gitmodules\n", blob(&upstream, &text))
    };
    let symlink = blob(&upstream, outside.path().to_str().unwrap());
    let inner = tree_of(&upstream.work(), &format!("160000 commit {id}\tx\n"));
    let through = |link: &str, dir: &str| {
        format!("{}120000 blob {symlink}\t{link}\n040000 tree {inner}\t{dir}\n", modules("a/x"))
    };
    let mut all = vec![through("a", "a"), through("A", "a")];
    all.push(format!("{}120000 blob {symlink}\tA\n160000 commit {id}\ta\n", modules("a")));
    for name in [".git", ".GIT", "git~1", ".git ", "..", ".g\u{200c}it"] {
        all.push(format!("{}160000 commit {id}\t{name}\n", modules(name)));
    }
    let dotted = tree_of(&upstream.work(), &format!("160000 commit {id}\thooks\n"));
    all.push(format!("{}040000 tree {dotted}\t.git\n", modules(".git/hooks")));
    for entries in all {
        commit_tree(&upstream, &entries);
        let failure = only_failure(&trying(upstream.repo().to_str().unwrap(), &root).once());
        assert_eq!(failure.class, "protocol", "{entries}: {failure:?}");
        assert_eq!(root.published(), None, "{entries}");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}

#[test]
fn submodules_without_end_come_to_an_end() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mut last = Sub::beside(&upstream, "n0");
    for n in 1..12 {
        let next = Sub::beside(&upstream, &format!("n{n}"));
        next.has(&[link("in", &format!("../n{}.git", n - 1), &last.head())]);
        last = next;
    }
    let url = upstream.repo();
    links(&upstream, &[link("in", "../n11.git", &last.head())]);
    let failure = only_failure(&trying(url.to_str().unwrap(), &root).once());
    failure.expect("protocol", "deeper than 10");
    assert_eq!(root.published(), None);
    let ninth = Sub::known(&upstream, "n9").head();
    let commit = links(&upstream, &[link("in", "../n9.git", &ninth)]);
    trying(url.to_str().unwrap(), &root).once().expect_code(0);
    assert_published(&root, &url, &commit);
}

#[test]
fn long_there_may_be_many_submodules_and_not_any_number() {
    if skip::unless_long("long_there_may_be_many_submodules_and_not_any_number") {
        return;
    }
    let (upstream, root) = (Upstream::new(), Root::new());
    let sub = Sub::beside(&upstream, "sub");
    let all: Vec<_> =
        (0..1001).map(|n| link(&format!("m/{n}"), "../sub.git", &sub.head())).collect();
    links(&upstream, &all);
    let url = upstream.repo();
    let failure = only_failure(&trying(url.to_str().unwrap(), &root).once());
    failure.expect("protocol", "more than 1000");
    let commit = links(&upstream, &all[..1000]);
    trying(url.to_str().unwrap(), &root).once().expect_code(0);
    assert_eq!(root.published(), Some(commit));
}

#[test]
fn what_is_published_stays_when_a_commit_is_refused() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let sub = Sub::beside(&upstream, "sub");
    let good = links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    let url = upstream.repo();
    let daemon = polling(url.to_str().unwrap(), &root).start();
    root.eventually_publishes(&good);
    let modules = "[submodule \"sub\"]\n\tpath = sub\n\turl = -u\n";
    upstream.change().file(".gitmodules", modules).commit();
    eventually("an attempt fails", SOON, || daemon.events("attempt failed").first().map(drop));
    assert_eq!(root.published().as_ref(), Some(&good));
    let mended = links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    root.eventually_publishes(&mended);
    assert_published(&root, &url, &mended);
}
