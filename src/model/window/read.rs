//! The parts of a window as they are written, and what is wrong with them.

use crate::model::window::spans::DAY;
use croner::CronPattern;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use std::time::Duration;

/// The longest a window may last, in days.
const LONGEST: i64 = 366;

/// The names of the fields, and what may be in them.
const FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31 or L"),
    ("month", "1 to 12 or jan to dec"),
    ("weekday", "0 to 7 or sun to sat"),
];

/// Something that is no window. The words go on after the window has been named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// A field of the schedule is wrong.
    #[error(
        "has a wrong {name}, {text:?}; write numbers ({range}), ranges such as 1-5, steps such as \
         */15 or lists such as 1,3"
    )]
    Field {
        /// Which.
        name: &'static str,
        /// What is in it.
        text: String,
        /// What may be in it.
        range: &'static str,
    },
    /// The fields are good by themselves and not together.
    #[error("has a schedule that cannot be read: {why}")]
    Fields {
        /// Why not.
        why: String,
    },
    /// No minute of a day is named.
    #[error("names no minute at which it begins")]
    NoStart,
    /// The length is none.
    #[error("has a duration that is not from 1s to 366 days (8784h) in whole seconds")]
    Length,
    /// There is no such time zone.
    #[error(
        "has an unknown time zone, {name:?}; write one of the IANA database, such as Europe/Berlin \
         or UTC"
    )]
    Zone {
        /// What it is called.
        name: String,
    },
}

/// Takes a length in seconds.
pub(super) fn length(length: Duration) -> Result<i64, WindowError> {
    let seconds = i64::try_from(length.as_secs()).ok().filter(|_| length.subsec_nanos() == 0);
    let good = seconds.filter(|seconds| (1..=LONGEST * DAY).contains(seconds));
    good.ok_or(WindowError::Length)
}

/// Finds a time zone.
pub(super) fn zone(name: &str) -> Result<TimeZone, WindowError> {
    let error = |_none| WindowError::Zone { name: name.to_owned() };
    TimeZone::get(name).map_err(error)
}

/// Reads five fields.
pub(super) fn pattern(fields: [&str; 5]) -> Result<CronPattern, WindowError> {
    let whole = fields.join(" ");
    for (place, ((name, range), text)) in FIELDS.into_iter().zip(fields).enumerate() {
        let alone: Vec<_> =
            (0..fields.len()).map(|other| if other == place { text } else { "*" }).collect();
        if !may_be_in(name, text) || parse(&alone.join(" ")).is_err() {
            return Err(WindowError::Field { name, text: text.to_owned(), range });
        }
    }
    parse(&whole).map_err(|why| WindowError::Fields { why })
}

/// Says whether letters and signs are where they mean something: the parser takes names of days for
/// numbers anywhere.
fn may_be_in(name: &str, text: &str) -> bool {
    let letters = match name {
        "minute" | "hour" => "",
        "day of the month" => "LlWw?",
        _ => return !text.contains('@'),
    };
    text.chars().all(|c| c.is_ascii_digit() || "*/,-".contains(c) || letters.contains(c))
}

fn parse(pattern: &str) -> Result<CronPattern, String> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(pattern).map(|cron| cron.pattern).map_err(|error| error.to_string())
}
