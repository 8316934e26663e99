//! Names and paths that Git can hold and Linux cannot.

use crate::contract::trying;
use crate::support::daemon::Root;
use crate::support::git::run;
use crate::support::told::only_failure;
use crate::support::upstream::Upstream;

/// Commits a file whose path no directory has room for.
fn commit(upstream: &Upstream, path: &str) -> String {
    let blob = run(upstream.git().args(["hash-object", "-w", "README"]));
    let entry = format!("100644,{},{path}", blob.trim());
    run(upstream.git().args(["update-index", "--add", "--cacheinfo", &entry]));
    let tree = run(upstream.git().arg("write-tree"));
    let head = upstream.head();
    let words = ["commit-tree", "-p", &head, "-m", "long", tree.trim()];
    let commit = run(upstream.git().args(words)).trim().to_owned();
    run(upstream.git().args(["push", "--quiet", "origin", &format!("{commit}:refs/heads/main")]));
    commit
}

#[test]
fn a_path_that_is_too_long_is_named_and_can_be_left_out() {
    let deep = format!("{}file", format!("deep/{}/", "d".repeat(200)).repeat(24));
    for (path, told) in [(deep, "d"), (format!("deep/{}", "n".repeat(256)), "n")] {
        let upstream = Upstream::new();
        upstream.commit("kept/a", "1");
        let commit = commit(&upstream, &path);
        let (url, root) = (upstream.repo().display().to_string(), Root::new());
        let failure = only_failure(&trying(&url, &root).once());
        failure.expect("disk", &format!("could not write deep/{}", told.repeat(200)));
        failure.expect("disk", "File name too long");
        assert!(failure.error.len() < 600 && failure.hint.contains("255 bytes"), "{failure:?}");
        assert!(!failure.hint.contains("free space"), "{failure:?}");
        let root = Root::new();
        let setup = trying(&url, &root).flag("--sparse-path=kept");
        setup.once().expect_code(0);
        assert_eq!(root.published(), Some(commit));
        assert!(root.link().join("kept/a").is_file());
    }
}
