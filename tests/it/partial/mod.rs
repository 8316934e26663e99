//! Repositories to which a filter lets only a part come: what travels, in how many requests, and what
//! stock Git makes of it.

mod changes;
mod changing;
mod random;
mod refusing;
mod requests;
mod sha256;
mod ways;
mod whole;

use std::collections::BTreeSet;

use crate::contract::trying;
use crate::sparse::{File, Rules, wanted};
use crate::support::daemon::{Root, Setup};
use crate::support::git::{attempt, git, run};
use crate::support::oracle;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// A repository whose server filters, with files in and out of `in/one`.
pub(crate) fn filtering() -> (Upstream, String) {
    filtering_by("sha1")
}

/// The same with objects that are named by this hash.
fn filtering_by(hash: &str) -> (Upstream, String) {
    let upstream = Upstream::by(hash);
    upstream.configure("uploadpack.allowFilter", "true");
    let mut change = upstream.change().executable("run", "#!\n").symlink("link", "in/one/0");
    for directory in ["in", "in/one", "in/one/deep/er", "in/two", "out", "out/deep/er", "other/x"] {
        for n in 0..3 {
            change = change.file(format!("{directory}/{n}"), format!("{directory} {n}\n"));
        }
    }
    let commit = change.commit();
    (upstream, commit)
}

/// The rules for which `in/one` is in.
pub(crate) fn inside() -> Rules {
    Rules::directories(&["in/one"])
}

/// A one-time run with a filter, by rules if there are any.
pub(crate) fn partly(url: &str, root: &Root, filter: &str, rules: Option<&Rules>) -> Setup {
    let setup = trying(url, root).flag(format!("--filter={filter}"));
    let setup = setup.flag("--stale-worktree-timeout=0");
    // Patterns need a file that stays, and so are tried elsewhere.
    match rules {
        Some(rules) => File::new().with(setup, rules),
        None => setup,
    }
}

/// All objects that are here.
#[track_caller]
pub(crate) fn objects(root: &Root) -> BTreeSet<String> {
    let mut list = git(&root.path());
    list.args(["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]);
    run(&mut list).lines().map(str::to_owned).collect()
}

/// The object that something in the repository names.
#[track_caller]
pub(crate) fn object(upstream: &Upstream, name: &str) -> String {
    run(upstream.git().args(["rev-parse", name]))
}

/// Whether the repository has what something in the upstream names.
#[track_caller]
pub(crate) fn has(root: &Root, upstream: &Upstream, name: &str) -> bool {
    objects(root).contains(&object(upstream, name))
}

/// Whether directories of which nothing is written are not listed.
fn folds(filter: &str, rules: Option<&Rules>) -> bool {
    filter.starts_with("tree:") && matches!(rules, Some(Rules::Directories(_)))
}

/// Fails unless the link shows what the rules say, stock Git is content with that and with what is
/// missing, and asks no server about it.
#[track_caller]
pub(crate) fn assert_partial(
    root: &Root,
    upstream: &Upstream,
    commit: &str,
    filter: &str,
    rules: Option<&Rules>,
) {
    let (link, repo) = (root.link(), upstream.repo());
    eventually("Git has an index", SOON, || {
        let path = attempt(git(&link).args(["rev-parse", "--git-path", "index"])).ok()?;
        link.join(path).exists().then_some(())
    });
    let before = objects(root);
    let content = match rules {
        Some(rules) => wanted(&repo, commit, rules).content,
        None => oracle::checkout(&repo, commit),
    };
    let mut found = Vec::new();
    for args in [&["status", "--porcelain"][..], &["log", "-1", "--format=%H"], &["diff", "HEAD"]] {
        let said = attempt(git(&link).env("GIT_NO_LAZY_FETCH", "1").args(args));
        let expected = if args[0] == "log" { commit } else { "" };
        if said.as_deref() != Ok(expected) {
            found.push(format!("git {args:?} says {said:?}"));
        }
    }
    if before != objects(root) {
        found.push("Git fetched something".to_owned());
    }
    let objections = oracle::objections_to(&root.path(), &link, &content, commit);
    // For this, Git opens directories whose trees are not here, and nothing helps against that.
    let is_known = |objection: &String| objection.starts_with("git fsck") && folds(filter, rules);
    found.extend(objections.into_iter().filter(|objection| !is_known(objection)));
    let found = found.join("\n");
    assert!(found.is_empty(), "{commit} by {filter} and {rules:?} is not right:\n{found}");
}
