//! What docs/authentication.md shows is what the program takes: its examples are read as Kubernetes
//! reads them and given to the program, and every option and variable that it names is looked for.

use saphyr::{LoadableYamlNode, Yaml};
use std::collections::BTreeSet;

use crate::support::daemon::bare;

const PAGE: &str = include_str!("../../../docs/authentication.md");

/// The blocks of code in one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let mut fences = PAGE.split("```");
    let mut found = Vec::new();
    // Text and code by turns.
    while let (Some(_text), Some(code)) = (fences.next(), fences.next()) {
        let (named, code) = code.split_once('\n').unwrap();
        if named == language {
            found.push(code);
        }
    }
    found
}

fn list<'a>(node: &'a Yaml<'_>, name: &str) -> Vec<&'a Yaml<'a>> {
    let list = node.as_mapping_get(name).and_then(Yaml::as_sequence);
    list.into_iter().flatten().collect()
}

fn text<'a>(node: &'a Yaml<'_>, name: &str) -> &'a str {
    node.as_mapping_get(name).and_then(Yaml::as_str).unwrap_or_default()
}

/// The containers of a document: those of a pod, or the part of one that an example shows.
fn containers<'a>(document: &'a Yaml<'a>) -> Vec<&'a Yaml<'a>> {
    match document.as_mapping_get("spec") {
        Some(spec) => list(spec, "containers"),
        None => vec![document],
    }
}

#[test]
fn every_example_is_yaml_and_its_arguments_are_accepted() {
    let mut tried = 0;
    for block in blocks("yaml") {
        let documents =
            Yaml::load_from_str(block).unwrap_or_else(|error| panic!("{error}\n{block}"));
        for container in documents.iter().flat_map(containers) {
            assert!(container.is_mapping(), "{block}");
            let arguments: Vec<_> =
                list(container, "args").iter().map(|one| one.as_str().unwrap()).collect();
            let mounts: Vec<_> =
                list(container, "volumeMounts").iter().map(|it| text(it, "mountPath")).collect();
            for argument in &arguments {
                let paths = argument.split(['=', '"']).filter(|part| part.starts_with("/etc/"));
                for path in paths {
                    let mounted = mounts.iter().any(|mount| path.starts_with(mount));
                    assert!(mounted, "nothing is mounted at {path}:\n{block}");
                }
            }
            if !arguments.is_empty() {
                let asked = arguments.iter().fold(bare(), |setup, flag| setup.flag(*flag));
                let finished = asked.flag("--print-config").finish();
                finished.expect_code(0);
                let printed = finished.stdout.join("\n");
                assert!(!printed.contains("warning"), "{printed}");
                tried += 1;
            }
        }
    }
    assert!(tried >= 9, "only {tried} examples were found");
}

#[test]
fn the_value_of_the_headers_variable_is_taken() {
    let block = blocks("yaml").into_iter().find(|block| block.contains("extraHeader")).unwrap();
    let secret = Yaml::load_from_str(block).unwrap();
    let value = text(secret[0].as_mapping_get("stringData").unwrap(), "config").to_owned();
    let finished = bare()
        .flag("--repo=https://git.example.com/team/config.git")
        .flag("--print-config")
        .variable("GITSYNC_GIT_CONFIG", &value)
        .finish();
    finished.expect_code(0);
    let printed = finished.stdout.join("\n");
    assert!(printed.contains("extraHeader") && !printed.contains("warning"), "{printed}");
}

#[test]
fn every_option_and_variable_that_is_named_exists() {
    let manual = bare().flag("--man").finish().stdout.join("\n");
    let known = |name: &str| manual.split(|c: char| !is_of_a_name(c)).any(|word| word == name);
    // The commands of other programs have flags of their own.
    let page = blocks("sh").iter().fold(PAGE.to_owned(), |page, block| page.replace(block, ""));
    let words = page.split(|c: char| !is_of_a_name(c));
    let named: BTreeSet<_> = words
        .filter(|word| {
            let flag =
                word.strip_prefix("--").is_some_and(|name| name.starts_with(char::is_alphabetic));
            flag || word.starts_with("GITSYNC_") || word.starts_with("GIT_SYNC_")
        })
        .collect();
    assert!(named.contains("--auth-dir") && named.contains("GITSYNC_PROXY"), "{named:?}");
    let unknown: Vec<_> = named.into_iter().filter(|name| !known(name)).collect();
    assert_eq!(unknown, [""; 0]);
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}
