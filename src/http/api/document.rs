//! The document that describes the API.

/// The document, with a place for the version.
const DOCUMENT: &str = include_str!("openapi.json");

/// The document as it is given out.
pub(super) fn text() -> String {
    DOCUMENT.replace("@VERSION@", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::route::{Door, Offered, Route};
    use http::Method;
    use serde_json::Value;
    use std::collections::BTreeSet;

    const METHODS: [&str; 8] =
        ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

    #[test]
    fn the_document_describes_every_call_and_no_other() {
        let document: Value = serde_json::from_str(&text()).unwrap();
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
}
