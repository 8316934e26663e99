//! All commands, with their help.

use crate::config::commands::{Command, Switch, Task};

const JSON: Switch =
    Switch { key: "json", metavar: None, short: "Print the status as it is, in JSON" };
const NAME: Switch =
    Switch { key: "name", metavar: Some("NAME"), short: "Which of several repositories is meant" };

const WAIT: Switch =
    Switch { key: "wait", metavar: Some("DURATION"), short: "How long to wait for the end of it" };
const WELL: Switch = Switch {
    key: "wait",
    metavar: Some("DURATION"),
    short: "How long to ask again until all is well",
};
const PATIENCE: Switch = Switch {
    key: "wait",
    metavar: Some("DURATION"),
    short: "How long to ask again until the answer is good",
};

/// Every command, in the order of the documentation.
pub(in crate::config) const COMMANDS: &[Command] = &[
    Command {
        word: "check",
        task: Task::Check,
        operand: None,
        switches: &[],
        heeds: None,
        short: "Look whether a run with these options would work",
        long: "It looks at the root, the link and the files that are named, tries the ports, and \
               asks the repository for the ref. Each line says `ok`, `warning` or `FAILED`, what was \
               found, and what to do about it. Nothing is fetched or published, and nothing stays \
               behind; a gitsyncd that is using the same root is not disturbed. `--sync-timeout` \
               bounds it.\n\n\
               Exit codes: `0` if nothing failed, `1` if something did, `2` if the options are wrong.",
    },
    Command {
        word: "probe",
        task: Task::Probe,
        operand: Some("URL"),
        switches: &[PATIENCE],
        heeds: Some(&["config", "http-bind", "ca-file"]),
        short: "Ask a server whether it is well, as curl would",
        long: "It asks for an `http://` or `https://` URL, or for a path such as `/healthz` at the \
               address of `--http-bind`; without either, for `/readyz` there. Where that address is \
               all addresses, the one of this machine is asked. It prints what came back in one \
               line and takes five seconds at most. Redirects are not followed and proxies are not \
               used. Other options do not matter.\n\n\
               With `--wait=30s` it asks again until the answer is good or that time is over, so that \
               scripts need no loop around it.\n\n\
               Exit codes: `0` for an answer from 200 to 299, `1` for any other or none, `2` if it \
               cannot be known what to ask.",
    },
    Command {
        word: "status",
        task: Task::Status,
        operand: Some("ROOT or URL"),
        switches: &[WELL, JSON, NAME],
        heeds: Some(&["config", "http-bind", "root", "api-token-file", "ca-file"]),
        short: "Show what is published and how the last sync went",
        long: "It asks the API of a gitsyncd at a URL or at the address of `--http-bind`, or else \
               reads the status file in the root, and says which of them it was. Where the file of \
               `--config` lists several repositories, it shows all of them, or the one of `--name`. The token of \
               `--api-token-file` is sent only to a server that wants one. `--json` prints the status as it \
               is.\n\n\
               With `--wait=1m` it asks again until all is well or that time is over, and shows how it is \
               then: after a start, until the first commit is there.\n\n\
               Exit codes: `0` if something is published and the last attempt did not fail, `1` if \
               not or if no status can be had, `2` if the options are wrong.",
    },
    Command {
        word: "sync",
        task: Task::Sync,
        operand: None,
        switches: &[WAIT, NAME],
        heeds: Some(&[
            "config",
            "http-bind",
            "root",
            "api-token-file",
            "ca-file",
            "pre-publish-exechook-command",
        ]),
        short: "Have a running gitsyncd look now, and tell how that ended",
        long: "A running gitsyncd is asked at the address of `--http-bind`, with the token of \
               `--api-token` or `--api-token-file`, for an attempt that begins now. With \
               `--wait=30s` its end is waited for, ten minutes at most, and told: what is \
               published, or what went wrong and what to check. Without it the command is over as \
               soon as it was heard. Of several repositories each is asked, or the one of \
               `--name`.\n\n\
               If nobody can be asked and no gitsyncd is using the root, one attempt is made here, with \
               the options that an earlier run noted in the root, as `gitsyncd unpin` would make it.\n\n\
               Exit codes: `0` if it was heard, or with `--wait` if the attempt ended well; `1` if \
               nobody heard it, if it failed, if the commit was refused, or if it was not over in \
               time; `2` if the options are wrong.",
    },
    Command {
        word: "rollback",
        task: Task::Rollback,
        operand: Some("previous or COMMIT"),
        switches: &[NAME],
        heeds: None,
        short: "Publish an earlier commit and stay there",
        long: "Without a word it is the commit that was published before. Publication stays at it, \
               over restarts too, until `gitsyncd unpin`.\n\n\
               A running gitsyncd is asked at the address of `--http-bind`, with the token of \
               `--api-token` or `--api-token-file`. If none listens there, the root itself is \
               changed, which needs no network for the commits that were published last and for \
               trees that are still there; what an earlier run noted in the root counts where \
               options such as `--repo`, `--ref` and `--link` are not given. That works only while \
               no gitsyncd is using the root.\n\n\
               Where there are several repositories, `--name` says which one is meant, and the file \
               of `--config` where its root is.\n\n\
               Exit codes: `0` if it is published, `1` if not, `2` if the options are wrong.",
    },
    Command {
        word: "pin",
        task: Task::Pin,
        operand: Some("COMMIT"),
        switches: &[NAME],
        heeds: None,
        short: "Stay at what is published, or at a commit",
        long: "Without a word it is the commit that is published now. All else is as with \
               `gitsyncd rollback`.",
    },
    Command {
        word: "unpin",
        task: Task::Unpin,
        operand: None,
        switches: &[NAME],
        heeds: None,
        short: "Follow the ref again",
        long: "It ends what `gitsyncd rollback` and `gitsyncd pin` began, and publishes what the \
               ref names. The running gitsyncd or the root is found as they find it. If the source \
               cannot be had, the next sync goes on from there, and the exit code is `1`. If no \
               window of `--sync-window` is open, what the ref names waits for one, which is told, \
               and the exit code is `0`.",
    },
    Command {
        word: "completions",
        task: Task::Completions,
        operand: Some("SHELL"),
        switches: &[],
        heeds: Some(&[]),
        short: "Print completions for a shell: bash, zsh or fish",
        long: "For bash, put `source <(gitsyncd completions bash)` into `~/.bashrc`. For zsh, write \
               them to a file `_gitsyncd` in a directory of `$fpath`. For fish, write them to \
               `~/.config/fish/completions/gitsyncd.fish`.",
    },
    Command {
        word: "help",
        task: Task::Help,
        operand: Some("COMMAND or OPTION"),
        switches: &[],
        heeds: Some(&[]),
        short: "Show this help, or that of a command or an option",
        long: "`gitsyncd help check` tells about `check`; so does `gitsyncd check --help`. \
               `gitsyncd help period` shows what the manual says of `--period`.",
    },
];
