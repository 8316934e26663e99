//! Files of Git LFS in submodules at several hosts: each is asked for what its repository has, as who we
//! are there.

use serde_json::json;
use std::fs;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

use crate::lfs::submodules::assert_published;
use crate::lfs::trying;
use crate::submodules::family::{Link, link, links};
use crate::support::daemon::Root;
use crate::support::http::{self, Http};
use crate::support::lfs::{self, Server, kept, oid, place};
use crate::support::service::{Asked, answer_with};
use crate::support::told::only_failure;
use crate::support::upstream::Upstream;

/// A repository at a server with a login of its own, and its files of Git LFS.
struct Place {
    upstream: Upstream,
    lfs: Server,
    git: Http,
    login: (&'static str, &'static str),
}

impl Place {
    fn new(content: &str, login: (&'static str, &'static str)) -> Self {
        let upstream = lfs::upstream();
        upstream.commit("x.bin", content);
        let lfs = Server::start(&kept(&upstream));
        let forward = format!(
            "location ~ /info/lfs/ {{ proxy_set_header Host $http_host; proxy_pass http://{}; }}",
            lfs.addr()
        );
        let git = http::over(&upstream).login(login.0, login.1).line(&forward).start();
        Self { upstream, lfs, git, login }
    }

    fn link(&self, path: &str) -> Link {
        link(path, &self.git.url(), &self.upstream.head())
    }

    /// The login, as an option for its address.
    fn credential(&self) -> String {
        let (user, password) = self.login;
        let entry = json!({"url": self.git.url(), "username": user, "password": password});
        format!("--credential={entry}")
    }

    /// What the login looks like on the wire.
    fn basic(&self) -> String {
        use base64::Engine;
        let text = format!("{}:{}", self.login.0, self.login.1);
        format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(text))
    }
}

fn authorizations(asked: &[Asked]) -> Vec<Option<&str>> {
    asked.iter().map(|asked| asked.header("authorization")).collect()
}

/// Puts all that these keep into one directory.
fn gathered(places: &[&Place]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for here in places {
        let content = fs::read(here.upstream.work().join("x.bin")).unwrap();
        let (from, to) =
            (place(&kept(&here.upstream), &oid(&content)), place(dir.path(), &oid(&content)));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        symlink(from, to).unwrap();
    }
    dir
}

#[test]
fn each_host_is_asked_for_the_files_of_its_repository_as_who_we_are_there() {
    let home = Place::new("at home\n", ("ada", "home1"));
    let away = Place::new("away\n", ("bob", "away2"));
    let far = Place::new("far\n", ("eve", "far3"));
    links(&away.upstream, &[far.link("far")]);
    let commit = links(&home.upstream, &[away.link("away")]);
    let root = Root::new();
    let setup = trying(&home.git.url(), &root)
        .flag("--username=ada")
        .flag("--password=home1")
        .flag("--git-config=\"http.extraHeader\":\"X-Extra: for-home\"");
    let finished = setup.flag(away.credential()).flag(far.credential()).once();
    finished.expect_code(0);
    let all = gathered(&[&home, &away, &far]);
    let near = [&away, &far].map(|place| {
        let repo = place.upstream.repo();
        (format!("url.{}.insteadOf", repo.display()), place.git.url())
    });
    let near: Vec<_> = near.iter().map(|(key, url)| (key.as_str(), url.as_str())).collect();
    assert_published(&root, &home.upstream.repo(), &commit, all.path(), &near);
    for place in [&home, &away, &far] {
        let login = place.basic();
        assert_eq!(authorizations(&place.lfs.asked()), [Some(login.as_str()); 2]);
        let is_home = place.login.0 == "ada";
        for asked in place.lfs.asked() {
            assert_eq!(asked.header("x-extra").is_some(), is_home, "{}", asked.line);
        }
    }
    let log = finished.log.join("\n");
    for secret in ["home1", "away2", "far3"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn a_server_that_does_not_believe_us_fails_the_submodule_and_nothing_is_published() {
    let (upstream, other) = (lfs::upstream(), lfs::upstream());
    other.commit("x.bin", "elsewhere\n");
    let server = Server::with(&kept(&other), |_asked| {
        let wants = ["WWW-Authenticate: Basic realm=\"x\"", "LFS-Authenticate: Basic"];
        Some(answer_with("401 Unauthorized", &wants, ""))
    });
    let forward = format!("location ~ /info/lfs/ {{ proxy_pass http://{}; }}", server.addr());
    let away = http::over(&other).line(&forward).start();
    links(&upstream, &[link("sub", &away.url(), &other.head())]);
    let home = http::over(&upstream).login("ada", "home1").start();
    let root = Root::new();
    let setup = trying(&home.url(), &root).flag("--username=ada").flag("--password=home1");
    let failure = only_failure(&setup.once());
    failure.expect("auth", "\"sub\"");
    failure.expect("auth", "authentication failed for");
    assert!(failure.hint.contains("`credential`"), "{failure:?}");
    assert_eq!(authorizations(&server.asked()), [None]);
    assert_eq!(root.published(), None);
}

#[test]
fn a_submodule_says_itself_where_its_files_are_and_who_we_are_is_not_told_there() {
    let (upstream, other) = (lfs::upstream(), lfs::upstream());
    let stranger = Server::start(&kept(&other));
    let config = format!("[lfs]\n\turl = {}\n", stranger.url());
    other.change().file(".lfsconfig", config).file("x.bin", "elsewhere\n").commit();
    let away = http::over(&other).login("bob", "away2").start();
    let url = away.url().replace("http://", "http://bob:away2@");
    let commit = links(&upstream, &[link("sub", &url, &other.head())]);
    let root = Root::new();
    trying(upstream.repo().to_str().unwrap(), &root).once().expect_code(0);
    let near = format!("url.{}.insteadOf", other.repo().display());
    let near = [(near.as_str(), url.as_str())];
    assert_published(&root, &upstream.repo(), &commit, &kept(&other), &near);
    assert_eq!(authorizations(&stranger.asked()), [None; 2]);
}

#[test]
fn a_password_in_the_address_of_a_submodule_is_for_its_files_too() {
    let (upstream, away, root) =
        (lfs::upstream(), Place::new("away\n", ("bob", "away2")), Root::new());
    let url = away.git.url().replace("http://", "http://bob:away2@");
    let commit = links(&upstream, &[link("sub", &url, &away.upstream.head())]);
    trying(upstream.repo().to_str().unwrap(), &root).once().expect_code(0);
    assert_eq!(root.published(), Some(commit));
    assert_eq!(fs::read(root.link().join("sub/x.bin")).unwrap(), b"away\n");
    let login = away.basic();
    assert_eq!(authorizations(&away.lfs.asked()), [Some(login.as_str()); 2]);
}
