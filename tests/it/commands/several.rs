//! Several repositories, listed in a file: checked, kept, and followed when the file changes.

use std::fs;
use std::path::Path;

use crate::commands::{command, expect_line};
use crate::support::daemon::{bare, field};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Replaces a file in one step.
fn replace(file: &Path, content: &str) {
    let new = file.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::rename(new, file).unwrap();
}

fn entry(name: &str, upstream: &Upstream) -> String {
    format!("- {{name: {name}, repo: {}, max-failures: -1}}\n", upstream.repo().display())
}

#[test]
fn a_check_names_the_repository_that_each_line_is_about() {
    let (upstream, dir) = (Upstream::new(), tempfile::tempdir().unwrap());
    let file = dir.path().join("f.yaml");
    let list = entry("one", &upstream) + "- {name: two, repo: /nowhere, ref: main}\n";
    fs::write(&file, format!("http-bind: '127.0.0.1:0'\nrepositories:\n{list}")).unwrap();
    let finished = command(&["check"])
        .flag(format!("--config={}", file.display()))
        .flag(format!("--root={}", dir.path().join("roots").display()))
        .finish();
    finished.expect_code(1);
    expect_line(&finished, "ok one: root:", "roots/one is missing and will be made");
    expect_line(&finished, "ok two: link:", "roots/two/latest will be made");
    expect_line(&finished, "ok http-bind:", "is free");
    expect_line(&finished, "ok one: ref:", &upstream.head());
    expect_line(&finished, "FAILED two: repository:", "/nowhere");
}

#[test]
fn repositories_come_and_go_with_the_file_and_a_wrong_one_changes_nothing() {
    let (first, second) = (Upstream::new(), Upstream::new());
    let dir = tempfile::tempdir().unwrap();
    let (file, roots) = (dir.path().join("f.yaml"), dir.path().join("roots"));
    let shows = |name: &str, commit: &str| {
        let link = roots.join(name).join("latest");
        eventually(name, SOON, || fs::read_link(&link).ok().filter(|to| to.ends_with(commit)));
    };
    let begin = "period: 100ms\njitter: 0\nlog-format: json\nrepositories:\n".to_owned();
    fs::write(&file, begin.clone() + &entry("one", &first)).unwrap();
    let daemon = bare()
        .flag(format!("--config={}", file.display()))
        .flag(format!("--root={}", roots.display()))
        .spawn();
    shows("one", &first.head());

    replace(&file, &(begin.clone() + &entry("one", &first) + &entry("two", &second)));
    shows("two", &second.head());

    replace(&file, &(begin.clone() + &entry("one", &first) + "- {name: two, preiod: 1s}\n"));
    let told = daemon.eventually_logs(
        "the configuration file cannot be used; what it said before goes on to count",
    );
    assert!(told.to_string().contains("the nearest is period"), "{told}");
    for (name, upstream) in [("one", &first), ("two", &second)] {
        shows(name, &upstream.commit("again", "1"));
    }

    replace(&file, &(begin + &entry("two", &second)));
    eventually("it is told that one is gone", SOON, || {
        let told = daemon.events("the configuration file changed");
        told.into_iter().find(|event| field(event, "removed").is_some_and(|gone| gone == "one"))
    });
    shows("two", &second.commit("more", "1"));
    assert!(roots.join("one/latest").exists());
}
