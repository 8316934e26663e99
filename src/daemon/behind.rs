//! What goes on behind attempts: the deletion of what was thrown away, the preparation of the next
//! tree, and the long part of collecting garbage. Attempts do not wait for any of it.

use crate::git::{Collection, Packed};
use crate::model::Cause;
use crate::publish::Layout;
use crate::runtime::Stop;
use crate::runtime::background::{self, Niceness};
use crate::runtime::blocking;
use crate::runtime::presence::Presence;
use crate::runtime::turns::{Counted, Turn, Turns};
use crate::trees::Shelf;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long each may take.
const LONGEST: Duration = Duration::from_hours(1);
/// How long any of it may take to notice that it is to end. The program waits for that, and whoever
/// keeps the same root next.
const PATIENCE: Duration = Duration::from_millis(300);

/// Something under way on another thread.
pub(super) type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// How a collection ended that is to be made to count; none if there was nothing to collect.
pub(super) type Collected = Option<Result<Packed, Cause>>;

/// What has ended.
pub(super) enum Done {
    /// Old trees are gone.
    Cleaned,
    /// What the next change needs is ready, or wanted.
    Prepared,
    /// There is a pack in place of others.
    Collected(Collected),
}

/// All of it. It is stopped by `stop`.
pub(super) struct Behind {
    means: Means,
    cleaning: Option<Running<()>>,
    preparing: Option<Running<()>>,
    collecting: Option<Running<Collected>>,
}

/// When each may begin, and when it has to end.
#[derive(Clone)]
struct Means {
    stop: CancellationToken,
    turns: Turns,
    /// Held by all threads.
    present: Presence,
}

impl Means {
    /// What a thread holds until it ends.
    fn held(&self, turn: &Turn) -> (Presence, Counted) {
        (self.present.clone(), turn.counted())
    }

    /// Waits for a turn; none if everything is to stop before.
    async fn turn(&self) -> Option<(Turn, Stop)> {
        let turn = self.stop.run_until_cancelled(self.turns.wait(Duration::MAX)).await?;
        Some((turn, Stop::new(self.stop.clone(), Instant::now() + LONGEST)))
    }
}

impl Behind {
    pub(super) fn new(stop: CancellationToken, turns: Turns, present: Presence) -> Self {
        let means = Means { stop, turns, present };
        Self { means, cleaning: None, preparing: None, collecting: None }
    }

    /// Deletes what attempts threw away, after what is being deleted already.
    pub(super) fn clean(&mut self, layout: Layout) {
        let means = self.means.clone();
        let before = self.cleaning.take();
        self.cleaning = Some(Box::pin(async move {
            if let Some(before) = before {
                before.await;
            }
            let Some((turn, limit)) = means.turn().await else {
                return;
            };
            let inner = limit.clone();
            let emptied = blocking::run_holding(means.held(&turn), &limit, LONGEST, move || {
                crate::publish::empty_trash(&layout, &inner)
            });
            match turn.spend(emptied).await {
                Ok(Ok(())) => (),
                Ok(Err(error)) => {
                    tracing::warn!(error = %Cause::of(&error), "could not delete old trees");
                }
                Err(cut) => tracing::warn!(error = %cut, "could not delete old trees"),
            }
        }));
    }

    /// Prepares what the next change needs. An attempt that needs it sooner takes it over.
    pub(super) fn prepare(&mut self, work: Arc<Shelf>) {
        let means = self.means.clone();
        let before = self.preparing.take();
        self.preparing = Some(Box::pin(async move {
            if let Some(before) = before {
                before.await;
            }
            if let Some((turn, limit)) = means.turn().await {
                let held = means.held(&turn);
                let work = move || {
                    work.work(&limit);
                    drop(held);
                };
                turn.spend(background::run("prepare", Niceness::Last, work)).await;
            }
        }));
    }

    /// Says whether a collection is under way.
    pub(super) fn is_collecting(&self) -> bool {
        self.collecting.is_some()
    }

    /// Begins a collection. There must be none.
    pub(super) fn collect(&mut self, collection: Collection) {
        let means = self.means.clone();
        self.collecting = Some(Box::pin(async move {
            let (turn, limit) = means.turn().await?;
            let inner = limit.clone();
            let held = means.held(&turn);
            let work = move || {
                let packed = collection.pack(&inner);
                drop(held);
                packed
            };
            let mut work = pin!(background::run("collect", Niceness::Low, work));
            let packed = async {
                tokio::select! {
                    biased;
                    packed = &mut work => packed,
                    _why = limit.raise_when_due() => {
                        tokio::time::timeout(PATIENCE, work).await.ok().flatten()
                    }
                }
            };
            match turn.spend(packed).await {
                Some(packed) => packed.map_err(|error| Cause::of(&error)).transpose(),
                None => Some(Err(Cause::new("the thread that collects it was lost"))),
            }
        }));
    }

    /// Waits until something ends; for ever if there is nothing.
    pub(super) async fn next(&mut self) -> Done {
        let done = tokio::select! {
            biased;
            () = when_there(&mut self.cleaning) => Done::Cleaned,
            () = when_there(&mut self.preparing) => Done::Prepared,
            collected = when_there(&mut self.collecting) => Done::Collected(collected),
        };
        match done {
            Done::Cleaned => self.cleaning = None,
            Done::Prepared => self.preparing = None,
            Done::Collected(_) => self.collecting = None,
        }
        done
    }

    /// Waits for what should be done before the program ends, and gives what was collected.
    pub(super) async fn finish(&mut self) -> Collected {
        if let Some(cleaning) = self.cleaning.take() {
            cleaning.await;
        }
        match self.collecting.take() {
            Some(collecting) => collecting.await,
            None => None,
        }
    }

    /// Gives up what goes on, when everything is to stop.
    pub(super) async fn give_up(&mut self) {
        let collecting = self.collecting.take();
        let others = [self.cleaning.take(), self.preparing.take()].into_iter().flatten();
        if self.means.stop.is_cancelled() {
            let all = async {
                for other in others {
                    other.await;
                }
            };
            // Who takes too long for that is left alone.
            drop(tokio::time::timeout(PATIENCE, all).await);
        }
        if let Some(collecting) = collecting {
            drop(collecting.await);
        }
    }
}

async fn when_there<T>(running: &mut Option<Running<T>>) -> T {
    match running {
        Some(running) => running.await,
        None => pending().await,
    }
}
