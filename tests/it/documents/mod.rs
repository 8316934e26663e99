//! What the pages for people say is so: links lead somewhere, code is what it claims to be, and the
//! options and metrics that are named are there. That the commands work is for the runner of pages.

mod manifests;
mod program;
mod shell;

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::support::page;
use crate::support::page::{Page, project};
use crate::support::process::installed;
use crate::support::skip;

/// What may stand behind a fence.
const LANGUAGES: [&str; 12] = [
    "sh",
    "bash",
    "text",
    "yaml",
    "json",
    "ini",
    "python",
    "go",
    "promql",
    "nginx",
    "dockerfile",
    "csv",
];

/// Fails with all that was found, if anything was.
#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Where a link leads, from the top of the project, and the anchor; none if it leads out of it.
fn target(from: &Path, link: &str) -> Option<(PathBuf, Option<String>)> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = match link.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor.to_owned())),
        None => (link, None),
    };
    let mut whole = from.parent().unwrap_or(Path::new("")).to_path_buf();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => drop(whole.pop()),
            Component::Normal(name) => whole.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => (),
        }
    }
    Some((if path.is_empty() { from.to_path_buf() } else { whole }, anchor))
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let pages = page::all();
    let mut complaints = Vec::new();
    for page in &pages {
        for (line, link) in page.links() {
            let Some((path, anchor)) = target(&page.path, &link) else { continue };
            let there = pages.iter().find(|page| page.path == path);
            let has = |anchor: String| there.is_some_and(|page| page.anchors().contains(&anchor));
            if !project().join(&path).exists() {
                complaints.push(format!("{}: {link} leads to nothing", page.at(line)));
            } else if anchor.is_some_and(|anchor| !has(anchor)) {
                complaints.push(format!("{}: {link}: no such heading", page.at(line)));
            }
        }
    }
    none(&complaints);
}

#[test]
fn every_page_can_be_reached_from_the_first_one() {
    let pages = page::all();
    let mut reached = BTreeSet::from([PathBuf::from("README.md"), PathBuf::from("CHANGELOG.md")]);
    let mut waiting = VecDeque::from([PathBuf::from("README.md")]);
    while let Some(path) = waiting.pop_front() {
        let Some(page) = pages.iter().find(|page| page.path == path) else { continue };
        let links = page.links();
        for (next, _) in links.iter().filter_map(|(_, link)| target(&page.path, link)) {
            if reached.insert(next.clone()) {
                waiting.push_back(next);
            }
        }
    }
    let lost = pages.iter().filter(|page| !reached.contains(&page.path));
    let lost: Vec<_> =
        lost.map(|page| format!("{}: nothing leads here", page.path.display())).collect();
    none(&lost);
}

#[test]
fn every_block_of_code_names_its_language() {
    let mut complaints = Vec::new();
    for page in page::all() {
        for block in &page.blocks {
            if block.language != "sh run" && !LANGUAGES.contains(&&*block.language) {
                complaints.push(format!("{}: {:?}", page.at(block.line), block.language));
            }
        }
        // Fences that are not seen as such: behind the mark of a list or a quotation, or of another kind.
        for (line, text) in &page.prose {
            if text.contains("```") || text.trim_start().starts_with("~~~") {
                complaints.push(format!("{}: a fence that nothing looks at", page.at(*line)));
            }
        }
        complaints.extend(bare(&page));
    }
    none(&complaints);
}

/// Code that is only indented, which has no language.
fn bare(page: &Page) -> Vec<String> {
    let mut found = Vec::new();
    let mut listed = false;
    let mut empty = true;
    for (number, line) in &page.prose {
        let text = line.trim_start();
        if line.starts_with("    ") && empty && !listed {
            found.push(format!("{}: code without a fence", page.at(*number)));
        }
        let item = text.starts_with(['*', '-']) || text.starts_with(|c: char| c.is_ascii_digit());
        if !text.is_empty() {
            listed = item || (listed && (line.starts_with(' ') || !empty));
        }
        empty = text.is_empty();
    }
    found
}

#[test]
fn every_block_of_data_can_be_read() {
    let mut complaints = Vec::new();
    for page in page::all() {
        for block in page.blocks_of("json") {
            if let Err(error) = serde_json::from_str::<serde_json::Value>(&block.code) {
                complaints.push(format!("{}: {error}", page.at(block.line)));
            }
        }
        for block in page.blocks_of("yaml") {
            let found = manifests::complaints(&block.code);
            complaints.extend(found.iter().map(|what| format!("{}: {what}", page.at(block.line))));
        }
    }
    none(&complaints);
}

#[test]
fn every_command_can_be_read_and_its_options_are_known() {
    if installed("shellcheck").is_none() {
        skip::note("a close look at the commands of pages", "shellcheck is not installed");
    }
    let mut complaints = Vec::new();
    for page in page::all() {
        for language in ["sh", "bash"] {
            for block in page.blocks_of(language) {
                let found = shell::complaints(language, &block.code);
                let place = page.at(block.line);
                complaints.extend(found.iter().map(|what| format!("{place}: {what}")));
            }
        }
    }
    none(&complaints);
}

#[test]
fn every_option_and_metric_that_is_named_exists() {
    let options = program::options();
    let metrics = fs::read_to_string(project().join("docs/metrics.md")).unwrap();
    let mut complaints = Vec::new();
    for page in page::all() {
        for (line, span) in page.spans() {
            // The long form of `-v` of the past.
            let past = page.path.ends_with("migrating.md") && span == "--v";
            let unknown = program::unknown(&span, &options).filter(|_| !past);
            complaints.extend(unknown.map(|name| format!("{}: no option {name}", page.at(line))));
            let name = span.split(['{', ' ', '=']).next().unwrap_or_default();
            let metric =
                ["gitsyncd_", "git_sync_", "git_fetch_"].iter().any(|it| name.starts_with(it));
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let listed = |name: &str| metrics.contains(&format!("`{name}`"));
            if metric && !listed(name) && !base.is_some_and(listed) {
                complaints.push(format!("{}: no metric {name}", page.at(line)));
            }
        }
    }
    none(&complaints);
}

#[test]
fn every_name_of_the_code_that_is_told_exists() {
    let mut complaints = Vec::new();
    for page in page::all() {
        let about_code = page.path.ends_with("architecture.md")
            || page.path.parent().is_some_and(|dir| dir.ends_with("decisions"));
        for (line, span) in page.spans().into_iter().filter(|_| about_code) {
            let module = span.split("::").next().unwrap_or_default();
            let lone = !span.contains("::");
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if lone || !span.chars().all(|c| word(c) || c == ':') {
                continue;
            }
            let text = code_of(module);
            let is_there = |name: &str| text.split(|c| !word(c)).any(|there| there == name);
            let mut names = span.split("::").skip(1);
            if text.is_empty() || !names.all(is_there) {
                complaints.push(format!("{}: nothing is called {span}", page.at(line)));
            }
        }
    }
    none(&complaints);
}

/// All code of a module; that of all modules, if it is not a module that is named but a type.
fn code_of(module: &str) -> String {
    let all = project().join("src");
    let is_type = module.starts_with(|c: char| c.is_ascii_uppercase());
    let mut waiting = vec![if is_type { all } else { all.join(module) }];
    let mut text =
        fs::read_to_string(project().join(format!("src/{module}.rs"))).unwrap_or_default();
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                waiting.push(entry.path());
            } else {
                text.push_str(&fs::read_to_string(entry.path()).unwrap_or_default());
            }
        }
    }
    text
}
