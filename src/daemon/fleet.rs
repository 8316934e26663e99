//! All repositories at work: begins and ends each without touching the others, and begins one again
//! that was lost.

use crate::config::Config;
use crate::daemon::common::{Common, Mood};
use crate::daemon::keeper::{Home, Keeper};
use crate::daemon::repository;
use crate::daemon::repository::Place;
use crate::daemon::{DaemonError, Ended};
use crate::http;
use crate::http::Repositories;
use crate::model::Trigger;
use crate::trigger::Bell;
use std::collections::{HashMap, HashSet};
use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// The rest before a repository that was lost is begun again, which doubles each time.
const FIRST_REST: Duration = Duration::from_secs(1);
/// The longest such rest.
const LONGEST_REST: Duration = Duration::from_mins(5);
/// Who was at work that long is begun again as if for the first time.
const WELL: Duration = Duration::from_mins(10);

/// All repositories.
pub(super) struct Fleet {
    common: Common,
    /// Ends all of them.
    stop: CancellationToken,
    slots: Vec<Slot>,
    /// The runs that were told to end, so that their roots can be had by others.
    leaving: HashSet<u64>,
    homes: JoinSet<Home>,
    /// Roots that threads still have which runs left behind, by run.
    haunted: HashMap<u64, PathBuf>,
    /// Waits for the end of such threads.
    lingering: JoinSet<u64>,
    seen: watch::Sender<Repositories>,
    moods: Arc<Notify>,
    runs: u64,
    ranks: u64,
    /// Whether those are begun that there were at the start.
    open: bool,
}

/// One repository.
struct Slot {
    config: Config,
    rank: u64,
    state: State,
    /// As it was seen last.
    seen: Option<Arc<http::Repository>>,
    /// How often it was lost, one time after the other.
    lost: u32,
    /// Whether readiness does not wait for it: it came later than the program, or has had its first
    /// success, so that no later beginning of it takes readiness away.
    late: bool,
}

enum State {
    /// It begins when those are home that leave.
    Waiting,
    Working(Working),
    /// It was lost, and begins again then.
    Down(Instant),
    Done(Ended),
}

struct Working {
    run: u64,
    since: Instant,
    stop: CancellationToken,
    bell: Bell,
    mood: Arc<Mood>,
}

/// What a new list of repositories changed, by their names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) added: Vec<String>,
    pub(super) changed: Vec<String>,
    pub(super) removed: Vec<String>,
}

impl Changes {
    pub(super) fn is_nothing(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

fn name(config: &Config) -> String {
    config.name.clone().unwrap_or_default()
}

impl Fleet {
    /// Begins with none. All end with the token at the latest.
    pub(super) fn new(common: Common, stop: CancellationToken) -> Self {
        Self {
            common,
            stop,
            slots: Vec::new(),
            leaving: HashSet::new(),
            homes: JoinSet::new(),
            haunted: HashMap::new(),
            lingering: JoinSet::new(),
            seen: watch::Sender::new(Arc::new([])),
            moods: Arc::default(),
            runs: 0,
            ranks: 0,
            open: false,
        }
    }

    /// The repositories as others see them.
    pub(super) fn subscribe(&self) -> watch::Receiver<Repositories> {
        self.seen.subscribe()
    }

    /// Whether a file lists them, so that one that fails is not the end.
    fn is_listed(&self) -> bool {
        self.slots.iter().all(|slot| slot.config.name.is_some())
    }

    /// Keeps these from now on. Those that are kept already in the same way are left alone.
    pub(super) fn keep(&mut self, wanted: Vec<Config>) -> Result<Changes, DaemonError> {
        let mut changes = Changes::default();
        let mut before = std::mem::take(&mut self.slots);
        for config in wanted {
            let known = before.iter().position(|slot| slot.config.name == config.name);
            let slot = match known.map(|place| before.swap_remove(place)) {
                Some(slot) if slot.config == config => slot,
                Some(slot) => {
                    changes.changed.push(name(&config));
                    self.dismiss(&slot);
                    Slot { config, state: State::Waiting, lost: 0, ..slot }
                }
                None => {
                    changes.added.push(name(&config));
                    let rank = self.ranks;
                    self.ranks += 1;
                    let late = self.open;
                    Slot { config, rank, state: State::Waiting, seen: None, lost: 0, late }
                }
            };
            self.slots.push(slot);
        }
        for slot in before {
            changes.removed.push(name(&slot.config));
            self.dismiss(&slot);
        }
        self.begin_waiting()?;
        self.open = true;
        self.show();
        Ok(changes)
    }

    /// Tells one to end, if it works.
    fn dismiss(&mut self, slot: &Slot) {
        if let State::Working(working) = &slot.state {
            working.stop.cancel();
            slot.rests();
            self.leaving.insert(working.run);
        }
    }

    /// Whether a thread may still have a root that has to do with this one.
    fn is_haunted(haunted: &HashMap<u64, PathBuf>, config: &Config) -> bool {
        let root = &config.root;
        haunted.values().any(|one| one.starts_with(root) || root.starts_with(one))
    }

    /// Begins those that wait, unless a root may not be free yet.
    fn begin_waiting(&mut self) -> Result<(), DaemonError> {
        if !self.leaving.is_empty() {
            return Ok(());
        }
        let listed = self.is_listed();
        for slot in &mut self.slots {
            let free = !Self::is_haunted(&self.haunted, &slot.config);
            if free && matches!(slot.state, State::Waiting) {
                let mood = Arc::new(Mood::new(Arc::clone(&self.moods)));
                let rank = listed.then_some(slot.rank);
                slot.late |= slot.has_succeeded();
                let (common, late) = (self.common.clone(), slot.late);
                let place = Place { common, mood: Arc::clone(&mood), rank, late };
                let begun = repository::begin(slot.config.clone(), place, None, &self.stop)?;
                self.runs += 1;
                let (run, since) = (self.runs, Instant::now());
                let (stop, bell) = (begun.tasks.token(), begun.bell);
                slot.state = State::Working(Working { run, since, stop, bell, mood });
                slot.seen = Some(begun.seen);
                let root = slot.config.root.clone();
                let (tasks, ended, absence) = (begun.tasks, begun.ended, begun.absence);
                let keeper = Keeper { run, tasks, ended, root, absence };
                self.homes.spawn(keeper.keep().instrument(begun.span));
            }
        }
        Ok(())
    }

    /// Shows others what there is now.
    fn show(&self) {
        let seen: Repositories = self.slots.iter().filter_map(|slot| slot.seen.clone()).collect();
        self.seen.send_if_modified(|shown| {
            let same = shown.len() == seen.len()
                && shown.iter().zip(seen.iter()).all(|(one, other)| Arc::ptr_eq(one, other));
            *shown = seen;
            !same
        });
    }

    /// Rings for all.
    pub(super) fn ring(&self, trigger: Trigger) {
        for slot in &self.slots {
            if let State::Working(working) = &slot.state {
                working.bell.ring(trigger);
            }
        }
    }

    /// Waits until something happens to one of them, and deals with that. Nothing is lost if the wait
    /// is dropped.
    pub(super) async fn turn(&mut self) -> Result<(), DaemonError> {
        let due = self.slots.iter().filter_map(|slot| match slot.state {
            State::Down(until) if !Self::is_haunted(&self.haunted, &slot.config) => Some(until),
            State::Down(_) | State::Waiting | State::Working(_) | State::Done(_) => None,
        });
        let due = due.min();
        let due = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(home) = self.homes.join_next() => {
                // Nothing in it panics.
                if let Ok(home) = home {
                    self.home(home)?;
                }
            }
            Some(home) = self.lingering.join_next() => {
                if let Ok(run) = home {
                    self.haunted.remove(&run);
                }
                self.wake();
            }
            () = due => self.wake(),
            () = self.moods.notified() => return Ok(()),
        }
        self.begin_waiting()?;
        self.show();
        Ok(())
    }

    /// Lets those begin again whose rest is over.
    fn wake(&mut self) {
        let now = Instant::now();
        for slot in &mut self.slots {
            let free = !Self::is_haunted(&self.haunted, &slot.config);
            if free && matches!(slot.state, State::Down(until) if until <= now) {
                slot.state = State::Waiting;
            }
        }
    }

    /// Takes note of how a run ended.
    fn home(&mut self, home: Home) -> Result<(), DaemonError> {
        if let (Some(absence), false) = (home.absence, self.stop.is_cancelled()) {
            let (run, root) = (home.run, home.root.display());
            tracing::warn!(%root, "a thread hangs; nothing is begun in its root before it ends");
            self.haunted.insert(run, home.root);
            self.lingering.spawn(async move {
                absence.wait().await;
                run
            });
        }
        if self.leaving.remove(&home.run) {
            return Ok(());
        }
        let listed = self.is_listed();
        let its =
            |slot: &&mut Slot| matches!(&slot.state, State::Working(it) if it.run == home.run);
        let Some(slot) = self.slots.iter_mut().find(its) else {
            return Ok(());
        };
        slot.rests();
        let one_time = slot.config.one_time;
        let late = if one_time { Ended::Interrupted } else { Ended::Well };
        slot.state = match home.unbidden {
            _ if self.stop.is_cancelled() => State::Done(home.ended.unwrap_or(late)),
            Some(task) if !listed => return Err(DaemonError::Unbidden(task.to_owned())),
            Some(_) if one_time => State::Done(Ended::GaveUp),
            None if one_time || !listed => State::Done(home.ended.unwrap_or(late)),
            Some(_) | None => slot.lose(),
        };
        Ok(())
    }

    /// How all ended on the whole, if there is nothing more to do.
    pub(super) fn verdict(&self) -> Option<Ended> {
        if self.slots.is_empty() {
            return None;
        }
        let ends = self.slots.iter().map(|slot| match &slot.state {
            State::Done(ended) => Some(*ended),
            State::Waiting | State::Working(_) | State::Down(_) => None,
        });
        if let Some(ends) = ends.collect::<Option<Vec<_>>>() {
            return ends.into_iter().max_by_key(|ended| gravity(*ended));
        }
        // One alone ends by itself, when its hooks have had their say.
        let hopeless = self.is_listed() && self.slots.iter().all(Slot::is_hopeless);
        if hopeless {
            tracing::error!("giving up: every repository has failed too often");
        }
        hopeless.then_some(Ended::GaveUp)
    }

    /// Waits until all are home, which were told to stop, and says how they ended on the whole.
    pub(super) async fn bring_home(&mut self) -> Ended {
        while let Some(home) = self.homes.join_next().await {
            if let Ok(Err(error)) = home.map(|home| self.home(home)) {
                tracing::error!(%error, "it ended like that");
            }
        }
        let ends = self.slots.iter().map(|slot| match &slot.state {
            State::Done(ended) => *ended,
            State::Waiting | State::Working(_) | State::Down(_) if slot.config.one_time => {
                Ended::Interrupted
            }
            State::Waiting | State::Working(_) | State::Down(_) => Ended::Well,
        });
        ends.max_by_key(|ended| gravity(*ended)).unwrap_or(Ended::Well)
    }
}

/// Which end counts on the whole.
fn gravity(ended: Ended) -> u8 {
    match ended {
        Ended::Well => 0,
        Ended::Interrupted => 1,
        Ended::GaveUp => 2,
    }
}

impl Slot {
    /// Its loop turns no more, and nobody is to miss that.
    fn rests(&self) {
        if let Some(seen) = &self.seen {
            seen.beat.end();
        }
    }

    /// Whether its last run, if there was one, had a success.
    fn has_succeeded(&self) -> bool {
        let seen = self.seen.as_ref();
        seen.is_some_and(|seen| seen.status.borrow().last_success_at.is_some())
    }

    /// Whether it has failed too often, or is not there.
    fn is_hopeless(&self) -> bool {
        match &self.state {
            State::Working(working) => working.mood.is_hopeless(),
            State::Down(_) => true,
            State::Waiting | State::Done(_) => false,
        }
    }

    /// It was lost: it rests, longer each time.
    fn lose(&mut self) -> State {
        if matches!(&self.state, State::Working(working) if working.since.elapsed() >= WELL) {
            self.lost = 0;
        }
        let rest = FIRST_REST.saturating_mul(2_u32.saturating_pow(self.lost)).min(LONGEST_REST);
        self.lost = self.lost.saturating_add(1);
        tracing::error!(
            repo_name = self.config.name,
            again_in = ?rest,
            "a repository was lost, and is begun again"
        );
        State::Down(Instant::now() + rest)
    }
}
