//! Signed tags: by their own name only, and wherever they are.

use crate::contract::{after_more_attempts, assert_published, metric};
use crate::support::daemon::Root;
use crate::support::git::{git, run};
use crate::support::http;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::verify::{Keys, eventually_refuses, order, path, signed_tag, verifying};

/// Follows tags of a server, and asks stock Git what is published.
fn follows_tags(hash: &str, over_http: bool) {
    let (upstream, root, keys) = (Upstream::by(hash), Root::new(), Keys::new());
    let (ada, eve) = (keys.friend("ada"), keys.person("eve"));
    let server = http::serve(&upstream);
    let url = if over_http { server.url() } else { path(&upstream) };
    let start = || verifying(&url, &root, &keys, "tag").flag("--ref=tag:v*").start();
    signed_tag(&upstream, &ada, "v1.0.0");
    let one = upstream.head();
    let daemon = start();
    root.eventually_publishes(&one);
    assert_published(&root, &upstream, &one);
    let two = upstream.commit("a", "2");
    upstream.annotated_tag("v1.1.0");
    eventually_refuses(&root, &two, "the tag v1.1.0 of commit");
    signed_tag(&upstream, &eve, "v1.1.0");
    eventually_refuses(&root, &two, "is in no file of verify-key-dir");
    signed_tag(&upstream, &ada, "v1.1.0");
    root.eventually_publishes(&two);
    assert_published(&root, &upstream, &two);
    let three = upstream.commit("a", "3");
    upstream.tag("v1.2.0");
    eventually_refuses(&root, &three, "names no annotated tag");
    // The old tag, served as the newest.
    let old = run(upstream.git().args(["rev-parse", "refs/tags/v1.0.0"]));
    run(git(&upstream.repo()).args(["update-ref", "refs/tags/v1.3.0", &old]));
    eventually_refuses(&root, &one, "the tag calls itself \"v1.0.0\"");
    assert_published(&root, &upstream, &two);
    upstream.delete_ref("refs/tags/v1.3.0");
    upstream.delete_ref("refs/tags/v1.2.0");
    after_more_attempts(&daemon, 3);
    assert_published(&root, &upstream, &two);
    daemon.kill();
    let daemon = start();
    after_more_attempts(&daemon, 3);
    let published = "gitsyncd_attempts_total{outcome=\"published\"}";
    assert_eq!(crate::support::told::metric(&daemon, published).unwrap_or_default(), 0);
    assert_eq!(metric(&daemon, "gitsyncd_step_duration_seconds_count{step=\"verify\"}"), 1);
    assert_published(&root, &upstream, &two);
}

#[test]
fn a_signed_tag_counts_by_its_own_name() {
    follows_tags("sha1", true);
}

#[test]
fn a_signed_tag_of_a_local_repository_counts() {
    follows_tags("sha1", false);
}

#[test]
fn a_signed_tag_counts_where_names_are_longer() {
    follows_tags("sha256", true);
}

#[test]
fn a_tag_may_be_named_in_any_way_and_a_branch_is_none() {
    let (upstream, keys) = (Upstream::new(), Keys::new());
    let ada = keys.friend("ada");
    signed_tag(&upstream, &ada, "release/v1.0.0");
    let inner = signed_tag(&upstream, &ada, "v2.0.0");
    let commit = upstream.head();
    for name in ["release/v1.0.0", "refs/tags/release/v1.0.0", "tags/v2.0.0", "semver:2.0.0"] {
        let root = Root::new();
        let setup = verifying(&path(&upstream), &root, &keys, "tag").flag(format!("--ref={name}"));
        setup.once().expect_code(0);
        assert_eq!(root.published().as_ref(), Some(&commit), "{name}");
    }
    for name in ["main", "HEAD", &commit] {
        let root = Root::new();
        let setup = verifying(&path(&upstream), &root, &keys, "tag").flag(format!("--ref={name}"));
        let _daemon = setup.start();
        eventually_refuses(&root, &commit, "follow an annotated tag");
        assert_eq!(root.published(), None);
    }
    // A signed tag of a tag.
    run(upstream.git().args(["update-ref", "refs/tags/inner", &inner]));
    let mut outer = crate::verify::signing(&upstream, &ada);
    run(outer.args(["tag", "-s", "-m", "of a tag", "outer", "inner"]));
    run(upstream.git().args(["push", "--quiet", "origin", "refs/tags/outer"]));
    let root = Root::new();
    verifying(&path(&upstream), &root, &keys, "tag").flag("--ref=outer").once().expect_code(0);
    assert_eq!(root.published(), Some(commit));
}

#[test]
fn a_rollback_goes_to_what_a_signed_tag_named_here() {
    let (upstream, root, keys) = (Upstream::new(), Root::new(), Keys::new());
    let ada = keys.friend("ada");
    let start = || verifying(&path(&upstream), &root, &keys, "tag").flag("--ref=tag:v*").start();
    let zero = upstream.head();
    let one = upstream.commit("a", "1");
    signed_tag(&upstream, &ada, "v1");
    let daemon = start();
    root.eventually_publishes(&one);
    let two = upstream.commit("a", "2");
    signed_tag(&upstream, &ada, "v2");
    root.eventually_publishes(&two);
    let (code, said) = order(&daemon, "pin", &zero);
    assert_eq!(code, 502, "{said}");
    assert!(said.to_string().contains("no signed tag of"), "{said}");
    let (code, said) = order(&daemon, "rollback", "previous");
    assert_eq!(code, 200, "{said}");
    assert_published(&root, &upstream, &one);
    daemon.kill();
    let daemon = start();
    after_more_attempts(&daemon, 3);
    assert_published(&root, &upstream, &one);
    assert_eq!(root.status().unwrap()["last_attempt"]["outcome"], "unchanged");
    keys.forget("ada");
    eventually_refuses(&root, &one, "no usable key");
    assert_published(&root, &upstream, &one);
}

#[test]
fn what_waited_is_forgotten_when_another_tag_names_what_is_published() {
    let (upstream, root, keys) = (Upstream::new(), Root::new(), Keys::new());
    let ada = keys.friend("ada");
    signed_tag(&upstream, &ada, "v1.0.0");
    let one = upstream.head();
    let daemon = verifying(&path(&upstream), &root, &keys, "tag")
        .flag("--ref=semver:*")
        .flag("--sync-window=allow 0 0 1 1 * 1s")
        .start();
    root.eventually_publishes(&one);
    let two = upstream.commit("a", "2");
    signed_tag(&upstream, &ada, "v1.1.0");
    eventually("it waits", SOON, || (root.status()?["waiting"]["commit"] == two).then_some(()));
    run(upstream.git().args(["checkout", "--quiet", &one]));
    signed_tag(&upstream, &ada, "v1.2.0");
    eventually("nothing waits", SOON, || root.status()?["waiting"].is_null().then_some(()));
    after_more_attempts(&daemon, 2);
    assert_published(&root, &upstream, &one);
}
