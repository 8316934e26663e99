//! What a program is told, and how it is found.

use std::fs;
use std::path::Path;

use crate::contract::polling;
use crate::hooks::{Script, count, eventually_counts, telling, texts};
use crate::support::daemon::{Root, field};
use crate::support::process;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

#[test]
fn it_is_told_the_commit_the_one_before_the_ref_and_the_repository() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new(
        "echo \"$GITSYNC_HASH,$GITSYNC_PREVIOUS_HASH,$GITSYNC_REF,$GITSYNC_REPO,$PWD\" >> $D/told",
    );
    let first = upstream.head();
    let daemon = telling(&upstream, &root)
        .flag("--ref=main")
        .flag(format!("--exechook-command={}", hook.command()))
        .start();
    hook.eventually_ran(&[&first]);
    let second = upstream.commit("a", "2");
    hook.eventually_ran(&[&first, &second]);
    eventually_counts(&daemon, "exechook", "success", 2);
    let (repo, trees) = (upstream.repo(), root.path().join(".worktrees"));
    let line = |commit: &str, previous: &str| {
        let tree = trees.join(commit);
        format!("{commit},{previous},main,{},{}\n", repo.display(), tree.display())
    };
    assert_eq!(hook.read("told"), line(&first, "") + &line(&second, &first));
    assert_eq!(count(&daemon, "exechook", "error"), 0);
    assert!(!daemon.get("/metrics").unwrap().body.contains("name=\"webhook\""), "there is none");
}

#[test]
fn the_repository_is_called_what_it_was_called() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("echo \"$GITSYNC_REPO\" > $D/told");
    let base = upstream.repo().parent().unwrap().display().to_string();
    let daemon = polling("near:repo.git", &root)
        .variable("PATH", process::path())
        .flag(format!("--git-config=\"url.{base}/.insteadOf\":\"near:\""))
        .flag(format!("--exechook-command={}", hook.command()))
        .start();
    eventually_counts(&daemon, "exechook", "success", 1);
    let told = hook.read("told");
    assert!(told.ends_with("near:repo.git\n") && !told.contains(&base), "{told}");
}

#[test]
fn it_inherits_our_variables_but_for_secrets() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("env > $D/env");
    let secrets = [
        "GITSYNC_PASSWORD",
        "GITSYNC_API_TOKEN",
        "GITSYNC_HOOK_SECRET",
        "GITSYNC_WEBHOOK_HEADER",
        "GIT_SYNC_PASSWORD",
        "GITOPS_TOKEN",
    ];
    let mut setup = telling(&upstream, &root)
        .variable("MINE", "seen")
        .variable("GITSYNC_PERIOD", "1h")
        .variable("http_proxy", "http://proxy.invalid:3128")
        .variable("HTTPS_PROXY", "http://me:hunter2@proxy.invalid:3128")
        .variable("GITSYNC_EXECHOOK_COMMAND", hook.command());
    for name in secrets {
        setup = setup.variable(name, "X-A: hunter2");
    }
    let repo = format!("file://user:hunter2@localhost{}", upstream.repo().display());
    let daemon = setup.variable("GITOPS_BASE_REPO_URL", repo).start();
    eventually_counts(&daemon, "exechook", "success", 1);
    let env = hook.read("env");
    assert!(env.contains("MINE=seen\n") && env.contains("GITSYNC_PERIOD="), "{env}");
    assert!(!env.contains("hunter2") && !env.contains("GITSYNC_EXECHOOK_COMMAND="), "{env}");
    assert!(env.contains("http_proxy=http://proxy.invalid:3128\n"), "{env}");
    let log = daemon.log().join("\n");
    assert!(!log.contains("hunter2"), "{log}");
}

#[test]
fn what_it_prints_is_logged() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("echo one; echo 'zw\u{f6}lf' >&2; printf 'no end'");
    let daemon =
        telling(&upstream, &root).flag(format!("--exechook-command={}", hook.command())).start();
    eventually_counts(&daemon, "exechook", "success", 1);
    let mut lines = texts(&daemon.log(), "output of a hook", "line");
    lines.sort();
    assert_eq!(lines, ["no end", "one", "zw\u{f6}lf"]);
}

#[test]
fn one_of_the_tree_is_found_there_and_one_without_a_slash_in_path() {
    let (upstream, root) = (Upstream::empty(), Root::new());
    let commit =
        upstream.change().executable("tools/hook", "#!/bin/sh\necho of the tree\n").commit();
    let daemon = telling(&upstream, &root).flag("--exechook-command=tools/hook").start();
    eventually_counts(&daemon, "exechook", "success", 1);
    assert_eq!(texts(&daemon.log(), "output of a hook", "line"), ["of the tree"]);
    assert_eq!(texts(&daemon.log(), "a hook succeeded", "hash"), [commit]);
    daemon.kill();
    let place = tempfile::TempDir::new().unwrap();
    std::os::unix::fs::symlink(process::program("true"), place.path().join("my hook")).unwrap();
    let daemon = telling(&upstream, &root)
        .variable("PATH", place.path())
        .flag("--exechook-command=my hook")
        .start();
    eventually_counts(&daemon, "exechook", "success", 1);
    let log = daemon.log().join("\n");
    assert!(log.contains("is taken for the name of one program"), "{log}");
}

#[test]
fn one_that_is_not_there_fails_with_a_hint() {
    let (upstream, root) = (Upstream::new(), Root::new());
    for command in ["no-such-program", "./no-such-program"] {
        let daemon = telling(&upstream, &root)
            .flag(format!("--exechook-command={command}"))
            .flag("--exechook-backoff=1s")
            .start();
        let failed = daemon.eventually_logs("a hook failed");
        let error = field(&failed, "error").unwrap().as_str().unwrap();
        assert!(
            error.contains("could not be started") && error.contains("check the name"),
            "{error}"
        );
        assert!(Path::new(&root.link()).join(".git").exists(), "it is published all the same");
    }
}

#[test]
fn processes_that_it_leaves_behind_may_go_on_and_are_not_waited_for() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook =
        Script::new("(while [ ! -e $D/go ]; do sleep 0.05; done; echo late; touch $D/late) &");
    let daemon =
        telling(&upstream, &root).flag(format!("--exechook-command={}", hook.command())).start();
    eventually_counts(&daemon, "exechook", "success", 1);
    fs::write(hook.file("go"), "").unwrap();
    eventually("what it left goes on", SOON, || hook.file("late").exists().then_some(()));
    eventually("what it prints is logged", SOON, || {
        (texts(&daemon.log(), "output of a hook", "line") == ["late"]).then_some(())
    });
}
