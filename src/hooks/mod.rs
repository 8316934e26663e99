//! Whom to tell what is published, and whom to ask before: programs and addresses.
//!
//! Each of them has one runner, a task that does one thing at a time and always the latest: what is
//! handed in meanwhile takes the place of what waits. Nothing here decides what is published; the
//! attempt asks, and the loop tells.

mod children;
mod common;
mod exec;
mod facts;
mod letter;
mod output;
mod process;
mod request;
mod web;

pub use common::Common;
pub use facts::Notice;
pub use process::Failure;

use crate::config::Config;
use crate::hooks::exec::{Desk, Manners};
use crate::hooks::facts::Facts;
use crate::hooks::letter::Letter;
use crate::hooks::web::Letterbox;
use crate::model::{CommitId, Event, Step};
use crate::observe::metrics::Metrics;
use crate::observe::status::Status;
use crate::runtime::{Stop, Stopped};
use std::future::{Future, pending};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The names in logs and metrics, which are those of git-sync.
const EXEC: &str = "exechook";
const PRE_PUBLISH: &str = "pre-publish-exechook";
const WEB: &str = "webhook";

/// How long it may take at most to tell that the program gives up.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A task and its name.
pub type Runner = (&'static str, Pin<Box<dyn Future<Output = ()> + Send>>);

/// All of them. Whoever has it can tell and ask, from any thread.
#[derive(Debug)]
pub struct Hooks {
    exec: Option<Desk>,
    pre_publish: Option<Desk>,
    /// Whether the program before a publication may hold it back.
    gate: bool,
    web: Vec<Letterbox>,
    status: watch::Receiver<Arc<Status>>,
    /// The commit that was told last to be published.
    told: Mutex<Option<CommitId>>,
}

/// What the program before a publication said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing that holds it back.
    Go,
    /// That this is not to be published, or nothing in time, which means the same.
    Refuse(Failure),
    /// Nothing, because it could not be asked.
    Unasked(Failure),
}

impl Verdict {
    fn of(answer: Option<Failure>) -> Self {
        match answer {
            None => Self::Go,
            Some(why @ (Failure::Start(_) | Failure::Cut)) => Self::Unasked(why),
            Some(why @ (Failure::Status(_) | Failure::Late(_))) => Self::Refuse(why),
        }
    }
}

/// Where a program ran, and may have changed files.
#[derive(Clone, Debug)]
pub struct Visit {
    tree: PathBuf,
    before: bool,
    run: u64,
}

impl Visit {
    /// The tree.
    pub fn tree(&self) -> &Path {
        &self.tree
    }
}

impl Hooks {
    /// Makes what the options say, and the tasks that do the work until the token is cancelled.
    pub fn new(
        config: &Config,
        metrics: &Arc<Metrics>,
        status: watch::Receiver<Arc<Status>>,
        common: &Common,
        stop: &CancellationToken,
    ) -> (Self, Vec<Runner>) {
        let facts = Arc::new(Facts::of(config));
        let options = &config.hooks;
        let mut runners: Vec<Runner> = Vec::new();
        let mut add = |name, task| runners.push((name, task));
        let desk = |exec: &crate::config::Exec, name| {
            (!exec.command.is_empty()).then(|| {
                metrics.expect_hook(name);
                Desk::new(exec.clone())
            })
        };
        let exec = desk(&options.exec, EXEC);
        if let Some(desk) = &exec {
            let again = !config.one_time;
            let manners = Manners { name: EXEC, step: Some(Step::Notify), again, once: true };
            let runner = desk.runner(manners, &facts, common, metrics);
            add(EXEC, Box::pin(runner.run(stop.clone())));
        }
        let pre_publish = desk(&options.pre_publish, PRE_PUBLISH);
        if let Some(desk) = &pre_publish {
            let again = !config.one_time && !options.gate;
            let manners = Manners { name: PRE_PUBLISH, step: None, again, once: false };
            let runner = desk.runner(manners, &facts, common, metrics);
            add(PRE_PUBLISH, Box::pin(runner.run(stop.clone())));
        }
        let mut web = Vec::new();
        for sender in request::senders(config, &common.threads) {
            metrics.expect_hook(WEB);
            let letterbox = Letterbox::new(&options.web);
            let runner = letterbox.runner(sender, !config.one_time, &facts, metrics);
            add(WEB, Box::pin(runner.run(stop.clone())));
            web.push(letterbox);
        }
        let (gate, told) = (options.gate, Mutex::default());
        (Self { exec, pre_publish, gate, web, status, told }, runners)
    }

    fn notice(&self, commit: &CommitId, tree: PathBuf) -> Notice {
        let status = self.status.borrow();
        let live = status.commit.as_ref().map(|commit| &commit.id);
        let previous = live.filter(|live| *live != commit).or(status.previous.as_ref());
        Notice { commit: commit.clone(), previous: previous.cloned(), tree }
    }

    /// Readers see a commit. It is told once, until they see another one.
    pub fn published(&self, commit: &CommitId, tree: &Path) {
        let last = self.told.lock().unwrap_or_else(PoisonError::into_inner).replace(commit.clone());
        if last.as_ref() == Some(commit) {
            return;
        }
        let notice = self.notice(commit, tree.to_owned());
        if let Some(desk) = &self.exec {
            desk.submit(notice.clone());
        }
        for letterbox in &self.web {
            letterbox.published(&notice);
        }
    }

    /// Tells those who want to hear of it that something else happened, with the commit that it is
    /// about, or else the one that is published.
    pub fn happened(&self, event: Event, commit: Option<&CommitId>, error: Option<&str>) {
        let status = self.status.borrow();
        let live = status.commit.as_ref().map(|commit| &commit.id);
        let letter = Letter::new(
            event,
            commit.or(live).cloned(),
            live.filter(|live| commit.is_some_and(|commit| commit != *live))
                .or(status.previous.as_ref())
                .cloned(),
            error.map(str::to_owned),
        );
        for letterbox in &self.web {
            letterbox.happened(&letter);
        }
    }

    /// Whether a commit can be refused.
    pub fn is_gated(&self) -> bool {
        self.gate
    }

    /// Whether a program is to be asked before a publication.
    pub fn asks(&self) -> bool {
        self.pre_publish.is_some()
    }

    /// Runs the program before a publication, in the tree as it will be. If what it says is not
    /// `binding`, it may go on after this.
    pub fn ask(
        &self,
        commit: &CommitId,
        tree: PathBuf,
        binding: bool,
        stop: &Stop,
    ) -> Result<Verdict, Stopped> {
        let Some(desk) = &self.pre_publish else {
            return Ok(Verdict::Go);
        };
        stop.check()?;
        let (number, cut) = desk.submit(self.notice(commit, tree));
        if binding {
            let answer = stop.wait(desk.tried(number)).inspect_err(|_stopped| cut.cancel())?;
            let verdict = Verdict::of(answer);
            if let Verdict::Unasked(_) = verdict {
                // Most likely it was interrupted because everything is to stop.
                stop.check()?;
            }
            return Ok(verdict);
        }
        // What cannot hold the commit back must not use up the time that it takes to publish.
        let left = stop.deadline().saturating_duration_since(Instant::now());
        match stop.or_sooner(left / 4 * 3).wait(desk.tried(number)) {
            Err(Stopped::Asked) => {
                cut.cancel();
                Err(Stopped::Asked)
            }
            Ok(answer) => Ok(Verdict::of(answer)),
            Err(Stopped::Late) => Ok(Verdict::Go),
        }
    }

    fn desks(&self) -> impl Iterator<Item = &Desk> {
        self.exec.iter().chain(&self.pre_publish)
    }

    /// Says whether a program may be changing files of a tree now, or has and nobody has looked.
    pub fn is_at_work(&self) -> bool {
        self.desks().any(Desk::is_at_work)
    }

    /// Waits until no program runs.
    pub async fn quiet(&self) {
        for desk in self.desks() {
            desk.quiet().await;
        }
    }

    /// Waits until a program has run in a tree and it is time to look what it did.
    pub async fn visited(&self) -> Visit {
        let visit = |before: bool, (tree, run)| Visit { tree, before, run };
        tokio::select! {
            done = unsettled(self.exec.as_ref()) => visit(false, done),
            done = unsettled(self.pre_publish.as_ref()) => visit(true, done),
        }
    }

    /// Where programs have run that do not run now, and nobody has looked since.
    pub fn visits(&self) -> Vec<Visit> {
        let of = |before, desk: Option<&Desk>| {
            let (tree, run) = desk?.unsettled_now()?;
            Some(Visit { tree, before, run })
        };
        [of(false, self.exec.as_ref()), of(true, self.pre_publish.as_ref())]
            .into_iter()
            .flatten()
            .collect()
    }

    /// What a program did was looked at.
    pub fn settled(&self, visit: &Visit) {
        let desk = if visit.before { &self.pre_publish } else { &self.exec };
        if let Some(desk) = desk {
            desk.settled(visit.run);
        }
    }

    /// Says whether everybody was told once, and all went well.
    pub fn is_done(&self) -> bool {
        self.desks().all(Desk::is_done) && self.web.iter().all(Letterbox::is_done)
    }

    /// Waits until everybody was told once, and says whether all went well.
    pub async fn finish(&self) -> bool {
        let mut well = true;
        for desk in self.desks() {
            well &= desk.finish().await;
        }
        for letterbox in &self.web {
            well &= letterbox.finish().await;
        }
        well
    }

    /// Waits until everybody was told once over HTTP, but not for long.
    pub async fn last_words(&self) {
        let all = async {
            for letterbox in &self.web {
                letterbox.finish().await;
            }
        };
        let longest = self.web.iter().map(Letterbox::timeout).max().unwrap_or_default();
        let longest = LAST_WORDS.min(longest + Duration::from_millis(100));
        // Who does not listen is not told.
        drop(tokio::time::timeout(longest, all).await);
    }
}

async fn unsettled(desk: Option<&Desk>) -> (PathBuf, u64) {
    match desk {
        Some(desk) => desk.unsettled().await,
        None => pending().await,
    }
}
