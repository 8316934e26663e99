//! The short help: one line for each option.

use crate::config::args::ACTIONS;
use crate::config::options::{Fallback, GROUPS, Opt};
use crate::config::personality::Personality;

/// Where the second column begins.
const COLUMN: usize = 41;

/// Writes what `--help` prints; no line is longer than 100 letters.
pub(super) fn print(called_as: Personality) -> String {
    let mut lines = vec![
        "gitsyncd keeps a directory equal to a Git ref.".to_owned(),
        String::new(),
        usage(called_as),
    ];
    for group in GROUPS {
        lines.extend([String::new(), format!("{}:", group.title)]);
        lines.extend(group.options.iter().map(|opt| {
            line(opt.letter, &flag(opt), &format!("{}{}", opt.short, fallback(opt, called_as)))
        }));
    }
    lines.extend([String::new(), "Instead of syncing:".to_owned()]);
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
        Personality::Gitsyncd => "Usage: gitsyncd --repo=URL [--flag=value ...]".to_owned(),
        Personality::GitSync => {
            "Called as git-sync, it takes the place of kubernetes/git-sync, with \
                                 its defaults.\n\nUsage: git-sync --repo=URL --root=DIR \
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
    let left = format!("  {letter} {flag}");
    format!("{left:COLUMN$}{short}")
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
