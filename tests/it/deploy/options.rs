//! The program understands every word that the manifests say to it.

use serde_json::Value;
use std::fs;
use tempfile::TempDir;

use crate::deploy::manifests::{containers, everything, find, list, pods, strings};
use crate::support::daemon::bare;

/// What a container says to the program: its flags, and its variables.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) flags: Vec<String>,
    pub(super) variables: Vec<(String, String)>,
}

impl Words {
    /// What a container of these documents says. What is optional and not there says nothing.
    pub(super) fn of(container: &Value, documents: &[Value]) -> Self {
        let flags = strings(&container["args"]).into_iter().map(ToOwned::to_owned).collect();
        let mut words = Self { flags, variables: Vec::new() };
        for from in list(&container["envFrom"]) {
            let name = from["configMapRef"]["name"].as_str().unwrap();
            let map = find(documents, "ConfigMap", name).unwrap();
            for (key, value) in map["data"].as_object().unwrap() {
                words.add(key, value.as_str().unwrap());
            }
        }
        for variable in list(&container["env"]) {
            let from = &variable["valueFrom"];
            let value = variable["value"].as_str().or_else(|| {
                let key = from.get("configMapKeyRef")?;
                let map = find(documents, "ConfigMap", key["name"].as_str()?)?;
                map["data"][key["key"].as_str()?].as_str()
            });
            if let Some(value) = value {
                words.add(variable["name"].as_str().unwrap(), value);
            }
        }
        words
    }

    fn add(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Puts other words in the place of some, in all flags and values.
    pub(super) fn replace(&mut self, from: &str, to: &str) {
        let values = self.variables.iter_mut().map(|(_, value)| value);
        for text in self.flags.iter_mut().chain(values) {
            *text = text.replace(from, to);
        }
    }

    /// What the program makes of it. It fails unless all is understood, without a warning.
    #[track_caller]
    pub(super) fn understood(&self) -> Vec<String> {
        let mut setup = bare().flag("--print-config");
        for flag in &self.flags {
            setup = setup.flag(flag);
        }
        for (name, value) in &self.variables {
            setup = setup.variable(name, value);
        }
        let shown = setup.finish();
        assert_eq!(shown.complaint(), None, "{self:?}\n{}", shown.stdout.join("\n"));
        shown.stdout.clone()
    }
}

/// Writes the file of `--config` that one of the documents holds, and says so to the words.
fn with_file(words: &mut Words, documents: &[Value], place: &TempDir) {
    let holds = |document: &&Value| !document["data"]["gitsyncd.yaml"].is_null();
    if let Some(map) = documents.iter().find(holds) {
        let file = place.path().join("gitsyncd.yaml");
        fs::write(&file, map["data"]["gitsyncd.yaml"].as_str().unwrap()).unwrap();
        words.replace("/etc/gitsyncd/config/gitsyncd.yaml", file.to_str().unwrap());
    }
}

#[test]
fn the_program_understands_every_manifest_without_a_warning() {
    let mut seen = 0;
    for (way, documents) in everything() {
        for (name, template) in pods(&documents) {
            for container in containers(template).filter(|one| one["name"] == "gitsyncd") {
                assert!(container["command"].is_null(), "{way}: the image says what to run");
                let place = TempDir::new().unwrap();
                let mut words = Words::of(container, &documents);
                with_file(&mut words, &documents, &place);
                let shown = words.understood();
                let follows = shown.iter().any(|line| {
                    let line = line.trim_start_matches(['-', ' ']);
                    line.starts_with("repo: ") && !line.ends_with("# default")
                });
                assert!(follows, "{name} follows nothing:\n{}", shown.join("\n"));
                seen += 1;
            }
        }
    }
    assert!(seen >= 8);
}

#[test]
fn the_settings_of_the_source_code_become_options_of_the_program() {
    let documents = crate::deploy::manifests::built("git");
    let (_, template) = pods(&documents)[0];
    let container = containers(template).find(|one| one["name"] == "gitsyncd").unwrap();
    let mut words = Words::of(container, &documents);
    for (_, value) in &mut words.variables {
        if value.is_empty() {
            "ada".clone_into(value);
        }
    }
    let shown = words.understood();
    for line in [
        "repo: https://example.org/project.git  # from GITSYNC_REPO",
        "ref: main  # from GITSYNC_REF",
        "period: 1m  # from GITSYNC_PERIOD",
        "username: ada  # from GITOPS_USERNAME",
        "max-failures: -1  # from GITSYNC_MAX_FAILURES",
    ] {
        assert!(shown.iter().any(|said| said == line), "no {line}\n{}", shown.join("\n"));
    }
    assert!(shown.iter().any(|said| said.ends_with("  # from GITOPS_TOKEN")));
    assert!(!shown.iter().any(|said| said.starts_with("password: ada")));

    // What the Secret says comes first.
    for (name, value) in [("GITSYNC_USERNAME", "eve"), ("GITSYNC_PASSWORD", "hush")] {
        words.variables.push((name.to_owned(), value.to_owned()));
    }
    let shown = words.understood();
    assert!(shown.iter().any(|said| said == "username: eve  # from GITSYNC_USERNAME"));
    assert!(shown.iter().any(|said| said.ends_with("  # from GITSYNC_PASSWORD")));
}
