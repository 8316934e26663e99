//! The words that ask for something else than syncing: `gitsyncd check` and the like. They stand
//! before the flags, which are the same as those of a run.
//!
//! What a command does is not known here. The commands themselves are in `table`.

mod table;

pub(super) use table::COMMANDS;

use crate::config::args::ACTIONS;
use crate::config::help;
use crate::config::names;
use crate::config::personality::Personality;
use crate::config::problem::Problem;
use crate::config::values;
use std::ffi::OsString;
use std::time::Duration;

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

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Check,
    Probe,
    Status,
    Sync,
    Rollback,
    Pin,
    Unpin,
    Completions,
    Help,
}

impl Task {
    /// Whether it is for a running gitsyncd, or else for its root, to do.
    pub(super) fn is_order(self) -> bool {
        matches!(self, Self::Sync | Self::Rollback | Self::Pin | Self::Unpin)
    }
}

/// A command as it was given.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) command: &'static Command,
    pub(super) operand: Option<String>,
    /// Whether the status is wanted as it is.
    pub(super) json: bool,
    /// Which repository is meant.
    pub(super) name: Option<String>,
    /// How long a good end is waited for.
    pub(super) wait: Option<Duration>,
}

impl Asked {
    /// Takes a flag of the command's own, with its value. What is wrong is not shown.
    fn take(&mut self, key: &str, value: Option<String>) -> Result<(), Problem> {
        let wrong = |complaint| Problem::new(format!("--{key}"), complaint);
        let text = |complaint| value.ok_or_else(|| wrong(complaint));
        match key {
            "json" => self.json = true,
            "wait" => {
                let text = text("needs a duration, as in --wait=30s")?;
                let unread = |_told| wrong("is not a duration; write 30s, 5m or 1h30m");
                self.wait = Some(values::duration(&text).map_err(unread)?);
            }
            _ => self.name = Some(text("needs the name of a repository")?),
        }
        Ok(())
    }
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

/// As long as a wrong word is that is shown.
const LONGEST_SHOWN: usize = 12;

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
    let is_operand = |arg: &OsString| is_word(arg) || command.task == Task::Help && is_option(arg);
    let operand = args.next_if(is_operand).map(|arg| arg.to_string_lossy().into_owned());
    if operand.is_some() && command.operand.is_none() {
        return Err(Problem::new(
            "argument 2",
            format!("nothing but flags can follow {}", command.word),
        ));
    }
    let before = 1 + usize::from(operand.is_some());
    let mut asked = Asked { command, operand, json: false, name: None, wait: None };
    let mut rest = Vec::new();
    while let Some(arg) = args.next() {
        let Some((switch, value)) = arg.to_str().and_then(|arg| command.switch(arg)) else {
            rest.push(arg);
            continue;
        };
        let next = || args.next().map(|value| value.to_string_lossy().into_owned());
        let value = match switch.metavar {
            Some(_) => value.map(str::to_owned).or_else(next).filter(|value| !value.is_empty()),
            None => None,
        };
        asked.take(switch.key, value)?;
    }
    Ok(Divided { asked: Some(asked), rest, before })
}

/// Says whether an argument is not a flag.
fn is_word(arg: &OsString) -> bool {
    !arg.is_empty() && !arg.as_encoded_bytes().starts_with(b"-")
}

/// Says whether an argument is the flag of an option, without a value.
fn is_option(arg: &OsString) -> bool {
    let flag = arg.to_str().and_then(|arg| arg.strip_prefix("--"));
    flag.is_some_and(|flag| names::flag(flag).is_some())
}

/// Says whether a word that is no command may be shown: it is as short and plain as commands are, and
/// so hardly a secret.
fn is_plain(word: &str) -> bool {
    word.len() <= LONGEST_SHOWN && word.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Finds the flag that a word would be with dashes before it, with its value or without.
fn flag(word: &str) -> Option<&'static str> {
    let word = word.split('=').next().unwrap_or_default();
    let action = ACTIONS.iter().find(|action| action.key == word).map(|action| action.key);
    action.or_else(|| names::flag(word).map(|(_, flag)| flag))
}

/// Finds the command of a word, which stands at this place.
pub(super) fn find(word: &str, place: &str) -> Result<&'static Command, Problem> {
    let known = COMMANDS.iter().find(|command| command.word == word);
    known.ok_or_else(|| {
        let words = || COMMANDS.iter().map(|command| command.word);
        let meant = match (flag(word), names::nearest(word, words())) {
            (Some(flag), _) => format!("--{flag} is a flag"),
            (None, Some(meant)) => format!("the nearest is {meant}"),
            (None, None) => format!(
                "there are {}; a run has only flags, as in --repo=URL",
                words().collect::<Vec<_>>().join(", ")
            ),
        };
        let named =
            if is_plain(word) { format!("command {word}") } else { "such command".to_owned() };
        Problem::new(place, format!("there is no {named}; {meant}"))
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
    pub(super) fn usage(&self, called_as: Personality) -> String {
        let operand = self.operand.map(|operand| format!(" [{operand}]")).unwrap_or_default();
        let switch = |it: &Switch| match it.metavar {
            Some(metavar) => format!(" [--{}={metavar}]", it.key),
            None => format!(" [--{}]", it.key),
        };
        let switches: String = self.switches.iter().map(switch).collect();
        let flags =
            if self.heeds.is_some_and(<[_]>::is_empty) { "" } else { " [--flag=value ...]" };
        format!("{} {}{operand}{switches}{flags}", called_as.label(), self.word)
    }

    /// The paragraphs of the manual.
    pub(super) fn paragraphs(&self, called_as: Personality) -> impl Iterator<Item = String> {
        self.long.split("\n\n").map(move |text| called_as.name_in(text))
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
    pub(super) fn help(&self, called_as: Personality) -> String {
        help::of_command(self, called_as)
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
            "argument 1: there is no command statsu; the nearest is status"
        );
        let told_all = told(&["hunter2-and-more"]);
        assert!(
            told_all
                .contains("check, probe, status, sync, rollback, pin, unpin, completions, help"),
            "{told_all}"
        );
        assert!(!told_all.contains("hunter2"), "{told_all}");
        assert_eq!(told(&["man"]), "argument 1: there is no command man; --man is a flag");
        assert_eq!(told(&["period"]), "argument 1: there is no command period; --period is a flag");
        assert_eq!(
            told(&["password=hunter2"]),
            "argument 1: there is no such command; --password is a flag"
        );
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
    fn a_wait_is_a_duration() {
        let wait = |words: &[&str]| of(words).map(|divided| divided.asked.unwrap().wait);
        let half = Some(Duration::from_secs(30));
        assert_eq!(wait(&["sync", "--wait=30s"]).unwrap(), half);
        assert_eq!(wait(&["probe", "/livez", "--wait", "30"]).unwrap(), half);
        assert_eq!(wait(&["sync"]).unwrap(), None);
        for (words, told) in [
            (&["sync", "--wait"][..], "--wait: needs a duration, as in --wait=30s"),
            (&["probe", "--wait="], "--wait: needs a duration, as in --wait=30s"),
            (&["sync", "--wait=hush"], "--wait: is not a duration; write 30s, 5m or 1h30m"),
            (&["sync", "--wait=-1s"], "--wait: is not a duration; write 30s, 5m or 1h30m"),
        ] {
            assert_eq!(wait(words).unwrap_err().to_string(), told);
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
