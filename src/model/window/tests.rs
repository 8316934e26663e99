//! Windows against a calendar that is gone through minute by minute, and what is no window.

use super::*;
use jiff::civil::{Date, DateTime, date};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;

const MINUTE: i64 = 60;
const ZONES: [&str; 5] =
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"];
/// Days in which the clocks change in all of these zones that change them.
const PERIODS: [(i16, i8, i8); 2] = [(2026, 3, 1), (2026, 9, 28)];
/// How long they are, and how much before is looked at, in minutes.
const LENGTH: usize = 40 * 24 * 60;
const BEFORE: usize = 4 * 24 * 60;

/// What the clocks show: for each minute of a period, that minute's number in a calendar without zones.
struct Clocks {
    first: i64,
    shown: Vec<i64>,
}

static CLOCKS: LazyLock<Vec<Vec<Clocks>>> = LazyLock::new(|| {
    let clocks = |zone: &str, (year, month, day): (i16, i8, i8)| {
        let zone = TimeZone::get(zone).unwrap();
        let begin = date(year, month, day).at(0, 0, 0, 0);
        let begin = TimeZone::UTC.to_timestamp(begin).unwrap().as_second();
        let first = begin - i64::try_from(BEFORE).unwrap() * MINUTE;
        let minutes = 0..i64::try_from(BEFORE + LENGTH).unwrap();
        let at = |minute| Timestamp::from_second(first + minute * MINUTE).unwrap();
        let shown = minutes.map(|minute| number(zone.to_datetime(at(minute)))).collect();
        Clocks { first, shown }
    };
    let of_zone = |zone: &&str| PERIODS.iter().map(|period| clocks(zone, *period)).collect();
    ZONES.iter().map(of_zone).collect()
});

fn number(shown: DateTime) -> i64 {
    TimeZone::UTC.to_timestamp(shown).unwrap().as_second().div_euclid(MINUTE)
}

/// One field of a schedule: nothing is any value.
type Field = Option<BTreeSet<i8>>;

#[derive(Clone, Debug)]
struct Plan {
    deny: bool,
    fields: [Field; 5],
    minutes: u64,
    zone: usize,
}

impl Plan {
    fn window(&self) -> Window {
        let texts = self.fields.each_ref().map(|field| match field {
            None => "*".to_owned(),
            Some(values) => values.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        });
        let fields = texts.each_ref().map(String::as_str);
        let rule = if self.deny { Rule::Deny } else { Rule::Allow };
        let length = Duration::from_mins(self.minutes);
        Window::new("it", rule, fields, length, ZONES[self.zone]).unwrap()
    }

    fn is_on(&self, day: Date) -> bool {
        let has = |field: usize, value: i8| {
            self.fields[field].as_ref().is_none_or(|values| values.contains(&value))
        };
        let (dom, dow) = (has(2, day.day()), has(4, day.weekday().to_sunday_zero_offset()));
        let either = self.fields[2].is_some() && self.fields[4].is_some();
        has(3, day.month()) && if either { dom || dow } else { dom && dow }
    }

    /// Says for each minute of a period whether it is in the window.
    fn covers(&self, period: usize) -> Vec<bool> {
        let clocks = &CLOCKS[self.zone][period];
        let mut left: u64 = 0;
        let mut latest = clocks.shown[0] - 1;
        let mut day = (i64::MIN, false);
        let mut is_start = |minute: i64| {
            let (days, of_day) = (minute.div_euclid(1440), minute.rem_euclid(1440));
            if day.0 != days {
                let shown = Timestamp::from_second(days * 86_400).unwrap();
                day = (days, self.is_on(TimeZone::UTC.to_datetime(shown).date()));
            }
            let has = |field: usize, value: i64| {
                let value = i8::try_from(value).unwrap();
                self.fields[field].as_ref().is_none_or(|values| values.contains(&value))
            };
            day.1 && has(1, of_day / 60) && has(0, of_day % 60)
        };
        let each = clocks.shown.iter().map(|shown| {
            // Whatever the clocks left out begins now, and nothing begins twice.
            let begins = (latest + 1..=*shown).any(&mut is_start);
            latest = latest.max(*shown);
            left = if begins { self.minutes } else { left.saturating_sub(1) };
            left > 0
        });
        each.collect()
    }
}

fn field(values: std::ops::RangeInclusive<i8>, most: usize) -> impl Strategy<Value = Field> {
    prop_oneof![
        2 => Just(None),
        3 => proptest::collection::btree_set(values, 1..=most).prop_map(Some),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let fields = (
        field(0..=59, 3),
        // The hours in which clocks are changed come often.
        prop_oneof![field(0..=23, 4), field(1..=3, 3)],
        field(1..=31, 6),
        prop_oneof![4 => Just(None), 1 => field(1..=12, 6)],
        field(0..=6, 4),
    );
    let minutes = prop_oneof![1..=5_u64, 20..=200_u64, 600..=4000_u64];
    (any::<bool>(), fields, minutes, 0..ZONES.len()).prop_map(|(deny, fields, minutes, zone)| {
        let fields = [fields.0, fields.1, fields.2, fields.3, fields.4];
        Plan { deny, fields, minutes, zone }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn windows_are_open_when_a_calendar_says_so(
        plans in proptest::collection::vec(plan(), 1..5),
        period in 0..PERIODS.len(),
        offset in 0..59_i64,
    ) {
        let windows: Windows = plans.iter().map(Plan::window).collect();
        let covers: Vec<_> = plans.iter().map(|plan| (plan.deny, plan.covers(period))).collect();
        let allows = plans.iter().any(|plan| !plan.deny);
        let open_at = |minute: usize| {
            let by = |deny| covers.iter().any(|(of, covers)| *of == deny && covers[minute]);
            !by(true) && (!allows || by(false))
        };
        let open: Vec<_> = (BEFORE..BEFORE + LENGTH).map(open_at).collect();
        let first = CLOCKS[0][period].first + i64::try_from(BEFORE).unwrap() * MINUTE;
        let at = |minute: usize| {
            Timestamp::from_second(first + i64::try_from(minute).unwrap() * MINUTE).unwrap()
        };
        let mut minute = 0;
        for _ in 0..400 {
            let next = (minute..LENGTH).find(|later| open[*later] != open[minute]);
            let sight = windows.at(at(minute));
            prop_assert_eq!(sight.open, open[minute], "{}", at(minute));
            prop_assert_eq!(windows.at(at(minute) + SignedDuration::from_secs(offset)), sight);
            let Some(next) = next else {
                prop_assert!(sight.until.is_none_or(|until| until >= at(LENGTH)), "{:?}", sight);
                break;
            };
            prop_assert_eq!(sight.until, Some(at(next)), "from {}", at(minute));
            minute = next;
        }
    }
}

/// A window as it is written, but for its zone, which is last.
fn window(text: &str) -> Window {
    let words: Vec<_> = text.split(' ').collect();
    let rule = if words[0] == "deny" { Rule::Deny } else { Rule::Allow };
    let hours = words[6].trim_end_matches('h').parse().unwrap();
    let fields = [words[1], words[2], words[3], words[4], words[5]];
    Window::new(text, rule, fields, Duration::from_hours(hours), words[7]).unwrap()
}

fn sight(windows: &[&str], at: &str) -> (bool, Option<String>) {
    let windows: Windows = windows.iter().map(|text| window(text)).collect();
    let Sight { open, until } = windows.at(at.parse().unwrap());
    (open, until.map(|until| until.to_string()))
}

#[test]
fn office_hours_are_those_of_the_place() {
    let hours = ["allow 0 9 * * mon-fri 8h Europe/Berlin"];
    let until = |text: &str| Some(text.to_owned());
    assert_eq!(sight(&hours, "2026-01-05T08:00:00Z"), (true, until("2026-01-05T16:00:00Z")));
    assert_eq!(sight(&hours, "2026-07-03T07:59:59Z"), (true, until("2026-07-03T15:00:00Z")));
    assert_eq!(sight(&hours, "2026-07-03T15:00:00Z"), (false, until("2026-07-06T07:00:00Z")));
    let but = [hours[0], "deny 0 0 24-26 12 * 24h Europe/Berlin"];
    assert_eq!(sight(&but, "2026-12-23T20:00:00Z"), (false, until("2026-12-28T08:00:00Z")));
    assert_eq!(sight(&[], "2026-12-23T20:00:00Z"), (true, None));
}

#[test]
fn a_window_over_a_change_of_the_clocks_is_as_long_as_any_other() {
    let night = ["allow 0 22 * * sat 8h Europe/Berlin"];
    let until = |text: &str| Some(text.to_owned());
    // In spring an hour of the night is left out, in autumn one comes twice.
    assert_eq!(sight(&night, "2026-03-28T21:00:00Z"), (true, until("2026-03-29T05:00:00Z")));
    assert_eq!(sight(&night, "2026-10-24T20:00:00Z"), (true, until("2026-10-25T04:00:00Z")));
    let gap = ["allow 30 2 29 3 * 1h Europe/Berlin"];
    assert_eq!(sight(&gap, "2026-03-29T00:59:59Z"), (false, until("2026-03-29T01:00:00Z")));
    let twice = ["allow 30 2 25 10 * 1h Europe/Berlin"];
    assert_eq!(sight(&twice, "2026-10-25T00:30:00Z"), (true, until("2026-10-25T01:30:00Z")));
    let (open, until) = sight(&twice, "2026-10-25T01:30:00Z");
    assert!(!open && until.is_some_and(|until| until.starts_with("2027-10-25")));
}

#[test]
fn windows_that_are_longer_than_the_time_between_them_never_close() {
    assert_eq!(sight(&["allow 0 */4 * * * 5h UTC"], "2026-01-01T00:00:00Z"), (true, None));
    assert_eq!(sight(&["deny 0 0 * * * 24h UTC"], "2026-01-01T00:00:00Z"), (false, None));
    let leap = ["allow 0 0 29 2 * 1h UTC"];
    let next = Some("2028-02-29T00:00:00Z".to_owned());
    assert_eq!(sight(&leap, "2024-02-29T01:00:00Z"), (false, next));
}

#[test]
fn the_last_and_the_second_of_a_weekday_in_a_month_can_be_named() {
    let next = |text: &str| sight(&[text], "2026-01-01T00:00:00Z").1.unwrap();
    assert_eq!(next("allow 0 0 L * * 1h UTC"), "2026-01-31T00:00:00Z");
    assert_eq!(next("allow 0 0 * * fri#2 1h UTC"), "2026-01-09T00:00:00Z");
    assert_eq!(next("allow 0 0 * * fri#L 1h UTC"), "2026-01-30T00:00:00Z");
    assert_eq!(next("allow 0 0 13 * fri 1h UTC"), "2026-01-02T00:00:00Z", "either");
}

#[test]
fn what_is_never_open_is_told() {
    let told = |windows: &[&str]| {
        let windows: Windows = windows.iter().map(|text| window(text)).collect();
        windows.doubts("2026-01-01T00:00:00Z".parse().unwrap())
    };
    let none: [String; 0] = [];
    assert_eq!(told(&["allow 0 9 * * mon-fri 8h UTC", "deny 0 12 * * * 1h UTC"]), none);
    let never = told(&["allow 0 0 30 2 * 1h UTC", "allow 0 9 * * * 8h UTC"]);
    assert_eq!(never, ["\"allow 0 0 30 2 * 1h UTC\" does not begin within 10 years"]);
    let covered =
        told(&["allow 0 9 * * * 2h UTC", "deny 0 8 * * * 4h UTC", "allow 0 0 * * * 1h UTC"]);
    assert_eq!(
        covered,
        ["\"allow 0 9 * * * 2h UTC\" is never open, as deny windows cover all of it"]
    );
    let closed = told(&["deny 0 0 * * * 24h UTC"]);
    assert_eq!(
        closed,
        ["no time within 10 years is open, so nothing but the first commit is published"]
    );
}

#[test]
fn what_is_wrong_with_a_window_is_said() {
    let wrong = |fields: &str, seconds: u64, zone: &str| {
        let fields: Vec<_> = fields.split(' ').collect();
        let length = Duration::from_secs(seconds);
        Window::new("it", Rule::Allow, fields.try_into().unwrap(), length, zone)
            .unwrap_err()
            .to_string()
    };
    for (fields, part) in [
        ("60 * * * *", "wrong minute, \"60\"; write numbers (0 to 59)"),
        ("mon * * * *", "wrong minute, \"mon\""),
        ("0 24 * * *", "wrong hour, \"24\""),
        ("0 9-x * * *", "wrong hour, \"9-x\""),
        ("0 0 32 * *", "wrong day of the month, \"32\""),
        ("0 0 0 * *", "wrong day of the month, \"0\""),
        ("0 0 * 13 *", "wrong month, \"13\""),
        ("0 0 * june *", "wrong month, \"june\""),
        ("0 0 * * 8", "wrong weekday, \"8\""),
        ("0 0 * * monday", "wrong weekday, \"monday\""),
        ("0 */0 * * *", "wrong hour, \"*/0\""),
        (", 0 * * *", "names no minute"),
    ] {
        let told = wrong(fields, 60, "UTC");
        assert!(told.contains(part), "{fields}: {told}");
    }
    assert!(wrong("0 0 * * *", 0, "UTC").contains("from 1s to 366 days"));
    assert!(wrong("0 0 * * *", 367 * 86_400, "UTC").contains("from 1s to 366 days"));
    assert!(wrong("0 0 * * *", 60, "Berlin").contains("unknown time zone, \"Berlin\""));
    assert!(wrong("0 0 * * *", 60, "+02:00").contains("such as Europe/Berlin"));
}
