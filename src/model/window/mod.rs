//! When commits may be published: times that begin by a calendar and last for a while.
//!
//! It only computes: who asks says for which instant. The calendar is that of a time zone, whose
//! rules are part of the program. How long a window lasts is time that passes, so a window over a
//! change of the clocks is as long as any other. A start that the clocks leave out is at the first
//! instant after the gap; one that they show twice is at the first of the two.

mod read;
mod schedule;
mod spans;
#[cfg(test)]
mod tests;

pub use read::WindowError;

use crate::model::window::schedule::Schedule;
use crate::model::window::spans::Span;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::fmt;
use std::time::Duration;

/// How many years are looked ahead: the 29th of February comes at least once in eight.
pub const YEARS_AHEAD: i64 = 10;
/// The same in seconds, with all leap days that there can be.
const AHEAD: i64 = (YEARS_AHEAD * 365 + 3) * spans::DAY;
/// How much is looked at at once: first a little, as most changes are near.
const FIRST_LOOK: i64 = 2 * spans::DAY;
const LONGEST_LOOK: i64 = 64 * spans::DAY;

/// What a window says of the time in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Commits may be published.
    Allow,
    /// No commit may be published, whatever other windows say.
    Deny,
}

/// One window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    text: String,
    rule: Rule,
    schedule: Schedule,
    zone: TimeZone,
}

/// All windows there are. Without any, it is always time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows(Vec<Window>);

/// Whether commits may be published, and for how long that is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Whether they may.
    pub open: bool,
    /// When that changes; none if it does not for [`YEARS_AHEAD`] years.
    pub until: Option<Timestamp>,
}

impl Window {
    /// Makes a window of five fields of cron, a length and the name of a time zone. `text` is how all
    /// of it is written.
    pub fn new(
        text: &str,
        rule: Rule,
        fields: [&str; 5],
        length: Duration,
        zone: &str,
    ) -> Result<Self, WindowError> {
        let length = read::length(length)?;
        let schedule = Schedule::new(read::pattern(fields)?, length)?;
        Ok(Self { text: text.to_owned(), rule, schedule, zone: read::zone(zone)? })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromIterator<Window> for Windows {
    fn from_iter<T: IntoIterator<Item = Window>>(windows: T) -> Self {
        Self(windows.into_iter().collect())
    }
}

impl Windows {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Window> {
        self.0.iter()
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says whether commits may be published at an instant, and until when that is so.
    pub fn at(&self, instant: Timestamp) -> Sight {
        let now = seconds(instant);
        let end = now.saturating_add(AHEAD);
        let (mut from, mut look) = (now, FIRST_LOOK);
        let mut known: Option<bool> = None;
        while from < end {
            let part = Span { from, to: from.saturating_add(look).min(end) };
            let spans = self.open_in(part);
            let first = spans.first().copied();
            let begins_open = first.is_some_and(|first| first.from <= from);
            let open = *known.get_or_insert(begins_open);
            let change = match first {
                _ if begins_open != open => Some(from),
                Some(first) if open => Some(first.to),
                Some(first) => Some(first.from),
                None => None,
            };
            if let Some(change) = change.filter(|change| *change < part.to) {
                return Sight { open, until: Timestamp::from_second(change).ok() };
            }
            (from, look) = (part.to, look.saturating_mul(2).min(LONGEST_LOOK));
        }
        Sight { open: known.unwrap_or(true), until: None }
    }

    /// When it is time in a part of all time, in order.
    fn open_in(&self, part: Span) -> Vec<Span> {
        let all = |rule: Rule| {
            let windows = self.0.iter().filter(move |window| window.rule == rule);
            let spans = windows.flat_map(|window| window.schedule.within(part, &window.zone));
            spans::merge(spans.collect(), part)
        };
        let allows = self.0.iter().any(|window| window.rule == Rule::Allow);
        let allowed = if allows { all(Rule::Allow) } else { vec![part] };
        spans::without(&allowed, &all(Rule::Deny))
    }

    /// What is probably not meant, in words, as seen from an instant: windows that never begin, those
    /// that others cover, and all of them if it is never time.
    pub fn doubts(&self, now: Timestamp) -> Vec<String> {
        let never = |windows: Self| windows.at(now) == Sight { open: false, until: None };
        let alone = |window: &Window| Window { rule: Rule::Allow, ..window.clone() };
        let mut doubts = Vec::new();
        for window in &self.0 {
            let denied = || {
                let denies = self.0.iter().filter(|other| other.rule == Rule::Deny);
                denies.chain([window]).cloned().collect()
            };
            if never(Self::from_iter([alone(window)])) {
                doubts.push(format!("\"{window}\" does not begin within {YEARS_AHEAD} years"));
            } else if window.rule == Rule::Allow && never(denied()) {
                doubts.push(format!("\"{window}\" is never open, as deny windows cover all of it"));
            }
        }
        if never(self.clone()) {
            let first = "nothing but the first commit is published";
            doubts.push(format!("no time within {YEARS_AHEAD} years is open, so {first}"));
        }
        doubts
    }
}

/// The second in which an instant is.
fn seconds(instant: Timestamp) -> i64 {
    let since = instant.duration_since(Timestamp::UNIX_EPOCH);
    if since < SignedDuration::from_secs(since.as_secs()) {
        since.as_secs().saturating_sub(1)
    } else {
        since.as_secs()
    }
}
