//! The short help: one line for each option.

use crate::config::args::ACTIONS;
use crate::config::commands::{COMMANDS, Command};
use crate::config::options::{Fallback, GROUPS, Opt};
use crate::config::page;
use crate::config::page::Block;
use crate::config::personality::Personality;

/// How wide the first column is; what does not fit pushes the second aside.
const WIDTH: usize = 40;

/// Writes what `--help` prints; no line is longer than 100 letters.
pub(super) fn print(called_as: Personality) -> String {
    let mut lines = vec![
        format!("{} keeps a directory equal to a Git ref.", called_as.label()),
        String::new(),
        usage(called_as),
        String::new(),
        "Commands, instead of syncing:".to_owned(),
    ];
    lines.extend(COMMANDS.iter().map(|command| {
        let operand = command.operand.map(|operand| format!(" [{operand}]")).unwrap_or_default();
        left(&format!("  {}{operand}", command.word), command.short)
    }));
    for group in GROUPS {
        lines.extend([String::new(), format!("{}:", group.title)]);
        lines.extend(group.options.iter().map(|opt| {
            line(opt.letter, &flag(opt), &format!("{}{}", opt.short, fallback(opt, called_as)))
        }));
    }
    lines.extend([String::new(), "Texts, instead of syncing:".to_owned()]);
    lines.extend(
        ACTIONS
            .iter()
            .map(|action| line(action.letter, &format!("--{}", action.key), action.short)),
    );
    lines.push(
        "\nEach flag is also a variable: --sync-timeout is GITSYNC_SYNC_TIMEOUT. A duration is \
         written 30s,\n5m or 1h30m; a bare number means seconds. --man tells more.\n"
            .to_owned(),
    );
    lines.join("\n")
}

fn usage(called_as: Personality) -> String {
    match called_as {
        Personality::Gitsyncd => {
            "Usage: gitsyncd [COMMAND] --repo=URL [--flag=value ...]".to_owned()
        }
        Personality::GitSync => {
            "Called as git-sync, it takes the place of kubernetes/git-sync, with \
                                 its defaults.\n\nUsage: git-sync [COMMAND] --repo=URL --root=DIR \
                                 [--flag=value ...]"
                .to_owned()
        }
    }
}

/// Writes a flag with what it takes.
pub(super) fn flag(opt: &Opt) -> String {
    match opt.metavar {
        Some(metavar) => format!("--{}={metavar}", opt.key),
        None => format!("--{}", opt.key),
    }
}

fn line(letter: Option<char>, flag: &str, short: &str) -> String {
    let letter = letter.map_or_else(|| "   ".to_owned(), |letter| format!("-{letter},"));
    left(&format!("  {letter} {flag}"), short)
}

fn left(left: &str, right: &str) -> String {
    format!("{left:WIDTH$} {right}")
}

/// Writes what `--help` behind a command prints.
pub(super) fn of_command(command: &Command, called_as: Personality) -> String {
    let mut blocks = vec![
        Block::Heading(1, "Usage".to_owned()),
        Block::Paragraph(command.usage(called_as)),
        Block::Paragraph(format!("{}.", command.short)),
    ];
    blocks.extend(command.paragraphs(called_as).map(Block::Paragraph));
    blocks.extend(command.own_flags().into_iter().map(Block::Paragraph));
    let flags = match command.heeds {
        None => {
            let name = called_as.label();
            format!("The flags are those of a run: `{name} --help` lists them.")
        }
        Some([]) => String::new(),
        Some(keys) => {
            let keys: Vec<_> = keys.iter().map(|key| format!("`--{key}`")).collect();
            format!("Flags that count: {}.", keys.join(", "))
        }
    };
    blocks.extend((!flags.is_empty()).then_some(Block::Paragraph(flags)));
    page::plain(&blocks)
}

fn fallback(opt: &Opt, called_as: Personality) -> String {
    match opt.fallback(called_as) {
        Fallback::Required => " (required)".to_owned(),
        Fallback::Text(text) if !opt.is_switch() => format!(" [{text}]"),
        Fallback::Words(words) => format!(" [{words}]"),
        Fallback::Nothing | Fallback::Text(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::names;

    #[test]
    fn the_help_fits_a_terminal_and_names_every_option() {
        for called_as in [Personality::Gitsyncd, Personality::GitSync] {
            let text = print(called_as);
            for line in text.lines() {
                assert!(line.chars().count() <= 100, "{line}");
            }
            for opt in names::options() {
                let wanted = format!(" {} ", flag(opt));
                assert!(text.contains(&wanted), "{wanted} needs its own column");
            }
        }
    }
}
