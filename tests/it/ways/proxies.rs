//! Sources that are reached through proxies.

use rustix::process::Signal;
use serde_json::Value;

use crate::faults::course::{fails, single, succeeds};
use crate::support::authority::Authority;
use crate::support::daemon::{Daemon, Root, Setup, following};
use crate::support::faults::in_front_of;
use crate::support::http::{self, Http};
use crate::support::listener::Port;
use crate::support::proxies::{Middle, socks, squid, tinyproxy};
use crate::support::told::Failure;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::support::{git_daemon, oracle};

const SECRET: &str = "hush-hush";

/// A repository, a server in the clear and one over TLS.
struct Scene {
    upstream: Upstream,
    authority: Authority,
    plain: Http,
    safe: Http,
}

impl Scene {
    fn new() -> Self {
        let (upstream, authority) = (Upstream::new(), Authority::new());
        let plain = http::serve(&upstream);
        let safe = http::over(&upstream).tls(&authority).start();
        Self { upstream, authority, plain, safe }
    }

    /// A run that trusts the server.
    fn trusting(&self, setup: Setup) -> Setup {
        setup.flag(format!("--ca-file={}", self.authority.certificate().display()))
    }

    /// The URL of each server in words that the resolver of a proxy knows too.
    fn urls(&self) -> [String; 2] {
        [self.plain.url(), self.safe.url()].map(|url| url.replace("127.0.0.1", "localhost"))
    }

    /// Publishes from both servers by this proxy, and shows that it was used.
    #[track_caller]
    fn works(&self, proxy: &str, middle: &Middle, more: &dyn Fn(Setup) -> Setup) {
        for url in self.urls() {
            let wire = in_front_of(middle.addr());
            let root = Root::new();
            let proxy = proxy.replace("PROXY", &wire.addr().to_string());
            let setup = more(single(&url, &root).flag(format!("--proxy={proxy}")));
            succeeds(self.trusting(setup));
            oracle::assert_published(
                &root.path(),
                &root.link(),
                &self.upstream.repo(),
                &self.upstream.head(),
            );
            assert!(wire.connections() > 0, "{url} by {proxy}");
        }
    }

    /// Fails at both servers with this proxy.
    #[track_caller]
    fn fails(&self, proxy: &str, class: &str, words: &[&str]) {
        for url in self.urls() {
            let setup = single(&url, &Root::new()).flag(format!("--proxy={proxy}"));
            expect(&fails(self.trusting(setup)), class, words);
        }
    }
}

#[track_caller]
fn expect(failure: &Failure, class: &str, words: &[&str]) {
    assert_eq!(failure.class, class, "{failure:?}");
    for word in words {
        assert!(failure.error.contains(word), "{word:?} is not in {failure:?}");
    }
    assert!(!failure.error.contains(SECRET), "{failure:?}");
}

#[test]
fn every_kind_of_proxy_leads_to_the_source() {
    let scene = Scene::new();
    let as_it_is = |setup: Setup| setup;
    let middle = tinyproxy(None, false);
    scene.works("http://PROXY", &middle, &as_it_is);
    assert!(middle.log().contains("CONNECT localhost:"), "{}", middle.log());
    let middle = squid(None, None);
    scene.works("http://PROXY", &middle, &as_it_is);
    let middle = socks(None);
    scene.works("socks5://PROXY", &middle, &as_it_is);
    scene.works("socks5h://PROXY", &middle, &as_it_is);
    scene.works("socks5h://me:unasked@PROXY", &middle, &as_it_is);
    let middle = squid(None, Some(&scene.authority));
    scene.works("https://PROXY", &middle, &as_it_is);
}

#[test]
fn a_proxy_that_asks_who_we_are_is_told() {
    let scene = Scene::new();
    let as_it_is = |setup: Setup| setup;
    let wrong = |middle: &Middle| format!("http://ada:{SECRET}-not@{}", middle.addr());
    for middle in [tinyproxy(Some(("ada", SECRET)), false), squid(Some(("ada", SECRET)), None)] {
        scene.works(&format!("http://ada:{SECRET}@PROXY"), &middle, &as_it_is);
        let bare = format!("http://{}", middle.addr());
        let words = ["unable to access 'http", &bare, "it wants a user name and a password (40"];
        scene.fails(&bare, "auth", &words);
        let setup = single(&scene.urls()[1], &Root::new());
        let failure = fails(scene.trusting(setup.flag(format!("--proxy={}", wrong(&middle)))));
        expect(&failure, "auth", &[&bare, "it does not accept the user name"]);
        // To this tinyproxy answers as if it were the server.
        let setup = single(&scene.urls()[0], &Root::new());
        let failure = fails(setup.flag(format!("--proxy={}", wrong(&middle))));
        expect(&failure, "auth", &[&bare]);
    }
    let middle = socks(Some(("ada", SECRET)));
    scene.works(&format!("socks5://ada:{SECRET}@PROXY"), &middle, &as_it_is);
    scene.works(&format!("socks5h://ada:{SECRET}@PROXY"), &middle, &as_it_is);
    let bare = format!("socks5h://{}", middle.addr());
    scene.fails(&bare, "auth", &[&bare, "it wants a user name and a password"]);
    let wrong = format!("socks5h://ada:{SECRET}-not@{}", middle.addr());
    scene.fails(&wrong, "auth", &[&bare, "it does not accept"]);
}

#[test]
fn a_proxy_that_does_not_help_is_named() {
    let scene = Scene::new();
    let refused = Port::take();
    for scheme in ["http", "https", "socks5", "socks5h"] {
        let proxy = format!("{scheme}://{}", refused.addr());
        let told = [&*format!("through the proxy {proxy} (proxy)"), "Connection refused"];
        let with_password = format!("{scheme}://ada:{SECRET}@{}", refused.addr());
        scene.fails(&with_password, "network", &told);
    }
    let middle = tinyproxy(None, true);
    let url = scene.urls()[1].clone();
    let proxy = format!("http://{}", middle.addr());
    let setup = single(&url, &Root::new()).flag(format!("--proxy={proxy}"));
    let told = [&*proxy, "it answered 403", "CONNECT localhost:", "check whether it lets"];
    expect(&fails(scene.trusting(setup)), "network", &told);
    let setup = single(&scene.urls()[0], &Root::new()).flag(format!("--proxy={proxy}"));
    expect(&fails(setup), "auth", &["or the proxy http://", "answered 403"]);
    // Nobody listens at the goal.
    let goal = format!("https://localhost:{}/repo.git", refused.addr().port());
    for (proxy, middle) in [("http", tinyproxy(None, false)), ("socks5", socks(None))] {
        let proxy = format!("{proxy}://{}", middle.addr());
        let setup = single(&goal, &Root::new()).flag(format!("--proxy={proxy}"));
        expect(&fails(setup), "network", &[&proxy]);
    }
    // What is no proxy at all.
    let proxy = format!("socks5h://{}", scene.plain.addr());
    scene.fails(&proxy, "network", &["it does not speak SOCKS5"]);
    let proxy = format!("https://{}", scene.plain.addr());
    scene.fails(&proxy, "tls", &["does not speak TLS"]);
    let middle = squid(None, Some(&Authority::new()));
    let proxy = format!("https://{}", middle.addr());
    scene.fails(&proxy, "tls", &[&proxy, "unknown authority"]);
}

#[test]
fn the_environment_names_proxies_as_for_curl() {
    let scene = Scene::new();
    let (middle, refused) = (tinyproxy(None, false), Port::take());
    let (good, bad) = (middle.addr().to_string(), refused.addr().to_string());
    let [plain, safe] = scene.urls();
    let run = |url: &str, variables: &[(&str, &str)]| {
        let setup = scene.trusting(single(url, &Root::new()));
        variables.iter().fold(setup, |setup, (name, value)| setup.variable(name, value))
    };
    let used = |setup: Setup| {
        let before = middle.log().matches("Request (file descriptor").count();
        succeeds(setup);
        middle.log().matches("Request (file descriptor").count() > before
    };
    let good_url = format!("http://{good}");
    for (url, variables) in [
        (&plain, vec![("http_proxy", &*good), ("https_proxy", &*bad)]),
        (&safe, vec![("https_proxy", &*good_url), ("http_proxy", &*bad)]),
        (&safe, vec![("HTTPS_PROXY", &*good_url)]),
        (&plain, vec![("ALL_PROXY", &*good)]),
        (&safe, vec![("all_proxy", &*good), ("ALL_PROXY", &*bad)]),
        (&plain, vec![("http_proxy", &*good), ("no_proxy", "other, .example.com,10.0.0.0/8")]),
    ] {
        assert!(used(run(url, &variables)), "{url} {variables:?}");
    }
    for (url, variables) in [
        (&plain, vec![("HTTP_PROXY", &*bad)]),
        (&plain, vec![("https_proxy", &*bad)]),
        (&safe, vec![("https_proxy", "")]),
        (&safe, vec![("https_proxy", &*bad), ("NO_PROXY", "other,localhost")]),
        (&safe, vec![("https_proxy", &*bad), ("no_proxy", "*")]),
    ] {
        assert!(!used(run(url, &variables)), "{url} {variables:?}");
    }
    let addressed = scene.plain.url();
    assert!(!used(run(&addressed, &[("http_proxy", &bad), ("no_proxy", "127.0.0.0/8")])));
    assert!(!used(run(&addressed, &[("all_proxy", &bad), ("no_proxy", "*")])));
    let failure = fails(run(&safe, &[("https_proxy", "ftp://ada:hush-hush@h")]));
    expect(&failure, "config", &["https_proxy", "proxies are http://"]);
    let failure = fails(run(&safe, &[("https_proxy", &bad)]));
    expect(&failure, "network", &[&format!("http://{bad} (https_proxy)")]);
    // The option comes before all of that.
    let setup = run(&plain, &[("http_proxy", &bad), ("all_proxy", &bad)]);
    assert!(used(setup.flag(format!("--proxy={good_url}"))));
}

#[test]
fn git_daemons_are_reached_by_the_proxy_of_the_option_only() {
    let upstream = Upstream::new();
    let server = git_daemon::serve(&upstream);
    let url = server.url();
    let refused = format!("http://{}", Port::take().addr());
    let run = |proxy: &str| single(&url, &Root::new()).flag(format!("--proxy={proxy}"));
    for (scheme, middle) in
        [("http", tinyproxy(None, false)), ("socks5", socks(None)), ("socks5h", socks(None))]
    {
        let wire = in_front_of(middle.addr());
        succeeds(run(&format!("{scheme}://{}", wire.addr())));
        assert!(wire.connections() > 0);
    }
    expect(&fails(run(&refused)), "network", &["unable to access 'git://", &refused]);
    let direct = single(&url, &Root::new());
    succeeds(direct.variable("all_proxy", &refused).variable("http_proxy", &refused));
}

/// How many attempts have ended.
fn ended(daemon: &Daemon) -> u64 {
    let health: Value = serde_json::from_str(&daemon.get("/healthz").unwrap().body).unwrap();
    health["last_attempt"]["number"].as_u64().unwrap_or_default()
}

/// Polls again and again; it must be one request each time, and no connection.
#[track_caller]
fn polls_on_an_open_connection(scene: &Scene, server: &Http, scheme: &str, middle: &Middle) {
    let (wire, root) = (in_front_of(middle.addr()), Root::new());
    let setup = following(&server.url(), &root).flag("--period=off").flag("--sync-on-signal=HUP");
    let proxy = format!("--proxy={scheme}://ada:{SECRET}@{}", wire.addr());
    let mut daemon = scene.trusting(setup.flag(proxy)).start();
    eventually("the first attempt has ended", SOON, || (ended(&daemon) == 1).then_some(()));
    assert_eq!(root.published(), Some(scene.upstream.head()));
    let (connections, requests) = (wire.connections(), server.requests().len());
    for number in 2..8 {
        daemon.signal(Signal::HUP);
        eventually("a poll has ended", SOON, || (ended(&daemon) == number).then_some(()));
    }
    assert_eq!(server.requests().len(), requests + 6);
    assert_eq!(wire.connections(), connections, "no poll made a connection by {scheme}");
    assert!(connections <= 2, "{connections}");
    assert!(daemon.events("attempt failed").is_empty());
}

#[test]
fn an_idle_poll_makes_no_connection_to_a_proxy() {
    let scene = Scene::new();
    let login = Some(("ada", SECRET));
    // It closes no connection that it does not understand.
    polls_on_an_open_connection(&scene, &scene.safe, "http", &tinyproxy(login, false));
    let middle = squid(login, None);
    polls_on_an_open_connection(&scene, &scene.safe, "http", &middle);
    polls_on_an_open_connection(&scene, &scene.plain, "http", &middle);
    let middle = socks(login);
    polls_on_an_open_connection(&scene, &scene.safe, "socks5h", &middle);
    polls_on_an_open_connection(&scene, &scene.plain, "socks5", &middle);
}
