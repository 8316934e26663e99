//! Whatever the way to the repository, readers see what stock Git checks out.

use std::fs;
use tempfile::TempDir;

use crate::contract::{assert_published, line_ends, polling, publishes, trying};
use crate::support::authority::Authority;
use crate::support::daemon::{Root, following};
use crate::support::upstream::Upstream;
use crate::support::{git_daemon, http};

/// A repository with a little of everything, and its newest commit.
fn rich() -> (Upstream, String) {
    let upstream = Upstream::new();
    let commit = upstream.change().odd_names().attributes().files(120, "many").commit();
    (upstream, commit)
}

/// Syncs once, then follows with a daemon on the same root, and compares both times.
#[track_caller]
fn serves_well(url: &str, upstream: &Upstream, commit: &str) {
    let root = Root::new();
    publishes(trying(url, &root), &root, upstream, commit);
    let daemon = polling(url, &root).start();
    daemon.eventually_ready();
    let next = upstream.change().delete("many/000").executable("new/tool", "#!\n").commit();
    root.eventually_publishes(&next);
    assert_published(&root, upstream, &next);
    // And into a root where nothing is.
    let fresh = Root::new();
    let _daemon = polling(url, &fresh).start();
    fresh.eventually_publishes(&next);
    assert_published(&fresh, upstream, &next);
}

#[test]
fn over_http() {
    let (upstream, commit) = rich();
    let server = http::serve(&upstream);
    serves_well(&server.url(), &upstream, &commit);
    assert_eq!(server.complaints(), "");
}

#[test]
fn attributes_count_although_their_file_is_executable() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let change = upstream.change().executable(".gitattributes", "*.txt ident\n*.dos eol=crlf\n");
    let commit = change.file("a.txt", "$Id$\n").file("b.dos", "one\n").commit();
    let url = upstream.repo().display().to_string();
    let _daemon = polling(&url, &root).start();
    root.eventually_publishes(&commit);
    assert_published(&root, &upstream, &commit);
    let next = upstream.change().file("c.txt", "$Id$\n").file("d.dos", "two\n").commit();
    root.eventually_publishes(&next);
    assert_published(&root, &upstream, &next);
}

#[test]
fn over_http_in_the_old_protocol() {
    let (upstream, commit) = rich();
    let server = http::over(&upstream).old_protocol().start();
    serves_well(&server.url(), &upstream, &commit);
    // A poll may have been under way when the program ended, which nginx calls 499.
    assert!(server.requests().iter().all(|request| [200, 499].contains(&request.status)));
}

#[test]
fn over_http_by_way_of_a_redirect() {
    let (upstream, commit) = rich();
    let server = http::serve(&upstream);
    serves_well(&server.moved_url(), &upstream, &commit);
}

#[test]
fn over_git_daemon() {
    let (upstream, commit) = rich();
    serves_well(&git_daemon::serve(&upstream).url(), &upstream, &commit);
}

#[test]
fn from_a_path() {
    let (upstream, commit) = rich();
    serves_well(upstream.repo().to_str().unwrap(), &upstream, &commit);
}

#[test]
fn from_a_file_url() {
    let (upstream, commit) = rich();
    serves_well(&format!("file://{}", upstream.repo().display()), &upstream, &commit);
}

#[test]
fn over_https_with_an_authority_and_a_password() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let commit = line_ends(upstream.change()).odd_names().commit();
    let server = http::over(&upstream).tls(&authority).login("ada", "p@ss word/1").start();
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("password");
    fs::write(&file, "p@ss word/1\n").unwrap();
    let with_file = format!("--password-file={}", file.display());
    let trusted = format!("--ca-file={}", authority.certificate().display());
    let sync = || {
        let root = Root::new();
        (trying(&server.url(), &root).flag(&trusted), root)
    };

    let (setup, root) = sync();
    let by_value = setup.flag("--username=ada").variable("GITSYNC_PASSWORD", "p@ss word/1");
    publishes(by_value, &root, &upstream, &commit);

    let (setup, root) = sync();
    publishes(setup.flag("--username=ada").flag(&with_file), &root, &upstream, &commit);
    assert!(server.requests().iter().filter(|request| request.status == 200).count() >= 4);
    assert_eq!(server.requests().last().unwrap().user, "ada");

    let (_, root) = sync();
    let inside = server.url().replace("://", "://ada:p%40ss%20word%2F1@");
    publishes(trying(&inside, &root).flag(&trusted), &root, &upstream, &commit);
}

#[test]
fn a_password_file_that_changes_is_read_again() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", "new").start();
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("password");
    fs::write(&file, "old").unwrap();
    let root = Root::new();
    let setup = polling(&server.url(), &root).flag("--username=ada");
    let daemon = setup.flag(format!("--password-file={}", file.display())).start();
    let failed = daemon.eventually_logs("attempt failed");
    assert_eq!(failed["class"], "auth", "{failed}");
    fs::write(&file, "new").unwrap();
    root.eventually_publishes(&upstream.head());
}

#[test]
fn a_token_needs_no_user_name() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("git", "token").start();
    let root = Root::new();
    let setup = trying(&server.url(), &root).variable("GITOPS_TOKEN", "token");
    publishes(setup, &root, &upstream, &upstream.head());
}

#[test]
fn without_trust_or_with_a_wrong_password_nothing_is_published() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let server = http::over(&upstream).tls(&authority).login("ada", "right").start();
    let trusted = format!("--ca-file={}", authority.certificate().display());
    let stranger = Authority::new();
    let other = format!("--ca-file={}", stranger.certificate().display());
    for (flag, password, class) in
        [(&other, "right", "tls"), (&trusted, "wrong", "auth"), (&trusted, "", "auth")]
    {
        let root = Root::new();
        let setup = trying(&server.url(), &root).flag(flag).flag("--username=ada");
        let finished = setup.variable("GITSYNC_PASSWORD", password).once();
        finished.expect_code(1);
        let failed = crate::support::daemon::events(&finished.log, "attempt failed");
        assert_eq!(failed[0]["class"], class, "{failed:?}");
        assert_eq!(root.published(), None);
    }
}

#[test]
fn the_root_may_be_given_by_variables_alone() {
    let upstream = Upstream::new();
    let root = Root::new();
    let setup = crate::support::daemon::bare()
        .variable("GITOPS_BASE_REPO_URL", upstream.repo())
        .variable("GITOPS_LOCAL_PATH", root.path())
        .variable("GITSYNC_BRANCH", "main");
    publishes(setup, &root, &upstream, &upstream.head());
    // A flag wins over a variable.
    upstream.switch("other");
    let commit = upstream.commit("a", "1");
    let setup = following(upstream.repo().to_str().unwrap(), &root);
    let setup = setup.flag("--ref=other").variable("GITSYNC_REF", "main");
    publishes(setup, &root, &upstream, &commit);
}
