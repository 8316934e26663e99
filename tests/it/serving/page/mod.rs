//! The page at `/ui`, in a real browser.

mod for_all;
mod state;

use crate::support::browser::{Browser, ENTER};
use crate::support::daemon::{Daemon, Root, following};
use crate::support::git::run;
use crate::support::http::{self, Http};
use crate::support::upstream::Upstream;

/// What must be known to act.
const TOKEN: &str = "correct horse battery staple";

/// A program with a source, and a browser that looks at its page.
#[derive(Debug)]
struct Scene {
    browser: Browser,
    daemon: Daemon,
    root: Root,
    server: Http,
    upstream: Upstream,
}

impl Scene {
    /// Publishes a first commit and opens the page; nothing if there is no browser.
    fn start(test: &str, flags: &[&str]) -> Option<Self> {
        let browser = Browser::start(test)?;
        let upstream = Upstream::new();
        let server = http::serve(&upstream);
        let root = Root::new();
        let daemon = program(&server.url(), &root, flags);
        root.eventually_publishes(&upstream.head());
        browser.open(&page(&daemon));
        Some(Self { browser, daemon, root, server, upstream })
    }

    /// The same with a token, without which nobody may act.
    fn with_token(test: &str) -> Option<Self> {
        Self::start(test, &[&format!("--api-token={TOKEN}")])
    }

    /// Commits with a message of its own.
    fn commit(&self, message: &str) -> String {
        let commit = ["commit", "--quiet", "--allow-empty", "--cleanup=verbatim", "-m", message];
        run(self.upstream.git().args(commit));
        run(self.upstream.git().args(["push", "--quiet", "origin", "HEAD"]));
        self.upstream.head()
    }

    /// Presses a button, and the one of the same meaning in the dialog that it opens.
    #[track_caller]
    fn press(&self, button: &str) {
        self.browser.click(&self.browser.button(button));
        self.browser.click(&self.browser.find("dialog[open] button.main"));
    }

    /// Types into the field for the token.
    #[track_caller]
    fn type_token(&self, token: &str) {
        self.browser.eventually_shows(&["API token"]);
        self.browser.press(format!("{token}{ENTER}"));
    }

    /// Fails if the browser has complained about anything.
    #[track_caller]
    fn assert_quiet(&self) {
        let console = self.browser.console();
        assert!(console.is_empty(), "{console:?}");
    }
}

/// A program that looks often and never gives up.
fn program(url: &str, root: &Root, flags: &[&str]) -> Daemon {
    let often = ["--period=250ms", "--jitter=0", "--init-period=250ms", "--max-failures=-1"];
    let setup = following(url, root);
    often.iter().chain(flags).fold(setup, |setup, flag| setup.flag(*flag)).start()
}

/// Where the page is.
fn page(daemon: &Daemon) -> String {
    format!("http://{}/ui", daemon.address())
}

/// As much of an id as the page shows.
fn short(commit: &str) -> &str {
    commit.split_at(10).0
}
