//! What `sync`, `rollback`, `pin` and `unpin` need to know: whom to ask, and how to do it where nobody can be
//! asked.

use crate::config::besides::Besides;
use crate::config::check::Checker;
use crate::config::check::around::{api_of, authorities, here};
use crate::config::commands::{Asked, Task};
use crate::config::given::Given;
use crate::config::paths;
use crate::config::problem::{Origin, Problem};
use crate::config::raw::Raw;
use crate::config::values;
use crate::config::{Fleet, PasswordSource, Probe};
use crate::model::CommitId;
use std::path::Path;
use std::time::Duration;

/// How long an API waits at most.
const LONGEST: Duration = Duration::from_mins(10);

/// What is to be published from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// What was published before.
    Previous,
    /// What is published.
    Current,
    /// This commit.
    Commit(CommitId),
    /// What the ref names.
    Ref,
    /// What is followed, be it the ref or a commit that is stayed at.
    Now,
}

/// An order to sync, or to change what is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The word that was given.
    pub word: &'static str,
    /// What is to be published.
    pub target: Target,
    /// The repository that is meant, where there are several.
    pub name: Option<String>,
    /// The API that takes it; empty if it is not known where that is.
    pub api: Probe,
    /// The token of the API.
    pub token: Option<PasswordSource>,
    /// How long it may take; nothing if its end is not waited for.
    pub time: Duration,
    /// How the root is synced if nobody can be asked, or why that is not known.
    pub whole: Result<Box<Fleet>, Vec<Problem>>,
}

/// Reads it.
pub(in crate::config) fn read(
    besides: &Besides,
    asked: &Asked,
    (raw, whole): (&Raw, Result<Box<Fleet>, Vec<Problem>>),
    (given, name): (&Given, Option<String>),
) -> Result<Order, Vec<Problem>> {
    let mut checker = Checker::new(besides, given);
    let (bind, token) = api_of(&mut checker, raw);
    let time = checker.read("sync-timeout", raw.sync_timeout.as_ref(), values::duration);
    let own = whole.as_ref().ok().and_then(|fleet| fleet.repositories.first());
    let time = own.map(|config| config.sync_timeout).or(time);
    let authorities = authorities(&mut checker, raw);
    let mut problems = checker.problems;
    let target = target(asked).map_err(|problem| problems.push(problem)).ok();
    let word = asked.command.word;
    let is_sync = asked.command.task == Task::Sync;
    let path = match (is_sync, asked.command.task == Task::Rollback) {
        (true, _) => "/api/v1/sync",
        (false, true) => "/api/v1/rollback",
        (false, false) => "/api/v1/pin",
    };
    let wait = asked.wait.unwrap_or_default().min(LONGEST);
    let time = if is_sync { Some(wait) } else { time };
    let urls = match &bind {
        Some(bind) => here(Some(bind), path).map_err(|problem| problems.push(problem)).ok(),
        None => None,
    };
    let is_unheard = is_sync && bind.is_none() && matches!(given.origin("root"), Origin::Default);
    match target {
        Some(target) if problems.is_empty() => Ok(Order {
            word,
            target,
            name,
            api: Probe { urls: urls.unwrap_or_default(), authorities },
            token,
            time: time.unwrap_or_default(),
            whole: whole.map_err(|problems| match nowhere(&problems, besides, given) {
                _ if is_unheard => vec![unheard()],
                Some(nowhere) => vec![nowhere],
                None => problems,
            }),
        }),
        Some(_) | None => Err(problems),
    }
}

/// Says what is missing if it is not known whom to ask, nor what an earlier run did in a root.
fn unheard() -> Problem {
    let complaint = "is needed to ask a running gitsyncd, as it was given to that, and \
                     --api-token-file=FILE with its token; or --root=DIR of one that has ended";
    Problem::new("--http-bind", complaint)
}

/// Says that nothing in the root tells what to sync, if that is why nothing is known of it.
fn nowhere(problems: &[Problem], besides: &Besides, given: &Given) -> Option<Problem> {
    let cwd = besides.surroundings.cwd.as_deref().unwrap_or(Path::new("/"));
    let root = paths::absolute(cwd, given.text("root").filter(|root| !root.is_empty())?);
    let complaint = format!(
        "nothing was ever published in {}, as far as can be seen there; check the path, or give \
         the options of the run, such as --repo=URL",
        root.display()
    );
    let lacks_repo = problems.iter().any(|problem| problem.is_at("--repo"));
    (lacks_repo && given.text("repo").is_none()).then(|| Problem::new("--root", complaint))
}

fn target(asked: &Asked) -> Result<Target, Problem> {
    let commit = |text: &str| {
        let wrong = |or: &str| Problem::new("argument 2", format!("is {or} full commit id"));
        let task = asked.command.task;
        let or = if task == Task::Rollback { "neither previous nor a" } else { "no" };
        text.parse().map(Target::Commit).map_err(|_no_id| wrong(or))
    };
    match (asked.command.task, asked.operand.as_deref()) {
        (Task::Rollback, None | Some("previous")) => Ok(Target::Previous),
        (Task::Rollback | Task::Pin, Some(text)) => commit(text),
        (Task::Pin, None) => Ok(Target::Current),
        (Task::Sync, _) => Ok(Target::Now),
        _ => Ok(Target::Ref),
    }
}
