//! Asks the program whether it understands options, arguments and variables.

use std::collections::BTreeSet;
use std::fs;

use crate::support::daemon::{Setup, bare};
use crate::support::page::project;

/// Options of other programs that pages name by themselves.
const OTHERS: [&str; 7] =
    ["--allow-empty", "--output", "--platform", "--print", "--profile", "--push", "--user"];

/// Words that only a command takes, and `--print-config` does not.
const OF_COMMANDS: [&str; 3] = ["--json", "--name", "--wait"];

/// Options that print something and end.
const WISHES: [&str; 4] = ["--help", "--man", "--version", "--print-config"];

/// The commands of the program.
const COMMANDS: [&str; 9] =
    ["check", "probe", "status", "sync", "rollback", "pin", "unpin", "completions", "help"];

/// Every option there is, old names too, as the generated page lists them.
pub(super) fn options() -> BTreeSet<String> {
    let page = fs::read_to_string(project().join("docs/configuration.md")).unwrap();
    let mut found: BTreeSet<String> =
        WISHES.iter().chain(&OF_COMMANDS).map(|it| (*it).to_owned()).collect();
    for span in page.split('`').skip(1).step_by(2).filter(|span| span.starts_with("--")) {
        found.insert(span.split(['=', ' ']).next().unwrap_or_default().to_owned());
    }
    found
}

/// The option that a span of code names, if there is none such.
pub(super) fn unknown(span: &str, options: &BTreeSet<String>) -> Option<String> {
    let name = span.strip_prefix("--")?.split(['=', ' ', ',', '[']).next()?;
    let name = format!("--{name}");
    let known = options.contains(&name)
        || name.starts_with("--__env__")
        || OTHERS.contains(&name.as_str())
        || name == "--";
    (!known).then_some(name)
}

/// What the program says against these arguments and variables; nothing if it is content.
///
/// Files that are named need not be here; what is left open, the repository, is filled in.
pub(super) fn complaint(
    called: &str,
    arguments: &[String],
    variables: &[(String, String)],
) -> Option<String> {
    let mut arguments = arguments.to_vec();
    let mut list = None;
    if arguments.first().is_some_and(|word| COMMANDS.contains(&word.as_str())) {
        arguments.remove(0);
        arguments.retain(|word| {
            word.starts_with('-') && !OF_COMMANDS.iter().any(|name| word.starts_with(name))
        });
    }
    if arguments.iter().any(|word| WISHES.contains(&word.as_str())) {
        return None;
    }
    for argument in &mut arguments {
        if argument.starts_with("--config=") {
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), "repositories:\n  - {name: a, repo: /a, root: /a}\n").unwrap();
            *argument = format!("--config={}", file.path().display());
            list = Some(file);
        }
    }
    let given = |name: &str| {
        let flag = format!("--{name}");
        let upper = name.to_uppercase();
        arguments.iter().any(|it| it.starts_with(&flag))
            || variables.iter().any(|(it, _)| it.ends_with(&upper) || it == "GITOPS_BASE_REPO_URL")
    };
    let mut extra = Vec::new();
    if list.is_none() && !given("repo") {
        extra.push("--repo=/repo".to_owned());
    }
    if called == "git-sync" && !given("root") {
        extra.push("--root=/git".to_owned());
    }
    let name: &'static str = if called == "git-sync" { "git-sync" } else { "gitsyncd" };
    let setup = arguments.iter().chain(&extra).fold(bare().called(name), Setup::flag);
    let setup = variables.iter().fold(setup, |it, (name, value)| it.variable(name, value));
    setup.flag("--print-config").finish().complaint()
}

#[test]
fn an_option_that_is_misspelled_is_seen() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let of = |text: &str| complaint("gitsyncd", &words(text), &[]);
    assert_eq!(of("--repo=https://a/b --period=3s"), None);
    assert_eq!(of("status --root=/git --json"), None);
    assert_eq!(of("rollback --config=FILE --name=a"), None);
    assert_eq!(of("probe /livez --wait=30s"), None);
    assert!(of("--repo=/a --perod=3s").is_some());
    assert!(of("--repo=/a --period=soon").is_some());
    assert!(of("--repo=/a --wait=3").is_some(), "an old name brings a warning");
    let variable = ("GITSYNC_PERIODE".to_owned(), "3s".to_owned());
    assert!(complaint("gitsyncd", &[], &[variable]).is_some());
    assert_eq!(unknown("--perod=3s", &options()), Some("--perod".to_owned()));
    assert_eq!(unknown("--period=off", &options()), None);
}
