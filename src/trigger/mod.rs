//! Hints that it may be time for an attempt.
//!
//! Whatever gives a hint rings a [`Bell`]; the loop has the one [`Ear`]. A hint may get lost without
//! harm, as the period comes round anyway.

pub mod order;
pub mod signal;
pub mod watch;

use crate::model::Trigger;
use tokio::sync::mpsc;

/// Asks for an attempt. Cheap to clone and to ring, from any thread.
#[derive(Clone, Debug)]
pub struct Bell(mpsc::Sender<Trigger>);

/// Hears the bells.
#[derive(Debug)]
pub struct Ear(mpsc::Receiver<Trigger>);

/// Makes an ear and its first bell.
pub fn bell() -> (Bell, Ear) {
    let (sender, receiver) = mpsc::channel(1);
    (Bell(sender), Ear(receiver))
}

impl Bell {
    /// Rings. Never waits: ten rings before the ear listens are one, and the first says why.
    pub fn ring(&self, trigger: Trigger) {
        // A full channel has a ring already, and without an ear there is nobody to tell.
        if self.0.try_send(trigger).is_err() {
            tracing::trace!(%trigger, "the bell rings already");
        }
    }
}

impl Ear {
    /// Waits for a ring; one that came before counts, once. Nothing is lost if the wait is dropped.
    ///
    /// Waits for ever when no bell is left.
    pub async fn heard(&mut self) -> Trigger {
        match self.0.recv().await {
            Some(trigger) => trigger,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    fn heard_now(ear: &mut Ear) -> Option<Trigger> {
        let mut context = Context::from_waker(Waker::noop());
        match Box::pin(ear.heard()).as_mut().poll(&mut context) {
            Poll::Ready(trigger) => Some(trigger),
            Poll::Pending => None,
        }
    }

    #[test]
    fn many_rings_are_one_and_the_first_says_why() {
        let (bell, mut ear) = bell();
        assert_eq!(heard_now(&mut ear), None);
        bell.ring(Trigger::Signal);
        bell.clone().ring(Trigger::Period);
        bell.ring(Trigger::Period);
        assert_eq!(heard_now(&mut ear), Some(Trigger::Signal));
        assert_eq!(heard_now(&mut ear), None);
        bell.ring(Trigger::Period);
        assert_eq!(heard_now(&mut ear), Some(Trigger::Period));
    }

    #[test]
    fn without_a_bell_nothing_is_heard() {
        let (bell, mut ear) = bell();
        bell.ring(Trigger::Signal);
        drop(bell);
        assert_eq!(heard_now(&mut ear), Some(Trigger::Signal));
        assert_eq!(heard_now(&mut ear), None);
    }

    #[test]
    fn without_an_ear_ringing_is_harmless() {
        let (bell, ear) = bell();
        drop(ear);
        bell.ring(Trigger::Signal);
    }
}
