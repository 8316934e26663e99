//! What somebody may ask of the loop beyond "look now": wishes that are answered.

use crate::model::{CommitId, Trigger};
use crate::observe::status::Attempt;
use crate::trigger::Bell;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

/// How many orders may wait until the loop sees them; it looks between any two events.
const MOST: usize = 64;

/// Something that is wished for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// An attempt that begins after now.
    Sync,
    /// To publish this and stay there until unpinned, over restarts too.
    Pin(Choice),
    /// To follow the ref again.
    Unpin,
}

/// Which commit to stay at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one that is published.
    Current,
    /// The one that was published before it.
    Previous,
    /// This one.
    Commit(CommitId),
}

/// Why a wish was not even tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing is published that could be stayed at.
    #[error("nothing is published yet")]
    NothingPublished,
    /// Nothing was published before, as far as is known.
    #[error("no commit is known that was published before this one")]
    NothingBefore,
    /// Another pin, rollback or unpin came later, before this one was tried.
    #[error("another pin, rollback or unpin came later")]
    Overtaken,
    /// Too many wait already.
    #[error("too many requests wait already")]
    Busy,
    /// The program is about to end.
    #[error("the program is stopping")]
    Stopping,
}

/// How the first attempt ended that began after the wish and respected it, or why there was none.
pub type Reply = Result<Attempt, Refusal>;

/// A wish, and where the answer goes. Who does not wait for it may drop the other end.
#[derive(Debug)]
pub struct Order {
    /// What is wished for.
    pub wish: Wish,
    /// Who wishes it, as the log shall name them.
    pub by: String,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Reply>,
}

/// Where orders are given. Cheap to clone, usable from any thread.
#[derive(Clone, Debug)]
pub struct Desk {
    orders: mpsc::Sender<Order>,
    bell: Bell,
}

/// Where the loop takes them.
pub type Orders = mpsc::Receiver<Order>;

/// Makes a desk, and what is behind it.
pub fn desk(bell: Bell) -> (Desk, Orders) {
    let (orders, behind) = mpsc::channel(MOST);
    (Desk { orders, bell }, behind)
}

impl Desk {
    /// Asks for an attempt without waiting for anything, as a webhook does.
    pub fn ring(&self, trigger: Trigger) {
        self.bell.ring(trigger);
    }

    /// Gives an order. The answer comes when an attempt has ended, which may take a while.
    pub fn order(&self, wish: Wish, by: String) -> Result<oneshot::Receiver<Reply>, Refusal> {
        let (reply, answer) = oneshot::channel();
        let given = self.orders.try_send(Order { wish, by, reply });
        match given {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => Err(Refusal::Busy),
            Err(TrySendError::Closed(_)) => Err(Refusal::Stopping),
        }
    }
}
