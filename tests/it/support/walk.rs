//! Pages that are run: the commands of a page go as they are written, and print what it says.
//!
//! A block that begins with `sh run` holds commands. All of a page are run in order in one shell, in an
//! empty directory, by somebody whose Git knows who commits. A block `text` that follows with nothing
//! but blank lines between is what they print; `…` in it stands for anything in a line. Ports from 8080 to
//! 8099 are replaced by free ones. A line `<!-- needs: NAME… -->` names programs without which the page
//! is left out. What goes to standard error is shown when something fails, and not compared.

use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

use crate::support::listener::Port;
use crate::support::page;
use crate::support::page::Page;
use crate::support::process::{Group, MORE_PATHS, installed, path, program, verdict};
use crate::support::skip;
use crate::support::wait::pause;

/// How long all of a page may take; the runner of tests ends them after 210 s (.config/nextest.toml).
const ALL: Duration = Duration::from_mins(3);
/// What stands behind the fence of a block of commands.
const RUN: &str = "sh run";
/// The ports that are replaced.
const PORTS: std::ops::Range<u16> = 8080..8100;
/// How much is shown of a log.
const TAIL: usize = 60;
/// What stands between the prints of two blocks.
const MARK: &str = "== end of a block ==";

/// Commands, and what they print.
struct Block {
    commands: String,
    prints: String,
}

/// Every page that holds commands to run, by its path in the project.
pub(crate) fn pages() -> Vec<String> {
    let held = page::all().into_iter().filter(|page| !blocks(page).is_empty());
    held.map(|page| page.path.to_str().unwrap().to_owned()).collect()
}

/// Runs the commands of a page, and compares what they print.
#[track_caller]
pub(crate) fn walk(page: &str) {
    let text = fs::read_to_string(page::project().join(page)).unwrap();
    let needs = text.lines().filter_map(|line| line.strip_prefix("<!-- needs: "));
    let needs = needs.flat_map(|line| line.trim_end_matches("-->").split_whitespace());
    if let Some(missing) = needs.into_iter().find(|name| installed(name).is_none()) {
        return skip::note(page, &format!("{missing} is not installed"));
    }
    let mut blocks = blocks(&Page::of(page.into(), &text));
    assert!(!blocks.is_empty(), "{page} holds nothing to run");
    let mut ports = BTreeMap::new();
    for block in &mut blocks {
        block.commands = with_free_ports(&block.commands, &mut ports);
        block.prints = with_free_ports(&block.prints, &mut ports);
    }
    let printed = run(page, &blocks);
    for (block, printed) in blocks.iter().zip(&printed) {
        let says = block.prints.trim_end();
        let alike = says.lines().count() == printed.trim_end().lines().count()
            && says.lines().zip(printed.lines()).all(|(says, line)| is_like(says, line));
        assert!(alike, "{page}: {}prints:\n{printed}and not:\n{says}", block.commands);
    }
}

/// The blocks of commands with what they print.
fn blocks(page: &Page) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    for (at, block) in page.blocks.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| &page.blocks[at]);
        let prints = before.is_some_and(|one| one.language == RUN && page.adjoin(one, block));
        match (&*block.language, found.last_mut()) {
            (RUN, _) => found.push(Block { commands: block.code.clone(), prints: String::new() }),
            ("text", Some(last)) if prints => last.prints.clone_from(&block.code),
            _ => (),
        }
    }
    found
}

/// Puts a free port in the place of each that a page names: the same one wherever it is the same.
fn with_free_ports(text: &str, ports: &mut BTreeMap<u16, Port>) -> String {
    let mut result = String::new();
    let mut word = String::new();
    // A word is what stands between anything that cannot be in a name or a number.
    for character in text.chars().chain(['\n']) {
        if character.is_ascii_alphanumeric() || character == '_' {
            word.push(character);
            continue;
        }
        match word.parse() {
            Ok(port) if PORTS.contains(&port) => {
                let free = ports.entry(port).or_insert_with(Port::take);
                result.push_str(&free.addr().port().to_string());
            }
            _ => result.push_str(&word),
        }
        word.clear();
        result.push(character);
    }
    result.pop();
    result
}

/// Says whether a line is what was said of it.
fn is_like(says: &str, line: &str) -> bool {
    let mut parts = says.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// Where programs are looked for: ours first.
fn search(ours: &Path) -> std::ffi::OsString {
    let mut search = ours.as_os_str().to_owned();
    for more in [path().to_str().unwrap()].iter().chain(&MORE_PATHS) {
        search.push(":");
        search.push(more);
    }
    search
}

/// Runs all blocks to their end, with all that they start, and gives what each printed.
#[track_caller]
fn run(page: &str, blocks: &[Block]) -> Vec<String> {
    let dir = TempDir::new().unwrap();
    // Servers that root starts read it as somebody else.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let [programs, home, place] = ["programs", "home", "place"].map(|name| dir.path().join(name));
    for made in [&programs, &home, &place] {
        fs::create_dir(made).unwrap();
    }
    for name in ["gitsyncd", "git-sync"] {
        symlink(env!("CARGO_BIN_EXE_gitsyncd"), programs.join(name)).unwrap();
    }
    let identity = "[user]\n\tname = Ada\n\temail = ada@example.com\n";
    fs::write(home.join(".gitconfig"), identity).unwrap();
    let end = format!("\necho '{MARK}'\n");
    let script: String = blocks.iter().flat_map(|block| [&*block.commands, &end]).collect();
    let [printed, complaints] = ["printed", "complaints"].map(|name| dir.path().join(name));
    let mut group = Group::start(
        Command::new(program("sh"))
            .args(["-euc", &script])
            .current_dir(&place)
            .env_clear()
            .env("PATH", search(&programs))
            .env("HOME", &home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null())
            .stdout(fs::File::create(&printed).unwrap())
            .stderr(fs::File::create(&complaints).unwrap()),
    );
    let end = Instant::now() + ALL;
    while group.ended().is_none() && Instant::now() < end {
        pause(Duration::from_millis(5));
    }
    let (status, leader) = (group.ended(), group.pid().as_raw_nonzero().get());
    drop(group);
    let left = left_behind(&home, leader);
    let printed = fs::read_to_string(printed).unwrap();
    let ended = status.map_or_else(|| "does not end".to_owned(), verdict);
    let complaints = fs::read_to_string(complaints).unwrap();
    let shown = format!("{page}: {ended}\n{printed}\n{complaints}\n{}", logs(&place));
    assert!(status.is_some_and(|status| status.success()), "{shown}");
    assert!(left.is_empty(), "{page}: these processes left their group: {left:?}");
    printed.split_terminator(&format!("{MARK}\n")).map(str::to_owned).collect()
}

/// Ends the processes of a page that went out of its group, and names them.
fn left_behind(home: &Path, group: i32) -> Vec<String> {
    let sign = format!("HOME={}\0", home.display());
    let mut names = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let read = |name| fs::read(entry.path().join(name)).unwrap_or_default();
        let numbered = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let environment = String::from_utf8_lossy(&read("environ")).into_owned();
        let about = String::from_utf8_lossy(&read("stat")).into_owned();
        // Behind the name: the state, the parent, the group.
        let its_group = about.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(2));
        if let Some(pid) = numbered
            && environment.contains(&sign)
            && its_group != Some(&group.to_string())
        {
            let ended = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).is_ok();
            names.extend(ended.then(|| about.split(')').next().unwrap().to_owned()));
        }
    }
    names
}

/// The ends of all logs in a directory.
fn logs(place: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(place).unwrap().flatten() {
        if entry.path().extension().is_some_and(|kind| kind == "log") {
            let log = fs::read_to_string(entry.path()).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
            writeln!(text, "== {}\n{tail}", entry.path().display()).unwrap();
        }
    }
    text
}
