//! The ASCII armour of PGP: text around bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes, and what the text around them says that they are.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) label: String,
    pub(super) data: Vec<u8>,
}

/// Reads the blocks of a text, and passes over what stands between them.
pub(super) fn blocks(text: &str) -> Vec<Result<Block, &'static str>> {
    let mut lines = text.lines().map(str::trim_end);
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(label) = between(line, "-----BEGIN ") {
            found.push(block(label, &mut lines));
        }
    }
    found
}

/// Reads a text that is one block and nothing else.
pub(super) fn only(text: &str) -> Result<Block, &'static str> {
    let mut lines = text.lines();
    let label = lines.next().and_then(|line| between(line, "-----BEGIN "));
    let block = block(label.ok_or("its first line is not that of an armour")?, &mut lines)?;
    if lines.any(|line| !line.is_empty()) {
        return Err("something follows its end");
    }
    Ok(block)
}

fn between<'a>(line: &'a str, before: &str) -> Option<&'a str> {
    line.strip_prefix(before)?.strip_suffix("-----")
}

/// Reads what follows the first line of a block, up to its last.
fn block(label: &str, lines: &mut dyn Iterator<Item = &str>) -> Result<Block, &'static str> {
    let mut is_head = true;
    let (mut text, mut sum) = (String::new(), None);
    for line in lines {
        if let Some(end) = between(line, "-----END ") {
            if is_head || end != label {
                return Err("its last line does not belong to its first");
            }
            let data = STANDARD.decode(&text).map_err(|_error| "it is not base64")?;
            if sum.is_some_and(|sum: [u8; 3]| sum != crc24(&data)) {
                return Err("its checksum is wrong");
            }
            return Ok(Block { label: label.to_owned(), data });
        }
        if is_head {
            is_head = !line.trim().is_empty();
            if is_head && !line.contains(": ") {
                return Err("there is no empty line after its head");
            }
        } else if sum.is_some() {
            return Err("something follows its checksum");
        } else if let Some(text) = line.strip_prefix('=') {
            let bytes = STANDARD.decode(text).map_err(|_error| "its checksum is not base64")?;
            sum = Some(bytes.try_into().map_err(|_bytes| "its checksum has another length")?);
        } else {
            text.push_str(line);
        }
    }
    Err("its last line is missing")
}

/// The checksum of an armour (RFC 4880, 6.1).
fn crc24(data: &[u8]) -> [u8; 3] {
    let step = |crc: u32| if crc & 0x80_0000 == 0 { crc << 1 } else { (crc << 1) ^ 0x186_4cfb };
    let crc = data.iter().fold(0x00b7_04ce_u32, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 16), |crc, _bit| step(crc)) & 0x00ff_ffff
    });
    let [_, one, two, three] = crc.to_be_bytes();
    [one, two, three]
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "-----BEGIN A-----\nVersion: 1\n\nYWJj\n=uhx7\n-----END A-----\n";

    #[test]
    fn an_armour_is_taken_off() {
        let text = GOOD.replace("=uhx7\n", "");
        assert_eq!(only(&text).unwrap().data, b"abc");
        let sum = STANDARD.encode(crc24(b"abc"));
        let text = GOOD.replace("uhx7", &sum);
        assert_eq!(only(&text).unwrap().data, b"abc");
        let two = blocks(&format!("Hello\n{text}and\n{}", text.replace('\n', "\r\n")));
        assert_eq!(two.len(), 2);
        assert!(two.iter().all(|block| block.as_ref().unwrap().label == "A"));
    }

    #[test]
    fn what_is_broken_is_not_read() {
        let good = GOOD.replace("uhx7", &STANDARD.encode(crc24(b"abc")));
        for (from, to) in [
            ("YWJj", "YWJk"),
            ("YWJj", "YW Jj"),
            ("YWJj", "YWJ"),
            ("=", "=="),
            ("END A", "END B"),
            ("\n\n", "\n"),
            ("-----END A-----\n", ""),
            ("-----END A-----\n", "-----END A-----\nmore"),
            ("-----BEGIN", "----BEGIN"),
        ] {
            assert!(only(&good.replacen(from, to, 1)).is_err(), "{from} {to}");
        }
    }
}
