//! What kubectl makes of the directories is what their files say.
//!
//! Debian's kubectl has kustomize 2.0, which wants directories under `bases` and no longer under that
//! name where it is newer; for it the copies say so.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

use crate::deploy::manifests::{WAYS, built, file, parsed};
use crate::deploy::tools::tool;

/// A kubectl that renders directories of any age.
pub(super) struct Kubectl {
    place: TempDir,
}

/// Called in the place of a kubectl that is old: it changes the descriptions beside the one that it is
/// asked for, which are copies. So it can do what is wanted of a newer one, and says that it is one.
const FOR_OLD: &str = r#"#!/bin/sh
[ "$1" = version ] && exec echo '"minor": "21"'
[ "$1" = kustomize ] && for description in "$2"/../*/kustomization.yaml; do
  awk '
    /^  - \.\.\// { bases = bases $0 "\n"; next }
    { other = other $0 "\n" }
    END { printf "%s", other; if (bases != "") printf "bases:\n%s", bases }
  ' "$description" | awk '
    /^resources:$/ { held = $0; next }
    held != "" { if (/^  - /) print held; held = "" }
    { print }
  ' >"$description.new" && mv "$description.new" "$description"
done
exec REAL "$@"
"#;

impl Kubectl {
    /// Finds it; nothing if there is none.
    pub(super) fn find(test: &str) -> Option<Self> {
        tool("kubectl", test).map(|real| Self::over(&real))
    }

    fn over(real: &Path) -> Self {
        let place = TempDir::new().unwrap();
        let version = Command::new(real).args(["version", "--client"]).output().unwrap();
        let is_old = String::from_utf8_lossy(&version.stdout).contains("Minor:\"20\"");
        let called = place.path().join("kubectl");
        let script = if is_old { FOR_OLD } else { "#!/bin/sh\nexec REAL \"$@\"\n" };
        fs::write(&called, script.replace("REAL", real.to_str().unwrap())).unwrap();
        fs::set_permissions(&called, fs::Permissions::from_mode(0o755)).unwrap();
        Self { place }
    }

    /// The directory to put in front of the search path.
    pub(super) fn dir(&self) -> &Path {
        self.place.path()
    }

    /// What it makes of a directory, and what it complains of.
    fn builds(&self, dir: &Path) -> (Vec<Value>, String) {
        let output =
            Command::new(self.dir().join("kubectl")).arg("kustomize").arg(dir).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}: {complaint}", dir.display());
        (parsed(&String::from_utf8(output.stdout).unwrap()), complaint)
    }
}

/// A copy of the manifests.
fn copy(into: &Path) -> PathBuf {
    let place = into.join("kubernetes");
    let copied = Command::new("cp").arg("-R").arg(file("kubernetes")).arg(&place).status();
    assert!(copied.unwrap().success());
    place
}

/// The documents by what they are, with one blank between the words of their texts: kubectl breaks
/// long lines elsewhere.
fn by_name(documents: Vec<Value>) -> BTreeMap<String, Value> {
    let name = |document: &Value| format!("{} {}", document["kind"], document["metadata"]["name"]);
    let named = documents.into_iter().map(|document| (name(&document), plain(document)));
    named.collect()
}

fn plain(value: Value) -> Value {
    match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" ").into(),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(key, item)| (key, plain(item))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

#[test]
fn kubectl_makes_of_each_directory_what_its_files_say() {
    let Some(kubectl) = Kubectl::find("kubectl_makes_of_each_directory_what_its_files_say") else {
        return;
    };
    let place = TempDir::new().unwrap();
    let copy = copy(place.path());
    for way in WAYS.into_iter().filter(|way| *way != "example") {
        let (documents, complaint) = kubectl.builds(&copy.join(way));
        assert_eq!(complaint, "", "{way}");
        let made = documents.len();
        assert_eq!(by_name(documents), by_name(built(way)), "{way}");
        assert_eq!(made, built(way).len(), "{way} names something twice");
    }
}

#[test]
fn the_example_puts_the_parts_into_a_namespace_and_takes_an_image_from_elsewhere() {
    let Some(kubectl) = Kubectl::find("the_example_puts_the_parts_into_a_namespace") else {
        return;
    };
    let place = TempDir::new().unwrap();
    let (documents, complaint) = kubectl.builds(&copy(place.path()).join("example"));
    assert_eq!(complaint, "");
    assert_eq!(documents.len(), built("example").len());
    for document in &documents {
        assert_eq!(document["metadata"]["namespace"], "default", "{document}");
    }
    // Nobody gets a token that everybody knows.
    assert!(documents.iter().all(|document| document["kind"] != "Secret"));
    let text = serde_json::to_string(&documents).unwrap();
    assert!(text.contains("\"image\":\"registry.example.org/gitsyncd:latest\""));
    assert!(!text.contains("\"image\":\"gitsyncd\""));
}
