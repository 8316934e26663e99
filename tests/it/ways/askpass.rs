//! A service that tells who to be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::contract::polling;
use crate::support::authority::Authority;
use crate::support::daemon::{Root, Setup};
use crate::support::http;
use crate::support::leaks::Secrets;
use crate::support::service::{Asked, Reply, Service, answer, answer_with, bare, chunked};
use crate::support::told::{failures, metric, only_failure};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually, pause};
use crate::ways::trying;

const RIGHT: &str = "p@ss=w\u{f6}rd: 1";
const WRONG: &str = "hunter2/hunter2";

fn told(password: &str) -> String {
    format!("username=ada\npassword={password}\n")
}

fn asking(setup: Setup, service: &Service) -> Setup {
    let url = service.url("/login?team=hush-query").replace("://", "://me:hush-user@");
    setup.flag(format!("--askpass-url={url}"))
}

fn secrets() -> Secrets {
    let mut secrets = Secrets::of("ada", &[RIGHT, WRONG]);
    for text in ["hush-query", "hush-user", "bWU6aHVzaC11c2Vy"] {
        secrets.add(text);
    }
    secrets
}

#[test]
fn every_form_of_answer_is_understood() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", RIGHT).start();
    let crlf = told(RIGHT).replace('\n', "\r\n");
    let more = format!("protocol=https\nhost=h\n\n{}quit=0\nnonsense", told(RIGHT));
    for reply in [
        answer("200 OK", &told(RIGHT)),
        answer("200 OK", &crlf),
        answer("201 Created", &more),
        bare("200 OK", &told(RIGHT)),
        bare("200", told(RIGHT).trim_end()),
        chunked(&told(RIGHT).replace('\u{f6}', "o")),
    ] {
        if matches!(&reply, Reply::Bytes(bytes) if bytes.ends_with(b"0\r\n\r\n")) {
            server.admit("ada", &RIGHT.replace('\u{f6}', "o"));
        }
        let (root, url) = (Root::new(), server.url());
        let service = Service::start(move |_| reply.clone());
        let finished = asking(trying(&url, &root), &service).once();
        finished.expect_code(0);
        assert_eq!(root.published(), Some(upstream.head()));
        secrets().assert_not_told(&finished);
        let [asked] = service.asked().try_into().unwrap();
        assert_eq!(asked.line, "GET /login?team=hush-query HTTP/1.1");
        assert_eq!(asked.header("authorization"), Some("Basic bWU6aHVzaC11c2Vy"));
        assert_eq!(asked.header("gitsync-repo"), Some(url.as_str()));
    }
}

#[test]
fn a_name_may_come_from_elsewhere() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", RIGHT).start();
    let service = Service::start(|_| bare("200 OK", &format!("password={RIGHT}")));
    for (url, name) in
        [(server.url(), "--username=ada"), (server.url().replace("://", "://ada@"), "-v1")]
    {
        let root = Root::new();
        asking(trying(&url, &root).flag(name), &service).once().expect_code(0);
    }
}

#[test]
fn bad_answers_are_told_without_what_is_in_them() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", RIGHT).start();
    let page = "<html>hunter2/hunter2</html>";
    let long = "x".repeat(70_000);
    let redirect = |to: &str| {
        let head = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        Reply::Bytes(head.into_bytes())
    };
    for (reply, class, words) in [
        (answer("401 Unauthorized", page), "auth", "answered 401"),
        (answer("403 Forbidden", page), "auth", "answered 403"),
        (answer("404 Not Found", page), "auth", "answered 404"),
        (answer("200 OK", page), "protocol", "answered holds no line 'password=…'"),
        (answer("200 OK", "username=ada\n"), "protocol", "holds no line 'password=…'"),
        (answer("200 OK", ""), "protocol", "holds no line 'password=…'"),
        (answer("200 OK", &told("")), "protocol", "holds an empty password"),
        (answer("200 OK", &long), "protocol", "is too long"),
        (answer("200 OK", "username=a:b\npassword=hunter2/hunter2\n"), "auth", "holds a colon"),
        (Reply::Bytes(b"HTTP/1.0 200 OK\n\npassword=\xff\n".to_vec()), "protocol", "not UTF-8"),
        (redirect("/login?team=hush-query"), "protocol", "is a redirect without end"),
        (redirect("ftp://127.0.0.1/"), "protocol", "is a redirect to nowhere"),
        (answer("200 OK", &told(WRONG)), "auth", "authentication failed for '"),
    ] {
        let root = Root::new();
        let what = format!("{reply:?}");
        let service = Service::start(move |_| reply.clone());
        let finished = asking(trying(&server.url(), &root), &service).once();
        let failure = only_failure(&finished);
        println!("{failure:?}");
        assert_eq!(failure.class, class, "{what}: {failure:?}");
        assert!(failure.error.contains(words), "{what}: {failure:?}");
        if failure.step == "credentials" {
            assert!(failure.hint.contains("askpass-url") || words.contains("colon"), "{failure:?}");
        }
        secrets().assert_not_told(&finished);
        secrets().assert_not_below(&root.path());
    }
}

#[test]
fn a_redirect_is_followed_and_proves_nothing_to_others() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", RIGHT).start();
    let there = Service::start(|_| answer("200 OK", &told(RIGHT)));
    let to = there.url("/login/");
    let here = Service::start(move |_| {
        Reply::Bytes(format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\n\r\n").into_bytes())
    });
    let root = Root::new();
    asking(trying(&server.url(), &root), &here).once().expect_code(0);
    let [asked] = there.asked().try_into().unwrap();
    assert_eq!(asked.header("authorization"), None);
}

#[test]
fn a_service_that_starts_slowly_or_fails_now_and_then_is_waited_for() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", RIGHT).start();
    let root = Root::new();
    let mut service = Service::not_yet();
    let setup = asking(trying(&server.url(), &root), &service);
    std::thread::scope(|scope| {
        let run = scope.spawn(|| setup.once());
        // Nobody is there for a while; then somebody who is not well.
        pause(Duration::from_millis(700));
        let mut count = 0;
        service.listen(move |_| {
            count += 1;
            match count {
                1 => answer("503 Service Unavailable", "not yet"),
                2 => Reply::Bytes(Vec::new()),
                _ => answer("200 OK", &told(RIGHT)),
            }
        });
        run.join().unwrap().expect_code(0);
    });
    assert_eq!(root.published(), Some(upstream.head()));
    assert_eq!(service.asked().len(), 3);
}

#[test]
fn a_service_that_wants_to_be_left_alone_is_left_alone() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", RIGHT).start();
    for (status, limited) in [
        ("429 Too Many Requests", true),
        ("403 Forbidden", true),
        ("503 Service Unavailable", false),
    ] {
        let root = Root::new();
        let service = Service::start(move |_| answer_with(status, &["Retry-After: 600"], ""));
        let daemon = asking(polling(&server.url(), &root), &service).start();
        daemon.eventually_logs("attempt failed");
        let next = eventually("the next attempt is known", SOON, || {
            root.status()?["next_attempt_at"].as_str()?.parse::<jiff::Timestamp>().ok()
        });
        let wait = next.duration_since(jiff::Timestamp::now());
        assert!(wait > jiff::SignedDuration::from_secs(580), "{wait}");
        let [failure] = failures(&daemon.log()).try_into().unwrap();
        assert_eq!((failure.class.as_str(), failure.step.as_str()), ("network", "credentials"));
        assert!(failure.error.contains("wants to be left alone for 600 s"), "{failure:?}");
        assert_eq!(failure.hint.contains("how often"), limited, "{failure:?}");
        assert_eq!(service.asked().len(), 1);
    }
    let service = Service::start(|_| answer("429 Too Many Requests", ""));
    let failure = only_failure(&asking(trying(&server.url(), &Root::new()), &service).once());
    assert_eq!((failure.class.as_str(), service.asked().len()), ("network", 1), "{failure:?}");
}

#[test]
fn a_service_that_is_not_there_fails_the_attempt_in_time() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", RIGHT).start();
    let begun = Instant::now();
    let service = Service::not_yet();
    let root = Root::new();
    let finished = asking(trying(&server.url(), &root), &service).once();
    let took = begun.elapsed();
    let failure = only_failure(&finished);
    assert_eq!((failure.class.as_str(), failure.step.as_str()), ("network", "credentials"));
    assert!(failure.error.contains("could not ask the service of askpass-url"), "{failure:?}");
    assert!(failure.error.contains(&service.url("/login")), "{failure:?}");
    assert!(took < Duration::from_secs(13), "{took:?}");
    secrets().assert_not_told(&finished);
}

#[test]
fn a_service_that_says_nothing_fails_the_attempt_in_time() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", RIGHT).start();
    let service = Service::start(|_| Reply::Silence);
    for (flag, words) in [
        ("--sync-timeout=1s", "the time allowed by sync-timeout is over"),
        ("--sync-timeout=1m", "did not answer within 5s"),
    ] {
        let root = Root::new();
        let begun = Instant::now();
        let finished = asking(trying(&server.url(), &root).flag(flag), &service).once();
        let failure = only_failure(&finished);
        assert_eq!((failure.class.as_str(), failure.step.as_str()), ("timeout", "credentials"));
        assert!(failure.error.contains(words), "{failure:?}");
        assert!(begun.elapsed() < Duration::from_secs(13));
        secrets().assert_not_told(&finished);
    }
    assert!(service.asked().len() >= 3);
}

#[test]
fn an_answer_is_kept_until_the_source_does_not_believe_it() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", "token-0001").start();
    let number = Arc::new(AtomicUsize::new(1));
    let now = Arc::clone(&number);
    let tell = move |_: &Asked| {
        answer("200 OK", &told(&format!("token-{:04}", now.load(Ordering::SeqCst))))
    };
    let service = Service::start(tell);
    let root = Root::new();
    let daemon = asking(polling(&server.url(), &root), &service).flag("-v9").start();
    root.eventually_publishes(&upstream.head());
    let polls = || server.requests().iter().filter(|request| request.status == 200).count();
    let more_polls = || {
        let before = polls();
        eventually("there are more polls", SOON, || (polls() > before + 10).then_some(()));
    };
    more_polls();
    assert_eq!(service.asked().len(), 1);
    // All polls go over one connection.
    let connections = server.requests().iter().map(|request| request.connection).max();
    assert_eq!(connections, server.requests().iter().map(|request| request.connection).min());
    // It is replaced; the same attempt finds out the new one.
    number.store(2, Ordering::SeqCst);
    server.admit("ada", "token-0002");
    let commit = upstream.commit("a", "1");
    root.eventually_publishes(&commit);
    more_polls();
    assert!(failures(&daemon.log()).is_empty(), "{:?}", failures(&daemon.log()));
    assert_eq!(service.asked().len(), 2);
    assert_eq!(metric(&daemon, "git_sync_askpass_calls{status=\"success\"}"), Some(2));
    assert_eq!(metric(&daemon, "git_sync_askpass_calls{status=\"error\"}"), Some(0));
    assert_eq!(metric(&daemon, "gitsyncd_token_expiry_timestamp_seconds"), None);
    Secrets::of("ada", &["token-0001", "token-0002"]).assert_not_shown(&daemon);
}

#[test]
fn a_token_that_ends_during_a_fetch_is_renewed_in_the_same_attempt() {
    let upstream = Upstream::new();
    let server = Arc::new(http::over(&upstream).login("ada", "token-0001").start());
    let service = {
        let mut tokens = ["token-0001", "token-0002"].into_iter();
        Service::start(move |_| answer("200 OK", &told(tokens.next().unwrap())))
    };
    let root = Root::new();
    let (behind, mut fetches) = (Arc::clone(&server), 0);
    let front = Service::start(move |asked| {
        if asked.body.contains("command=fetch") {
            fetches += 1;
            // The second fetch is the one that brings the change.
            if fetches == 2 {
                behind.admit("ada", "token-0002");
            }
        }
        asked.forward(behind.addr())
    });
    let daemon = asking(polling(&server.url_at(front.addr()), &root), &service).start();
    root.eventually_publishes(&upstream.head());
    let commit = upstream.commit("a", "1");
    root.eventually_publishes(&commit);
    assert!(failures(&daemon.log()).is_empty(), "{:?}", failures(&daemon.log()));
    assert_eq!(service.asked().len(), 2);
    let refused = server.requests().into_iter().filter(|request| request.status == 401);
    assert_eq!(refused.map(|request| request.method).collect::<Vec<_>>(), ["POST"]);
}

#[test]
fn an_answer_that_ends_is_asked_for_again_before() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", RIGHT).start();
    let end = jiff::Timestamp::now().as_second() + 3;
    let service = Service::start(move |_| {
        answer("200 OK", &format!("{}password_expiry_utc={end}\n", told(RIGHT)))
    });
    let root = Root::new();
    let daemon = asking(polling(&server.url(), &root), &service).start();
    root.eventually_publishes(&upstream.head());
    let gauge = metric(&daemon, "gitsyncd_token_expiry_timestamp_seconds");
    assert_eq!(gauge, u64::try_from(end).ok());
    eventually("it is asked again", SOON, || (service.asked().len() > 1).then_some(()));
    assert!(failures(&daemon.log()).is_empty());
}

#[test]
fn a_service_over_tls_is_believed_as_the_source_is() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let server = http::over(&upstream).login("ada", RIGHT).start();
    let service = http::over(&upstream).tls(&authority).start();
    let url = service.url();
    let (root, stranger) = (Root::new(), Authority::new());
    let ask = |authority: &Authority| {
        let setup = trying(&server.url(), &root).flag(format!("--askpass-url={url}"));
        setup.flag(format!("--ca-file={}", authority.certificate().display())).once()
    };
    let failure = only_failure(&ask(&stranger));
    assert_eq!(failure.class, "tls", "{failure:?}");
    assert!(failure.hint.contains("ca-file"), "{failure:?}");
    // It is trusted, and tells nothing: it is no such service.
    let failure = only_failure(&ask(&authority));
    assert_eq!(failure.step, "credentials");
    assert_ne!(failure.class, "tls", "{failure:?}");
}
