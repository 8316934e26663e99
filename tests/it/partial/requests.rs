//! How many requests are made, and for what.

use std::fs;

use crate::contract::polling;
use crate::partial::{assert_partial, filtering, has, inside, objects, partly};
use crate::support::daemon::Root;
use crate::support::http::{self, Http};

/// How many questions were asked by now. The first of a conversation is no question.
fn questions(server: &Http) -> usize {
    server.requests().iter().filter(|request| request.method == "POST").count()
}

#[test]
fn without_blobs_an_update_takes_two_requests_and_brings_what_is_written() {
    let (upstream, first) = filtering();
    let (server, root) = (http::serve(&upstream), Root::new());
    let run = || partly(&server.url(), &root, "blob:none", Some(&inside())).once();
    run().expect_code(0);
    assert_eq!(questions(&server), 3, "what the ref names, the trees, the contents");
    assert_partial(&root, &upstream, &first, "blob:none", Some(&inside()));
    assert!(has(&root, &upstream, "HEAD:in/one/0") && has(&root, &upstream, "HEAD:README"));
    assert!(has(&root, &upstream, "HEAD:out/deep/er"), "all trees are here");
    for out in ["in/two/0", "out/0", "out/deep/er/0", "other/x/0"] {
        assert!(!has(&root, &upstream, &format!("HEAD:{out}")), "{out}");
    }
    let (before, count) = (objects(&root), questions(&server));
    let change = upstream.change().file("in/one/0", "new\n").file("in/one/new", "2\n");
    let second = change.file("out/0", "new too\n").commit();
    run().expect_code(0);
    assert_eq!(questions(&server) - count, 3);
    assert_partial(&root, &upstream, &second, "blob:none", Some(&inside()));
    assert!(!has(&root, &upstream, "HEAD:out/0"));
    // A commit; the trees of the top, in, in/one and out; two contents.
    assert_eq!(objects(&root).difference(&before).count(), 7);
    let count = questions(&server);
    upstream.commit("out/deep/er/0", "nobody cares\n");
    run().expect_code(0);
    assert_eq!(questions(&server) - count, 2, "nothing is missing");
}

#[test]
fn without_trees_those_on_the_way_come_one_level_at_a_time() {
    let (upstream, first) = filtering();
    let (server, root) = (http::serve(&upstream), Root::new());
    let run = || partly(&server.url(), &root, "tree:0", Some(&inside())).once();
    run().expect_code(0);
    assert_eq!(questions(&server), 4, "the ref, the top, in, and in/one with all in it");
    assert_partial(&root, &upstream, &first, "tree:0", Some(&inside()));
    assert!(has(&root, &upstream, "HEAD:in/one/deep/er/0"));
    assert!(has(&root, &upstream, "HEAD:out"), "Git looks at the tree of what is left out");
    for out in ["in/two/0", "out/0", "out/deep", "out/deep/er", "other/x"] {
        assert!(!has(&root, &upstream, &format!("HEAD:{out}")), "{out}");
    }
    let (before, count) = (objects(&root), questions(&server));
    let second = upstream.change().file("in/one/deep/er/0", "new\n").commit();
    run().expect_code(0);
    assert_eq!(questions(&server) - count, 7, "the ref, the top, four levels, the content");
    assert_eq!(objects(&root).difference(&before).count(), 7);
    assert_partial(&root, &upstream, &second, "tree:0", Some(&inside()));
    let count = questions(&server);
    let third = upstream.commit("out/deep/er/0", "nobody cares\n");
    run().expect_code(0);
    assert_partial(&root, &upstream, &third, "tree:0", Some(&inside()));
    assert_eq!(questions(&server) - count, 3, "the ref, the top, out");
}

#[test]
fn nothing_is_left_out_of_one_commit_that_is_wanted_whole() {
    let (upstream, first) = filtering();
    for filter in ["blob:none", "tree:0", "blob:limit=1k"] {
        let (server, root) = (http::serve(&upstream), Root::new());
        partly(&server.url(), &root, filter, None).once().expect_code(0);
        assert_eq!(questions(&server), 2, "{filter}");
        assert_partial(&root, &upstream, &first, filter, None);
    }
}

#[test]
fn of_a_history_only_what_the_newest_commit_needs_is_whole() {
    let (upstream, _) = filtering();
    upstream.commit("in/one/0", "of the middle\n");
    let last = upstream.commit("in/one/0", "of the end\n");
    for filter in ["blob:none", "tree:0", "blob:limit=3", "object:type=commit"] {
        for rules in [None, Some(inside())] {
            let (server, root) = (http::serve(&upstream), Root::new());
            let run =
                || partly(&server.url(), &root, filter, rules.as_ref()).flag("--depth=0").once();
            run().expect_code(0);
            assert_partial(&root, &upstream, &last, filter, rules.as_ref());
            assert!(has(&root, &upstream, "HEAD~2"), "{filter}");
            assert!(!has(&root, &upstream, "HEAD~1:in/one/0"), "{filter}");
            let tree = has(&root, &upstream, "HEAD~1:in/one");
            assert_eq!(tree, filter.starts_with("blob"), "{filter}");
            // Back to what is not here, though the server believes it is.
            let back = upstream.commit("in/one/0", "of the middle\n");
            let before = server.requests().len();
            run().expect_code(0);
            assert_partial(&root, &upstream, &back, filter, rules.as_ref());
            assert!(server.requests().len() - before < 12, "{filter}");
            upstream.reset(&last);
        }
    }
}

#[test]
fn a_pack_does_not_build_upon_what_was_left_out() {
    let (upstream, _) = filtering();
    let long = (0..2000).map(|n| format!("line {n}")).collect::<Vec<_>>().join("\n");
    upstream.commit("out/long", &long);
    for filter in ["blob:none", "blob:limit=20k", "tree:0"] {
        let (server, root) = (http::serve(&upstream), Root::new());
        let run = || partly(&server.url(), &root, filter, Some(&inside())).once();
        let begin = upstream.commit("in/one/0", filter);
        run().expect_code(0);
        // A server that thinks we have the long one would send little more than its last line.
        let change = upstream.change().file("in/one/long", format!("{long}\n{filter}\n"));
        let moved = change.file("out/long", format!("{long}\nchanged\n")).commit();
        run().expect_code(0);
        assert_partial(&root, &upstream, &moved, filter, Some(&inside()));
        upstream.reset(&begin);
    }
}

#[test]
fn what_is_the_same_commit_still_is_not_asked_for() {
    let (upstream, first) = filtering();
    let (server, root) = (http::serve(&upstream), Root::new());
    let rules = inside();
    let setup = polling(&server.url(), &root).flag("--filter=tree:0").flag("--sparse-path=in/one");
    let daemon = setup.flag("--http-bind=127.0.0.1:0").start();
    root.eventually_publishes(&first);
    assert_partial(&root, &upstream, &first, "tree:0", Some(&rules));
    let inode = |name: &str| {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(root.link().join(name)).unwrap().mtime_nsec()
    };
    let before = inode("in/one/1");
    root.eventually_prepares();
    let second = upstream.change().file("in/one/0", "new\n").file("out/0", "new\n").commit();
    root.eventually_publishes(&second);
    assert_partial(&root, &upstream, &second, "tree:0", Some(&rules));
    assert_eq!(inode("in/one/1"), before, "what did not change is the same file");
    drop(daemon);
}
