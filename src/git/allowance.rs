//! How much a server may send while it is asked what its refs are: a list has no end of its own,
//! and all of it is kept.
//!
//! What it sends after that, a pack, has limits of its own (`git::intake`).

use std::io;
use std::io::{BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// More than half a million refs with names of usual length.
const MOST: u64 = 64 << 20;

/// What may still come. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Allowance(Arc<AtomicU64>);

/// The server sent more than that.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the server sends more than {} MiB of refs", MOST >> 20)]
pub struct Exceeded;

impl Allowance {
    /// Begins with all that may come with refs.
    pub(super) fn for_refs() -> Self {
        Self(Arc::new(AtomicU64::new(MOST)))
    }

    /// Refs are asked for once more.
    pub(super) fn renew(&self) {
        self.0.store(MOST, Ordering::Relaxed);
    }

    /// What comes from now on is no list of refs.
    pub(super) fn lift(&self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }

    /// Takes off what came.
    fn spend(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let left = self.0.load(Ordering::Relaxed);
        if left != u64::MAX {
            self.0.store(left.saturating_sub(bytes), Ordering::Relaxed);
        }
    }

    /// Says whether more may come.
    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) == 0 { Err(io::Error::other(Exceeded)) } else { Ok(()) }
    }
}

/// Reads no more than is allowed.
#[derive(Debug)]
pub struct Allowed<R> {
    from: R,
    allowance: Allowance,
}

impl<R> Allowed<R> {
    pub(super) fn new(from: R, allowance: Allowance) -> Self {
        Self { from, allowance }
    }
}

impl<R: Read> Read for Allowed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.allowance.check()?;
        let count = self.from.read(into)?;
        self.allowance.spend(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Allowed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.allowance.check()?;
        self.from.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.allowance.spend(amount);
        self.from.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_read_and_no_more_until_there_is_more_to_read() {
        let allowance = Allowance::for_refs();
        let mut endless = Allowed::new(io::repeat(0), allowance.clone());
        let mut take = |bytes: u64| io::copy(&mut (&mut endless).take(bytes), &mut io::sink());
        assert_eq!(take(MOST).unwrap(), MOST);
        let error = take(1).unwrap_err();
        assert!(error.to_string().contains("64 MiB"), "{error}");
        allowance.renew();
        assert_eq!(take(MOST).unwrap(), MOST);
        assert!(take(1).is_err());
        allowance.lift();
        assert_eq!(take(MOST + 1).unwrap(), MOST + 1);
    }
}
