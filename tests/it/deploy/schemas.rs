//! Every document is what the schemas of Kubernetes and of Compose allow.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

use crate::deploy::manifests::{everything, file};
use crate::deploy::tools::python;

/// The oldest Kubernetes that knows sidecars without being told to, and the newest there is a schema
/// of.
const VERSIONS: [&str; 2] = ["1.29.1", "1.37.0"];

/// Kinds that Kubernetes itself does not know; `monitoring` looks at them.
pub(super) const FOREIGN: [&str; 2] = ["PodMonitor", "PrometheusRule"];

/// Holds files against the schemas of a version: how it ended, and what was said.
fn validate(python: &Path, version: &str, files: &[String]) -> (bool, String) {
    // By the interpreter: the first line of the script names the place where it was installed.
    let output = Command::new(python)
        .arg(python.with_file_name("kubernetes-validate"))
        .args(["--strict", "--kubernetes-version", version])
        .args(files)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Writes documents into files and names them.
fn written(place: &TempDir, documents: &[Value]) -> Vec<String> {
    let mut files = Vec::new();
    for (number, document) in documents.iter().enumerate() {
        let file = place.path().join(format!("{number}.yaml"));
        fs::write(&file, document.to_string()).unwrap();
        files.push(file.to_str().unwrap().to_owned());
    }
    files
}

#[test]
fn every_document_is_what_kubernetes_allows() {
    let Some(python) = python("every_document_is_what_kubernetes_allows") else { return };
    let place = TempDir::new().unwrap();
    let mut documents: Vec<_> = everything().into_iter().flat_map(|(_, all)| all).collect();
    documents.retain(|document| !FOREIGN.contains(&document["kind"].as_str().unwrap()));
    let files = written(&place, &documents);
    for version in VERSIONS {
        let (well, said) = validate(&python, version, &files);
        assert!(well && !said.contains("WARN"), "{said}");
        assert_eq!(said.matches(" passed for resource ").count(), documents.len(), "{said}");
    }
}

#[test]
fn a_word_that_kubernetes_does_not_know_is_seen() {
    let Some(python) = python("a_word_that_kubernetes_does_not_know_is_seen") else { return };
    let place = TempDir::new().unwrap();
    let mut documents = crate::deploy::manifests::built("sidecar");
    documents.retain(|document| document["kind"] == "Deployment");
    documents[0]["spec"]["template"]["spec"]["containers"][0]["volumeMount"] = Value::from("git");
    let (well, said) = validate(&python, VERSIONS[1], &written(&place, &documents));
    assert!(!well && said.contains("volumeMount"), "{said}");
}

/// Holds a file against the schema of the Compose specification, which comes with docker-compose.
const COMPOSE: &str = r#"
import json, pathlib, sys, sysconfig
import jsonschema, yaml
place = pathlib.Path(sysconfig.get_path("purelib"), "compose/config/compose_spec.json")
schema = json.loads(place.read_text())
for file in sys.argv[1:]:
    jsonschema.validate(yaml.safe_load(pathlib.Path(file).read_text()), schema)
"#;

#[test]
fn every_compose_file_is_what_its_specification_allows() {
    let Some(python) = python("every_compose_file_is_what_its_specification_allows") else {
        return;
    };
    let files = ["compose/site/compose.yaml", "compose/forges/compose.yaml"].map(file);
    let holds = |files: &[&Path]| {
        let output = Command::new(&python).args(["-c", COMPOSE]).args(files).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (well, said) = holds(&files.each_ref().map(PathBuf::as_path));
    assert!(well, "{said}");

    let place = TempDir::new().unwrap();
    let wrong = place.path().join("compose.yaml");
    let text = fs::read_to_string(&files[0]).unwrap();
    fs::write(&wrong, text.replace("read_only:", "readonly:")).unwrap();
    let (well, said) = holds(&[&wrong]);
    assert!(!well && said.contains("readonly"), "{said}");
}
