//! Nothing lies in `deploy/` that nobody tries.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::deploy::manifests::{WAYS, file, parsed, strings, text};

/// What is outside of the Rust tests and tries a file: steps of `./test` and scripts.
const OTHERS: [&str; 3] = ["test", "tests/image", "tests/long"];

/// Every file below a directory, by its path from there.
fn below(dir: &Path, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            found.extend(below(&entry.path(), &format!("{name}/")));
        } else {
            found.push(name);
        }
    }
    found
}

/// The text of everything that tries files.
fn tries() -> String {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = String::new();
    for place in ["tests/it"].into_iter().chain(OTHERS) {
        let place = package.join(place);
        let files = if place.is_dir() {
            below(&place, "").into_iter().map(|name| place.join(name)).collect()
        } else {
            vec![place]
        };
        // Some are no text.
        for file in files {
            texts.push_str(&String::from_utf8_lossy(&fs::read(file).unwrap()));
        }
    }
    texts
}

/// The files that a directory of manifests names, and the one that names them.
fn of_ways() -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for way in WAYS {
        let list = format!("kubernetes/{way}/kustomization.yaml");
        let description = parsed(&text(&list)).remove(0);
        let resources = strings(&description["resources"]).into_iter();
        let own = resources.filter(|resource| !resource.starts_with("../"));
        named.extend(own.map(|resource| format!("kubernetes/{way}/{resource}")));
        named.insert(list);
    }
    named
}

#[test]
fn every_file_is_used_by_a_test() {
    let (tries, of_ways) = (tries(), of_ways());
    let unused: Vec<_> = below(&file(""), "")
        .into_iter()
        .filter(|path| !of_ways.contains(path) && !tries.contains(path.as_str()))
        .collect();
    let none: [String; 0] = [];
    assert_eq!(unused, none, "no test names these files of deploy/");
}

#[test]
fn every_directory_of_manifests_is_tried() {
    let mut there = Vec::new();
    for entry in fs::read_dir(file("kubernetes")).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            there.push(entry.file_name().into_string().unwrap());
        }
    }
    there.sort();
    assert_eq!(there, WAYS);
}

#[test]
fn every_manifest_says_what_to_change() {
    for path in below(&file("kubernetes"), "kubernetes/") {
        let manifest = Path::new(&path).extension().is_some_and(|end| end == "yaml");
        if !manifest || path.ends_with("/kustomization.yaml") {
            continue;
        }
        let text = text(&path).to_lowercase();
        assert!(text.starts_with("# "), "{path} says what it is for");
        assert!(text.contains("change"), "{path} says what to change");
    }
}

#[test]
fn the_document_leads_to_everything() {
    let readme = text("README.md");
    for entry in fs::read_dir(file("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || readme.contains(&format!("({name}")), "no link to {name}");
    }
    for way in WAYS {
        assert!(readme.contains(&format!("(kubernetes/{way})")), "no link to {way}");
    }
    let links = readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    for link in links.filter(|link| !link.contains("://")) {
        let path = link.split('#').next().unwrap();
        assert!(file(path).exists(), "{link} leads nowhere");
    }
}
