//! Hints that it may be time for an attempt.
//!
//! Whatever gives a hint rings a [`Bell`]; the loop has the one [`Ear`]. A hint may get lost without
//! harm, as the period comes round anyway.

pub mod hub;
pub mod order;
pub mod signal;
pub mod watch;

use crate::model::Trigger;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::sync::Notify;

/// Asks for an attempt. Cheap to clone and to ring, from any thread.
#[derive(Clone, Debug)]
pub struct Bell(Arc<Rung>);

/// Hears the bells.
#[derive(Debug)]
pub struct Ear(Arc<Rung>);

/// Which triggers have rung since they were last heard, a bit each.
#[derive(Debug, Default)]
struct Rung {
    triggers: AtomicU8,
    any: Notify,
}

/// The bit of a trigger.
fn bit(trigger: Trigger) -> u8 {
    let place = Trigger::ALL.iter().position(|one| *one == trigger);
    place.and_then(|place| u32::try_from(place).ok()).map_or(0, |place| 1 << place)
}

/// Makes an ear and its first bell.
pub fn bell() -> (Bell, Ear) {
    let rung = Arc::<Rung>::default();
    (Bell(Arc::clone(&rung)), Ear(rung))
}

impl Bell {
    /// Rings. Never waits: ten rings by the same trigger before the ear listens are one.
    pub fn ring(&self, trigger: Trigger) {
        self.0.triggers.fetch_or(bit(trigger), Ordering::AcqRel);
        self.0.any.notify_one();
    }
}

impl Ear {
    /// Waits for a ring; one that came before counts, once. Nothing is lost if the wait is dropped.
    pub async fn heard(&mut self) -> Trigger {
        loop {
            let rung = self.0.triggers.load(Ordering::Acquire);
            let first = Trigger::ALL.into_iter().find(|trigger| rung & bit(*trigger) != 0);
            if let Some(trigger) = first {
                self.0.triggers.fetch_and(!bit(trigger), Ordering::AcqRel);
                return trigger;
            }
            self.0.any.notified().await;
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
    fn many_rings_by_the_same_trigger_are_one_and_none_hides_another() {
        let (bell, mut ear) = bell();
        assert_eq!(heard_now(&mut ear), None);
        bell.ring(Trigger::Webhook);
        bell.clone().ring(Trigger::Signal);
        bell.ring(Trigger::Webhook);
        assert_eq!(heard_now(&mut ear), Some(Trigger::Signal));
        assert_eq!(heard_now(&mut ear), Some(Trigger::Webhook));
        assert_eq!(heard_now(&mut ear), None);
        for trigger in Trigger::ALL {
            bell.ring(trigger);
            assert_eq!(heard_now(&mut ear), Some(trigger));
        }
        assert_eq!(heard_now(&mut ear), None);
    }

    #[tokio::test]
    async fn a_ring_while_somebody_listens_is_heard() {
        let (bell, mut ear) = bell();
        let (heard, ()) = tokio::join!(ear.heard(), async { bell.ring(Trigger::Api) });
        assert_eq!(heard, Trigger::Api);
    }

    #[test]
    fn without_an_ear_ringing_is_harmless() {
        let (bell, ear) = bell();
        drop(ear);
        bell.ring(Trigger::Signal);
    }
}
