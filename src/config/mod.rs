//! Text to [`Config`], once, at the start.
//!
//! The way of a value: the command line (`args`) and the environment (`environment`) are merged in
//! their precedence (`given`), become one struct of texts (`raw`), and are checked all together
//! (`check`). Names, defaults and help are in one table (`options`), which also makes the texts of
//! `--help`, `--man` and the document. No file is read and no port is opened here.

mod access;
mod args;
mod check;
mod command_line;
mod commands;
mod completions;
mod environment;
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
mod recorded;
mod serving;
mod show;
mod signals;
#[cfg(test)]
mod tests;
mod values;
mod way;

pub use access::{Access, Credential, GithubApp, PasswordSource, Proxy, Ssh, Tls};
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
use commands::{Asked, Divided, Task};
use environment::Environment;
use given::Given;
use jiff::Timestamp;
use problem::Origin;
use raw::Raw;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    /// Ask a server whether it is well.
    Probe(Probe),
    /// Show how it goes.
    Status(Box<StatusSource>),
    /// Publish another commit, or go back to the ref.
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
/// The first argument is the name of the program, as in [`std::env::args_os`]. Variables that are
/// not ours are not looked at, so [`std::env::vars_os`] can be given as it is.
pub fn load(
    mut args: impl Iterator<Item = OsString>,
    vars: impl Iterator<Item = (OsString, OsString)>,
    surroundings: Surroundings,
) -> Result<Request, Vec<Problem>> {
    let called_as = Personality::of(args.next().as_deref());
    let Divided { asked, rest, before } =
        commands::divide(args, called_as).map_err(|problem| vec![problem])?;
    let Args { wish, flags, variables: hidden, mut problems, stray } =
        args::read(rest.into_iter(), before);
    match wish {
        Some(Wish::Help) => {
            let help = asked.map_or_else(|| help::print(called_as), |asked| asked.command.help());
            return Ok(Request::Print(help));
        }
        Some(Wish::Manual) => return Ok(Request::Print(manual::print(called_as))),
        Some(Wish::Version) => return Ok(Request::Print(version())),
        Some(Wish::PrintConfig) | None => (),
    }
    let hidden = hidden.into_iter().map(|(name, text)| (name.into(), text.into()));
    let environment = environment::read(vars.chain(hidden));
    let mut given = Given::merge(called_as, &flags, &environment.variables);
    if called_as.is_peer() {
        // That program passes them over.
        given.warnings.extend(stray.iter().map(ToString::to_string));
    } else {
        problems.extend(stray);
    }
    let asked = asked.filter(|_| wish.is_none());
    let apart = |asked: &Asked| apart(called_as, asked, &given, &surroundings);
    if let Some(request) = asked.as_ref().and_then(apart) {
        return if problems.is_empty() { request } else { Err(problems) };
    }
    let order = asked.as_ref().filter(|asked| asked.command.task.is_order());
    if let Some(asked) = order {
        recorded::recall(&mut given, &surroundings);
        let order = order_of((called_as, asked), &given, &environment, &surroundings)?;
        return if problems.is_empty() { Ok(order) } else { Err(problems) };
    }
    problems.extend(environment.problems);
    problems.extend(given.problems.iter().cloned());
    let checked = Raw::of(&given)
        .map_err(|problem| vec![problem])
        .and_then(|raw| check::check(called_as, &raw, &given, &surroundings, &environment.proxies));
    match checked {
        Ok((process, config)) if problems.is_empty() => {
            let warnings = warnings(&process, &config, &given, &environment.unknown);
            if wish.is_some() {
                return Ok(Request::Print(show::print(&process, &config, &given, &warnings)));
            }
            let fleet = Box::new(Fleet { process, repositories: vec![config] });
            return Ok(if asked.is_some() {
                Request::Check { fleet, warnings }
            } else {
                Request::Run { fleet, warnings }
            });
        }
        Ok(_) => (),
        Err(more) => problems.extend(more),
    }
    // A mistyped variable may be why an option is missing.
    problems.extend(environment.unknown);
    Err(problems)
}

/// What a command comes to that changes what is published. What is wrong with options counts only if
/// they are needed.
fn order_of(
    (called_as, asked): (Personality, &Asked),
    given: &Given,
    environment: &Environment,
    surroundings: &Surroundings,
) -> Result<Request, Vec<Problem>> {
    let raw = Raw::of(given).map_err(|problem| vec![problem])?;
    let mut problems = environment.problems.clone();
    problems.extend(given.problems.iter().cloned());
    let checked = check::check(called_as, &raw, given, surroundings, &environment.proxies);
    let whole = match checked {
        Ok((process, config)) if problems.is_empty() => {
            Ok(Box::new(Fleet { process, repositories: vec![config] }))
        }
        Ok(_) => Err(problems),
        Err(more) => Err([problems, more].concat()),
    };
    let order = check::order::read((called_as, asked), (&raw, whole), given, surroundings)?;
    Ok(Request::Order(Box::new(order)))
}

/// What a command comes to that does not need a whole configuration; none for one that does.
fn apart(
    called_as: Personality,
    asked: &Asked,
    given: &Given,
    surroundings: &Surroundings,
) -> Option<Result<Request, Vec<Problem>>> {
    let raw = || Raw::of(given).map_err(|problem| vec![problem]);
    let operand = asked.operand.as_deref();
    Some(match asked.command.task {
        Task::Check | Task::Rollback | Task::Pin | Task::Unpin => return None,
        Task::Probe => raw()
            .and_then(|raw| check::around::probe(called_as, asked, &raw, given, surroundings))
            .map(Request::Probe),
        Task::Status => raw()
            .and_then(|raw| check::around::status(called_as, asked, &raw, given, surroundings))
            .map(|source| Request::Status(Box::new(source))),
        Task::Completions => {
            completions::of(operand).map(Request::Print).map_err(|problem| vec![problem])
        }
        Task::Help => match operand.map(|word| commands::find(word, "argument 2")) {
            None => Ok(Request::Print(help::print(called_as))),
            Some(Ok(command)) => Ok(Request::Print(command.help())),
            Some(Err(problem)) => Err(vec![problem]),
        },
    })
}

fn version() -> String {
    format!("gitsyncd {}\n", env!("CARGO_PKG_VERSION"))
}

fn warnings(process: &Process, config: &Config, given: &Given, unknown: &[Problem]) -> Vec<String> {
    let mut warnings = given.warnings.clone();
    warnings.extend(unknown.iter().map(ToString::to_string));
    if *given.origin("ssh") != Origin::Default {
        warnings.push(format!("{} has no effect; it can go", given.origin("ssh").name()));
    }
    warnings.extend(serving::without_effect(&process.serving));
    if *given.origin("git") != Origin::Default {
        warnings.push("--git: has no effect, as no git program is run".to_owned());
    }
    warnings.extend(git_config::warnings(&config.access.settings));
    warnings.extend(config.hooks.doubts(config.sync_timeout));
    let doubts = config.windows.doubts(Timestamp::now());
    warnings.extend(doubts.into_iter().map(|doubt| format!("--sync-window: {doubt}")));
    warnings
}
