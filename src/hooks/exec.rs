//! Runs a program for commits: for one at a time, and for the latest only.

use crate::config::Exec;
use crate::hooks::children::Children;
use crate::hooks::common::Common;
use crate::hooks::process::{Failure, Program};
use crate::hooks::{Facts, Notice};
use crate::model::Step;
use crate::observe::metrics::Metrics;
use crate::runtime::blocking::Share;
use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A commit for which to run it.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Counts up.
    number: u64,
    notice: Notice,
    /// Ends the first run when nobody waits for it any more.
    cut: CancellationToken,
}

/// How far it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// The last job for which it was run.
    pub(super) tried: u64,
    /// Why the last run for it failed, if it did.
    pub(super) failure: Option<Failure>,
    /// Whether it runs.
    running: bool,
    /// How often it has been run.
    runs: u64,
    /// Where it was run since that was last looked at, and the number of the last run there.
    unsettled: Option<(PathBuf, u64)>,
}

/// Where jobs are handed in.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) settings: Exec,
    jobs: watch::Sender<Option<Job>>,
    progress: watch::Sender<Progress>,
}

/// How the jobs are done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    /// How it is called in logs and metrics.
    pub(super) name: &'static str,
    /// What its time counts as, unless somebody else measures that.
    pub(super) step: Option<Step>,
    /// Whether it is run again after a failure.
    pub(super) again: bool,
    /// Whether it need not be run twice in a row for the same commit.
    pub(super) once: bool,
}

/// What does the jobs.
pub(super) struct Runner {
    manners: Manners,
    settings: Exec,
    facts: Arc<Facts>,
    children: Arc<Children>,
    metrics: Arc<Metrics>,
    /// Where what may block is done.
    threads: Share,
    jobs: watch::Receiver<Option<Job>>,
    progress: watch::Sender<Progress>,
    /// Read what is printed.
    readers: JoinSet<()>,
}

impl Desk {
    pub(super) fn new(settings: Exec) -> Self {
        Self { settings, jobs: watch::Sender::new(None), progress: watch::Sender::default() }
    }

    /// Makes what does the jobs; there is to be one.
    pub(super) fn runner(
        &self,
        manners: Manners,
        facts: &Arc<Facts>,
        common: &Common,
        metrics: &Arc<Metrics>,
    ) -> Runner {
        Runner {
            manners,
            settings: self.settings.clone(),
            facts: Arc::clone(facts),
            children: Arc::clone(&common.children),
            metrics: Arc::clone(metrics),
            threads: common.threads.narrowed(1),
            jobs: self.jobs.subscribe(),
            progress: self.progress.clone(),
            readers: JoinSet::new(),
        }
    }

    /// Hands in a job, and gives its number and what ends its first run.
    pub(super) fn submit(&self, notice: Notice) -> (u64, CancellationToken) {
        let cut = CancellationToken::new();
        let mut number = 0;
        self.jobs.send_modify(|job| {
            number = job.as_ref().map_or(0, |job| job.number) + 1;
            *job = Some(Job { number, notice, cut: cut.clone() });
        });
        (number, cut)
    }

    fn number(&self) -> u64 {
        self.jobs.borrow().as_ref().map_or(0, |job| job.number)
    }

    /// Waits until it was run for a job, and says why that failed, if it did.
    pub(super) async fn tried(&self, number: u64) -> Option<Failure> {
        let mut progress = self.progress.subscribe();
        let tried = progress.wait_for(|progress| progress.tried >= number).await;
        tried.map_or(Some(Failure::Cut), |progress| progress.failure.clone())
    }

    /// Waits until it was run for the last job, and says whether that went well.
    pub(super) async fn finish(&self) -> bool {
        self.tried(self.number()).await.is_none()
    }

    /// Says whether it was run for the last job, and that went well.
    pub(super) fn is_done(&self) -> bool {
        let progress = self.progress.borrow();
        progress.tried >= self.number() && progress.failure.is_none()
    }

    /// Says whether it may be changing files just now, or has and nobody has looked.
    pub(super) fn is_at_work(&self) -> bool {
        let progress = self.progress.borrow();
        progress.running || progress.unsettled.is_some() || progress.tried < self.number()
    }

    /// Waits until it does not run.
    pub(super) async fn quiet(&self) {
        // Whoever ran it is gone if this fails.
        drop(self.progress.subscribe().wait_for(|progress| !progress.running).await);
    }

    /// Waits until it has run somewhere and does not run now; says where, and the number of the run.
    pub(super) async fn unsettled(&self) -> (PathBuf, u64) {
        let mut progress = self.progress.subscribe();
        loop {
            if let Some(unsettled) = self.unsettled_now() {
                return unsettled;
            }
            if progress.changed().await.is_err() {
                return pending().await;
            }
        }
    }

    /// Where it has run since that was last looked at, unless it runs.
    pub(super) fn unsettled_now(&self) -> Option<(PathBuf, u64)> {
        let progress = self.progress.borrow();
        progress.unsettled.clone().filter(|_| !progress.running)
    }

    /// What it did up to that run was looked at.
    pub(super) fn settled(&self, run: u64) {
        self.progress.send_modify(|progress| {
            progress.unsettled.take_if(|(_, last)| *last <= run);
        });
    }
}

impl Runner {
    /// Does jobs until the program stops.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        self.work(&stop).await;
        stop.cancelled().await;
        self.readers.shutdown().await;
    }

    async fn work(&mut self, stop: &CancellationToken) {
        let mut done = None;
        while let Some(job) = self.next(stop).await {
            if self.manners.once && done.as_ref() == Some(&job.notice.commit) {
                self.tell(job.number, None);
                continue;
            }
            // Whatever comes of this one, it has been where the last one was.
            done = None;
            loop {
                match self.try_it(&job, stop).await {
                    None => {
                        done = Some(job.notice.commit.clone());
                        break;
                    }
                    Some(_) if stop.is_cancelled() => return,
                    Some(Failure::Cut) => break,
                    Some(_) if !self.manners.again || !self.rest(&job, stop).await => break,
                    Some(_) => (),
                }
            }
        }
    }

    /// Waits for a job; none if the program stops.
    async fn next(&mut self, stop: &CancellationToken) -> Option<Job> {
        tokio::select! {
            biased;
            () = stop.cancelled() => None,
            job = self.jobs.changed() => {
                job.ok()?;
                self.jobs.borrow_and_update().clone()
            }
        }
    }

    /// Rests before another run. Says whether there is to be one.
    async fn rest(&mut self, job: &Job, stop: &CancellationToken) -> bool {
        tokio::select! {
            biased;
            () = stop.cancelled() => return false,
            () = changed(&self.jobs) => return false,
            () = tokio::time::sleep(self.settings.backoff) => (),
        }
        let tree = job.notice.tree.clone();
        let there = tokio::select! {
            biased;
            () = stop.cancelled() => return false,
            there = self.threads.run(move || tree.is_dir()) => there,
        };
        if there.unwrap_or_default() {
            return true;
        }
        tracing::info!(hook = self.manners.name, hash = %job.notice.commit, "its tree is gone");
        false
    }

    /// Runs it, and says why that failed, if it did.
    async fn try_it(&mut self, job: &Job, stop: &CancellationToken) -> Option<Failure> {
        let Notice { commit, tree, .. } = &job.notice;
        let mut run = 0;
        self.progress.send_modify(|progress| {
            progress.runs += 1;
            progress.running = true;
            run = progress.runs;
        });
        let command = self.settings.command.first().map(String::as_str).unwrap_or_default();
        tracing::info!(hook = self.manners.name, hash = %commit, command, "running a hook");
        let begun = Instant::now();
        let failure = self.start(job, stop).await.err();
        let took = begun.elapsed();
        self.progress.send_modify(|progress| {
            progress.running = false;
            progress.unsettled = Some((tree.clone(), run));
        });
        if let Some(step) = self.manners.step {
            self.metrics.step(step, took);
        }
        match &failure {
            Some(Failure::Cut) => {
                tracing::info!(hook = self.manners.name, hash = %commit, "interrupted a hook");
            }
            Some(why) => {
                self.metrics.hook(self.manners.name, false);
                let retry = self.manners.again.then_some(self.settings.backoff);
                tracing::warn!(hook = self.manners.name, hash = %commit, error = %why, ?took, ?retry, "a hook failed");
            }
            None => {
                self.metrics.hook(self.manners.name, true);
                tracing::info!(hook = self.manners.name, hash = %commit, ?took, "a hook succeeded");
            }
        }
        self.tell(job.number, failure.clone());
        failure
    }

    async fn start(&mut self, job: &Job, stop: &CancellationToken) -> Result<(), Failure> {
        let variables = self.facts.variables(&job.notice);
        let program = Program {
            name: self.manners.name,
            command: &self.settings.command,
            dir: &job.notice.tree,
            variables: &variables,
            hidden: &self.facts.hidden,
            timeout: self.settings.timeout,
            threads: &self.threads,
        };
        let cut = async {
            tokio::select! {
                () = stop.cancelled() => (),
                () = job.cut.cancelled() => (),
            }
        };
        program.run(&self.children, &mut self.readers, cut).await
    }

    fn tell(&self, tried: u64, failure: Option<Failure>) {
        self.progress.send_modify(|progress| {
            progress.tried = tried;
            progress.failure = failure;
        });
    }
}

/// Waits until there is a newer job, which is left for [`Runner::next`].
async fn changed(jobs: &watch::Receiver<Option<Job>>) {
    let mut looking = jobs.clone();
    // Nobody can hand in one any more: there is nothing to wait for.
    if looking.changed().await.is_err() {
        pending::<()>().await;
    }
}
