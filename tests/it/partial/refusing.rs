//! Servers that do not do what they say, or break off.

use std::net::SocketAddr;
use std::time::Instant;

use crate::contract::polling;
use crate::partial::{assert_partial, filtering, has, inside, object, partly};
use crate::sparse::File;
use crate::support::daemon::{Root, events};
use crate::support::http::{self, Answer};
use crate::support::service::{Asked, Reply, Service, answer, answer_with};
use crate::support::told::{failures, only_failure};

/// What is said of a server that gives nothing but whole commits.
const BY_IDS: &str = "the server does not give objects by their ids; fetching all of each commit";

/// A line of the protocol.
fn line(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// A server in front of another that gives its own answer to some questions.
fn before(
    behind: SocketAddr,
    mut own: impl FnMut(&Asked) -> Option<Reply> + Send + 'static,
) -> Service {
    Service::start(move |asked| own(asked).unwrap_or_else(|| asked.forward(behind)))
}

/// Whether objects are asked for that are no commits: nothing is said of depth then.
fn is_exact(asked: &Asked) -> bool {
    asked.body.contains("command=fetch") && !asked.body.contains("deepen")
}

/// A server in front of another that gives no objects by their ids.
pub(super) fn giving_whole_commits(behind: SocketAddr) -> Service {
    before(behind, |asked| is_exact(asked).then(|| refusal("ERR upload-pack: not our ref 1234\n")))
}

fn refusal(text: &str) -> Reply {
    let head = ["Content-Type: application/x-git-upload-pack-result"];
    answer_with("200 OK", &head, &line(text))
}

#[test]
fn a_server_that_does_not_give_objects_by_their_ids_is_asked_for_the_whole_commit() {
    let (upstream, _) = filtering();
    let behind = http::serve(&upstream);
    let server = giving_whole_commits(behind.addr());
    for filter in ["blob:none", "tree:0"] {
        let root = Root::new();
        for n in 0..2 {
            let commit = upstream.commit("in/one/0", format!("{filter} {n}\n"));
            let run = partly(&server.url("/repo.git"), &root, filter, Some(&inside())).once();
            run.expect_code(0);
            assert_eq!(events(&run.log, BY_IDS).len(), 1, "{:?}", run.log);
            assert_partial(&root, &upstream, &commit, filter, Some(&inside()));
        }
    }
}

#[test]
fn a_filter_that_is_ignored_does_no_harm() {
    let (upstream, _) = filtering();
    let behind = http::serve(&upstream);
    let address = behind.addr();
    let server = before(behind.addr(), move |asked| {
        let mut asked = asked.clone();
        for filter in ["blob:none", "tree:0", "tree:1", "tree:2"] {
            let said = line(&format!("filter {filter}\n"));
            asked.body = asked.body.replace(&said, &line("no-progress\n"));
        }
        Some(asked.forward_anew(address))
    });
    for filter in ["blob:none", "tree:0"] {
        let root = Root::new();
        let commit = upstream.commit("in/one/0", format!("{filter}\n"));
        partly(&server.url("/repo.git"), &root, filter, Some(&inside())).once().expect_code(0);
        assert_partial(&root, &upstream, &commit, filter, Some(&inside()));
        assert!(has(&root, &upstream, "HEAD:out/deep/er/0"), "it came all the same");
    }
}

#[test]
fn a_filter_that_is_refused_is_told() {
    let (upstream, _) = filtering();
    let (behind, root) = (http::serve(&upstream), Root::new());
    let server = before(behind.addr(), |asked| {
        asked.body.contains("filter ").then(|| refusal("ERR filter 'blob:none' not supported\n"))
    });
    let run = partly(&server.url("/repo.git"), &root, "blob:none", Some(&inside())).once();
    run.expect_code(1);
    only_failure(&run).expect("protocol", "filter 'blob:none' not supported");
    assert_eq!(root.published(), None);
}

#[test]
fn other_objects_than_those_that_were_asked_for_are_not_asked_for_for_ever() {
    let (upstream, _) = filtering();
    let behind = http::serve(&upstream);
    let address = behind.addr();
    let readme = object(&upstream, "HEAD:README");
    let server = before(behind.addr(), move |asked| {
        is_exact(asked).then(|| {
            let mut other = asked.clone();
            let wants = asked.body.split("want ").skip(1);
            for id in wants.filter_map(|rest| rest.get(..40)) {
                other.body = other.body.replace(id, &readme);
            }
            other.forward_anew(address)
        })
    });
    upstream.change().delete("README").commit();
    for filter in ["blob:none", "tree:0"] {
        let root = Root::new();
        let run = partly(&server.url("/repo.git"), &root, filter, Some(&inside())).once();
        run.expect_code(1);
        only_failure(&run).expect("protocol", "was asked for and did not come");
        assert_eq!(root.published(), None);
    }
}

#[test]
fn a_server_that_falls_silent_between_requests_is_not_waited_for() {
    let (upstream, commit) = filtering();
    let behind = http::serve(&upstream);
    for reply in [Reply::Silence, Reply::Bytes(Vec::new())] {
        let root = Root::new();
        let mut server = before(behind.addr(), move |asked| is_exact(asked).then(|| reply.clone()));
        let run = || {
            let setup = partly(&server.url("/repo.git"), &root, "blob:none", Some(&inside()));
            setup.flag("--sync-timeout=2s").once()
        };
        let begun = Instant::now();
        run().expect_code(1);
        assert!(begun.elapsed().as_secs() < 20);
        assert_eq!(root.published(), None);
        let address = behind.addr();
        server.listen(move |asked| asked.forward(address));
        let setup = partly(&server.url("/repo.git"), &root, "blob:none", Some(&inside()));
        setup.once().expect_code(0);
        assert_partial(&root, &upstream, &commit, "blob:none", Some(&inside()));
    }
}

#[test]
fn a_refusal_that_passes_does_not_make_the_repository_whole() {
    let (upstream, commit) = filtering();
    let behind = http::serve(&upstream);
    for (said, class) in [("too many requests", "protocol"), ("access denied", "auth")] {
        let (root, mut left) = (Root::new(), 1);
        let server = before(behind.addr(), move |asked| {
            let refused = is_exact(asked) && left > 0;
            left -= i32::from(refused);
            refused.then(|| refusal(&format!("ERR {said}\n")))
        });
        let setup = polling(&server.url("/repo.git"), &root).flag("--filter=blob:none");
        let daemon = File::new().with(setup, &inside()).start();
        root.eventually_publishes(&commit);
        let failures = failures(&daemon.log());
        assert_eq!(failures.len(), 1, "{failures:?}");
        failures[0].expect(class, said);
        assert!(events(&daemon.log(), BY_IDS).is_empty(), "{:?}", daemon.log());
        assert_partial(&root, &upstream, &commit, "blob:none", Some(&inside()));
        assert!(!has(&root, &upstream, "HEAD:out/deep/er/0"));
    }
}

#[test]
fn of_each_source_it_is_said_once_that_it_does_not_help() {
    let (upstream, _) = filtering();
    upstream.configure("uploadpack.allowFilter", "false");
    let (one, other, root) = (http::serve(&upstream), http::serve(&upstream), Root::new());
    let setup = polling(&one.url(), &root).flag("--filter=blob:none").flag("--depth=0");
    let daemon = setup.flag(format!("--fallback-repo={}", other.url())).start();
    root.eventually_publishes(&upstream.head());
    for n in 0..6 {
        if n % 2 == 0 {
            one.answer(Answer::Broken);
        } else {
            one.heal();
        }
        let commit = upstream.commit("in/one/0", format!("{n}\n"));
        root.eventually_publishes(&commit);
    }
    let said =
        events(&daemon.log(), "the server does not filter objects; fetching all of each commit");
    assert_eq!(said.len(), 2, "{said:?}");
}

#[test]
fn of_each_source_it_is_said_once_that_it_refuses_ids() {
    let (upstream, _) = filtering();
    let behind = http::serve(&upstream);
    let refusing = || giving_whole_commits(behind.addr());
    let (mut one, other, root) = (refusing(), refusing(), Root::new());
    let setup = polling(&one.url("/repo.git"), &root).flag("--filter=blob:none");
    let setup = setup.flag(format!("--fallback-repo={}", other.url("/repo.git")));
    let daemon = File::new().with(setup, &inside()).start();
    root.eventually_publishes(&upstream.head());
    let address = behind.addr();
    for n in 0..6 {
        if n % 2 == 0 {
            one.listen(|_asked| answer("500 Internal Server Error", ""));
        } else {
            one.listen(move |asked| {
                let refused = is_exact(asked);
                if refused { refusal("ERR not our ref 1234\n") } else { asked.forward(address) }
            });
        }
        let commit = upstream.commit("in/one/0", format!("{n}\n"));
        root.eventually_publishes(&commit);
    }
    assert_eq!(events(&daemon.log(), BY_IDS).len(), 2, "{:?}", daemon.log());
}
