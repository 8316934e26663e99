//! Cookies from a file.

use std::fs;
use tempfile::TempDir;

use crate::contract::polling;
use crate::support::daemon::Root;
use crate::support::http;
use crate::support::leaks::Secrets;
use crate::support::told::only_failure;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::ways::trying;

const VALUE: &str = "1//0hush-hush";

#[test]
fn cookies_go_where_they_say_and_are_read_again() {
    let (upstream, root, dir) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    let server = http::serve(&upstream);
    let file = dir.path().join("cookies");
    let line = |host: &str, name: &str, value: &str| {
        format!("#HttpOnly_{host}\tFALSE\t/repo.git\tFALSE\t0\t{name}\t{value}\n")
    };
    let text = format!(
        "# Netscape HTTP Cookie File\n\n{}{}",
        line("127.0.0.1", "o", VALUE),
        line("example.org", "other", VALUE)
    );
    fs::write(&file, text).unwrap();
    let flag = format!("--cookie-file={}", file.display());
    let daemon = polling(&server.url(), &root).flag("-v9").flag(flag).start();
    root.eventually_publishes(&upstream.head());
    let requests = server.requests();
    let wanted = format!("o={VALUE}");
    assert!(requests.iter().all(|request| request.cookie == wanted), "{requests:?}");
    fs::write(&file, line("127.0.0.1", "o", "rotated")).unwrap();
    eventually("the new cookie is sent", SOON, || {
        server.requests().iter().any(|request| request.cookie == "o=rotated").then_some(())
    });
    let secrets = Secrets::of("o", &[VALUE, "rotated"]);
    secrets.assert_not_shown(&daemon);
    secrets.assert_not_below(&root.path());
}

#[test]
fn a_file_without_cookies_is_told() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let dir = TempDir::new().unwrap();
    for (name, text, words) in [
        ("missing", None, "could not read "),
        ("empty", Some(""), "(cookie-file) is empty"),
        ("spaces", Some("127.0.0.1 FALSE / FALSE 0 o hush"), "holds no cookie"),
    ] {
        let (root, file) = (Root::new(), dir.path().join(name));
        if let Some(text) = text {
            fs::write(&file, text).unwrap();
        }
        let flag = format!("--cookie-file={}", file.display());
        let finished = trying(&server.url(), &root).flag(flag).once();
        let failure = only_failure(&finished);
        assert_eq!((failure.class.as_str(), failure.step.as_str()), ("auth", "credentials"));
        assert!(failure.error.contains(words), "{failure:?}");
        assert!(failure.hint.contains("cookie-file"), "{failure:?}");
        assert!(!finished.log.join("\n").contains("hush"));
    }
}
