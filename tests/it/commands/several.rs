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

/// Two repositories in one file, of which two commits each were published.
struct Pair {
    upstreams: [Upstream; 2],
    firsts: [String; 2],
    dir: tempfile::TempDir,
}

impl Pair {
    fn published() -> Self {
        let upstreams = [Upstream::new(), Upstream::new()];
        let firsts = [upstreams[0].commit("of", "one"), upstreams[1].commit("of", "two")];
        let pair = Self { upstreams, firsts, dir: tempfile::tempdir().unwrap() };
        let list = entry("one", &pair.upstreams[0]) + &entry("two", &pair.upstreams[1]);
        fs::write(pair.file(), format!("log-format: json\nrepositories:\n{list}")).unwrap();
        pair.ask(&["--one-time"]).finish().expect_code(0);
        for upstream in &pair.upstreams {
            upstream.commit("more", "1");
        }
        pair.ask(&["--one-time"]).finish().expect_code(0);
        pair
    }

    fn file(&self) -> std::path::PathBuf {
        self.dir.path().join("f.yaml")
    }

    fn roots(&self) -> std::path::PathBuf {
        self.dir.path().join("roots")
    }

    fn ask(&self, words: &[&str]) -> crate::support::daemon::Setup {
        command(words)
            .flag(format!("--config={}", self.file().display()))
            .flag(format!("--root={}", self.roots().display()))
    }

    #[track_caller]
    fn shows(&self, name: &str, commit: &str) {
        let shown = fs::read_link(self.roots().join(name).join("latest")).unwrap();
        assert!(shown.ends_with(commit), "{name} shows {}", shown.display());
    }
}

#[test]
fn what_is_published_is_changed_for_the_repository_that_is_named() {
    let pair = Pair::published();
    let told = |words: &[&str], code| {
        let finished = pair.ask(words).finish();
        finished.expect_code(code);
        [finished.stdout.join("\n"), finished.log.join("\n")].concat()
    };
    for words in [&["rollback"][..], &["pin"], &["unpin"]] {
        let told = told(words, 2);
        let wanted = "is needed to say which repository is meant; the file lists one, two";
        assert!(told.contains(wanted), "{told}");
    }
    let wrong = told(&["rollback", "--name=three"], 2);
    assert!(wrong.contains("there is no such repository; the file lists one, two"), "{wrong}");
    assert!(told(&["rollback", "--name=two"], 0).contains(&pair.firsts[1]));
    pair.shows("one", &pair.upstreams[0].head());
    pair.shows("two", &pair.firsts[1]);
    told(&["unpin", "--name", "two"], 0);
    pair.shows("two", &pair.upstreams[1].head());
    // A file is needed to know where its root is.
    let root = format!("--root={}", pair.roots().join("one").display());
    let finished = command(&["rollback", "--name=one"]).flag(root).finish();
    finished.expect_code(2);
}

#[test]
fn a_running_gitsyncd_is_told_which_repository_is_meant() {
    let pair = Pair::published();
    let text = fs::read_to_string(pair.file()).unwrap();
    fs::write(pair.file(), format!("http-bind: '127.0.0.1:0'\napi-token: sesame\n{text}")).unwrap();
    let daemon = pair.ask(&[]).start();
    let at = |words: &[&str]| {
        let setup = pair.ask(words).flag(format!("--http-bind={}", daemon.address()));
        setup.flag("--api-token=sesame").finish()
    };
    at(&["rollback"]).expect_code(2);
    at(&["rollback", "--name=one"]).expect_code(0);
    pair.shows("one", &pair.firsts[0]);
    pair.shows("two", &pair.upstreams[1].head());
    let one = at(&["status", "--name=one"]);
    one.expect_code(0);
    expect_line(&one, "name one", "");
    expect_line(&one, "pinned", "yes");
    expect_line(&at(&["status"]), "repositories 2, 0 of them not well", "");
}

#[test]
fn a_status_is_read_from_the_root_of_each() {
    let pair = Pair::published();
    let all = pair.ask(&["status"]).finish();
    all.expect_code(0);
    expect_line(&all, "repositories 2, 0 of them not well", "");
    expect_line(&all, "two stopped, well;", pair.upstreams[1].head().get(..10).unwrap());
    let one = pair.ask(&["status", "--name=one"]).finish();
    one.expect_code(0);
    expect_line(&one, "commit", &pair.upstreams[0].head());
    pair.ask(&["status", "--name=three"]).finish().expect_code(2);
    fs::remove_file(pair.roots().join("two/.git-sync")).unwrap();
    let less = pair.ask(&["status"]).finish();
    less.expect_code(1);
    expect_line(&less, "repositories 2, 1 of them not well", "");
    assert!(less.stdout.join("\n").contains("nothing has been synced there yet"), "{less:?}");
    let json = pair.ask(&["status", "--json"]).finish();
    let value: serde_json::Value = serde_json::from_str(&json.stdout.join("\n")).unwrap();
    assert_eq!(value[1]["name"], "two");
}
