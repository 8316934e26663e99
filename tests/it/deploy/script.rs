//! `deploy.sh` and `release.sh`: what they make of their words, and what they refuse.

use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::deploy::kustomize::Kubectl;
use crate::deploy::manifests::{built, containers, file, find, parsed, pods};
use crate::support::process::{path, program};

/// The script, with a search path.
fn script(path: &str, words: &[&str]) -> Output {
    let script = file("kubernetes/deploy.sh");
    Command::new(script).args(words).env_clear().env("PATH", path).output().unwrap()
}

/// A search path with everything but `kubectl`.
fn without() -> (tempfile::TempDir, String) {
    let place = tempfile::TempDir::new().unwrap();
    for name in ["bash", "cat", "cp", "mkdir", "mktemp", "rm", "cksum", "tr", "awk", "dirname"] {
        let real: PathBuf = program(name);
        std::os::unix::fs::symlink(real, place.path().join(name)).unwrap();
    }
    let path = place.path().to_str().unwrap().to_owned();
    (place, path)
}

/// What it prints for these words, in the hands of a kubectl.
#[track_caller]
pub(super) fn printed(kubectl: &Kubectl, words: &[&str]) -> Vec<Value> {
    let path = format!("{}:{}", kubectl.dir().display(), path().to_str().unwrap());
    let output = script(&path, &[words, &["--print"]].concat());
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaint.is_empty(), "{complaint}");
    parsed(&String::from_utf8(output.stdout).unwrap())
}

#[test]
fn deploying_from_git_writes_the_settings_into_the_manifests() {
    let Some(kubectl) = Kubectl::find("deploying_from_git_writes_the_settings") else { return };
    let words = ["git", "https://example.org/it's.git", "semver:^2", "--period", "5m"];
    let more = ["--namespace=web", "--image=reg:5000/a/gitsyncd:1.2", "--app-image=a/b@sha256:00"];
    let documents = printed(&kubectl, &[&words[..], &more].concat());
    assert_eq!(documents.len(), built("git").len());
    let settings = &find(&documents, "ConfigMap", "source-code").unwrap()["data"];
    assert_eq!(settings["SOURCE_CODE_MODE"], "git");
    assert_eq!(settings["GIT_REPO_URL"], "https://example.org/it's.git");
    assert_eq!(settings["GIT_BRANCH"], "semver:^2");
    assert_eq!(settings["GIT_SYNC_PERIOD"], "5m");
    assert!(documents.iter().all(|document| document["metadata"]["namespace"] == "web"));
    let images: Vec<_> =
        containers(pods(&documents)[0].1).map(|one| one["image"].as_str().unwrap()).collect();
    assert_eq!(images, ["reg:5000/a/gitsyncd:1.2", "a/b@sha256:00"]);
}

#[test]
fn a_namespace_of_digits_stays_a_name() {
    let Some(kubectl) = Kubectl::find("a_namespace_of_digits_stays_a_name") else { return };
    let documents = printed(&kubectl, &["git", "https://example.org/a.git", "--namespace=123"]);
    assert!(documents.iter().all(|document| document["metadata"]["namespace"] == "123"));
}

#[test]
fn deploying_what_is_on_the_nodes_mirrors_it_by_a_daemon() {
    let Some(kubectl) = Kubectl::find("deploying_what_is_on_the_nodes") else { return };
    let documents = printed(&kubectl, &["local", "v2", "--source=/data/it's"]);
    assert_eq!(documents.len(), built("local").len());
    let settings = &find(&documents, "ConfigMap", "source-code").unwrap()["data"];
    assert_eq!(
        (&settings["SOURCE_CODE_MODE"], &settings["GIT_BRANCH"]),
        (&Value::from("local"), &Value::from("v2"),)
    );
    let daemon = find(&documents, "DaemonSet", "gitsyncd-local").unwrap();
    let volumes = daemon["spec"]["template"]["spec"]["volumes"].as_array().unwrap();
    let source = volumes.iter().find(|volume| volume["name"] == "source").unwrap();
    assert_eq!(source["hostPath"]["path"], "/data/it's");

    let documents = printed(&kubectl, &["local", "--node-selector=example.org/source=on"]);
    for (name, template) in pods(&documents) {
        let selector = json!({"example.org/source": "on"});
        assert_eq!(template["spec"]["nodeSelector"], selector, "{name}");
    }
}

/// Puts a kubectl into a directory that says that it has this version.
fn kubectl_of(place: &Path, minor: &str) {
    let said = format!("{{\n  \"clientVersion\": {{\n    \"minor\": \"{minor}\",\n  }}\n}}");
    let called = place.join("kubectl");
    fs::write(&called, format!("#!/bin/sh\ncat <<'END'\n{said}\nEND\n")).unwrap();
    fs::set_permissions(&called, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_kubectl_that_is_too_old_is_told_before_anything_is_done() {
    let (place, path) = without();
    std::os::unix::fs::symlink(program("sh"), place.path().join("sh")).unwrap();
    for (minor, well) in [("20", false), ("9+", false), ("21", true), ("32+", true)] {
        kubectl_of(place.path(), minor);
        let output = script(&path, &["git", "https://example.org/a.git", "--print"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), well, "{minor}: {said}");
        assert_eq!(said.contains("is too old; 1.21 or newer"), !well, "{minor}: {said}");
    }
}

#[test]
fn the_user_of_ssh_may_stand_in_an_address() {
    let Some(kubectl) = Kubectl::find("the_user_of_ssh_may_stand_in_an_address") else { return };
    for url in ["git@example.org:a.git", "ssh://git@example.org/a.git", "https://example.org/@a"] {
        let documents = printed(&kubectl, &["git", url]);
        let settings = find(&documents, "ConfigMap", "source-code").unwrap();
        assert_eq!(settings["data"]["GIT_REPO_URL"], url);
    }
}

#[test]
fn pods_begin_anew_when_a_setting_changes_and_only_then() {
    let Some(kubectl) = Kubectl::find("pods_begin_anew_when_a_setting_changes") else { return };
    let mark = |words: &[&str]| {
        let documents = printed(&kubectl, words);
        pods(&documents)[0].1["metadata"]["annotations"]["gitsyncd/settings"].clone()
    };
    let url = "https://example.org/a.git";
    let first = mark(&["git", url]);
    assert!(first.is_string());
    assert_eq!(first, mark(&["git", url, "HEAD"]));
    assert_ne!(first, mark(&["git", url, "main"]));
}

#[test]
fn the_script_says_what_is_wrong_and_does_nothing() {
    let (_place, path) = without();
    for (words, complaint) in [
        (&[][..], "say git or local"),
        (&["copy", "x"], "there is no mode copy"),
        (&["git"], "git wants the URL"),
        (&["git", "https://ada:hush@example.org/a.git"], "the address holds a user or a password"),
        (&["git", "https://hush@example.org/a.git"], "the address holds a user or a password"),
        (&["git", "HTTP://hush@example.org/a.git"], "the address holds a user or a password"),
        (&["git", "ssh://ada:hush@example.org/a.git"], "the address holds a user or a password"),
        (&["--node-selector=disk", "local"], "wants KEY=VALUE"),
        (&["--node-selector=a=b", "git", "/a"], "--node-selector is for local"),
        (&["git", "https://example.org/a.git", "main", "more"], "too much: more"),
        (&["git", "a\nb"], "line break"),
        (&["--image"], "--image wants a value"),
        (&["--namespace=", "local"], "--namespace wants a value"),
        (&["--namespace=A_B", "local"], "no name of a namespace"),
        (&["--period=banana", "local"], "wants a duration such as 30s or 5m, and not banana"),
        (&["--period=5", "--image=:", "local"], ": is no name of an image"),
        (&["--app-image=nginx:", "local"], "nginx: is no name of an image"),
        (&["--source=here", "local"], "wants a path from the root on"),
        (&["--force", "local"], "there is no option --force"),
        (&["local"], "kubectl is not installed"),
    ] {
        let output = script(&path, words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains(complaint), "{words:?}: {said}");
        assert!(output.stdout.is_empty() && !said.contains("hush"), "{words:?}: {said}");
    }
    let output = script(&path, &["--help"]);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for word in ["git URL [REF]", "local", "--namespace", "--print", "--dry-run"] {
        assert!(help.contains(word), "{help}");
    }
}

#[test]
fn the_script_of_a_release_says_how_it_is_called() {
    let call = |words: &[&str]| Command::new(file("release.sh")).args(words).output().unwrap();
    for help in ["-h", "--help"] {
        let told = call(&[help]);
        assert!(told.status.success() && told.stderr.is_empty(), "{told:?}");
        let usage = String::from_utf8(told.stdout).unwrap();
        assert_eq!(usage, "usage: deploy/release.sh [--profile PROFILE] VERSION\n");
        for wrong in [&[][..], &["--nonsense"], &["--profile"], &["1.0.0", "stray"]] {
            let told = call(wrong);
            assert_eq!(told.status.code(), Some(2), "{wrong:?}");
            assert_eq!(String::from_utf8(told.stderr).unwrap(), usage, "{wrong:?}");
        }
    }
}
