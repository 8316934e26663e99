//! The table of all options: the one place that declares them.
//!
//! Flags, variables, `--help`, `--man`, `--print-config` and `docs/configuration.md` come from it.
//! What a value must look like is decided in `check`.

/// One option.
#[derive(Debug)]
pub(super) struct Opt {
    /// The name of the flag without dashes. The variables are made from it.
    pub(super) key: &'static str,
    /// The flag of one letter.
    pub(super) letter: Option<char>,
    /// What to call the value; none for a switch, which is on when it is named alone.
    pub(super) metavar: Option<&'static str>,
    /// What counts when nothing was given.
    pub(super) fallback: Fallback,
    /// Whether the value must not be seen.
    pub(super) secret: bool,
    /// One line of help.
    pub(super) short: &'static str,
    /// The manual: paragraphs with an empty line between them, code in backticks.
    pub(super) long: &'static str,
    /// Names in earlier versions of git-sync, first one first: each is a flag and a `GIT_SYNC_`
    /// variable.
    pub(super) old: &'static [Name],
    /// Whole names of other variables, first one first.
    pub(super) aliases: &'static [Name],
}

/// Another name of an option.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    pub(super) name: &'static str,
    pub(super) reading: Reading,
}

/// How the text under another name is to be read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reading {
    /// As under the proper name.
    Same,
    /// The same, but this text counts as not given.
    Unless(&'static str),
    /// It is a switch: off sets the option to this text, on does nothing.
    Off(&'static str),
    /// It is a switch: on sets the option to the first text, off to the second.
    Either(&'static str, &'static str),
}

/// What counts when an option was not given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fallback {
    /// It must be given.
    Required,
    /// It stays without a value.
    Nothing,
    /// This text.
    Text(&'static str),
    /// What these words say.
    Words(&'static str),
}

/// Options that belong together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) options: &'static [Opt],
}

const fn same(name: &'static str) -> Name {
    Name { name, reading: Reading::Same }
}

const fn unless(name: &'static str, text: &'static str) -> Name {
    Name { name, reading: Reading::Unless(text) }
}

const PLAIN: Opt = Opt {
    key: "",
    letter: None,
    metavar: None,
    fallback: Fallback::Nothing,
    secret: false,
    short: "",
    long: "",
    old: &[],
    aliases: &[],
};

/// Every option, in the order of the documentation.
pub(super) const GROUPS: &[Group] = &[
    Group { title: "What to follow", options: SOURCE },
    Group { title: "Where it goes", options: PLACE },
    Group { title: "When to sync", options: TIME },
    Group { title: "Who we are to the server", options: LOGIN },
    Group { title: "Telling how it goes", options: TELLING },
];

const SOURCE: &[Opt] = &[
    Opt {
        key: "repo",
        metavar: Some("URL"),
        fallback: Fallback::Required,
        short: "The repository to follow",
        long: "An `http://`, `https://`, `git://` or `file://` URL, or the path of a local \
               repository. A user name and a password inside the URL are used and never shown; \
               `--username` and `--password-file` are better places for them.",
        aliases: &[same("GITOPS_BASE_REPO_URL")],
        ..PLAIN
    },
    Opt {
        key: "ref",
        metavar: Some("NAME"),
        fallback: Fallback::Text("HEAD"),
        short: "The branch, tag, full ref name or commit id",
        long: "A short name is looked up as Git does: a tag comes before a branch of the same \
               name. `HEAD` is what the server calls its default branch. A commit must be given \
               by its full id; it is fetched once and never changes.",
        old: &[unless("rev", "HEAD"), same("branch")],
        aliases: &[same("GITSYNC_BRANCH"), same("GITOPS_BRANCH")],
        ..PLAIN
    },
    Opt {
        key: "depth",
        metavar: Some("N"),
        fallback: Fallback::Text("1"),
        short: "How many commits of history to keep; 0 keeps all",
        long: "Only the history gets shorter, never the directory. With `1` the least is fetched.",
        ..PLAIN
    },
    Opt {
        key: "submodules",
        metavar: Some("MODE"),
        fallback: Fallback::Text("off"),
        short: "What to do with submodules: only off for now",
        long: "Submodules stay empty directories. Any value but `off` is refused, so that nobody \
               waits for files that do not come.",
        ..PLAIN
    },
];

const PLACE: &[Opt] = &[
    Opt {
        key: "root",
        metavar: Some("DIR"),
        fallback: Fallback::Text("/git"),
        short: "The working directory",
        long: "Everything is kept below it: the repository in `.git`, the trees in `.worktrees`, \
               the status in `.git-sync`. It is made if it is missing. A relative path counts \
               from the current directory.",
        aliases: &[same("GITOPS_LOCAL_PATH")],
        ..PLAIN
    },
    Opt {
        key: "link",
        metavar: Some("PATH"),
        fallback: Fallback::Text("latest"),
        short: "The symlink that readers use",
        long: "It always names the whole tree of one commit and moves in one step. A relative \
               path counts from the root. It cannot be the root, above the root, or inside of \
               `.git`, `.worktrees` or `.git-sync`.",
        old: &[same("dest")],
        ..PLAIN
    },
    Opt {
        key: "trees",
        metavar: Some("MODE"),
        fallback: Fallback::Text("prepared"),
        short: "How trees are made: prepared, reused or fresh",
        long: "With `prepared`, a private copy of the published tree is made when there is nothing \
               else to do, and the next commit changes only what differs in it. The copy shares \
               blocks with the tree where the file system can (reflink), else it shares files \
               (hardlinks); where neither is possible, trees are written as with `fresh`. Where \
               files are shared, what a reader writes into a file of one tree shows in others \
               until it is noticed: mount the tree read-only, or use `fresh`.\n\nWith `reused`, \
               the tree that was replaced last is changed and published again: the least work, \
               for readers that go through the link at each use, since files change under those \
               that stayed in it.\n\nWith `fresh`, every file of every commit is written.",
        ..PLAIN
    },
    Opt {
        key: "drift",
        metavar: Some("MODE"),
        fallback: Fallback::Text("repair"),
        short: "If the tree is changed: repair, report, off",
        long: "At each sync the size, time and mode of some files are compared with what was \
               published, going round, and of all files at the start. With `repair` a tree that \
               was changed is replaced in one step, with `report` there is a warning, and with \
               `off` only the link and the directory are looked at. Files that were added are not \
               seen.",
        ..PLAIN
    },
    Opt {
        key: "stale-worktree-timeout",
        metavar: Some("DURATION"),
        fallback: Fallback::Text("1m"),
        short: "How long a tree stays once replaced",
        long: "Readers that found their way through the link just before it moved can finish in \
               the old tree. `0` removes it at once.",
        ..PLAIN
    },
    Opt {
        key: "git-gc",
        metavar: Some("MODE"),
        fallback: Fallback::Text("auto"),
        short: "When to remove objects that nothing needs",
        long: "`auto` makes one pack of what is needed and removes the others when there are more \
               than 50 packs, or when all of them together are larger than twice the largest and \
               64 MiB more. `always` does so after each publication. `aggressive` is the same as \
               `always`, but takes more time to compress what has to be compressed anew; it looks \
               for no new deltas. `off` never does it: the repository grows with each change.\n\n\
               What is needed are the objects of the published commit, of the last five, of each \
               tree that has not gone yet, and of refs that others made. Syncs go on meanwhile.\n\n\
               The variable `GITSYNC_GARBAGE_COLLECTION` means `auto` if it is true and `off` if \
               it is false.",
        aliases: &[Name {
            name: "GITSYNC_GARBAGE_COLLECTION",
            reading: Reading::Either("auto", "off"),
        }],
        ..PLAIN
    },
];

const TIME: &[Opt] = &[
    Opt {
        key: "period",
        metavar: Some("DURATION"),
        fallback: Fallback::Text("60s"),
        short: "The rest between two syncs, or off for triggers only",
        long: "At least `10ms`, as a shorter rest would only keep the server busy. With `off` \
               only triggers start a sync, such as `--sync-on-signal`. After failures the rest \
               becomes longer, up to five minutes.\n\nThe variable `GITOPS_AUTO_SYNC` with a \
               false value means `off`; with a true value it changes nothing.",
        old: &[unless("wait", "0")],
        aliases: &[
            same("GITSYNC_SYNC_PERIOD"),
            Name { name: "GITOPS_AUTO_SYNC", reading: Reading::Off("off") },
            same("GITOPS_SYNC_INTERVAL"),
        ],
        ..PLAIN
    },
    Opt {
        key: "jitter",
        metavar: Some("DURATION|%"),
        fallback: Fallback::Text("10%"),
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
        short: "The rest between attempts until the first success",
        long: "It becomes longer with each failure, up to 30 seconds. At least `10ms`.",
        ..PLAIN
    },
    Opt {
        key: "sync-timeout",
        metavar: Some("DURATION"),
        fallback: Fallback::Text("120s"),
        short: "How long one sync may take",
        long: "Counted from the first word with the server until the link has moved. When the \
               time is over the work really stops and counts as a failure. At least `10ms`.",
        old: &[unless("timeout", "0")],
        ..PLAIN
    },
    Opt {
        key: "one-time",
        fallback: Fallback::Text("false"),
        short: "Exit after the first success",
        long: "For init containers and scripts. The exit code is 0 only if the commit was \
               published.",
        ..PLAIN
    },
    Opt {
        key: "sync-on-signal",
        metavar: Some("SIGNAL"),
        short: "Sync at once when this signal comes",
        long: "A name such as `SIGHUP` or `HUP`, or a number. Signals that stop the program \
               (`SIGTERM`, `SIGINT`), that cannot be caught, or that report a fault of the \
               program are refused.",
        ..PLAIN
    },
    Opt {
        key: "max-failures",
        metavar: Some("N"),
        fallback: Fallback::Text("5"),
        short: "Exit after so many failures in a row; -1 for never",
        long: "A success starts the count anew. `0` acts as `1`; any negative number means that \
               the program never gives up.",
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

const LOGIN: &[Opt] = &[
    Opt {
        key: "username",
        metavar: Some("NAME"),
        short: "The user name for the server",
        long: "May be left out where the password is a token that needs no name.",
        aliases: &[same("GITOPS_USERNAME")],
        ..PLAIN
    },
    Opt {
        key: "password",
        metavar: Some("TEXT"),
        secret: true,
        short: "The password or token; better by variable or by file",
        long: "A flag can be seen by everybody who may list processes, and a variable cannot \
               change while the program runs: `--password-file` has neither flaw. Cannot be given \
               together with it.",
        aliases: &[same("GITOPS_TOKEN")],
        ..PLAIN
    },
    Opt {
        key: "password-file",
        metavar: Some("FILE"),
        short: "A file that holds the password or token",
        long: "It is read again for each sync, so a token may be replaced at any time. A relative \
               path counts from the current directory.",
        ..PLAIN
    },
    Opt {
        key: "ca-file",
        metavar: Some("FILE"),
        short: "Certificates to trust in place of the system's",
        long: "A PEM file with one or more certificates of authorities. A relative path counts \
               from the current directory.",
        ..PLAIN
    },
];

const TELLING: &[Opt] = &[
    Opt {
        key: "touch-file",
        metavar: Some("FILE"),
        short: "A file to touch after each publication",
        long: "It is made if it is missing, and its time changes after the link moved. A relative \
               path counts from the root. It cannot be where the link or our own files are.",
        ..PLAIN
    },
    Opt {
        key: "error-file",
        metavar: Some("FILE"),
        short: "A file that holds the last error while there is one",
        long: "It is removed by the next success. A relative path counts from the root. It cannot \
               be where the link or our own files are.",
        ..PLAIN
    },
    Opt {
        key: "http-bind",
        metavar: Some("ADDRESS"),
        short: "Where to answer HTTP for probes and metrics",
        long: "`HOST:PORT`, `[::1]:PORT` for IPv6, or `:PORT` or `PORT` for all addresses. \
               Without it no port is opened.",
        ..PLAIN
    },
    Opt {
        key: "http-metrics",
        fallback: Fallback::Words("on when http-bind is set"),
        short: "Answer /metrics",
        long: "In the text format of Prometheus. Needs `--http-bind`.",
        ..PLAIN
    },
    Opt {
        key: "verbose",
        letter: Some('v'),
        metavar: Some("0-9"),
        fallback: Fallback::Text("0"),
        short: "How much to log",
        long: "`0` tells changes and failures, `9` everything.",
        ..PLAIN
    },
    Opt {
        key: "log-format",
        metavar: Some("FORMAT"),
        fallback: Fallback::Words("text on a terminal, else json"),
        short: "Log lines as text or json",
        long: "Logs go to standard error: `text` for people, `json` as one object a line.",
        ..PLAIN
    },
];
