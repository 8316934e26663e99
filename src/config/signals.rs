//! The signals that may start a sync, by the numbers of Linux.

/// What the system sends to a program that is profiled.
pub(super) const PROFILING: i32 = 27;

/// Every signal that may be used, and its number.
const USABLE: [(&str, i32); 15] = [
    ("HUP", 1),
    ("QUIT", 3),
    ("USR1", 10),
    ("USR2", 12),
    ("ALRM", 14),
    ("CONT", 18),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("IO", 29),
    ("PWR", 30),
];

/// Every other signal that has a name, its number, and why it cannot be used.
const REFUSED: [(&str, i32, &str); 16] = [
    ("INT", 2, "stops the program"),
    ("TERM", 15, "stops the program"),
    ("KILL", 9, "cannot be caught"),
    ("STOP", 19, "cannot be caught"),
    ("ILL", 4, FAULT),
    ("TRAP", 5, FAULT),
    ("ABRT", 6, FAULT),
    ("BUS", 7, FAULT),
    ("FPE", 8, FAULT),
    ("SEGV", 11, FAULT),
    ("SYS", 31, FAULT),
    ("PIPE", 13, "comes from broken connections"),
    ("STKFLT", 16, FAULT),
    ("CHLD", 17, "comes from the end of child processes"),
    ("TSTP", 20, "halts the program"),
    ("XFSZ", 25, "comes from files that grow too large"),
];

const FAULT: &str = "reports a fault of the program";

/// The signals without names; 32 and 33 belong to the C library.
const REAL_TIME: std::ops::RangeInclusive<i32> = 34..=64;

/// Reads `SIGHUP`, `HUP` or `1`.
pub(super) fn parse(text: &str) -> Result<i32, String> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let number = text.parse::<i32>().ok();
    let is_meant = |known: &str, value: i32| known == name || Some(value) == number;
    if let Some((_, value)) = USABLE.iter().find(|(known, value)| is_meant(known, *value)) {
        return Ok(*value);
    }
    if let Some((known, _, reason)) =
        REFUSED.iter().find(|(known, value, _)| is_meant(known, *value))
    {
        return Err(format!("{text:?} cannot start a sync, as SIG{known} {reason}; use SIGHUP"));
    }
    match number {
        Some(value) if REAL_TIME.contains(&value) => Ok(value),
        Some(_) | None => Err(format!("{text:?} is not a signal; write SIGHUP, HUP or 1")),
    }
}

/// Names a signal so that [`parse`] reads the same.
pub(super) fn show(number: i32) -> String {
    match USABLE.iter().find(|(_, value)| *value == number) {
        Some((name, _)) => format!("SIG{name}"),
        None => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_signal_has_a_name_a_short_name_and_a_number() {
        for text in ["SIGHUP", "HUP", "hup", "1"] {
            assert_eq!(parse(text), Ok(1), "{text}");
        }
        assert_eq!(parse("USR1"), Ok(10));
        assert_eq!(parse("34"), Ok(34));
        for number in (1..=64).filter(|number| parse(&number.to_string()).is_ok()) {
            assert_eq!(parse(&show(number)), Ok(number));
        }
    }

    #[test]
    fn signals_with_another_use_are_refused_with_the_reason() {
        for (text, reason) in [
            ("KILL", "caught"),
            ("19", "caught"),
            ("SIGTERM", "stops"),
            ("2", "stops"),
            ("SEGV", "fault"),
        ] {
            let told = parse(text).unwrap_err();
            assert!(told.contains(reason), "{told}");
        }
        for bad in ["", "SIG", "0", "-1", "32", "65", "NOISE"] {
            assert!(parse(bad).unwrap_err().contains("is not a signal"), "{bad}");
        }
    }

    #[test]
    fn every_signal_is_listed_once() {
        let numbers: BTreeSet<_> = USABLE
            .iter()
            .map(|(_, number)| *number)
            .chain(REFUSED.iter().map(|(_, number, _)| *number))
            .collect();
        assert_eq!(numbers, (1..=31).collect());
    }
}
