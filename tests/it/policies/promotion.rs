//! docs/promotion.md: its commands are run as they are written, and print what is written behind them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

use crate::support::daemon::bare;
use crate::support::listener::Port;
use crate::support::process::{Group, path, program};

const PAGE: &str = include_str!("../../../docs/promotion.md");

/// How long all of it may take.
const ALL: Duration = Duration::from_secs(90);

/// Commands, and what they print.
struct Block {
    commands: String,
    prints: String,
}

/// The blocks of commands; one of text that follows with nothing but blank lines between is what they print.
fn blocks(page: &str) -> Vec<Block> {
    let mut parts = page.split("```");
    let mut found: Vec<Block> = Vec::new();
    let mut directly = false;
    // Text and code by turns.
    while let (Some(text), Some(code)) = (parts.next(), parts.next()) {
        directly &= text.trim().is_empty();
        let (language, code) = code.split_once('\n').unwrap();
        match (language, found.last_mut()) {
            ("sh", _) => {
                found.push(Block { commands: code.to_owned(), prints: String::new() });
                directly = true;
            }
            ("text", Some(last)) if directly => code.clone_into(&mut last.prints),
            _ => (),
        }
    }
    found
}

/// Runs a script in a directory to its end, with all that it starts, and gives what it printed.
fn run(script: &str, dir: &Path) -> String {
    let programs = dir.join("programs");
    fs::create_dir(&programs).unwrap();
    symlink(env!("CARGO_BIN_EXE_gitsyncd"), programs.join("gitsyncd")).unwrap();
    let mut search = programs.into_os_string();
    search.push(":");
    search.push(path());
    let printed = dir.join("printed");
    let mut group = Group::start(
        Command::new(program("sh"))
            .args(["-euc", script])
            .current_dir(dir)
            .env_clear()
            .env("PATH", search)
            .env("HOME", dir)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null())
            .stdout(fs::File::create(&printed).unwrap())
            .stderr(fs::File::create(dir.join("complaints")).unwrap()),
    );
    let status = group.wait(ALL);
    let text = |name: &str| fs::read_to_string(dir.join(name)).unwrap_or_default();
    let logs = ["complaints", "staging.log", "production.log", "answer.json"].map(text).join("\n");
    let printed = fs::read_to_string(printed).unwrap();
    assert!(status.success(), "{status:?}\n{printed}\n{logs}");
    printed
}

#[test]
fn the_walk_from_staging_to_production_goes_as_it_is_written() {
    let dir = TempDir::new().unwrap();
    let blocks = blocks(PAGE);
    assert!(blocks.len() > 10);
    let place = dir.path().display();
    // Each block begins in the directory in which everything is.
    let each =
        blocks.iter().map(|block| format!("cd {place}\necho '== block'\n{}", block.commands));
    let (staging, production) = (Port::take(), Port::take());
    let script = each.collect::<String>();
    let script = script.replace("8081", &staging.addr().port().to_string());
    let script = script.replace("8082", &production.addr().port().to_string());
    let printed = run(&script, dir.path());
    let printed: Vec<_> = printed.split("== block\n").skip(1).collect();
    assert_eq!(printed.len(), blocks.len());
    for (block, printed) in blocks.iter().zip(printed) {
        assert_eq!(printed, block.prints, "after:\n{}", block.commands);
    }
}

#[test]
fn the_variables_of_the_table_are_understood() {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `GITSYNC_"));
    let mut setup = bare().flag("--repo=/srv/shop.git").flag("--http-bind=:8080");
    setup = setup.flag("--print-config");
    let mut count = 0;
    for row in rows {
        let mut cells = row.split('|').map(str::trim);
        let name = format!("GITSYNC_{}", cells.next().unwrap().trim_end_matches('`'));
        setup = setup.variable(&name, cells.nth(1).unwrap().trim_matches('`'));
        count += 1;
    }
    assert_eq!(count, 5);
    let finished = setup.finish();
    finished.expect_code(0);
    let shown = finished.stdout.join("\n");
    for line in ["publish-gate: true", "ref: \"semver:>=1.0.0, <2\"", "sync-window: [\"allow 0 9"] {
        assert!(shown.contains(line), "{line}:\n{shown}");
    }
    assert!(!shown.contains("warning"), "{shown}");
}
