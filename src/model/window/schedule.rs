//! When a window begins: days by their date, and minutes of them, on the clocks of a time zone.

use crate::model::window::read::WindowError;
use crate::model::window::spans::{DAY, Span, merge};
use croner::{CronPattern, Weekday};
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// Days and minutes at which windows of one length begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    days: CronPattern,
    /// The starts on each of these days, in seconds since midnight.
    starts: Vec<i64>,
    length: i64,
    /// What is covered if the clocks do not change on the day, counted from midnight.
    plain: Vec<Span>,
}

impl Schedule {
    pub(super) fn new(days: CronPattern, length: i64) -> Result<Self, WindowError> {
        let minutes = days.minutes.values();
        let hours = days.hours.values();
        let starts: Vec<_> = hours
            .iter()
            .flat_map(|hour| minutes.iter().map(move |minute| (hour, minute)))
            .map(|(hour, minute)| i64::from(*hour) * 3600 + i64::from(*minute) * 60)
            .collect();
        if starts.is_empty() {
            return Err(WindowError::NoStart);
        }
        let spans = starts.iter().map(|from| Span { from: *from, to: from + length }).collect();
        let plain = merge(spans, Span { from: 0, to: i64::MAX });
        Ok(Self { days, starts, length, plain })
    }

    /// Everything that is covered and meets a part of all time, in no order, with overlaps.
    pub(super) fn within(&self, part: Span, zone: &TimeZone) -> Vec<Span> {
        let day_of = |second: i64| Some(zone.to_datetime(instant(second)?).date());
        // A day more on each side, as clocks can be turned over midnight.
        let first = day_of(part.from.saturating_sub(self.length).saturating_sub(DAY));
        let last = day_of(part.to.saturating_add(DAY));
        let (Some(first), Some(last)) = (first, last) else {
            return Vec::new();
        };
        let days = first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last);
        let spans = days.filter(|day| self.is_on(*day)).flat_map(|day| self.of_day(day, zone));
        spans.filter(|span| span.and(part).is_some()).collect()
    }

    fn is_on(&self, day: Date) -> bool {
        let number = |number: i8| u32::try_from(number).unwrap_or_default();
        let weekday = day.weekday().to_sunday_zero_offset();
        let weekday = Weekday::from_days_from_sunday(number(weekday));
        let (year, month) = (i32::from(day.year()), number(day.month()));
        self.days.month_match(month).unwrap_or_default()
            && self.days.day_match(year, month, number(day.day()), weekday).unwrap_or_default()
    }

    fn of_day(&self, day: Date, zone: &TimeZone) -> Vec<Span> {
        let midnight = day.at(0, 0, 0, 0);
        let begins = second(midnight, zone);
        let ends = day.tomorrow().ok().and_then(|next| second(next.at(0, 0, 0, 0), zone));
        if let (Some(begins), Some(ends)) = (begins, ends)
            && ends - begins == DAY
        {
            let plain = self.plain.iter();
            return plain
                .map(|span| Span { from: begins + span.from, to: begins + span.to })
                .collect();
        }
        // The clocks change on this day.
        let starts = self.starts.iter().filter_map(|start| {
            second(midnight.checked_add(SignedDuration::from_secs(*start)).ok()?, zone)
        });
        starts.map(|from| Span { from, to: from + self.length }).collect()
    }
}

fn instant(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}

/// When the clocks of a zone show a time first, or would have shown it.
fn second(shown: DateTime, zone: &TimeZone) -> Option<i64> {
    let at = |offset: jiff::tz::Offset| offset.to_timestamp(shown).ok();
    match zone.to_ambiguous_timestamp(shown).offset() {
        AmbiguousOffset::Unambiguous { offset } => at(offset),
        AmbiguousOffset::Fold { before, .. } => at(before),
        AmbiguousOffset::Gap { before, .. } => {
            // It is after the change if it is told by the clocks of before.
            let after = at(before)?.checked_add(SignedDuration::from_secs(1)).ok()?;
            zone.preceding(after).next().map(|change| change.timestamp())
        }
    }
    .map(Timestamp::as_second)
}
