//! Texts to windows in which commits may be published.

use crate::config::check::Checker;
use crate::config::raw::Raw;
use crate::config::values;
use crate::model::{Rule, Window, Windows};

/// What stands at the end of each complaint.
const EXAMPLE: &str =
    "write KIND SCHEDULE DURATION [ZONE], as in \"allow 0 9 * * mon-fri 8h Europe/Berlin\"";

/// Reads them.
pub(super) fn windows(checker: &mut Checker<'_>, raw: &Raw) -> Windows {
    checker.read_many("sync-window", raw.sync_window.as_ref(), window).into_iter().collect()
}

/// Reads one: a kind, five fields of cron, a duration and perhaps a time zone.
fn window(text: &str) -> Result<Window, String> {
    let bad = |why: &str| Err(format!("{text:?} {why}; {EXAMPLE}"));
    let words: Vec<_> = text.split_whitespace().collect();
    let (kind, minute, hour, day, month, weekday, duration, zone) = match words.as_slice() {
        [kind, minute, hour, day, month, weekday, duration] => {
            (*kind, *minute, *hour, *day, *month, *weekday, *duration, "UTC")
        }
        [kind, minute, hour, day, month, weekday, duration, zone] => {
            (*kind, *minute, *hour, *day, *month, *weekday, *duration, *zone)
        }
        _ => return bad(&format!("has {} parts and not 7 or 8", words.len())),
    };
    let rule = match kind {
        "allow" => Rule::Allow,
        "deny" => Rule::Deny,
        _ => return bad("begins with neither allow nor deny"),
    };
    let Ok(length) = values::duration(duration) else {
        return bad(&format!("has {duration:?} where a duration such as 8h or 1h30m is to be"));
    };
    let fields = [minute, hour, day, month, weekday];
    Window::new(&words.join(" "), rule, fields, length, zone)
        .or_else(|error| bad(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{config, problems, warnings};

    #[test]
    fn windows_are_written_as_they_are_shown() {
        let given = config(&[
            "--sync-window=allow  0 9 * * mon-fri 8h  Europe/Berlin",
            "--sync-window=deny 0 0 1 1 * 24h",
        ]);
        let shown: Vec<_> = given.windows.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["allow 0 9 * * mon-fri 8h Europe/Berlin", "deny 0 0 1 1 * 24h"]);
    }

    #[test]
    fn what_is_no_window_is_told_with_one_that_is() {
        for (text, part) in [
            ("allow", "has 1 parts and not 7 or 8"),
            ("allow @daily 8h", "has 3 parts"),
            ("allow 0 9 * * mon-fri 8h Europe/Berlin x", "has 9 parts"),
            ("permit 0 9 * * mon-fri 8h", "begins with neither allow nor deny"),
            ("allow 0 9 * * mon-fri Europe/Berlin", "has \"Europe/Berlin\" where a duration"),
            ("allow 0 9 * * mon-fri 8h Berlin", "unknown time zone, \"Berlin\""),
            ("allow 0 9 * * mon-fri 0", "has a duration that is not from 1s to 366 days"),
            ("allow 0 9 * * mon-fri 1.5s", "whole seconds"),
            ("allow 0 25 * * * 8h", "has a wrong hour, \"25\""),
        ] {
            let told = problems(&[&format!("--sync-window={text}")]).join("\n");
            assert!(told.contains(part), "{text}: {told}");
            assert!(told.contains("as in \"allow 0 9 * * mon-fri 8h Europe/Berlin\""), "{told}");
            assert!(told.starts_with("--sync-window: "), "{told}");
        }
    }

    #[test]
    fn windows_that_never_open_are_warned_of() {
        let told = warnings(&[
            "--repo=/srv/a",
            "--sync-window=allow 0 0 30 2 * 1h",
            "--sync-window=allow 0 9 * * * 1h",
        ]);
        let never = "--sync-window: \"allow 0 0 30 2 * 1h\" does not begin within 10 years";
        assert_eq!(told, [never]);
    }
}
