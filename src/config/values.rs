//! The forms of values: durations, numbers, switches, addresses.
//!
//! A complaint is the end of a sentence that begins with the name of the option. These forms are
//! not for secrets: complaints show the text.

use std::net::Ipv6Addr;
use std::str::FromStr;
use std::time::Duration;

/// How far a rest may vary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Jitter {
    /// By a share of the period, from 0 to below 1.
    Share(f64),
    /// By this much.
    Length(Duration),
}

/// No duration is longer: a hundred years, so that sums with it cannot overflow.
const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);

/// No rest and no time limit is shorter, as in git-sync: below it, work becomes spinning.
const SHORTEST: Duration = Duration::from_millis(10);

/// The units of Go; there are two letters for micro.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads `1h30m`, `250ms` or a bare number of seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (is_negative, body) = match text.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let Some(nanos) = nanos(body) else {
        return Err(format!("{text:?} is not a duration; write 30s, 5m or 1h30m"));
    };
    if is_negative && nanos > 0 {
        return Err(format!("{text:?} is negative; a duration is 0 or more"));
    }
    match u64::try_from(nanos).map(Duration::from_nanos) {
        Ok(length) if length <= LONGEST => Ok(length),
        Ok(_) | Err(_) => Err(format!("{text:?} is longer than a hundred years")),
    }
}

/// Reads a duration that must not be about nothing.
pub(super) fn rest(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        length if length < SHORTEST => Err(format!("{text:?} is too short; the least is 10ms")),
        length => Ok(length),
    }
}

/// Reads a rest, or `off`.
pub(super) fn period(text: &str) -> Result<Option<Duration>, String> {
    match text {
        "off" => Ok(None),
        text => rest(text).map(Some),
    }
}

/// Reads a duration or a percentage.
pub(super) fn jitter(text: &str) -> Result<Jitter, String> {
    let Some(number) = text.strip_suffix('%') else {
        return duration(text).map(Jitter::Length);
    };
    let is_plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    match f64::from_str(number) {
        Ok(percent) if is_plain && percent < 100.0 => Ok(Jitter::Share(percent / 100.0)),
        Ok(_) if is_plain => Err(format!("{text:?} is too much; it must be less than 100%")),
        Ok(_) | Err(_) => Err(format!("{text:?} is not a percentage; write 10% or 2.5%")),
    }
}

fn nanos(body: &str) -> Option<u128> {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    if body.chars().all(is_number) {
        return scaled(body, 1_000_000_000);
    }
    let mut rest = body;
    let mut sum: u128 = 0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c| !is_number(c))?);
        let (unit, after) = after.split_at(after.find(is_number).unwrap_or(after.len()));
        let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
        sum = sum.checked_add(scaled(number, *nanos)?)?;
        rest = after;
    }
    Some(sum)
}

/// Multiplies a decimal number with a unit, exactly; what is below a nanosecond is dropped.
fn scaled(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits: String = fraction.chars().take(18).collect();
    let parse = |digits: &str| match digits {
        "" => Some(0),
        digits => digits.parse::<u128>().ok(),
    };
    let parts = 10_u128.checked_pow(u32::try_from(digits.len()).ok()?)?;
    let below = parse(&digits)?.checked_mul(unit)?.checked_div(parts)?;
    // A second point would be in the fraction, and no digit.
    let is_decimal = fraction.bytes().all(|byte| byte.is_ascii_digit());
    parse(whole)?.checked_mul(unit)?.checked_add(below).filter(|_| is_decimal)
}

/// Writes a duration so that [`duration`] reads the same.
pub(super) fn show_duration(length: Duration) -> String {
    let (seconds, nanos) = (length.as_secs(), length.subsec_nanos());
    if seconds == 0 && nanos > 0 {
        return match nanos {
            nanos if nanos % 1_000_000 == 0 => format!("{}ms", nanos / 1_000_000),
            nanos if nanos % 1_000 == 0 => format!("{}us", nanos / 1_000),
            nanos => format!("{nanos}ns"),
        };
    }
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut parts: Vec<_> = [(hours, 'h'), (minutes, 'm')]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if nanos > 0 {
        let fraction = format!("{nanos:09}");
        parts.push(format!("{seconds}.{}s", fraction.trim_end_matches('0')));
    } else if seconds > 0 || parts.is_empty() {
        parts.push(format!("{seconds}s"));
    }
    parts.concat()
}

/// Reads what Go and people write for true and false.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "yes" | "on" => Ok(true),
        "false" | "f" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}

/// Reads what can be on or off, and has no other words for that.
pub(super) fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("{text:?} is neither on nor off")),
    }
}

/// Reads a whole number, negative ones included, in the forms of Go: `10`, `0xa`, `0o12`, `0b1010`,
/// and `012`, which is octal.
pub(super) fn number(text: &str) -> Result<i64, String> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let bases = [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2), ("0", 8)];
    let (digits, base) = bases
        .iter()
        .find_map(|(start, base)| Some((digits.strip_prefix(start)?, *base)))
        .filter(|(digits, _)| !digits.is_empty())
        .unwrap_or((digits, 10));
    let number = i64::from_str_radix(digits, base).ok().filter(|number| *number >= 0);
    number
        .filter(|_| !digits.starts_with(['+', '-']))
        .map(|number| if is_negative { -number } else { number })
        .ok_or_else(|| format!("{text:?} is not a whole number"))
}

/// Reads `HOST:PORT`, `[V6]:PORT`, `:PORT` or `PORT`, and writes it with a colon.
pub(super) fn address(text: &str) -> Result<String, String> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    if port.parse::<u16>().is_err() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{text:?} has no port from 0 to 65535; write HOST:PORT or :PORT"));
    }
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    match inside {
        Some(inside) if inside.parse::<Ipv6Addr>().is_ok() => Ok(format!("{host}:{port}")),
        None if host.contains(':') => {
            Err(format!("{text:?} is not clear; write an IPv6 address as [::1]:8080"))
        }
        None if host.chars().all(is_name) => Ok(format!("{host}:{port}")),
        Some(_) | None => Err(format!("{text:?} has no host name or address before the port")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_have_the_form_of_go_or_are_seconds() {
        for (text, nanos) in [
            ("0", 0),
            ("-0s", 0),
            ("90", 90_000_000_000),
            ("1.5", 1_500_000_000),
            (".5", 500_000_000),
            ("1h30m", 5_400_000_000_000),
            ("+1m0.25s", 60_250_000_000),
            ("250ms", 250_000_000),
            ("1.5us", 1_500),
            ("2\u{b5}s", 2_000),
            ("2\u{3bc}s", 2_000),
            ("7ns", 7),
            ("0.1000000000000000000000s", 100_000_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
        for text in
            ["", " 1s", "s", "1d", "1s2", "10 parsecs", "1.2.3", ".", ".s", "1e3", "0x1", "--1s"]
        {
            let told = duration(text).unwrap_err();
            assert!(told.contains("is not a duration"), "{text}: {told}");
        }
        assert!(duration("-5s").unwrap_err().contains("negative"));
        for text in ["876001h", "99999999999999999999999999999999999999", "300000000000"] {
            let told = duration(text).unwrap_err();
            assert!(told.contains("longer than") || told.contains("not a duration"), "{told}");
        }
    }

    #[test]
    fn a_rest_cannot_be_about_nothing() {
        assert!(rest("0").is_err() && rest("9ms").is_err());
        assert_eq!(rest("10ms"), Ok(SHORTEST));
        assert_eq!(period("off"), Ok(None));
        assert!(period("never").is_err());
    }

    #[test]
    fn jitter_is_a_share_or_a_length() {
        assert_eq!(jitter("0%"), Ok(Jitter::Share(0.0)));
        assert_eq!(jitter("2.5%"), Ok(Jitter::Share(0.025)));
        assert_eq!(jitter("3s"), Ok(Jitter::Length(Duration::from_secs(3))));
        for bad in ["100%", "-1%", "%", "inf%", "NaN%", "1e1%", "ten%"] {
            assert!(jitter(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_get_a_colon() {
        for (text, shown) in [
            ("8080", ":8080"),
            (":8080", ":8080"),
            (":0", ":0"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("localhost:80", "localhost:80"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(address(text).as_deref(), Ok(shown), "{text}");
        }
        for bad in
            ["", ":", "host", "host:", ":65536", ":+1", "::1:80", "[x]:80", "[::1:80", "a b:80"]
        {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn switches_are_read_without_regard_to_case() {
        assert_eq!(switch("TRUE"), Ok(true));
        assert_eq!(switch("No"), Ok(false));
        assert!(switch("").is_err() && switch("2").is_err());
    }

    #[test]
    fn whole_numbers_have_the_forms_of_go() {
        for (text, wanted) in [
            ("0", 0),
            ("-1", -1),
            ("+7", 7),
            ("10", 10),
            ("0x10", 16),
            ("0o17", 15),
            ("017", 15),
            ("-0b11", -3),
            ("00", 0),
        ] {
            assert_eq!(number(text), Ok(wanted), "{text}");
        }
        for bad in ["", "-", "1.5", "0x", "08", "--1", "0x-1", "+-1", "1e3", "99999999999999999999"]
        {
            assert!(number(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_duration_that_is_shown_reads_back(seconds in 0_u64..3_000_000_000, nanos in 0_u32..1_000_000_000) {
            let length = Duration::new(seconds, nanos);
            prop_assert_eq!(duration(&show_duration(length)), Ok(length));
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in any::<String>()) {
            drop((duration(&text), jitter(&text), address(&text), number(&text), switch(&text)));
        }
    }
}
