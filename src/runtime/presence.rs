//! Tells when all is home that was begun for something, even what nobody waits for any more.

use std::convert::Infallible;
use tokio::sync::mpsc;

/// Held by whatever is at work. Copies are for others at the same.
#[derive(Clone, Debug)]
pub struct Presence {
    _held: mpsc::Sender<Infallible>,
}

/// Waits until nobody is present any more.
#[derive(Debug)]
pub struct Absence(mpsc::Receiver<Infallible>);

/// The first who is present, and what waits until all are gone.
pub fn presence() -> (Presence, Absence) {
    let (held, gone) = mpsc::channel(1);
    (Presence { _held: held }, Absence(gone))
}

impl Absence {
    /// Whether all are gone.
    pub fn is_there(&self) -> bool {
        self.0.sender_strong_count() == 0
    }

    /// Waits until all are gone.
    pub async fn wait(mut self) {
        // Nobody has anything to send, so this is the end.
        let _: Option<Infallible> = self.0.recv().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn all_are_gone_when_the_last_copy_is() {
        let (first, gone) = presence();
        let other = first.clone();
        drop(first);
        assert!(!gone.is_there());
        let mut gone = std::pin::pin!(gone.wait());
        assert!(tokio::time::timeout(Duration::from_millis(5), &mut gone).await.is_err());
        drop(other);
        gone.await;
    }
}
