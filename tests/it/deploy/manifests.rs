//! Manifests as values, put together as kustomize does, without needing it.
//!
//! It knows `resources` and `namespace`-less files only, which is all that the directories here use.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Number, Value};
use std::fs;
use std::path::{Path, PathBuf};

/// Every directory that can be given to `kubectl apply --kustomize`.
pub(super) const WAYS: [&str; 14] = [
    "daemonset",
    "example",
    "fan-out",
    "git",
    "init-container",
    "local",
    "monitoring",
    "native-sidecar",
    "network-policy",
    "secrets",
    "sidecar",
    "site",
    "source",
    "webhooks",
];

/// The one manifest that needs no other.
pub(super) const QUICKSTART: &str = "kubernetes/quickstart.yaml";

/// A file of `deploy/`.
pub(super) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(path)
}

/// The text of a file of `deploy/`.
pub(super) fn text(path: &str) -> String {
    fs::read_to_string(file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The documents of a text, as values of JSON.
#[track_caller]
pub(super) fn parsed(yaml: &str) -> Vec<Value> {
    // kubectl reads YAML 1.1, where a leading zero means octal.
    let yaml = yaml.replace("defaultMode: 0440", "defaultMode: 288");
    let documents = Yaml::load_from_str(&yaml).unwrap();
    documents.iter().map(value).filter(|document| !document.is_null()).collect()
}

fn value(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(flag)) => Value::Bool(*flag),
        Yaml::Value(Scalar::Integer(number)) => Value::from(*number),
        Yaml::Value(Scalar::FloatingPoint(number)) => {
            Value::Number(Number::from_f64(number.into_inner()).unwrap())
        }
        Yaml::Value(Scalar::String(text)) => Value::from(text.as_ref()),
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(pairs) => Value::Object(
            pairs
                .iter()
                .map(|(key, item)| (key.as_str().unwrap().to_owned(), value(item)))
                .collect::<Map<_, _>>(),
        ),
        Yaml::Representation(..) | Yaml::Tagged(..) | Yaml::Alias(_) | Yaml::BadValue => {
            panic!("a manifest is plain YAML: {yaml:?}")
        }
    }
}

/// The documents that a directory of `deploy/kubernetes` stands for.
pub(super) fn built(way: &str) -> Vec<Value> {
    let place = format!("kubernetes/{way}");
    let description = parsed(&text(&format!("{place}/kustomization.yaml"))).remove(0);
    let mut documents = Vec::new();
    for resource in strings(&description["resources"]) {
        match resource.strip_prefix("../") {
            Some(other) => documents.extend(built(other)),
            None => documents.extend(parsed(&text(&format!("{place}/{resource}")))),
        }
    }
    documents
}

/// What each directory stands for, and the manifest that stands alone, each with its name.
pub(super) fn everything() -> Vec<(&'static str, Vec<Value>)> {
    let ways = WAYS.into_iter().map(|way| (way, built(way)));
    ways.chain([("quickstart", parsed(&text(QUICKSTART)))]).collect()
}

/// The items of a list, or none if there is no list.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The texts of a list.
pub(super) fn strings(value: &Value) -> Vec<&str> {
    list(value).iter().map(|item| item.as_str().unwrap()).collect()
}

/// The pod of a workload: its kind and name, and what it is made of.
pub(super) fn pods(documents: &[Value]) -> Vec<(String, &Value)> {
    let workloads = documents.iter().filter(|document| document["spec"]["template"].is_object());
    let named = |document: &Value| {
        let (kind, name) = (&document["kind"], &document["metadata"]["name"]);
        format!("{} {}", kind.as_str().unwrap(), name.as_str().unwrap())
    };
    workloads.map(|document| (named(document), &document["spec"]["template"])).collect()
}

/// All containers of a pod.
pub(super) fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    list(&pod["spec"]["initContainers"]).iter().chain(list(&pod["spec"]["containers"]))
}

/// The document of a kind and a name, if it is there.
pub(super) fn find<'a>(documents: &'a [Value], kind: &str, name: &str) -> Option<&'a Value> {
    documents
        .iter()
        .find(|document| document["kind"] == kind && document["metadata"]["name"] == name)
}
