//! Repositories whose objects are named by SHA-256: the root begins with the other hash, and is told the
//! same when it was made anew.

use std::fs;

use crate::partial::{assert_partial, filtering_by, inside, partly};
use crate::support::daemon::Root;
use crate::support::git::{attempt, git};
use crate::support::http;

#[test]
fn by_every_filter_git_is_told_what_is_promised_and_who_the_user_is() {
    for (filter, rules) in
        [("blob:none", None), ("blob:none", Some(inside())), ("tree:0", Some(inside()))]
    {
        let (upstream, root) = (filtering_by("sha256").0, Root::new());
        let (server, rules) = (http::serve(&upstream), rules.as_ref());
        let change = upstream.change().file("in/one/deep/0", "2\n");
        change.file("out/deep/er/0", "2\n").commit();
        for commit in ["HEAD~1", "HEAD"].map(|name| crate::partial::object(&upstream, name)) {
            let setup = partly(&server.url(), &root, filter, rules).flag("--depth=0");
            setup.flag("--add-user").flag(format!("--ref={commit}")).once().expect_code(0);
            assert_partial(&root, &upstream, &commit, filter, rules);
            let said = |key: &str| attempt(git(&root.path()).args(["config", key]));
            assert_eq!(said("extensions.objectFormat").as_deref(), Ok("sha256"));
            assert_eq!(said("extensions.partialClone").as_deref(), Ok("origin"));
            assert_eq!(said("user.name").as_deref(), Ok("gitsyncd"));
            let folds = if filter == "tree:0" { Ok("true") } else { Err(()) };
            assert_eq!(said("index.sparse").as_deref().map_err(|_none| ()), folds);
        }
    }
}

#[test]
fn a_repository_that_was_made_anew_knows_its_user() {
    for hash in ["sha1", "sha256"] {
        let ((upstream, commit), root) = (filtering_by(hash), Root::new());
        let (server, rules) = (http::serve(&upstream), inside());
        let run = || {
            let setup = partly(&server.url(), &root, "blob:none", Some(&rules));
            setup.flag("--add-user").once().expect_code(0);
        };
        run();
        fs::remove_dir_all(root.path().join(".git/objects")).unwrap();
        run();
        assert_partial(&root, &upstream, &commit, "blob:none", Some(&rules));
        let name = attempt(git(&root.path()).args(["config", "user.name"]));
        assert_eq!(name.as_deref(), Ok("gitsyncd"));
    }
}
