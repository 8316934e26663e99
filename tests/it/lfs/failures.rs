//! What a server of large files can do wrong: nothing is published, the class of the error says
//! where to look, and once it is well again the next attempt succeeds.

use serde_json::json;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::lfs::{assert_published, at, kept_in, polling, trying, with_server};
use crate::support::daemon::{Finished, Root};
use crate::support::lfs::{self, Server, cut, kept, oid, place, pointer, refusal, told};
use crate::support::listener::Port;
use crate::support::service::{Asked, Reply, answer, answer_with};
use crate::support::told::{failures, metric, only_failure};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

const CONTENT: &[u8] = b"content that is long enough to be cut somewhere\n";

fn with_a_file() -> (Upstream, String) {
    let upstream = lfs::upstream();
    let commit = upstream.commit("d/a.bin", CONTENT);
    (upstream, commit)
}

fn is_question(asked: &Asked) -> bool {
    asked.line.starts_with("POST ")
}

/// Fails with this class and these words, publishes nothing, and succeeds afterwards.
#[track_caller]
fn fails(
    class: &str,
    words: &[&str],
    special: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static,
) -> Finished {
    let ((upstream, commit), root) = (with_a_file(), Root::new());
    let server = Server::with(&kept(&upstream), special);
    let finished = with_server(trying(&at(&upstream), &root), &server.url()).once();
    let failure = only_failure(&finished);
    for word in words {
        failure.expect(class, word);
    }
    assert_eq!(failure.step, "fetch", "{failure:?}");
    assert!(!failure.hint.is_empty());
    assert_eq!(root.published(), None);
    assert_eq!(kept_in(&root), [""; 0]);
    let well = Server::start(&kept(&upstream));
    with_server(trying(&at(&upstream), &root), &well.url()).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    finished
}

#[test]
fn a_file_that_the_server_does_not_have_fails_the_attempt() {
    for (code, class) in
        [(404, "not_found"), (410, "not_found"), (422, "protocol"), (403, "auth"), (500, "network")]
    {
        fails(class, &["d/a.bin", &oid(CONTENT), "says why"], move |asked| {
            is_question(asked).then(|| {
                told(asked, |_| json!({"error": {"code": code, "message": "it says why"}}))
            })
        });
    }
    fails("not_found", &["d/a.bin", "404"], |asked| {
        (!is_question(asked)).then(|| answer("404 Not Found", ""))
    });
}

#[test]
fn a_question_that_is_refused_fails_the_attempt() {
    for (status, class, words) in [
        ("401 Unauthorized", "auth", "authentication failed for 'http://"),
        ("403 Forbidden", "auth", "authentication failed for 'http://"),
        ("404 Not Found", "not_found", "repository not found: 'http://"),
        ("406 Not Acceptable", "protocol", "unable to access 'http://"),
        ("413 Payload Too Large", "protocol", "it says why"),
        ("501 Not Implemented", "protocol", "it says why"),
        ("503 Service Unavailable", "network", "it says why"),
        ("507 Insufficient Storage", "network", "it says why"),
    ] {
        fails(class, &[words, "it says why"], move |asked| {
            is_question(asked).then(|| refusal(status, "it says why"))
        });
    }
}

#[test]
fn an_answer_that_is_none_fails_the_attempt() {
    fails("protocol", &["answered could not be used"], |asked| {
        is_question(asked).then(|| answer("200 OK", "<html>Please log in</html>"))
    });
    fails("protocol", &["says nothing of \"d/a.bin\""], |asked| {
        is_question(asked).then(|| answer("200 OK", r#"{"objects":[]}"#))
    });
    fails("protocol", &["tus"], |asked| {
        is_question(asked).then(|| answer("200 OK", r#"{"transfer":"tus","objects":[]}"#))
    });
    for href in ["ftp://127.0.0.1/x", "/relative", "file:///etc/passwd"] {
        fails("protocol", &["d/a.bin"], move |asked| {
            let link = json!({"actions": {"download": {"href": href}}});
            is_question(asked).then(|| told(asked, |_| link.clone()))
        });
    }
    fails("protocol", &["redirects without end"], |asked| {
        let to = format!("Location: {}", lfs::path(asked));
        Some(answer_with("307 Temporary Redirect", &[&to], ""))
    });
}

#[test]
fn what_is_not_what_the_pointer_says_is_not_published() {
    fails("protocol", &["d/a.bin", "SHA-256"], |asked| {
        let other = String::from_utf8(CONTENT.to_ascii_uppercase()).unwrap();
        (!is_question(asked)).then(|| answer("200 OK", &other))
    });
    fails("protocol", &["d/a.bin", "more than 48 bytes"], |asked| {
        (!is_question(asked)).then(|| answer("200 OK", &"longer".repeat(100)))
    });
    fails("protocol", &["d/a.bin", "bytes came"], |asked| {
        (!is_question(asked)).then(|| answer("200 OK", "short"))
    });
}

#[test]
fn a_pointer_with_a_wrong_size_or_hash_is_not_published() {
    let good = (oid(CONTENT), CONTENT.len());
    for (hash, size) in [(good.0.clone(), 7), (good.0, 700), (oid(b"other"), good.1)] {
        let (upstream, root) = (lfs::upstream(), Root::new());
        let first = upstream.commit("a.bin", CONTENT);
        let plain = ["filter.lfs.clean", "filter.lfs.process", "filter.lfs.required"];
        for key in plain {
            crate::support::git::run(upstream.git().args(["config", "--unset", key]));
        }
        // What a server does that believes pointers.
        let source = place(&kept(&upstream), &hash);
        if !source.exists() {
            fs::create_dir_all(source.parent().unwrap()).unwrap();
            fs::write(source, CONTENT).unwrap();
        }
        let server = Server::start(&kept(&upstream));
        let setup = || with_server(trying(&at(&upstream), &root), &server.url());
        setup().once().expect_code(0);
        upstream.commit("b.bin", pointer(&hash, size));
        let failure = only_failure(&setup().once());
        failure.expect("protocol", "b.bin");
        assert_eq!(root.published(), Some(first), "the last good one stays");
    }
}

#[test]
fn pointers_that_contradict_each_other_or_want_too_much_are_told() {
    for (size, class, words) in
        [(7, "protocol", "with two sizes"), (1 << 60, "disk", "the file system of the root has")]
    {
        let (upstream, root) = (lfs::upstream(), Root::new());
        for key in ["filter.lfs.clean", "filter.lfs.process", "filter.lfs.required"] {
            crate::support::git::run(upstream.git().args(["config", "--unset", key]));
        }
        let hash = oid(CONTENT);
        let other = if class == "disk" { oid(b"other") } else { hash.clone() };
        let change = upstream.change().file("a.bin", pointer(&hash, CONTENT.len()));
        change.file("b.bin", pointer(&other, size)).commit();
        let server = Server::start(&kept(&upstream));
        let finished = with_server(trying(&at(&upstream), &root), &server.url()).once();
        only_failure(&finished).expect(class, words);
        assert!(server.asked().is_empty(), "nothing is asked for");
    }
}

#[test]
fn a_redirect_is_not_followed_where_settings_forbid_it() {
    let ((upstream, _), root) = (with_a_file(), Root::new());
    let server = Server::with(&kept(&upstream), |asked| {
        is_question(asked).then(|| answer_with("302 Found", &["Location: /elsewhere"], ""))
    });
    let setup = with_server(trying(&at(&upstream), &root), &server.url());
    let finished = setup.flag("--git-config-add=http.followRedirects:false").once();
    only_failure(&finished).expect("protocol", "http.followRedirects");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_server_that_cannot_be_reached_fails_the_attempt() {
    let ((upstream, _), root) = (with_a_file(), Root::new());
    let nobody = Port::take();
    let url = format!("http://{}/lfs", nobody.addr());
    let finished = with_server(trying(&at(&upstream), &root), &url).once();
    only_failure(&finished).expect("network", &url);
    assert_eq!(root.published(), None);
}

#[test]
fn a_server_that_wants_to_be_left_alone_is_asked_later() {
    let ((upstream, commit), root) = (with_a_file(), Root::new());
    let (questions, files) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let server = Server::with(&kept(&upstream), move |asked| {
        let count = if is_question(asked) { &questions } else { &files };
        let busy = || answer_with("429 Too Many Requests", &["Retry-After: 1"], "");
        (count.fetch_add(1, Ordering::SeqCst) == 0).then(busy)
    });
    let begun = Instant::now();
    with_server(trying(&at(&upstream), &root), &server.url()).once().expect_code(0);
    assert!(begun.elapsed() >= Duration::from_secs(2));
    assert_published(&root, &upstream, &commit);
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn one_that_wants_it_for_longer_than_an_attempt_ends_the_attempt() {
    let finished = fails("network", &["429", "it says why"], |asked| {
        let text = r#"{"message":"it says why"}"#;
        let busy = || answer_with("429 Too Many Requests", &["Retry-After: 900"], text);
        is_question(asked).then(busy)
    });
    assert_eq!(failures(&finished.log).len(), 1);
}

#[test]
fn errors_that_pass_are_tried_again() {
    let ((upstream, commit), root) = (with_a_file(), Root::new());
    let count = AtomicUsize::new(0);
    let server = Server::with(&kept(&upstream), move |_asked| {
        let odd = count.fetch_add(1, Ordering::SeqCst) % 3 < 2;
        odd.then(|| answer("502 Bad Gateway", ""))
    });
    with_server(trying(&at(&upstream), &root), &server.url()).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert_eq!(server.asked().len(), 6);
}

/// The parts of files that were asked for.
fn ranges(server: &Server) -> Vec<String> {
    let downloads = server.downloads();
    downloads.iter().map(|asked| asked.header("range").unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_download_that_is_cut_goes_on_where_it_was() {
    let ((upstream, commit), root) = (with_a_file(), Root::new());
    let from = kept(&upstream);
    let server = Server::with(&kept(&upstream), move |asked| {
        let first = !is_question(asked) && asked.header("range").is_none();
        first.then(|| cut(&from, asked, 11))
    });
    with_server(trying(&at(&upstream), &root), &server.url()).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert_eq!(ranges(&server), ["", "bytes=11-"]);
}

#[test]
fn a_server_that_gives_a_byte_at_a_time_does_not_hold_us_up() {
    let ((upstream, commit), root) = (with_a_file(), Root::new());
    let server = Server::with(&kept(&upstream), move |asked| {
        let range = asked.header("range").unwrap_or("bytes=0-");
        let from = range.trim_start_matches("bytes=").trim_end_matches('-');
        let from: usize = from.parse().unwrap();
        let head = format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\n\
             Content-Range: bytes {from}-47/48\r\n\r\n",
            CONTENT.len() - from
        );
        let reply = [head.as_bytes(), &CONTENT[from..=from]].concat();
        (!is_question(asked)).then_some(Reply::Bytes(reply))
    });
    let finished = with_server(trying(&at(&upstream), &root), &server.url()).once();
    only_failure(&finished).expect("network", "d/a.bin");
    assert_eq!(ranges(&server), ["", "bytes=1-", "bytes=2-", "bytes=3-", "bytes=4-"]);
    let good = Server::start(&kept(&upstream));
    with_server(trying(&at(&upstream), &root), &good.url()).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert_eq!(ranges(&good), ["bytes=5-"]);
}

#[test]
fn a_later_attempt_goes_on_where_an_earlier_one_was() {
    let ((upstream, commit), root) = (with_a_file(), Root::new());
    let from = kept(&upstream);
    let bad = Server::with(&kept(&upstream), move |asked| match asked.header("range") {
        _ if is_question(asked) => None,
        None => Some(cut(&from, asked, 20)),
        Some(_) => Some(answer("404 Not Found", "")),
    });
    let finished = with_server(trying(&at(&upstream), &root), &bad.url()).once();
    only_failure(&finished).expect("not_found", "d/a.bin");
    let good = Server::start(&kept(&upstream));
    with_server(trying(&at(&upstream), &root), &good.url()).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert_eq!(ranges(&good), ["bytes=20-"]);
}

#[test]
fn a_server_that_knows_no_parts_sends_all_of_it_again() {
    for other in [200, 416, 206] {
        let ((upstream, commit), root) = (with_a_file(), Root::new());
        let (from, count) = (kept(&upstream), AtomicUsize::new(0));
        let server = Server::with(&kept(&upstream), move |asked| {
            if is_question(asked) {
                return None;
            }
            let text = std::str::from_utf8(CONTENT).unwrap();
            match (count.fetch_add(1, Ordering::SeqCst), asked.header("range")) {
                (0, None) => Some(cut(&from, asked, 20)),
                (_, Some(_)) if other == 416 => Some(answer("416 No", "")),
                // The part that it sends is another one than it says.
                (_, Some(_)) if other == 206 => {
                    let lie = ["Content-Range: bytes 20-47/48"];
                    Some(answer_with("206 Partial Content", &lie, text.split_at(28).0))
                }
                (_, _) => Some(answer("200 OK", text)),
            }
        });
        with_server(trying(&at(&upstream), &root), &server.url()).once().expect_code(0);
        assert_published(&root, &upstream, &commit);
    }
}

#[test]
fn a_beginning_that_somebody_changed_is_brought_anew() {
    let ((upstream, commit), root) = (with_a_file(), Root::new());
    let begun = root.path().join(".git/gitsyncd/lfs/partial");
    crate::contract::trying(&at(&upstream), &root).once().expect_code(0);
    fs::create_dir_all(&begun).unwrap();
    fs::write(begun.join(oid(CONTENT)), "something else").unwrap();
    let server = Server::start(&kept(&upstream));
    with_server(trying(&at(&upstream), &root), &server.url()).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert_eq!(ranges(&server), ["bytes=14-", ""]);
}

#[test]
fn a_server_that_says_nothing_ends_with_the_attempt() {
    let ((upstream, _), root) = (with_a_file(), Root::new());
    let server =
        Server::with(&kept(&upstream), |asked| (!is_question(asked)).then_some(Reply::Silence));
    let setup = with_server(trying(&at(&upstream), &root), &server.url());
    let finished = setup.flag("--sync-timeout=2s").once();
    only_failure(&finished).expect("timeout", "");
    assert_eq!(root.published(), None);
}

#[test]
fn what_is_published_stays_until_the_server_is_well_again() {
    let ((upstream, first), root) = (with_a_file(), Root::new());
    let (well, hidden) = (Arc::new(AtomicBool::new(false)), oid(b"second\n"));
    let is_well = Arc::clone(&well);
    let server = Server::with(&kept(&upstream), move |asked| {
        let is_missing = !is_well.load(Ordering::SeqCst) && asked.body.contains(&hidden);
        let missing = || json!({"error": {"code": 404, "message": "Object does not exist"}});
        is_missing.then(|| told(asked, |_| missing()))
    });
    let daemon = with_server(polling(&at(&upstream), &root), &server.url()).start();
    root.eventually_publishes(&first);
    let second = upstream.commit("d/a.bin", "second\n");
    let failure = eventually("it fails", SOON, || failures(&daemon.log()).pop());
    failure.expect("not_found", "d/a.bin");
    assert_eq!(root.published(), Some(first));
    well.store(true, Ordering::SeqCst);
    root.eventually_publishes(&second);
    eventually("it is told", SOON, || (root.status()?["failures"] == 0).then_some(()));
    assert_published(&root, &upstream, &second);
    assert!(metric(&daemon, "gitsyncd_received_bytes_total").is_some_and(|bytes| bytes > 0));
}

#[test]
fn a_local_repository_without_the_files_is_told() {
    let ((upstream, _), root) = (with_a_file(), Root::new());
    let finished = trying(&at(&upstream), &root).once();
    let failure = only_failure(&finished);
    failure.expect("not_found", "d/a.bin");
    failure.expect("not_found", "repo.git/lfs/objects");
    assert!(failure.hint.contains("git lfs push"), "{failure:?}");
}

#[test]
fn a_damaged_file_of_a_local_repository_is_not_published() {
    let ((upstream, _), root) = (with_a_file(), Root::new());
    let there = place(&kept(&upstream), &oid(CONTENT));
    fs::remove_file(&there).unwrap();
    fs::write(&there, CONTENT.to_ascii_uppercase()).unwrap();
    let finished = trying(upstream.work().to_str().unwrap(), &root).once();
    only_failure(&finished).expect("protocol", "SHA-256");
    assert_eq!(root.published(), None);
}
