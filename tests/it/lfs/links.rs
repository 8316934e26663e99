//! The links that a server of large files gives: what it may have us say there, and what happens if a
//! link is not good any more.

use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::lfs::{assert_published, at, trying, with_server};
use crate::support::daemon::Root;
use crate::support::lfs::{self, Server, kept, path, told};
use crate::support::service::{Asked, answer};
use crate::support::told::only_failure;
use crate::support::upstream::Upstream;

fn is_question(asked: &Asked) -> bool {
    asked.line.starts_with("POST ")
}

#[test]
fn a_server_does_not_say_how_requests_are_sent() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let commit = upstream.commit("a.bin", "content\n");
    let server = Server::with(&kept(&upstream), |asked| {
        let host = asked.header("host").unwrap().to_owned();
        let header = json!({"Host": "elsewhere", "Content-Length": "7", "Range": "bytes=3-",
            "Transfer-Encoding": "chunked", "Accept-Encoding": "gzip", "Connection": "upgrade",
            "X-Key": "signed"});
        let link = |oid: &str| json!({"href": format!("http://{host}/{oid}"), "header": header});
        is_question(asked).then(|| told(asked, |oid| json!({"actions": {"download": link(oid)}})))
    });
    with_server(trying(&at(&upstream), &root), &server.url()).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    let download = &server.downloads()[0];
    assert_eq!(download.header("host"), Some(&*server.addr().to_string()));
    assert_eq!(download.header("x-key"), Some("signed"));
    for name in ["content-length", "range", "transfer-encoding", "accept-encoding"] {
        assert_eq!(download.header(name), None, "{name}");
    }
    assert_ne!(download.header("connection"), Some("upgrade"));
}

/// A server that gives links to another, the first of which is not good; so are all if `always`.
fn with_stale_links(upstream: &Upstream, status: &'static str, always: bool) -> (Server, Server) {
    let shelf = Server::with(&kept(upstream), move |asked| {
        let stale = always || path(asked).starts_with("/0/");
        stale.then(|| answer(status, ""))
    });
    let (base, given) = (format!("http://{}", shelf.addr()), Arc::new(AtomicUsize::new(0)));
    let server = Server::with(&kept(upstream), move |asked| {
        let number = given.fetch_add(1, Ordering::SeqCst);
        let link = |oid: &str| {
            let href = format!("{base}/{number}/{oid}");
            json!({"authenticated": true, "actions": {"download": {"href": href}}})
        };
        is_question(asked).then(|| told(asked, link))
    });
    (server, shelf)
}

#[test]
fn a_link_that_is_not_good_any_more_is_asked_for_again() {
    for status in ["401 Unauthorized", "403 Forbidden", "410 Gone"] {
        let (upstream, root) = (lfs::upstream(), Root::new());
        let commit = upstream.commit("a.bin", "content\n");
        let (server, shelf) = with_stale_links(&upstream, status, false);
        with_server(trying(&at(&upstream), &root), &server.url()).once().expect_code(0);
        assert_published(&root, &upstream, &commit);
        assert_eq!((server.asked().len(), shelf.asked().len()), (2, 2), "{status}");
    }
}

#[test]
fn links_that_are_never_good_are_told() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    upstream.commit("a.bin", "content\n");
    let (server, shelf) = with_stale_links(&upstream, "403 Forbidden", true);
    let finished = with_server(trying(&at(&upstream), &root), &server.url()).once();
    let failure = only_failure(&finished);
    failure.expect("protocol", "a.bin");
    failure.expect("protocol", "nor a new one: 403");
    assert!(failure.hint.contains("links"), "{failure:?}");
    assert_eq!((server.asked().len(), shelf.asked().len()), (2, 2));
}
