//! Every kind of ref names the commit that Git says it names.

use crate::contract::{polling, trying};
use crate::support::daemon::{Root, events};
use crate::support::git::{git, run};
use crate::support::upstream::Upstream;
use crate::support::{git_daemon, http};

/// A repository with a ref of each kind.
struct Refs {
    upstream: Upstream,
    /// The only commit of `main` that nothing else names.
    old: String,
    /// What `side`, and every tag but `both`, names.
    side: String,
    /// What `main` names.
    main: String,
    /// What the tag `both` names; the branch `both` is at `main`.
    tagged: String,
}

impl Refs {
    fn new() -> Self {
        let upstream = Upstream::new();
        let old = upstream.commit("a", "old");
        upstream.commit("a", "newer");
        upstream.switch("side");
        let side = upstream.commit("a", "side");
        upstream.tag("light");
        upstream.annotated_tag("heavy");
        run(upstream.git().args(["tag", "--annotate", "-m", "a tag of a tag", "nested", "heavy"]));
        run(upstream.git().args(["push", "--quiet", "origin", "refs/tags/nested"]));
        run(upstream.git().args(["push", "--quiet", "origin", "HEAD:refs/pull/7/head"]));
        upstream.switch("feature/deep");
        let tagged = upstream.commit("a", "tagged");
        upstream.tag("both");
        upstream.switch("main");
        let main = upstream.commit("a", "main");
        run(upstream.git().args(["push", "--quiet", "origin", "HEAD:refs/heads/both"]));
        Self { upstream, old, side, main, tagged }
    }

    /// Every way to name a commit, and the commit.
    fn names(&self) -> Vec<(&str, &str)> {
        vec![
            ("HEAD", &self.main),
            ("main", &self.main),
            ("side", &self.side),
            ("heads/side", &self.side),
            ("light", &self.side),
            ("heavy", &self.side),
            ("nested", &self.side),
            ("tags/nested", &self.side),
            ("both", &self.tagged),
            ("feature/deep", &self.tagged),
            ("refs/heads/both", &self.main),
            ("refs/tags/both", &self.tagged),
            ("refs/tags/heavy", &self.side),
            ("refs/pull/7/head", &self.side),
            (&self.main, &self.main),
            (&self.old, &self.old),
        ]
    }

    #[track_caller]
    fn all_are_found(&self, url: &str) {
        for (name, commit) in self.names() {
            let root = Root::new();
            trying(url, &root).flag(format!("--ref={name}")).once().expect_code(0);
            assert_eq!(root.published().as_deref(), Some(commit), "{name}");
        }
    }
}

#[test]
fn over_http() {
    let refs = Refs::new();
    refs.upstream.configure("uploadpack.allowAnySHA1InWant", "true");
    refs.all_are_found(&http::serve(&refs.upstream).url());
}

#[test]
fn over_http_in_the_old_protocol() {
    let refs = Refs::new();
    refs.upstream.configure("uploadpack.allowAnySHA1InWant", "true");
    refs.all_are_found(&http::over(&refs.upstream).old_protocol().start().url());
}

#[test]
fn over_git_daemon() {
    let refs = Refs::new();
    refs.all_are_found(&git_daemon::serve(&refs.upstream).url());
}

#[test]
fn from_a_path() {
    let refs = Refs::new();
    refs.all_are_found(refs.upstream.repo().to_str().unwrap());
}

#[test]
fn the_commit_that_a_ref_names_is_the_one_of_stock_git() {
    let refs = Refs::new();
    for (name, commit) in refs.names() {
        let said =
            run(git(&refs.upstream.repo()).args(["rev-parse", &format!("{name}^{{commit}}")]));
        assert_eq!(said, commit, "{name}");
    }
}

#[test]
fn a_hidden_commit_is_refused_in_clear_words() {
    let upstream = Upstream::new();
    let hidden = upstream.commit("a", "one");
    upstream.force_push("a", "two");
    // In the old protocol a server gives only what a ref names, unless it is told otherwise.
    let server = http::over(&upstream).old_protocol().start();
    let root = Root::new();
    let sync = || trying(&server.url(), &root).flag(format!("--ref={hidden}")).once();
    let finished = sync();
    finished.expect_code(1);
    let failed = events(&finished.log, "attempt failed");
    assert_eq!(failed[0]["class"], "ref", "{failed:?}");
    let words = failed[0]["error"].as_str().unwrap();
    assert!(words.contains("couldn't find remote ref") && words.contains(&hidden), "{words}");
    upstream.configure("uploadpack.allowAnySHA1InWant", "true");
    sync().expect_code(0);
    assert_eq!(root.published(), Some(hidden));
}

#[test]
fn an_abbreviated_commit_id_works_at_a_tip_and_is_asked_for_in_full_elsewhere() {
    let upstream = Upstream::new();
    let start = |id: &str| id.chars().take(10).collect::<String>();
    let (inner, tip) = (upstream.commit("a", "1"), upstream.commit("a", "2"));
    upstream.annotated_tag("v1");
    let servers = (http::serve(&upstream), git_daemon::serve(&upstream));
    let path = upstream.repo().display().to_string();
    for url in [servers.0.url(), servers.1.url(), path] {
        let root = Root::new();
        trying(&url, &root).flag(format!("--ref={}", start(&tip))).once().expect_code(0);
        assert_eq!(root.published().as_ref(), Some(&tip));
        let finished = trying(&url, &root).flag(format!("--ref={}", start(&inner))).once();
        finished.expect_code(1);
        let log = format!("{:?}", finished.log);
        assert!(log.contains(&format!("couldn't find remote ref {}", start(&inner))), "{log}");
        assert!(log.contains("give it in full"), "{log}");
        assert_eq!(root.published().as_ref(), Some(&tip));
    }
}

#[test]
fn a_ref_that_does_not_exist_is_named() {
    let upstream = Upstream::new();
    run(upstream.git().args(["push", "--quiet", "origin", "HEAD^{tree}:refs/tags/tree"]));
    let servers = (http::serve(&upstream), git_daemon::serve(&upstream));
    let path = upstream.repo().display().to_string();
    let missing = "0123456789012345678901234567890123456789";
    for url in [servers.0.url(), servers.1.url(), path] {
        for name in ["nowhere", "refs/heads/nowhere", missing, "mai", "refs/heads", "tree"] {
            let root = Root::new();
            let finished = trying(&url, &root).flag(format!("--ref={name}")).once();
            finished.expect_code(1);
            let failed = events(&finished.log, "attempt failed");
            assert_eq!(failed[0]["class"], "ref", "{url} {name}: {failed:?}");
            let words = failed[0]["error"].as_str().unwrap();
            assert!(words.contains("couldn't find remote ref"), "{url} {name}: {words}");
            assert_eq!(root.published(), None);
        }
    }
}

#[test]
fn an_empty_repository_is_called_empty_and_its_first_commit_is_published() {
    let upstream = Upstream::empty();
    let server = http::serve(&upstream);
    let root = Root::new();
    let daemon = polling(&server.url(), &root).start();
    let failed = daemon.eventually_logs("attempt failed");
    assert_eq!(failed["class"], "ref", "{failed}");
    let commit = upstream.commit("a", "1");
    root.eventually_publishes(&commit);
}

#[test]
fn a_ref_with_a_newline_or_a_dash_is_bad_usage() {
    for name in ["-x", "a b", "a\nb", "a..b", "refs/heads/a.lock"] {
        let root = Root::new();
        let finished = trying("/nowhere", &root).flag(format!("--ref={name}")).once();
        finished.expect_code(2);
        assert!(!root.path().exists());
    }
}

/// Follows something that moves, over two ways at once.
#[track_caller]
fn follows(name: &str, moves: impl Fn(&Upstream) -> Vec<String>) {
    let upstream = Upstream::new();
    upstream.commit("a", "first");
    upstream.tag("tag");
    let server = http::serve(&upstream);
    let roots = (Root::new(), Root::new());
    let flag = format!("--ref={name}");
    let _web = polling(&server.url(), &roots.0).flag(&flag).start();
    let _local = polling(upstream.repo().to_str().unwrap(), &roots.1).flag(&flag).start();
    roots.0.eventually_publishes(&upstream.head());
    for commit in moves(&upstream) {
        roots.0.eventually_publishes(&commit);
        roots.1.eventually_publishes(&commit);
        crate::contract::assert_published(&roots.0, &upstream, &commit);
        crate::contract::assert_published(&roots.1, &upstream, &commit);
    }
}

#[test]
fn a_force_push_is_followed() {
    follows("main", |upstream| vec![upstream.force_push("a", "another")]);
    follows("main", |upstream| {
        let first = run(upstream.git().args(["rev-parse", "HEAD^"]));
        run(upstream.git().args(["reset", "--quiet", "--hard", &first]));
        run(upstream.git().args(["push", "--quiet", "--force", "origin", "HEAD"]));
        vec![first]
    });
}

#[test]
fn a_history_without_anything_in_common_is_followed() {
    follows("main", |upstream| {
        run(upstream.git().args(["checkout", "--quiet", "--orphan", "new"]));
        run(upstream.git().args(["commit", "--quiet", "-m", "an orphan"]));
        run(upstream.git().args(["push", "--quiet", "--force", "origin", "HEAD:main"]));
        vec![upstream.head()]
    });
}

#[test]
fn head_is_followed_to_another_branch() {
    follows("HEAD", |upstream| {
        upstream.switch("other");
        let commit = upstream.commit("a", "other");
        upstream.set_head("other");
        vec![commit]
    });
}

#[test]
fn a_tag_that_moves_and_becomes_another_kind_is_followed() {
    follows("tag", |upstream| {
        let commit = upstream.commit("a", "annotated");
        upstream.annotated_tag("tag");
        vec![commit]
    });
    follows("tag", |upstream| {
        upstream.annotated_tag("tag");
        let commit = upstream.commit("a", "light again");
        upstream.tag("tag");
        vec![commit]
    });
}

#[test]
fn a_branch_that_is_deleted_stays_published_until_it_is_back() {
    let upstream = Upstream::new();
    upstream.switch("side");
    let commit = upstream.commit("a", "1");
    let server = http::serve(&upstream);
    let root = Root::new();
    let daemon = polling(&server.url(), &root).flag("--ref=side").start();
    root.eventually_publishes(&commit);
    upstream.delete_branch("side");
    assert_eq!(daemon.eventually_logs("attempt failed")["class"], "ref");
    assert_eq!(root.published().as_ref(), Some(&commit));
    let back = upstream.commit("a", "2");
    root.eventually_publishes(&back);
}
