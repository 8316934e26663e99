//! What a hook prints becomes lines of the log.

use tokio::io::{AsyncRead, AsyncReadExt};

/// How long a line of the log may be, in bytes; longer ones become several.
const LINE: usize = 4 * 1024;
/// How much of one stream of one run is logged, in bytes.
const MOST: usize = 64 * 1024;

/// Reads a stream to its end and logs its lines.
pub(super) async fn log(stream: impl AsyncRead + Unpin, hook: &'static str, name: &'static str) {
    let mut stream = stream;
    let mut chunk = vec![0; LINE];
    let mut lines = Lines::default();
    let tell = |line: &str| tracing::info!(hook, stream = name, line, "output of a hook");
    // A stream that breaks has ended.
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        lines.take(chunk.get(..count).unwrap_or_default(), tell);
    }
    lines.end(tell);
    if lines.left_out > 0 {
        let bytes = lines.left_out;
        tracing::info!(hook, stream = name, bytes, "the rest of the output is not logged");
    }
}

/// Cuts bytes into lines of text.
#[derive(Debug, Default)]
struct Lines {
    begun: Vec<u8>,
    told: usize,
    left_out: usize,
}

impl Lines {
    fn take(&mut self, mut bytes: &[u8], tell: impl Fn(&str)) {
        let room = MOST.saturating_sub(self.told);
        if bytes.len() > room {
            self.left_out += bytes.len() - room;
            bytes = bytes.get(..room).unwrap_or_default();
        }
        self.told += bytes.len();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.end(&tell);
            }
            while self.begun.len() > LINE {
                let rest = self.begun.split_off(letters(&self.begun, LINE));
                tell_line(&self.begun, &tell);
                self.begun = rest;
            }
        }
    }

    /// A line has ended, or all of it.
    fn end(&mut self, tell: impl Fn(&str)) {
        tell_line(&self.begun, tell);
        self.begun.clear();
    }
}

fn tell_line(line: &[u8], tell: impl Fn(&str)) {
    let line = line.trim_ascii_end();
    if !line.is_empty() {
        tell(&String::from_utf8_lossy(line));
    }
}

/// The most bytes up to `most` that do not end within a letter.
fn letters(bytes: &[u8], most: usize) -> usize {
    let is_first = |at: &usize| bytes.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80);
    (most.saturating_sub(3)..=most).rev().find(is_first).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// Gives bytes in pieces of a size, and collects the lines.
    fn lines(bytes: &[u8], size: usize) -> (Vec<String>, usize) {
        let told = RefCell::new(Vec::new());
        let tell = |line: &str| told.borrow_mut().push(line.to_owned());
        let mut lines = Lines::default();
        bytes.chunks(size).for_each(|chunk| lines.take(chunk, tell));
        lines.end(tell);
        (told.into_inner(), lines.left_out)
    }

    #[test]
    fn lines_are_told_without_their_ends_and_empty_ones_not_at_all() {
        for size in [1, 2, 100] {
            let (told, left_out) = lines("a\r\n\n \u{fc}\nc \t".as_bytes(), size);
            assert_eq!(told, ["a", " \u{fc}", "c"]);
            assert_eq!(left_out, 0);
        }
        assert_eq!(lines(b"a\xffb", 2).0, ["a\u{fffd}b"]);
    }

    #[test]
    fn a_long_line_is_cut_between_letters() {
        let text = "x".to_owned() + &"\u{20ac}".repeat(4000);
        for size in [1, 7, 100_000] {
            let (told, _) = lines(text.as_bytes(), size);
            assert!(told.len() == 3 && told.iter().all(|line| line.len() <= LINE));
            assert_eq!(told.concat(), text);
        }
    }

    #[test]
    fn there_is_an_end_to_what_is_logged() {
        let (told, left_out) = lines("0123456\n".repeat(20_000).as_bytes(), 1000);
        assert_eq!(told.len() * 8, MOST);
        assert_eq!(left_out, 160_000 - MOST);
    }
}
