//! `gitsyncd probe` tells by its exit code what curl would tell.

use rustix::process::Signal;
use std::time::{Duration, Instant};

use crate::commands::{command, text};
use crate::contract::polling;
use crate::support::authority::Authority;
use crate::support::daemon::{Root, bare};
use crate::support::http;
use crate::support::service::{Reply, Service, answer, answer_with};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

#[test]
fn a_daemon_is_asked_whether_it_is_ready_without_any_url() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let daemon = polling(&upstream.repo().display().to_string(), &root).start();
    daemon.eventually_ready();
    let port = daemon.address().port();
    for bind in [format!("127.0.0.1:{port}"), format!(":{port}"), format!("0.0.0.0:{port}")] {
        // The variables of a container are there for its probes too, right or wrong.
        let setup = command(&["probe"]).variable("GITSYNC_HTTP_BIND", &bind);
        let finished = setup.variable("GITSYNC_PERIOD", "10 parsecs").finish();
        finished.expect_code(0);
        assert_eq!(text(&finished), format!("http://127.0.0.1:{port}/readyz answers 200 OK"));
    }
    let setup = command(&["probe", "/healthz"]).flag(format!("--http-bind=[::]:{port}"));
    setup.finish().expect_code(0);
    let setup = command(&["probe", "/nowhere"]).flag(format!("--http-bind=127.0.0.1:{port}"));
    let finished = setup.finish();
    finished.expect_code(1);
    assert!(text(&finished).contains("/nowhere answers 404 Not Found: "), "{finished:?}");
    assert_eq!(finished.stdout.len(), 1);
    // Its content never ends.
    let events = daemon.address();
    command(&["probe", &format!("http://{events}/api/v1/events")]).finish().expect_code(0);
}

#[test]
fn an_answer_that_is_not_good_is_shown_in_one_line_and_redirects_are_not_followed() {
    let service = Service::start(|asked| match asked.line.as_str() {
        "GET /good HTTP/1.1" => answer("204 No Content", ""),
        "GET /moved HTTP/1.1" => answer_with("302 Found", &["Location: /good"], ""),
        _ => answer("503 Service Unavailable", "one\r\ntwo \u{1b}[31m"),
    });
    let probe = |path: &str| {
        // A proxy that leads nowhere.
        let setup = command(&["probe", &service.url(path)]);
        setup.variable("http_proxy", "http://127.0.0.1:1").finish()
    };
    probe("/good?quick").expect_code(1);
    probe("/good").expect_code(0);
    probe("/moved").expect_code(1);
    let finished = probe("/else");
    finished.expect_code(1);
    let url = service.url("/else");
    let wanted = format!("{url} answers 503 Service Unavailable: one two \u{fffd}[31m");
    assert_eq!(finished.stdout, [wanted]);
}

#[test]
fn nobody_there_is_not_good() {
    let nobody = Service::not_yet();
    let finished = command(&["probe", &nobody.url("/")]).finish();
    finished.expect_code(1);
    assert!(text(&finished).contains("unable to access"), "{finished:?}");
}

#[test]
fn a_server_that_says_nothing_is_given_up_and_a_signal_ends_it_sooner() {
    let silent = Service::start(|_| Reply::Silence);
    let begin = Instant::now();
    let finished = command(&["probe", &silent.url("/")]).finish();
    finished.expect_code(1);
    assert!(text(&finished).contains("did not answer in time"), "{finished:?}");
    let took = begin.elapsed();
    assert!(Duration::from_secs(4) < took && took < Duration::from_secs(9), "{took:?}");
    let mut running = command(&["probe", &silent.url("/")]).spawn();
    eventually("it asks", SOON, || (silent.asked().len() == 2).then_some(()));
    let begin = Instant::now();
    running.signal(Signal::INT);
    assert_eq!(running.exit(SOON).code(), Some(1));
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[test]
fn with_a_wait_it_asks_again_until_all_is_well_or_the_time_is_over() {
    let nobody = Service::not_yet();
    let finished = command(&["probe", &nobody.url("/"), "--wait=1s"]).finish();
    finished.expect_code(1);
    let told = text(&finished);
    assert!(told.contains("unable to access") && told.ends_with(" (asked for 1s)"), "{told}");
    assert_eq!(finished.stdout.len(), 1);

    let mut late = Service::not_yet();
    let mut running = command(&["probe", &late.url("/"), "--wait=1m"]).spawn();
    let mut times = 0;
    late.listen(move |_| {
        times += 1;
        answer(if times > 3 { "200 OK" } else { "503 Service Unavailable" }, "")
    });
    assert_eq!(running.exit(SOON).code(), Some(0));
    assert_eq!(late.asked().len(), 4);

    let never = Service::start(|_| answer("503 Service Unavailable", "not yet"));
    let finished = command(&["probe", &never.url("/"), "--wait=1s"]).finish();
    finished.expect_code(1);
    assert!(never.asked().len() > 1);
    let told = text(&finished);
    assert!(told.ends_with("503 Service Unavailable: not yet (asked for 1s)"), "{told}");
    let mut running = command(&["probe", &never.url("/"), "--wait", "1h"]).spawn();
    let asked = never.asked().len();
    eventually("it asks", SOON, || (never.asked().len() > asked + 2).then_some(()));
    running.signal(Signal::TERM);
    assert_eq!(running.exit(SOON).code(), Some(1));
    command(&["probe", &never.url("/"), "--wait=soon"]).finish().expect_code(2);
}

#[test]
fn a_certificate_is_believed_if_its_authority_is() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let server = http::over(&upstream).tls(&authority).start();
    let url = format!("{}/info/refs?service=git-upload-pack", server.url());
    let finished = command(&["probe", &url]).finish();
    finished.expect_code(1);
    assert!(text(&finished).contains("no trusted TLS connection"), "{finished:?}");
    let ca = format!("--ca-file={}", authority.certificate().display());
    command(&["probe", &url]).flag(ca).finish().expect_code(0);
}

#[test]
fn what_cannot_be_asked_is_bad_usage() {
    for words in [
        &["probe"][..],
        &["probe", "localhost:8080/healthz"],
        &["probe", "ftp://host/"],
        &["probe", "http://ada:hush@host/"],
        &["probe", "/healthz"],
        &["probe", "http://a/", "http://b/"],
    ] {
        let finished = command(words).finish();
        finished.expect_code(2);
        assert!(!finished.log.join("\n").contains("hush"), "{finished:?}");
    }
    bare().flag("probe").flag("--http-bind=:0").finish().expect_code(2);
    bare().flag("probe").flag("--http-bind=nowhere").finish().expect_code(2);
    bare().flag("probe").flag("--http-bund=:1").finish().expect_code(2);
}
