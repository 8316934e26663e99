//! When to sync.

use crate::config::options::{Fallback, Many, Opt, PLAIN, Reading, Scope, reads, same, unless};

pub(super) const TIME: &[Opt] = &[
    Opt {
        key: "period",
        metavar: Some("DURATION"),
        fallback: Fallback::Text("60s"),
        peer: Some(Fallback::Text("10s")),
        short: "The rest between two syncs, or off for triggers only",
        long: "At least `10ms`, as a shorter rest would only keep the server busy. With `off` \
               only triggers start a sync, such as `--sync-on-signal`. After failures the rest \
               becomes longer, up to five minutes.\n\nThe variable `GITOPS_AUTO_SYNC` with a \
               false value means `off`; with a true value it changes nothing.",
        old: &[reads("wait", Reading::Seconds)],
        aliases: &[
            same("GITSYNC_SYNC_PERIOD"),
            reads("GITOPS_AUTO_SYNC", Reading::Off("off")),
            same("GITOPS_SYNC_INTERVAL"),
        ],
        ..PLAIN
    },
    Opt {
        key: "jitter",
        metavar: Some("DURATION|%"),
        fallback: Fallback::Text("10%"),
        peer: Some(Fallback::Text("0")),
        short: "How much a rest may vary at random",
        long: "A duration, or a share of the period such as `10%`. Many copies that started \
               together drift apart and do not ask the server all at once. It must be less than \
               the period; `0` switches it off.",
        ..PLAIN
    },
    Opt {
        key: "init-period",
        metavar: Some("DURATION"),
        fallback: Fallback::Text("1s"),
        peer: Some(Fallback::Words("as period")),
        short: "The rest until the first success",
        long: "It becomes longer with each failure, up to 30 seconds. At least `10ms`; `0` means the \
               period.",
        ..PLAIN
    },
    Opt {
        key: "sync-timeout",
        metavar: Some("DURATION"),
        fallback: Fallback::Text("120s"),
        short: "How long one sync may take",
        long: "Counted from the first word with the server until the link has moved. When the \
               time is over the work really stops and counts as a failure. At least `10ms`.",
        old: &[reads("timeout", Reading::Seconds)],
        ..PLAIN
    },
    Opt {
        key: "one-time",
        fallback: Fallback::Text("false"),
        scope: Scope::Process,
        short: "Exit after the first success",
        long: "For init containers and scripts. The exit code is 0 only if the commit was \
               published.",
        ..PLAIN
    },
    Opt {
        key: "sync-on-signal",
        metavar: Some("SIGNAL"),
        scope: Scope::Process,
        short: "Sync at once when this signal comes",
        long: "A name such as `SIGHUP` or `HUP`, or a number. Signals that stop the program \
               (`SIGTERM`, `SIGINT`), that cannot be caught, or that report a fault of the \
               program are refused.",
        ..PLAIN
    },
    Opt {
        key: "sync-window",
        metavar: Some("WINDOW"),
        many: Many::Semicolons,
        short: "When commits may be published, or may not be",
        long: "`KIND SCHEDULE DURATION [ZONE]`, such as `allow 0 9 * * mon-fri 8h Europe/Berlin`: \
               `allow` or `deny`, five fields of cron that say when the window begins, how long it \
               lasts, and the time zone of its clocks, `UTC` if none is named. Commits are \
               published when an allow window is open, or at any time if there is none, and never \
               while a deny window is open.\n\nOutside, a new commit is fetched and waits; it is \
               published when it is time, if the source can be asked then. The first publication, \
               rollback, pin and repair do not wait. Can be given more than once. More of it is in \
               `docs/sync-window.md`.",
        ..PLAIN
    },
    Opt {
        key: "max-failures",
        metavar: Some("N"),
        fallback: Fallback::Text("5"),
        peer: Some(Fallback::Text("0")),
        short: "Exit after so many failures in a row; -1 for never",
        long: "A success starts the count anew. `0` acts as `1`; any negative number means that \
               the program never gives up. A webhook or a changed file may start an attempt before \
               the wait after a failure is over; if that fails too, it does not count. Where a file lists \
               several repositories, the program ends only when each of them has failed too often.",
        old: &[unless("max-sync-failures", "0")],
        ..PLAIN
    },
    Opt {
        key: "init-max-failures",
        metavar: Some("N"),
        fallback: Fallback::Words("as max-failures"),
        short: "The same until the first success",
        long: "Numbers are read as for `--max-failures`.",
        ..PLAIN
    },
];
