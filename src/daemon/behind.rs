//! What goes on behind attempts: the deletion of what was thrown away, the preparation of the next
//! tree, and the long part of collecting garbage. Attempts do not wait for any of it.

use crate::git::{Collection, Packed};
use crate::model::Cause;
use crate::publish::Layout;
use crate::runtime::Stop;
use crate::runtime::background;
use crate::runtime::blocking;
use crate::trees::Shelf;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long each may take.
const LONGEST: Duration = Duration::from_hours(1);
/// How long a collection may take to notice that it is to end. The program waits for that.
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
    stop: CancellationToken,
    cleaning: Option<Running<()>>,
    preparing: Option<Running<()>>,
    collecting: Option<Running<Collected>>,
}

impl Behind {
    pub(super) fn new(stop: CancellationToken) -> Self {
        Self { stop, cleaning: None, preparing: None, collecting: None }
    }

    fn limit(&self) -> Stop {
        Stop::new(self.stop.clone(), Instant::now() + LONGEST)
    }

    /// Deletes what attempts threw away, after what is being deleted already.
    pub(super) fn clean(&mut self, layout: Layout) {
        let limit = self.limit();
        let before = self.cleaning.take();
        self.cleaning = Some(Box::pin(async move {
            if let Some(before) = before {
                before.await;
            }
            let inner = limit.clone();
            let emptied = blocking::run(&limit, LONGEST, move || {
                crate::publish::empty_trash(&layout, &inner)
            });
            match emptied.await {
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
        let limit = self.limit();
        let before = self.preparing.take();
        self.preparing = Some(Box::pin(async move {
            if let Some(before) = before {
                before.await;
            }
            background::run("prepare", move || work.work(&limit)).await;
        }));
    }

    /// Says whether a collection is under way.
    pub(super) fn is_collecting(&self) -> bool {
        self.collecting.is_some()
    }

    /// Begins a collection. There must be none.
    pub(super) fn collect(&mut self, collection: Collection) {
        let limit = self.limit();
        self.collecting = Some(Box::pin(async move {
            let inner = limit.clone();
            let mut work = pin!(background::run("collect", move || collection.pack(&inner)));
            let packed = tokio::select! {
                biased;
                packed = &mut work => packed,
                _why = limit.raise_when_due() => {
                    tokio::time::timeout(PATIENCE, work).await.ok().flatten()
                }
            };
            match packed {
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

    /// Gives up a collection, when the program stops.
    pub(super) async fn give_up(&mut self) {
        if let Some(collecting) = self.collecting.take() {
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
