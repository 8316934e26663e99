//! Makes the completions from the tables. Only the test that compares them needs this.

use crate::config::args::ACTIONS;
use crate::config::commands::{COMMANDS, Command, Task};
use crate::config::completions::SHELLS;
use crate::config::names;
use crate::config::options::{Many, Opt};
use crate::config::{Request, Surroundings, load};
use clap::{Arg, ArgAction, ValueHint};
use clap_complete::Shell;
use expect_test::expect_file;

/// What clap does not know of bash: it takes `--flag=value` apart at the equals sign.
const EQUALS: &str = r#"    if [[ "${cur}" == "=" ]]; then
        cur=""
    elif [[ "${prev}" == "=" && "${COMP_CWORD}" -ge 2 ]]; then
        prev="${COMP_WORDS[COMP_CWORD-2]}"
    fi
"#;

fn option(opt: &'static Opt) -> Arg {
    let arg = Arg::new(opt.key).long(opt.key).help(opt.short);
    let arg = opt.letter.map_or(arg.clone(), |letter| arg.short(letter));
    let Some(metavar) = opt.metavar else {
        return arg.action(ArgAction::SetTrue);
    };
    let action = if opt.many == Many::No { ArgAction::Set } else { ArgAction::Append };
    let arg = if opt.lone.is_some() { arg.num_args(0..=1).require_equals(true) } else { arg };
    let arg = arg.value_name(metavar).action(action).value_hint(hint(opt.key, metavar));
    if opt.choices.is_empty() { arg } else { arg.value_parser(opt.choices.to_vec()) }
}

fn hint(key: &str, metavar: &str) -> ValueHint {
    match metavar {
        "FILE" => ValueHint::FilePath,
        "DIR" => ValueHint::DirPath,
        "PATH" => ValueHint::AnyPath,
        "URL" if key.ends_with("repo") => ValueHint::AnyPath,
        _ => ValueHint::Other,
    }
}

fn switch(key: &'static str, help: &'static str) -> Arg {
    Arg::new(key).long(key).help(help).action(ArgAction::SetTrue)
}

fn actions() -> impl Iterator<Item = Arg> {
    ACTIONS.iter().map(|action| {
        let arg = switch(action.key, action.short);
        action.letter.map_or(arg.clone(), |letter| arg.short(letter))
    })
}

fn plain(name: &'static str) -> clap::Command {
    clap::Command::new(name).disable_help_flag(true).disable_version_flag(true)
}

fn command(command: &'static Command) -> clap::Command {
    let heeded = |opt: &&Opt| command.heeds.is_none_or(|keys| keys.contains(&opt.key));
    let operand = command.operand.map(|name| {
        let arg = Arg::new("operand").value_name(name);
        match command.task {
            Task::Completions => arg.value_parser(SHELLS.map(|(name, _)| name)),
            Task::Help => arg.value_parser(COMMANDS.iter().map(|it| it.word).collect::<Vec<_>>()),
            Task::Status => arg.value_hint(ValueHint::AnyPath),
            Task::Check | Task::Probe => arg.value_hint(ValueHint::Url),
            Task::Sync | Task::Rollback | Task::Pin | Task::Unpin => {
                arg.value_hint(ValueHint::Other)
            }
        }
    });
    plain(command.word)
        .about(command.short)
        .args(operand)
        .args(command.switches.iter().map(|own| match own.metavar {
            Some(metavar) => Arg::new(own.key).long(own.key).help(own.short).value_name(metavar),
            None => switch(own.key, own.short),
        }))
        .args(names::options().filter(heeded).map(option))
        .arg(switch("help", "Show a help of this command").short('h'))
}

/// What clap does not tell fish: the words that may follow a command.
fn operands() -> String {
    let operands = COMMANDS.iter().map(|command| {
        let words: Vec<_> = match command.task {
            Task::Completions => SHELLS.iter().map(|(name, _)| *name).collect(),
            Task::Help => COMMANDS.iter().map(|it| it.word).collect(),
            Task::Rollback => vec!["previous"],
            Task::Check
            | Task::Probe
            | Task::Status
            | Task::Sync
            | Task::Pin
            | Task::Unpin => {
                return String::new();
            }
        };
        let (word, words) = (command.word, words.join(" "));
        format!(
            "complete -c gitsyncd -n \"__fish_gitsyncd_using_subcommand {word}\" -f -a \"{words}\"\n"
        )
    });
    operands.collect()
}

fn made(shell: Shell) -> String {
    let mut program = plain("gitsyncd")
        .disable_help_subcommand(true)
        .args(names::options().map(option))
        .args(actions())
        .subcommands(COMMANDS.iter().map(command));
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut program, "gitsyncd", &mut text);
    let text = String::from_utf8(text).unwrap();
    if shell == Shell::Fish {
        return text + &operands();
    }
    if shell != Shell::Bash {
        return text;
    }
    let place = "    prev=\"$3\"\n";
    assert!(text.contains(place), "{text}");
    text.replacen(place, &format!("{place}{EQUALS}"), 1)
}

#[test]
fn the_completions_are_those_made_from_the_tables() {
    expect_file!["gitsyncd.bash"].assert_eq(&made(Shell::Bash));
    expect_file!["gitsyncd.zsh"].assert_eq(&made(Shell::Zsh));
    expect_file!["gitsyncd.fish"].assert_eq(&made(Shell::Fish));
}

#[test]
fn every_choice_of_the_table_is_one() {
    for opt in names::options() {
        let accepted = |choice: &str| {
            let choice = format!("--{}={choice}", opt.key);
            let args = ["gitsyncd", "--repo=/a", "--verify-key-dir=/keys", &choice];
            let args: Vec<_> = args.into_iter().map(Into::into).collect();
            let cwd = Surroundings { cwd: Some("/".into()), ..Surroundings::default() };
            matches!(load(args.into_iter(), std::iter::empty(), cwd), Ok(Request::Run { .. }))
        };
        for choice in opt.choices {
            assert!(accepted(choice), "--{}={choice}", opt.key);
        }
        let is_free = opt.choices.is_empty();
        assert!(is_free || !accepted("no-such-choice"), "--{} takes others too", opt.key);
    }
}
