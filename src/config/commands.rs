//! The words that ask for something else than syncing: `gitsyncd check` and the like. They stand
//! before the flags, which are the same as those of a run.
//!
//! What a command does is not known here.

use crate::config::help;
use crate::config::names;
use crate::config::personality::Personality;
use crate::config::problem::Problem;
use std::ffi::OsString;

/// One command.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) word: &'static str,
    pub(super) task: Task,
    /// What may follow the word, as it is shown.
    pub(super) operand: Option<&'static str>,
    /// Flags of its own.
    pub(super) switches: &'static [Switch],
    /// The options that count; none means all of them.
    pub(super) heeds: Option<&'static [&'static str]>,
    /// One line of help.
    pub(super) short: &'static str,
    /// The manual: paragraphs with an empty line between them, code in backticks.
    pub(super) long: &'static str,
}

/// A flag that only commands have.
#[derive(Debug)]
pub(super) struct Switch {
    pub(super) key: &'static str,
    /// What it takes, if it takes something.
    pub(super) metavar: Option<&'static str>,
    /// One line of help.
    pub(super) short: &'static str,
}

const JSON: Switch =
    Switch { key: "json", metavar: None, short: "Print the status as it is, in JSON" };
const NAME: Switch =
    Switch { key: "name", metavar: Some("NAME"), short: "Which of several repositories is meant" };

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Check,
    Probe,
    Status,
    Rollback,
    Pin,
    Unpin,
    Completions,
    Help,
}

impl Task {
    /// Whether it changes what is published.
    pub(super) fn is_order(self) -> bool {
        matches!(self, Self::Rollback | Self::Pin | Self::Unpin)
    }
}

/// Every command, in the order of the documentation.
pub(super) const COMMANDS: &[Command] = &[
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
        switches: &[],
        heeds: Some(&["config", "http-bind", "ca-file"]),
        short: "Ask a server whether it is well, as curl would",
        long: "It asks for an `http://` or `https://` URL, or for a path such as `/healthz` at the \
               address of `--http-bind`; without either, for `/readyz` there. Where that address is \
               all addresses, the one of this machine is asked. It prints what came back in one \
               line and takes five seconds at most. Redirects are not followed and proxies are not \
               used. Other options do not matter.\n\n\
               Exit codes: `0` for an answer from 200 to 299, `1` for any other or none, `2` if it \
               cannot be known what to ask.",
    },
    Command {
        word: "status",
        task: Task::Status,
        operand: Some("ROOT or URL"),
        switches: &[JSON, NAME],
        heeds: Some(&["config", "http-bind", "root", "api-token-file", "ca-file"]),
        short: "Show what is published and how the last sync went",
        long: "It asks the API of a gitsyncd at a URL or at the address of `--http-bind`, or else \
               reads the status file in the root, and says which of them it was. Where the file of \
               `--config` lists several repositories, it shows all of them, or the one of `--name`. The token of \
               `--api-token-file` is sent only to a server that wants one. `--json` prints the status as it \
               is.\n\n\
               Exit codes: `0` if something is published and the last attempt did not fail, `1` if \
               not or if no status can be had, `2` if the options are wrong.",
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
               cannot be had, the next sync goes on from there, and the exit code is `1`.",
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
        operand: Some("COMMAND"),
        switches: &[],
        heeds: Some(&[]),
        short: "Show this help, or that of a command",
        long: "`gitsyncd help check` tells about `check`; so does `gitsyncd check --help`.",
    },
];

/// A command as it was given.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) command: &'static Command,
    pub(super) operand: Option<String>,
    /// Whether the status is wanted as it is.
    pub(super) json: bool,
    /// Which repository is meant.
    pub(super) name: Option<String>,
}

/// The arguments, divided.
#[derive(Debug)]
pub(super) struct Divided {
    pub(super) asked: Option<Asked>,
    /// Those that are no words before the flags.
    pub(super) rest: Vec<OsString>,
    /// How many arguments came before these.
    pub(super) before: usize,
}

/// Takes the words before the flags. What they say is not shown if it is wrong, as it may be a
/// secret that was meant for a flag.
///
/// Called as git-sync, a word that is no command is passed over later, as that program does.
pub(super) fn divide(
    args: impl Iterator<Item = OsString>,
    called_as: Personality,
) -> Result<Divided, Problem> {
    let mut args = args.peekable();
    let found = args.peek().filter(|arg| is_word(arg)).map(|arg| arg.to_string_lossy());
    let command = match found.map(|word| find(&word, "argument 1")).transpose() {
        Ok(Some(command)) => command,
        Err(problem) if !called_as.is_peer() => return Err(problem),
        Ok(None) | Err(_) => return Ok(Divided { asked: None, rest: args.collect(), before: 0 }),
    };
    args.next();
    let operand = args.next_if(is_word).map(|arg| arg.to_string_lossy().into_owned());
    if operand.is_some() && command.operand.is_none() {
        return Err(Problem::new(
            "argument 2",
            format!("nothing but flags can follow {}", command.word),
        ));
    }
    let before = 1 + usize::from(operand.is_some());
    let mut asked = Asked { command, operand, json: false, name: None };
    let mut rest = Vec::new();
    while let Some(arg) = args.next() {
        let Some((switch, value)) = arg.to_str().and_then(|arg| command.switch(arg)) else {
            rest.push(arg);
            continue;
        };
        if switch.metavar.is_none() {
            asked.json = true;
            continue;
        }
        let next = || args.next().map(|value| value.to_string_lossy().into_owned());
        let value = value.map(str::to_owned).or_else(next).filter(|value| !value.is_empty());
        asked.name = Some(value.ok_or_else(|| {
            Problem::new(format!("--{}", switch.key), "needs the name of a repository")
        })?);
    }
    Ok(Divided { asked: Some(asked), rest, before })
}

/// Says whether an argument is not a flag.
fn is_word(arg: &OsString) -> bool {
    !arg.is_empty() && !arg.as_encoded_bytes().starts_with(b"-")
}

/// Finds the command of a word, which stands at this place.
pub(super) fn find(word: &str, place: &str) -> Result<&'static Command, Problem> {
    let known = COMMANDS.iter().find(|command| command.word == word);
    known.ok_or_else(|| {
        let words = || COMMANDS.iter().map(|command| command.word);
        let meant = match names::nearest(word, words()) {
            Some(meant) => format!("the nearest is {meant}"),
            None => format!(
                "there are {}; a run has only flags, as in --repo=URL",
                words().collect::<Vec<_>>().join(", ")
            ),
        };
        Problem::new(place, format!("there is no such command; {meant}"))
    })
}

impl Command {
    /// Finds the flag of its own that an argument is, and what is behind its equals sign.
    fn switch<'a>(&self, arg: &'a str) -> Option<(&'static Switch, Option<&'a str>)> {
        let flag = arg.strip_prefix("--")?;
        self.switches.iter().find_map(|switch| match flag.strip_prefix(switch.key)? {
            "" => Some((switch, None)),
            rest => {
                Some((switch, Some(rest.strip_prefix('=').filter(|_| switch.metavar.is_some())?)))
            }
        })
    }

    /// How it is called.
    pub(super) fn usage(&self) -> String {
        let operand = self.operand.map(|operand| format!(" [{operand}]")).unwrap_or_default();
        let switch = |it: &Switch| match it.metavar {
            Some(metavar) => format!(" [--{}={metavar}]", it.key),
            None => format!(" [--{}]", it.key),
        };
        let switches: String = self.switches.iter().map(switch).collect();
        let flags =
            if self.heeds.is_some_and(<[_]>::is_empty) { "" } else { " [--flag=value ...]" };
        format!("gitsyncd {}{operand}{switches}{flags}", self.word)
    }

    /// What its own flags are for, a sentence each.
    pub(super) fn own_flags(&self) -> Vec<String> {
        let told = |it: &Switch| match it.metavar {
            Some(metavar) => format!("`--{}={metavar}`: {}.", it.key, it.short),
            None => format!("`--{}`: {}.", it.key, it.short),
        };
        self.switches.iter().map(told).collect()
    }

    /// What `--help` behind it prints.
    pub(super) fn help(&self) -> String {
        help::of_command(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Divided, Problem> {
        divide(words.iter().map(OsString::from), Personality::Gitsyncd)
    }

    #[test]
    fn words_come_before_the_flags() {
        let divided = of(&["status", "/git", "--root=/a", "--json", "stray"]).unwrap();
        let asked = divided.asked.unwrap();
        assert_eq!(asked.command.task, Task::Status);
        assert_eq!((asked.operand.as_deref(), asked.json), (Some("/git"), true));
        assert_eq!((divided.rest, divided.before), (vec!["--root=/a".into(), "stray".into()], 2));
        let run = of(&["--one-time", "check"]).unwrap();
        assert!(run.asked.is_none() && run.rest.len() == 2 && run.before == 0);
        assert!(of(&["", "check"]).unwrap().asked.is_none());
    }

    #[test]
    fn a_word_that_is_no_command_is_told_with_the_nearest_and_not_shown() {
        let told = |words: &[&str]| of(words).unwrap_err().to_string();
        assert_eq!(
            told(&["statsu"]),
            "argument 1: there is no such command; the nearest is status"
        );
        let told_all = told(&["hunter2-and-more"]);
        assert!(
            told_all.contains("check, probe, status, rollback, pin, unpin, completions, help"),
            "{told_all}"
        );
        assert!(!told_all.contains("hunter2"), "{told_all}");
        assert_eq!(told(&["check", "hunter2"]), "argument 2: nothing but flags can follow check");
    }

    #[test]
    fn called_as_git_sync_the_commands_work_and_other_words_are_left() {
        let of = |word: &str| divide([word.into()].into_iter(), Personality::GitSync).unwrap();
        assert!(of("check").asked.is_some());
        assert_eq!(of("chekc").rest, ["chekc"]);
    }

    #[test]
    fn a_switch_of_one_command_is_no_switch_of_another() {
        let divided = of(&["check", "--json"]).unwrap();
        assert!(!divided.asked.unwrap().json);
        assert_eq!(divided.rest, ["--json"]);
        assert_eq!(of(&["check", "--name=a"]).unwrap().rest, ["--name=a"]);
    }

    #[test]
    fn a_repository_is_named_in_both_ways_of_giving_a_value() {
        let name = |words: &[&str]| of(words).unwrap().asked.unwrap().name;
        assert_eq!(name(&["pin", "--name=a", "--root=/a"]).as_deref(), Some("a"));
        assert_eq!(name(&["unpin", "--name", "a", "--root=/a"]).as_deref(), Some("a"));
        assert_eq!(name(&["status", "--names=a"]), None);
        for none in [&["pin", "--name"][..], &["pin", "--name="]] {
            assert_eq!(of(none).unwrap_err().to_string(), "--name: needs the name of a repository");
        }
    }

    #[test]
    fn what_a_command_heeds_are_options() {
        for command in COMMANDS {
            assert!(!command.short.ends_with('.') && command.long.ends_with('.'));
            for key in command.heeds.unwrap_or_default() {
                assert!(names::option(key).is_some(), "{key}");
            }
        }
    }
}
