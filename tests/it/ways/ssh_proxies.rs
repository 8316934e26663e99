//! SSH by way of a proxy, which only the option names.

use crate::contract::{assert_published, polling, trying};
use crate::support::daemon::{Root, Setup};
use crate::support::proxies::{Middle, socks, tinyproxy};
use crate::support::sshd;
use crate::support::sshd::Sshd;
use crate::support::upstream::Upstream;
use crate::ways::ssh::{fails, flags};

/// Names the proxy, with a login that its log must not show.
fn by(setup: Setup, scheme: &str, login: &str, proxy: &Middle) -> Setup {
    setup.flag(format!("--proxy={scheme}://{login}{}", proxy.addr()))
}

/// A server, and the flags that lead to it.
fn leading(server: &Sshd) -> impl Fn(Setup) -> Setup + '_ {
    let (key, known) = (server.login(), server.known());
    move |setup| flags(setup, &key, &known)
}

#[test]
fn a_proxy_is_passed_through_and_the_connection_is_kept() {
    let login = Some(("ada", "hush"));
    for (scheme, proxy) in
        [("http", tinyproxy(login, false)), ("socks5", socks(login)), ("socks5h", socks(login))]
    {
        let (upstream, server) = (Upstream::new(), sshd::start());
        let ready = leading(&server);
        let root = Root::new();
        let setup = ready(polling(&server.url(&upstream.repo()), &root));
        let daemon = by(setup, scheme, "ada:hush@", &proxy).start();
        root.eventually_publishes(&upstream.head());
        for n in 0..3 {
            let commit = upstream.commit("a", n.to_string());
            root.eventually_publishes(&commit);
        }
        assert_published(&root, &upstream, &upstream.head());
        assert_eq!(server.connections(), 1, "{scheme}");
        assert!(!daemon.log().join("\n").contains("hush"), "{scheme}");
    }
}

#[test]
fn a_proxy_that_does_not_let_us_through_is_named() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let ready = leading(&server);
    let sync = |scheme: &str, login: &str, proxy: &Middle| {
        let root = Root::new();
        by(ready(trying(&server.url(&upstream.repo()), &root)), scheme, login, proxy).once()
    };
    let wanted = Some(("ada", "hush"));
    let proxy = tinyproxy(None, true);
    fails(&sync("http", "", &proxy), "network", &["proxy", &proxy.addr().to_string(), "403"]);
    let proxy = tinyproxy(wanted, false);
    let finished = sync("http", "ada:wrong-one@", &proxy);
    fails(&finished, "auth", &["proxy", &proxy.addr().to_string()]);
    assert!(!finished.log.join("\n").contains("wrong-one"));
    let proxy = socks(wanted);
    fails(&sync("socks5", "ada:wrong-one@", &proxy), "auth", &["proxy"]);
}

#[test]
fn what_the_environment_names_is_for_http_only() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let ready = leading(&server);
    let root = Root::new();
    ready(trying(&server.url(&upstream.repo()), &root))
        .variable("ALL_PROXY", "socks5://127.0.0.1:1")
        .variable("https_proxy", "http://127.0.0.1:1")
        .once()
        .expect_code(0);
    assert_published(&root, &upstream, &upstream.head());
}
