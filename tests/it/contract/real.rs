//! Real repositories: this one, and one made of the packages that it is built from.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::contract::{assert_published, polling, publishes, trying};
use crate::support::daemon::Root;
use crate::support::git::{attempt, git, run};
use crate::support::http;
use crate::support::oracle;
use crate::support::skip;
use crate::support::upstream::Upstream;

/// Packages whose sources are likely to be there, and are of several kinds.
const PACKAGES: [&str; 6] = ["bstr", "bytes", "hyper", "proptest", "tokio", "url"];

#[test]
fn this_repository() {
    let test = "this_repository";
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(head) = attempt(git(checkout).args(["rev-parse", "HEAD"])) else {
        return skip::note(test, "the sources are not in a Git repository");
    };
    let (root, url) = (Root::new(), checkout.to_str().unwrap());
    trying(url, &root).once().expect_code(0);
    let published = root.published().unwrap();
    // Somebody may have committed meanwhile.
    let now = run(git(checkout).args(["rev-parse", "HEAD"]));
    assert!([head, now].contains(&published), "{published}");
    oracle::assert_published(&root.path(), &root.link(), checkout, &published);
}

/// Where each of the packages is unpacked, if it is.
fn sources() -> BTreeMap<&'static str, PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    let registries = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok());
    let packages = registries
        .into_iter()
        .flatten()
        .filter_map(|registry| fs::read_dir(registry.ok()?.path()).ok());
    let mut found = BTreeMap::new();
    for package in packages.flatten().filter_map(Result::ok) {
        let file = package.file_name().to_string_lossy().into_owned();
        let version = |name: &str| file.strip_prefix(name)?.strip_prefix('-').map(str::to_owned);
        let is = |name: &&&str| {
            version(name).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        if let Some(name) = PACKAGES.iter().find(is) {
            found.insert(*name, package.path());
        }
    }
    found
}

/// A history in which each commit brings one package more.
fn history(sources: &BTreeMap<&str, PathBuf>) -> (Upstream, Vec<String>) {
    let upstream = Upstream::empty();
    let mut commits = Vec::new();
    for (name, source) in sources {
        run(Command::new("cp").arg("-R").arg(source).arg(upstream.work().join(name)));
        commits.push(upstream.change().commit());
    }
    (upstream, commits)
}

#[test]
fn packages_of_others() {
    let sources = sources();
    if sources.len() < 3 {
        let few = format!("of {PACKAGES:?} only {} are in cargo's registry", sources.len());
        return skip::note("packages_of_others", &few);
    }
    let (upstream, commits) = history(&sources);
    let server = http::serve(&upstream);
    for depth in ["--depth=1", "--depth=0"] {
        let root = Root::new();
        for commit in [commits.first().unwrap(), commits.last().unwrap()] {
            let setup = trying(&server.url(), &root).flag(depth);
            publishes(setup.flag(format!("--ref={commit}")), &root, &upstream, commit);
        }
    }
    let root = Root::new();
    let _daemon = polling(&server.url(), &root).start();
    root.eventually_publishes(commits.last().unwrap());
    let first = sources.keys().next().unwrap();
    let without = upstream.change().delete(first).commit();
    root.eventually_publishes(&without);
    assert_published(&root, &upstream, &without);
}
