//! The document that describes the API.

use serde_json::{Map, Value};

/// The document, with a place for the version.
const DOCUMENT: &str = include_str!("openapi.json");

/// What is different where a file lists the repositories: an object that is merged into the document.
const SEVERAL: &str = include_str!("several.json");

/// The document as it is given out.
pub(super) fn text(several: bool) -> String {
    let one = DOCUMENT.replace("@VERSION@", env!("CARGO_PKG_VERSION"));
    if !several {
        return one;
    }
    match (serde_json::from_str(&one), serde_json::from_str(SEVERAL)) {
        (Ok(mut document), Ok(change)) => {
            merge(&mut document, change);
            document.to_string()
        }
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "cannot read the description of the API");
            one
        }
    }
}

/// Puts a change into a document: objects are merged, lists go on, nulls take away, and all else is
/// replaced.
fn merge(into: &mut Value, change: Value) {
    match (into, change) {
        (Value::Object(into), Value::Object(change)) => {
            for (name, value) in change {
                if value.is_null() {
                    into.remove(&name);
                } else {
                    merge(into.entry(name).or_insert_with(|| empty(&value)), value);
                }
            }
        }
        (Value::Array(into), Value::Array(change)) => into.extend(change),
        (into, change) => *into = change,
    }
}

/// What a value is merged into where there is nothing.
fn empty(value: &Value) -> Value {
    if value.is_object() { Value::Object(Map::new()) } else { Value::Null }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::route::{Door, Offered, Route};
    use http::Method;
    use std::collections::BTreeSet;

    const METHODS: [&str; 8] =
        ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

    #[test]
    fn the_document_describes_every_call_and_no_other() {
        [false, true].into_iter().for_each(describes);
    }

    fn describes(several: bool) {
        let document: Value = serde_json::from_str(&text(several)).unwrap();
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        let mut described = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            let methods = methods.as_object().unwrap().keys();
            let methods = methods.filter(|name| METHODS.contains(&name.as_str()));
            described.extend(methods.map(|name| (path.clone(), name.clone())));
        }
        let mut there = BTreeSet::new();
        let offered = Offered { metrics: true, pprof: true };
        for path in Door::Only.paths(offered) {
            for name in METHODS.iter().filter(|name| **name != "head") {
                let method: Method = name.to_uppercase().parse().unwrap();
                if let Route::Call(_) = Route::of(Door::Only, offered, &method, path) {
                    there.insert((path.to_owned(), (*name).to_owned()));
                }
            }
        }
        assert_eq!(described, there);
    }

    #[test]
    fn where_there_are_several_each_call_can_name_one() {
        let document: Value = serde_json::from_str(&text(true)).unwrap();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, call) in methods.as_object().unwrap() {
                let parameters = call["parameters"].as_array().map_or(&[][..], Vec::as_slice);
                let names = parameters.iter().any(|one| one["$ref"].as_str().is_some());
                let is_document = path.ends_with("openapi.json");
                assert!(names != is_document, "{method} {path}");
                assert!(is_document || call["responses"]["404"].is_object(), "{method} {path}");
            }
        }
    }
}
