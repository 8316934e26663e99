//! Those who gave orders, and wait for how the attempt ends that respects them.

use crate::observe::status::Attempt;
use crate::trigger::order::{Order, Reply};
use tokio::sync::oneshot;

/// Everybody who waits.
#[derive(Debug, Default)]
pub(super) struct Counter(Vec<Waiting>);

#[derive(Debug)]
struct Waiting {
    /// The number of the first attempt that begins after the order.
    first: u64,
    reply: oneshot::Sender<Reply>,
}

impl Counter {
    /// Takes an order while the attempt with the number `running` is the last that has begun.
    pub(super) fn take(&mut self, order: Order, running: u64) {
        self.0.push(Waiting { first: running.saturating_add(1), reply: order.reply });
    }

    /// Answers those who wait for this attempt.
    pub(super) fn ended(&mut self, attempt: &Attempt) {
        for waiting in self.0.extract_if(.., |waiting| waiting.first <= attempt.number) {
            // Who does not want to know has gone.
            waiting.reply.send(Ok(attempt.clone())).unwrap_or_default();
        }
    }
}
