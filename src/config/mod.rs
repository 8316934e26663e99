//! Text to [`Config`], once, at the start.
//!
//! The way of a value: the command line (`args`) and the environment (`environment`) are merged in
//! their precedence (`given`), with the file behind them if there is one (`file`), become one struct of
//! texts for each repository (`raw`), and are checked all together (`check`, `whole`). Names, defaults
//! and help are in one table (`options`), which also makes the texts of `--help`, `--man` and the
//! document. No file but that of `--config` is read, and no port is opened here.

mod access;
mod again;
mod args;
mod besides;
mod borrowed;
mod check;
mod command_line;
mod commands;
mod completions;
mod environment;
mod file;
mod fleet;
mod git_config;
mod given;
mod help;
mod hooks;
mod manual;
mod modes;
mod names;
mod options;
mod page;
mod paths;
mod personality;
mod problem;
mod raw;
mod real;
mod recorded;
mod serving;
mod show;
mod signals;
#[cfg(test)]
mod tests;
mod values;
mod way;
mod whole;

pub use access::{Access, Credential, GithubApp, PasswordSource, Proxy, Ssh, Tls};
pub use again::Again;
pub use check::around::{Probe, StatusSource};
pub use check::order::{Order, Target};
pub use command_line::shown as command_line;
pub use fleet::{Fleet, Process};
pub use git_config::{CredentialItem, CredentialSetting, HttpItem, HttpSetting, Setting};
pub use hooks::{Exec, Hooks, Web, public, secret_variables};
pub use modes::{Drift, Part, SparseBy, Trees, Verify, VerifyMode};
pub use personality::Personality;
pub use problem::Problem;
pub use recorded::Recorded;
pub use serving::{ApiRead, Serving};
pub use values::duration;
pub use way::{Via, Way};

use crate::model::{Checkout, Form, Garbage, Reference, RepoUrl, Windows};
use args::{Args, Wish};
use besides::Besides;
use commands::{Asked, Divided, Task};
use file::{File, Named, Read};
use raw::Raw;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::{Path, PathBuf};
use std::time::Duration;
use whole::{When, Whole};

/// What is to be done for one repository; every value holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What it is called where there are several; unique among them.
    pub name: Option<String>,
    /// Whose defaults and manners count.
    pub personality: Personality,
    /// What to follow.
    pub repo: RepoUrl,
    /// What it is called, where settings of Git say that it is elsewhere; else the same.
    pub named_repo: RepoUrl,
    /// The same repository elsewhere, for when it cannot be had there; tried in this order.
    pub fallback_repos: Vec<RepoUrl>,
    /// Which ref of it.
    pub reference: Reference,
    /// The working directory, absolute and without `.` or `..`.
    pub root: PathBuf,
    /// The symlink that consumers read, absolute and without `.` or `..`.
    pub link: PathBuf,
    /// The rest between two attempts; none means that only triggers start one.
    pub period: Option<Duration>,
    /// How much longer or shorter a rest may be, at random.
    pub jitter: Duration,
    /// The rest between attempts until the first success.
    pub init_period: Duration,
    /// How long one attempt may take, up to and including the publication.
    pub sync_timeout: Duration,
    /// Exit after the first success.
    pub one_time: bool,
    /// How many failures in a row end the program; none means that it never gives up.
    pub max_failures: Option<NonZeroU64>,
    /// The same, until the first success.
    pub init_max_failures: Option<NonZeroU64>,
    /// How many commits of history to keep; none means all.
    pub depth: Option<NonZeroU32>,
    /// Which part of a commit is published, and how it is had.
    pub part: Part,
    /// Which signatures there must be.
    pub verify: Verify,
    /// Who we are to sources, and how they are reached.
    pub access: Access,
    /// How files are written, as settings of Git have it.
    pub checkout: Checkout,
    /// A file whose time changes when something was published.
    pub touch_file: Option<PathBuf>,
    /// A file that holds the last error while there is one.
    pub error_file: Option<PathBuf>,
    /// How a tree is put before readers.
    pub publish: Form,
    /// What a new tree is made from.
    pub trees: Trees,
    /// Whether a tree is on the disk before readers see it.
    pub durable: bool,
    /// What to do about a tree that somebody changed.
    pub drift: Drift,
    /// How long a retired tree stays.
    pub stale_worktree_timeout: Duration,
    /// How many of them stay beyond that.
    pub keep_trees: usize,
    /// When objects that nothing needs are removed.
    pub garbage: Garbage,
    /// Whether Git in the root is to know a user.
    pub add_user: bool,
    /// When commits may be published.
    pub windows: Windows,
    /// Whom to tell, and whom to ask first.
    pub hooks: Hooks,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text, for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What the caller is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Sync.
    Run {
        /// What, and how.
        fleet: Box<Fleet>,
        /// What works but should be changed; for the log, once.
        warnings: Vec<String>,
    },
    /// Say whether that would work.
    Check {
        /// What it would sync, and how.
        fleet: Box<Fleet>,
        /// What works but should be changed.
        warnings: Vec<String>,
    },
    /// Ask a server whether it is well, again and again for so long.
    Probe(Probe, Duration),
    /// Show how it goes.
    Status(Box<StatusSource>, Duration),
    /// Sync now, publish another commit, or go back to the ref.
    Order(Box<Order>),
    /// Print this text, which ends its last line, to standard output, and be done.
    Print(String),
}

/// What defaults depend on besides arguments and variables.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The current directory, if there is one; relative paths count from it.
    pub cwd: Option<PathBuf>,
    /// Whether a person reads the log as it is written.
    pub stderr_is_terminal: bool,
    /// What tells which options an earlier run had in a root, for commands that change it.
    pub recorded: Option<fn(&Path) -> Recorded>,
}

/// Functions cannot be compared, and there is but one.
impl PartialEq for Surroundings {
    fn eq(&self, other: &Self) -> bool {
        let of = |it: &Self| (it.cwd.clone(), it.stderr_is_terminal);
        of(self) == of(other)
    }
}

impl Eq for Surroundings {}

impl Surroundings {
    /// Looks at this process.
    pub fn of_process() -> Self {
        Self {
            cwd: std::env::current_dir().ok(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            recorded: None,
        }
    }
}

/// Reads the whole configuration, or lists everything that is wrong with it.
///
/// The first argument is the name of the program, as in [`std::env::args_os`]. Of variables that are
/// not ours, only those of curl and Git are looked at, so [`std::env::vars_os`] can be given as it is.
pub fn load(
    mut args: impl Iterator<Item = OsString>,
    vars: impl Iterator<Item = (OsString, OsString)>,
    surroundings: Surroundings,
) -> Result<Request, Vec<Problem>> {
    let called_as = Personality::of(args.next().as_deref());
    let Divided { asked, rest, before } =
        commands::divide(args, called_as).map_err(|problem| vec![problem])?;
    let Args { wish, flags, variables: hidden, mut problems, mut stray } =
        args::read(rest.into_iter(), before);
    match wish {
        Some(Wish::Help) => {
            let help = match asked {
                Some(asked) => asked.command.help(called_as),
                None => help::print(called_as),
            };
            return Ok(Request::Print(help));
        }
        Some(Wish::Manual) => return Ok(Request::Print(manual::print(called_as))),
        Some(Wish::Version) => return Ok(Request::Print(version())),
        Some(Wish::PrintConfig) | None => (),
    }
    let hidden = hidden.into_iter().map(|(name, text)| (name.into(), text.into()));
    let mut environment = environment::read(vars.chain(hidden));
    let besides = Besides::new(called_as, flags, &mut environment, surroundings);
    let named = besides.named();
    let mut read = named.as_ref().map(file::read).unwrap_or_default();
    if let Some(asked) =
        asked.as_ref().filter(|asked| wish.is_none() && asked.command.task != Task::Check)
    {
        if !called_as.is_peer() {
            problems.extend(stray);
        }
        let request = if asked.command.task.is_order() {
            order(&besides, asked, read, environment.problems)
        } else {
            apart(&besides, asked, read)
        };
        return if problems.is_empty() { request } else { Err(problems) };
    }
    // That program passes them over.
    let passed = if called_as.is_peer() { std::mem::take(&mut stray) } else { Vec::new() };
    problems.extend(stray);
    problems.append(&mut environment.problems);
    problems.append(&mut read.problems);
    if read.is_broken {
        return Err(problems);
    }
    match whole::whole(&besides, read.file.as_ref(), When::Start) {
        Ok(mut whole) if problems.is_empty() => {
            let others = passed.iter().chain(&environment.unknown).chain(&environment.idle);
            whole.warnings.extend(others.map(ToString::to_string));
            Ok(request(besides, (wish, asked.is_some()), named, whole))
        }
        checked => {
            problems.extend(checked.err().into_iter().flatten());
            // A mistyped variable may be why an option is missing.
            problems.extend(environment.unknown.into_iter().map(Problem::into_warning));
            Err(problems)
        }
    }
}

/// What a whole configuration comes to: it is shown, checked or carried out.
fn request(
    besides: Besides,
    (wish, checks): (Option<Wish>, bool),
    named: Option<Named>,
    whole: Whole,
) -> Request {
    if wish.is_some() {
        return Request::Print(show::print(&whole, named.as_ref()));
    }
    let warnings = whole.warnings.clone();
    let again = named.map(|named| Again::new(besides, named, &whole));
    let fleet = Box::new(whole.fleet(again));
    if checks { Request::Check { fleet, warnings } } else { Request::Run { fleet, warnings } }
}

/// What a command comes to that changes what is published. What is wrong with options counts only if
/// they are needed.
fn order(
    besides: &Besides,
    asked: &Asked,
    read: Read,
    environment: Vec<Problem>,
) -> Result<Request, Vec<Problem>> {
    if read.is_broken {
        return Err([environment, read.problems].concat());
    }
    let entries = read.file.as_ref().and_then(|file| file.entries.as_deref());
    // All of them can be asked to sync.
    let is_of_all = asked.command.task == Task::Sync && asked.name.is_none();
    let name = match entries {
        Some(_) if is_of_all => None,
        Some(entries) => {
            let name = check::several::meant(entries, asked.name.as_deref());
            name.map_err(|problem| vec![problem])?
        }
        None => asked.name.clone(),
    };
    let whole = whole::recalled(besides, read.file.as_ref());
    let mut problems = [environment, read.problems].concat();
    if name.is_some() && entries.is_none() {
        let complaint = "only a file that lists repositories, given by --config, tells their roots";
        problems.push(Problem::new("--name", complaint));
    }
    let whole = match whole {
        Ok(whole) if problems.is_empty() => {
            let mut fleet = whole.fleet(None);
            fleet.repositories.retain(|one| name.is_none() || one.name == name);
            Ok(Box::new(fleet))
        }
        Ok(_) => Err(problems),
        Err(more) => Err([problems, more].concat()),
    };
    let top = read.file.unwrap_or_default().top;
    let mut given = besides.given(&[&top]);
    recorded::recall(&mut given, &besides.surroundings);
    let raw = Raw::of(&given).map_err(|problem| vec![problem])?;
    let order = check::order::read(besides, asked, (&raw, whole), (&given, name))?;
    Ok(Request::Order(Box::new(order)))
}

/// What a command comes to that does not need a whole configuration. Of a file it takes what it can
/// read, as the run may still go on with what that was before.
fn apart(besides: &Besides, asked: &Asked, read: Read) -> Result<Request, Vec<Problem>> {
    let File { top, entries, .. } = read.file.unwrap_or_default();
    let given = besides.given(&[&top]);
    let roots = || entries.as_ref().map(|entries| whole::roots(besides, &top, entries));
    let raw = || Raw::of(&given).map_err(|problem| vec![problem]);
    let with_file = |problems| read.problems.iter().cloned().chain(problems).collect();
    let operand = asked.operand.as_deref();
    match asked.command.task {
        Task::Probe => raw()
            .and_then(|raw| check::around::probe(besides, asked, &raw, &given))
            .map(|to| Request::Probe(to, asked.wait.unwrap_or_default()))
            .map_err(with_file),
        Task::Check | Task::Sync | Task::Rollback | Task::Pin | Task::Unpin | Task::Status => raw()
            .and_then(|raw| check::around::status(besides, asked, (&raw, &given), roots()))
            .map(|from| Request::Status(Box::new(from), asked.wait.unwrap_or_default()))
            .map_err(with_file),
        Task::Completions => {
            let found = completions::of(operand, besides.called_as);
            found.map(Request::Print).map_err(|problem| vec![problem])
        }
        Task::Help => {
            let about = about(operand, besides.called_as);
            about.map(Request::Print).map_err(|problem| vec![problem])
        }
    }
}

/// Tells about a command or an option, or about all in short.
fn about(word: Option<&str>, called_as: Personality) -> Result<String, Problem> {
    let Some(word) = word else {
        return Ok(help::print(called_as));
    };
    let flag = word.trim_start_matches('-');
    match (commands::find(word, "argument 2"), names::flag(flag)) {
        (Ok(command), _) => Ok(command.help(called_as)),
        (Err(_), Some((opt, _))) => Ok(manual::of_option(opt, called_as)),
        (Err(problem), None) => Err(nearest_option(flag).unwrap_or(problem)),
    }
}

/// Says which option may be meant by what is none, if that is nearer than any command.
fn nearest_option(flag: &str) -> Option<Problem> {
    let words = commands::COMMANDS.iter().map(|command| command.word);
    let options = names::options().map(|opt| opt.key);
    let meant = names::nearest(flag, words.chain(options)).and_then(names::option)?;
    let complaint = format!("there is no such command or option; the nearest is --{}", meant.key);
    Some(Problem::new("argument 2", complaint))
}

fn version() -> String {
    format!("gitsyncd {}\n", env!("CARGO_PKG_VERSION"))
}
