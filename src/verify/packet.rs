//! The packets of PGP (RFC 4880 and 9580), as far as version 4 of keys and signatures goes.

/// A packet by its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) tag: u8,
    pub(super) body: &'a [u8],
}

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

/// How many packets are read. A file of keys of the greatest size that is taken has fewer, if each
/// says anything.
pub(super) const MOST: usize = 4096;

/// What cannot be read.
pub(super) const SHORT: &str = "it ends too early";

impl<'a> Reader<'a> {
    /// Takes so many bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        self.take(N)?.try_into().map_err(|_error| SHORT)
    }

    pub(super) fn byte(&mut self) -> Result<u8, &'static str> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(super) fn short(&mut self) -> Result<usize, &'static str> {
        Ok(u16::from_be_bytes(self.array()?).into())
    }

    pub(super) fn long(&mut self) -> Result<u32, &'static str> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn length(&mut self) -> Result<usize, &'static str> {
        usize::try_from(self.long()?).map_err(|_error| SHORT)
    }

    /// Takes a number of any size, without zeroes before it.
    pub(super) fn number(&mut self) -> Result<&'a [u8], &'static str> {
        let bits = self.short()?;
        let bytes = self.take(bits.div_ceil(8))?;
        let first = bytes.first().map_or(0, |first| first.leading_zeros());
        let zeroes = usize::try_from(first).map_err(|_error| SHORT)?;
        if (bytes.len() * 8).checked_sub(zeroes) != Some(bits) {
            return Err("it has a number of another length than it says");
        }
        Ok(bytes)
    }

    /// Takes the length of what follows, in the newer form.
    pub(super) fn new_length(&mut self) -> Result<usize, &'static str> {
        Ok(match self.byte()? {
            first @ 0..192 => first.into(),
            first @ 192..224 => (usize::from(first) - 192) * 256 + usize::from(self.byte()?) + 192,
            255 => self.length()?,
            224..255 => return Err("it has a packet in parts, which is not read"),
        })
    }

    fn packet(&mut self) -> Result<Packet<'a>, &'static str> {
        let head = self.byte()?;
        if head & 0x80 == 0 {
            return Err("it does not consist of packets");
        }
        let (tag, length) = if head & 0x40 == 0 {
            let length = match head & 3 {
                0 => self.byte()?.into(),
                1 => self.short()?,
                2 => self.length()?,
                _ => return Err("it has a packet without a length, which is not read"),
            };
            ((head >> 2) & 0x0f, length)
        } else {
            (head & 0x3f, self.new_length()?)
        };
        Ok(Packet { tag, body: self.take(length)? })
    }
}

/// Divides bytes into packets.
pub(super) fn packets(bytes: &[u8]) -> Result<Vec<Packet<'_>>, &'static str> {
    let mut reader = Reader(bytes);
    let mut found = Vec::new();
    while !reader.0.is_empty() {
        if found.len() == MOST {
            return Err("it has too many packets");
        }
        found.push(reader.packet()?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_have_their_lengths_in_all_forms() {
        let long = [vec![0xc2, 192, 8], vec![7; 200]].concat();
        let all = [&[0x88, 1, 7][..], &[0x89, 0, 1, 7], &[0x8a, 0, 0, 0, 1, 7], &[0xc2, 1, 7]];
        for bytes in all.into_iter().chain([&[0xc2, 255, 0, 0, 0, 1, 7][..], &long]) {
            let found = packets(bytes).unwrap();
            assert_eq!((found.len(), found[0].tag), (1, 2), "{bytes:?}");
            assert!(packets(&bytes[..bytes.len() - 1]).is_err());
        }
        for bad in [&[0x8b, 1][..], &[0x08, 0], &[0xc2, 230, 1], &[0x8a, 255, 255, 255, 255]] {
            assert!(packets(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_number_has_the_length_that_it_says() {
        assert_eq!(Reader(&[0, 9, 1, 2]).number().unwrap(), [1, 2]);
        assert_eq!(Reader(&[0, 0]).number().unwrap(), [0_u8; 0]);
        for bad in [&[0, 9, 0, 2][..], &[0, 9, 2, 2], &[0, 9, 1], &[0, 8, 1]] {
            assert!(Reader(bad).number().is_err(), "{bad:?}");
        }
    }
}
