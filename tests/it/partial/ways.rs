//! Each way to a source, and each version of the protocol.

use crate::contract::trying;
use crate::partial::{assert_partial, filtering, has, inside, partly};
use crate::support::daemon::{Root, Setup, events};
use crate::support::upstream::Upstream;
use crate::support::{git_daemon, http, sshd};

/// Follows two commits by every filter, with rules and without.
fn follows(upstream: &Upstream, url: &str, with: impl Fn(Setup) -> Setup) {
    let begin = upstream.head();
    for filter in ["blob:none", "tree:0", "blob:limit=4"] {
        for rules in [None, Some(inside())] {
            let root = Root::new();
            let mut commit = begin.clone();
            for n in 0..3 {
                let run = with(partly(url, &root, filter, rules.as_ref())).once();
                run.expect_code(0);
                assert!(events(&run.log, "the repository is damaged").is_empty(), "{:?}", run.log);
                assert_partial(&root, upstream, &commit, filter, rules.as_ref());
                if rules.is_some() {
                    assert!(!has(&root, upstream, "HEAD:in/two/2"), "{filter}");
                }
                let change = upstream.change().file("in/one/deep/new", format!("{n}\n"));
                commit = change.file("out/deep/new", format!("{n}\n")).commit();
            }
            upstream.reset(&begin);
        }
    }
}

#[test]
fn over_http() {
    let (upstream, _) = filtering();
    let server = http::serve(&upstream);
    follows(&upstream, &server.url(), |setup| setup);
}

#[test]
fn over_the_protocol_of_git() {
    let (upstream, _) = filtering();
    let server = git_daemon::serve(&upstream);
    follows(&upstream, &server.url(), |setup| setup);
}

#[test]
fn over_ssh() {
    let (upstream, server) = (filtering().0, sshd::start());
    let (key, known) = (server.login(), server.known());
    follows(&upstream, &server.url(&upstream.repo()), |setup| {
        setup
            .flag(format!("--ssh-key-file={}", key.path.display()))
            .flag(format!("--ssh-known-hosts-file={}", known.display()))
    });
}

#[test]
fn from_this_machine() {
    let (upstream, _) = filtering();
    let path = upstream.repo().display().to_string();
    follows(&upstream, &path, |setup| setup);
    follows(&upstream, &format!("file://{path}"), |setup| setup.flag("--depth=0"));
}

#[test]
fn an_old_protocol_over_http_filters_where_objects_are_given_by_their_ids() {
    let (upstream, _) = filtering();
    upstream.configure("uploadpack.allowAnySHA1InWant", "true");
    let server = http::over(&upstream).old_protocol().start();
    follows(&upstream, &server.url(), |setup| setup);
}

#[test]
fn where_nothing_can_be_left_out_all_is_fetched_and_that_is_said() {
    let (upstream, commit) = filtering();
    let old = http::over(&upstream).old_protocol().start();
    let (plain, _) = filtering();
    plain.configure("uploadpack.allowFilter", "false");
    let new = http::serve(&plain);
    for (upstream, url) in [(&upstream, old.url()), (&plain, new.url())] {
        for filter in ["blob:none", "tree:0"] {
            let root = Root::new();
            let run = partly(&url, &root, filter, Some(&inside())).once();
            run.expect_code(0);
            let said = "the server does not filter objects; fetching all of each commit";
            assert_eq!(events(&run.log, said).len(), 1, "{:?}", run.log);
            assert_partial(&root, upstream, &commit, filter, Some(&inside()));
            assert!(has(&root, upstream, "HEAD:out/deep/er/0"));
        }
    }
    let root = Root::new();
    let run = trying(&new.url(), &root).once();
    assert!(!format!("{:?}", run.log).contains("filter objects"), "nobody asked for that");
}
