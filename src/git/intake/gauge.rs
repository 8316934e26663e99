//! Measures a pack while it comes, and ends it where it is too much.
//!
//! It knows where each entry begins, because it is told, and so reads the size that an entry claims
//! before anything of it is inflated. Whether a claim is true is seen by who inflates it.

use crate::git::intake::Excess;
use crate::model::Limits;
use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::io::{BufRead, BufWriter, Read, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What compression may add to what does not compress, and deltas to their header.
const SLACK: u64 = 64 << 10;

/// What was measured.
#[derive(Debug)]
pub(super) struct Meter {
    limits: Limits,
    total: u64,
    at: At,
    /// Where all that comes is written, unless somebody else does that.
    pub(super) copy: Option<BufWriter<File>>,
    /// What could not be told when it was found.
    failed: Option<io::Error>,
}

/// Where in the pack.
#[derive(Clone, Copy, Debug)]
enum At {
    /// In its header.
    Start,
    /// In the bytes that say what comes, and how large it is.
    Claim { kind: u8, bytes: u64, shift: u32 },
    /// In what is compressed; so much of it may still come.
    Body { left: u64 },
}

impl Meter {
    pub(super) fn new(limits: Limits, copy: Option<BufWriter<File>>) -> Self {
        Self { limits, total: 0, at: At::Start, copy, failed: None }
    }

    /// The next byte is the first of an entry.
    pub(super) fn begin(&mut self) {
        self.at = At::Claim { kind: 0, bytes: 0, shift: 0 };
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.total = self.total.saturating_add(length(bytes));
        if self.limits.pack.0 != 0 && self.total > self.limits.pack.0 {
            return Err(io::Error::other(Excess::Pack(self.limits.pack)));
        }
        let mut rest = bytes;
        while let At::Claim { .. } = self.at
            && let Some((first, others)) = rest.split_first()
        {
            self.claim(*first)?;
            rest = others;
        }
        if let At::Body { left } = &mut self.at {
            *left = left.checked_sub(length(rest)).ok_or_else(|| {
                let words = "an object of the pack is compressed to much more than it claims to be";
                io::Error::new(io::ErrorKind::InvalidData, words)
            })?;
        }
        self.copy.as_mut().map_or(Ok(()), |copy| copy.write_all(bytes))
    }

    /// Takes the next byte of what an entry claims.
    fn claim(&mut self, byte: u8) -> io::Result<()> {
        let At::Claim { kind, bytes, shift } = self.at else {
            return Ok(());
        };
        let (kind, more, width) =
            if shift == 0 { (byte >> 4 & 7, byte & 0xf, 4) } else { (kind, byte & 0x7f, 7) };
        let more = u64::from(more);
        let fits = shift < u64::BITS && (more << shift) >> shift == more;
        let bytes = if fits { bytes | more << shift } else { u64::MAX };
        if byte & 0x80 != 0 {
            self.at = At::Claim { kind, bytes, shift: shift.saturating_add(width) };
            return Ok(());
        }
        let limit = self.limits.object;
        if limit.0 != 0 && bytes > limit.0 {
            return Err(io::Error::other(Excess::Object { what: name(kind), bytes, limit }));
        }
        self.at = At::Body { left: bytes.saturating_mul(2).saturating_add(SLACK) };
        Ok(())
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn name(kind: u8) -> &'static str {
    match kind {
        1 => "commit",
        2 => "tree",
        3 => "blob",
        4 => "tag",
        6 | 7 => "delta",
        _ => "thing of no known kind",
    }
}

/// Reads what is measured.
pub(super) struct Gauge<'a> {
    from: &'a mut dyn BufRead,
    meter: Rc<RefCell<Meter>>,
    interrupt: &'a AtomicBool,
    lent: Lent,
}

/// What was shown and is not consumed yet. Who asks for it again is shown the same, and no error:
/// gix relies on that.
#[derive(Clone, Copy)]
enum Lent {
    Nothing,
    Bytes,
    /// That nothing comes any more.
    End,
}

impl<'a> Gauge<'a> {
    pub(super) fn new(
        from: &'a mut dyn BufRead,
        meter: &Rc<RefCell<Meter>>,
        interrupt: &'a AtomicBool,
    ) -> Self {
        Self { from, meter: Rc::clone(meter), interrupt, lent: Lent::Nothing }
    }

    fn check(&self) -> io::Result<()> {
        if self.interrupt.load(Ordering::Relaxed) {
            return Err(io::Error::other("interrupted"));
        }
        self.meter.borrow_mut().failed.take().map_or(Ok(()), Err)
    }
}

impl Read for Gauge<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.lent = Lent::Nothing;
        let count = self.from.read(into)?;
        self.meter.borrow_mut().take(into.get(..count).unwrap_or_default())?;
        Ok(count)
    }
}

impl BufRead for Gauge<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.lent {
            Lent::Nothing => {
                self.check()?;
                let buffer = self.from.fill_buf()?;
                self.lent = if buffer.is_empty() { Lent::End } else { Lent::Bytes };
                Ok(buffer)
            }
            Lent::Bytes => self.from.fill_buf(),
            Lent::End => Ok(&[]),
        }
    }

    fn consume(&mut self, amount: usize) {
        if matches!(self.lent, Lent::Bytes) {
            let mut meter = self.meter.borrow_mut();
            let taken = match self.from.fill_buf() {
                Ok(buffer) => meter.take(buffer.get(..amount).unwrap_or_default()),
                Err(error) => Err(error),
            };
            if let Err(error) = taken {
                meter.failed = Some(error);
            }
            self.from.consume(amount);
        }
        self.lent = Lent::Nothing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Size;

    fn meter(object: u64, pack: u64) -> Meter {
        Meter::new(Limits { object: Size(object), pack: Size(pack) }, None)
    }

    fn claims(meter: &mut Meter, bytes: &[u8]) -> Result<(), String> {
        meter.begin();
        bytes.iter().try_for_each(|byte| meter.take(&[*byte])).map_err(|error| error.to_string())
    }

    #[test]
    fn an_entry_is_judged_by_what_it_claims() {
        let mut meter = meter(1000, 0);
        // 1000 is 0b11_1110_1000.
        assert_eq!(claims(&mut meter, &[0xb8, 0x3e]), Ok(()));
        let error = claims(&mut meter, &[0xb9, 0x3e]).unwrap_err();
        assert!(error.contains("a blob of 1001 bytes in it, more than 1000"), "{error}");
        let huge = [0xe0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
        let error = claims(&mut meter, &huge).unwrap_err();
        assert!(error.contains(&format!("a delta of {} bytes", u64::MAX)), "{error}");
    }

    #[test]
    fn no_entry_is_compressed_to_much_more_than_it_claims() {
        let mut meter = meter(0, 0);
        meter.begin();
        meter.take(&[0x3a]).unwrap();
        meter.take(&vec![0; 64 << 10]).unwrap();
        assert!(meter.take(&[0; 21]).unwrap_err().to_string().contains("than it claims"));
    }

    #[test]
    fn a_pack_may_be_as_large_as_the_limit() {
        let mut meter = meter(0, 100);
        meter.take(&[0; 100]).unwrap();
        assert!(meter.take(&[0]).unwrap_err().to_string().contains("larger than 100"));
    }

    /// Ends, and then fails.
    struct Fickle(u32);

    impl Read for Fickle {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.fill_buf().map(<[u8]>::len)
        }
    }

    impl BufRead for Fickle {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            self.0 += 1;
            if self.0 > 1 { Err(io::Error::other("asked again")) } else { Ok(&[]) }
        }

        fn consume(&mut self, _: usize) {}
    }

    #[test]
    fn what_is_shown_stays_until_it_is_consumed() {
        let (meter, stop) = (Rc::new(RefCell::new(meter(0, 0))), AtomicBool::new(false));
        let mut bytes: &[u8] = b"PACK";
        let mut gauge = Gauge::new(&mut bytes, &meter, &stop);
        assert_eq!(gauge.fill_buf().unwrap(), b"PACK");
        stop.store(true, Ordering::Relaxed);
        assert_eq!(gauge.fill_buf().unwrap(), b"PACK");
        gauge.consume(1);
        assert_eq!(gauge.fill_buf().unwrap_err().to_string(), "interrupted");
        assert_eq!(gauge.read(&mut [0]).unwrap_err().to_string(), "interrupted");
        assert_eq!(meter.borrow().total, 1);
    }

    #[test]
    fn the_end_stays_the_end() {
        let (meter, stop) = (Rc::new(RefCell::new(meter(0, 0))), AtomicBool::new(false));
        let mut source = Fickle(0);
        let mut gauge = Gauge::new(&mut source, &meter, &stop);
        assert_eq!(gauge.fill_buf().unwrap(), b"");
        stop.store(true, Ordering::Relaxed);
        assert_eq!(gauge.fill_buf().unwrap(), b"");
        gauge.consume(0);
        assert_eq!(gauge.fill_buf().unwrap_err().to_string(), "interrupted");
    }
}
