//! Blocks of YAML: whether they can be read, and whether the program understands what they give it.

use saphyr::{LoadableYamlNode, Yaml};

use super::program;

/// The beginnings of our variables.
const VARIABLES: [&str; 3] = ["GITSYNC_", "GIT_SYNC_", "GITOPS_"];

/// What is wrong with a block.
pub(super) fn complaints(code: &str) -> Vec<String> {
    let documents = match Yaml::load_from_str(code) {
        Ok(documents) => documents,
        Err(error) => return vec![error.to_string()],
    };
    let mut found = Vec::new();
    for document in &documents {
        look(document, &mut found);
        if document.as_mapping_get("repositories").is_some() {
            found.extend(list(code));
        }
    }
    found
}

/// Gives a file with a list of repositories to the program.
fn list(code: &str) -> Option<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), code).unwrap();
    let setup = crate::support::daemon::bare();
    let setup = setup.flag(format!("--config={}", file.path().display())).flag("--print-config");
    let finished = setup.finish();
    let warned = finished.stdout.iter().any(|line| line.starts_with("# warning"));
    (finished.status.code() != Some(0) || warned).then(|| finished.log.join("; "))
}

/// Looks for containers and lists of variables, however deep.
fn look(node: &Yaml<'_>, found: &mut Vec<String>) {
    if let Some(mapping) = node.as_mapping() {
        found.extend(container(node));
        found.extend(data(node));
        for (_, value) in mapping {
            look(value, found);
        }
    }
    if let Some(sequence) = node.as_sequence() {
        for value in sequence {
            look(value, found);
        }
    }
}

fn text<'a>(node: &'a Yaml<'_>, key: &str) -> &'a str {
    node.as_mapping_get(key).and_then(Yaml::as_str).unwrap_or_default()
}

fn texts(node: &Yaml<'_>, key: &str) -> Vec<String> {
    let sequence = node.as_mapping_get(key).and_then(Yaml::as_sequence);
    sequence.into_iter().flatten().filter_map(Yaml::as_str).map(str::to_owned).collect()
}

/// Says whether this is the name of our image or program, and by which name it is called.
fn ours(name: &str) -> Option<&'static str> {
    let last = name.rsplit('/').next()?;
    match last.split([':', '@']).next()? {
        "gitsyncd" => Some("gitsyncd"),
        "git-sync" => Some("git-sync"),
        _ => None,
    }
}

/// What the program says against the arguments and variables of a container of ours.
fn container(node: &Yaml<'_>) -> Option<String> {
    let command = texts(node, "command");
    let image = text(node, "image");
    let called = match command.first() {
        Some(first) => ours(first)?,
        None if image.is_empty() => "gitsyncd",
        None => ours(image)?,
    };
    let mut arguments = command.into_iter().skip(1).collect::<Vec<_>>();
    arguments.extend(texts(node, "args"));
    let env = node.as_mapping_get("env").and_then(Yaml::as_sequence);
    let mut variables = Vec::new();
    for one in env.into_iter().flatten() {
        if text(one, "name") == "GITSYNC_CONFIG" {
            // As an argument, in whose place a file is put.
            arguments.push(format!("--config={}", text(one, "value")));
        } else if VARIABLES.iter().any(|prefix| text(one, "name").starts_with(prefix)) {
            variables.push((text(one, "name").to_owned(), text(one, "value").to_owned()));
        }
    }
    let any = !arguments.is_empty() || !variables.is_empty();
    any.then(|| program::complaint(called, &arguments, &variables)).flatten()
}

/// What the program says against the variables of a `ConfigMap` or a Secret.
fn data(node: &Yaml<'_>) -> Option<String> {
    let maps = ["data", "stringData"].into_iter().filter_map(|key| node.as_mapping_get(key));
    let mut variables = Vec::new();
    for (name, value) in maps.filter_map(Yaml::as_mapping).flat_map(|map| map.iter()) {
        let (Some(name), Some(value)) = (name.as_str(), value.as_str()) else { continue };
        if VARIABLES.iter().any(|prefix| name.starts_with(prefix)) {
            variables.push((name.to_owned(), value.to_owned()));
        }
    }
    (!variables.is_empty()).then(|| program::complaint("gitsyncd", &[], &variables)).flatten()
}

#[test]
fn what_a_manifest_gives_the_program_is_tried() {
    let pod = |flag: &str| {
        format!("spec:\n  containers:\n  - image: a/gitsyncd:1\n    args: [--repo=/a, {flag}]\n")
    };
    assert!(complaints(&pod("--period=5s")).is_empty());
    assert_eq!(complaints(&pod("--perod=5s")).len(), 1);
    assert_eq!(complaints("a: [").len(), 1);
    assert_eq!(complaints("data: {GITSYNC_PERIODE: \"5s\"}").len(), 1);
    assert_eq!(complaints("repositories:\n  - {name: a, repo: /a, rot: /b}\n").len(), 1);
    assert!(complaints("image: nginx\nargs: [--perod]\n").is_empty());
}
