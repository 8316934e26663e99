//! The manual of all options, from the table: `--man` and `docs/configuration.md`.

use crate::config::args::ACTIONS;
use crate::config::commands::COMMANDS;
use crate::config::help;
use crate::config::options::{Fallback, GROUPS, Many, Opt, Scope};
use crate::config::page;
use crate::config::page::Block;
use crate::config::personality::Personality;

/// Writes what `--man` prints.
pub(super) fn print(called_as: Personality) -> String {
    page::plain(&whole(called_as))
}

/// Writes what it says of one option.
pub(super) fn of_option(opt: &Opt, called_as: Personality) -> String {
    page::plain(&entry(opt, called_as))
}

fn whole(called_as: Personality) -> Vec<Block> {
    let name = called_as.label();
    let mut blocks = vec![
        Block::Heading(1, "Name".to_owned()),
        Block::Paragraph(format!("{name} - keeps a directory equal to a Git ref")),
        Block::Heading(1, "Usage".to_owned()),
        Block::Paragraph(format!("{name} [COMMAND] --repo=URL [--flag=value ...]")),
    ];
    blocks.extend(body(called_as));
    blocks
}

/// Writes `docs/configuration.md`.
#[cfg(test)]
fn markdown() -> String {
    let mut blocks = vec![
        Block::Heading(1, "Configuration".to_owned()),
        paragraph(
            "Every option of gitsyncd, with the names it goes by. `gitsyncd --man` prints the same \
             text, `gitsyncd --print-config` shows what would count in a given place and where \
             each value came from.",
        ),
        Block::Heading(2, "At a glance".to_owned()),
        Block::Code(help::print(Personality::Gitsyncd).trim_end().to_owned()),
    ];
    blocks.extend(body(Personality::Gitsyncd));
    format!(
        "<!-- Generated from the option table in src/config/options; do not edit.\n     \
         To write it anew: UPDATE_EXPECT=1 cargo test --lib config::manual -->\n\n{}",
        page::markdown(&blocks)
    )
}

fn body(called_as: Personality) -> Vec<Block> {
    let mut blocks = origins();
    blocks.extend(forms());
    blocks.extend(examples(called_as));
    for group in GROUPS {
        blocks.push(Block::Heading(2, group.title.to_owned()));
        blocks.extend(group.options.iter().flat_map(|opt| entry(opt, called_as)));
    }
    blocks.push(Block::Heading(2, "Commands".to_owned()));
    blocks.push(paragraph(
        "A word before the flags asks for something else than syncing. The flags and variables \
         are those of a run.",
    ));
    for command in COMMANDS {
        blocks.push(Block::Heading(3, format!("`{}`", command.usage(called_as))));
        blocks.push(Block::Paragraph(format!("{}.", command.short)));
        blocks.extend(command.paragraphs(called_as).map(Block::Paragraph));
        blocks.extend(command.own_flags().into_iter().map(Block::Paragraph));
    }
    blocks.push(Block::Heading(2, "Instead of syncing".to_owned()));
    for action in ACTIONS {
        let letter = action.letter.map(|letter| format!(", `-{letter}`")).unwrap_or_default();
        blocks.push(Block::Heading(3, format!("`--{}`{letter}", action.key)));
        blocks.push(Block::Paragraph(format!("{}.", action.short)));
    }
    blocks.push(Block::Heading(2, "Exit codes".to_owned()));
    blocks.push(paragraph(
        "`0`: done. `1`: failed. `2`: the options are wrong; every problem is told at once, and \
         nothing was started.",
    ));
    blocks
}

fn origins() -> Vec<Block> {
    let places = [
        "the flag: `--sync-timeout=90s`",
        "a flag by its old name, such as `--timeout`, with a warning",
        "the variable `GITSYNC_…`: `GITSYNC_SYNC_TIMEOUT=90s`",
        "the variable `GIT_SYNC_…`, by the same or an old name of the option",
        "other names, in the order in which the option lists them",
        "the file of `--config`: what it says of the repository, then what it says for all",
        "the default",
    ];
    vec![
        Block::Heading(2, "Where a value comes from".to_owned()),
        paragraph("Each option is read from the first of these places that says something:"),
        Block::List(places.map(str::to_owned).to_vec()),
        paragraph(
            "The variable of an option is `GITSYNC_` and its name in capitals, with underscores. \
             An empty variable counts as not set. An empty flag, such as `--http-bind=`, takes \
             away what a variable says, for options that can be without a value.",
        ),
        paragraph(
            "A flag that does not exist is an error. A variable that begins with `GITSYNC_` and \
             belongs to no option is a warning; those that Kubernetes sets for a Service named \
             `gitsync` are passed over. Of other programs' variables, those of curl and Git count \
             that `--proxy`, `--ca-file` and `--git-config-add` name.",
        ),
    ]
}

fn forms() -> Vec<Block> {
    vec![
        Block::Heading(2, "How values are written".to_owned()),
        paragraph(
            "A flag takes its value as `--flag=value` or `--flag value`; with one letter as \
             `-v=6`, `-v 6` or `-v6`. If it is repeated, the last one counts; where an option says so, \
             all of them.",
        ),
        paragraph(
            "A switch is on when it is named: `--one-time`. It takes a value only behind an equals \
             sign: `--one-time=false`. In a variable, `true`, `yes`, `on`, `1` and `false`, `no`, \
             `off`, `0` are understood.",
        ),
        paragraph(
            "In a file, the name of an option has no dashes before it: `sync-timeout: 90s`. Where several \
             values are possible there can be a list.",
        ),
        paragraph(
            "A duration is a number with a unit, or several: `250ms`, `1.5s`, `5m`, `1h30m`. The \
             units are `h`, `m`, `s`, `ms`, `us` and `ns`. A bare number means seconds and may have \
             a fraction.",
        ),
    ]
}

fn examples(called_as: Personality) -> Vec<Block> {
    let code = |text: &str| Block::Code(called_as.call(text));
    vec![
        Block::Heading(2, "Examples".to_owned()),
        paragraph("Follow a branch, look every thirty seconds, answer probes and metrics:"),
        code(
            "gitsyncd --repo=https://example.org/project.git --ref=main --root=/srv/project \\\n    \
             --period=30s --http-bind=:8080",
        ),
        paragraph("The same by variables:"),
        code(
            "GITSYNC_REPO=https://example.org/project.git GITSYNC_REF=main \\\n    \
             GITSYNC_ROOT=/srv/project GITSYNC_PERIOD=30s GITSYNC_HTTP_BIND=:8080 gitsyncd",
        ),
        paragraph("Fetch a private repository once, at a tag, and exit:"),
        code(
            "gitsyncd --repo=https://example.org/private.git --ref=v1.2.0 --root=/srv/private \\\n    \
             --username=reader --password-file=/run/secrets/token --one-time",
        ),
    ]
}

fn entry(opt: &Opt, called_as: Personality) -> Vec<Block> {
    let letter = match (opt.letter, opt.metavar) {
        (Some(letter), Some(metavar)) => format!(", `-{letter} {metavar}`"),
        (Some(letter), None) => format!(", `-{letter}`"),
        (None, _) => String::new(),
    };
    let mut blocks = vec![
        Block::Heading(3, format!("`{}`{letter}", help::flag(opt))),
        Block::Paragraph(format!("{}.", opt.short)),
    ];
    blocks.extend(opt.long.split("\n\n").map(paragraph));
    let variables: Vec<_> = opt
        .variables()
        .map(|(name, is_old)| if is_old { format!("`{name}` (old)") } else { format!("`{name}`") })
        .collect();
    let old: Vec<_> = opt.old.iter().map(|old| format!("`--{}`", old.word)).collect();
    let mut facts =
        vec![format!("{} Variables: {}.", defaults(opt, called_as), variables.join(", "))];
    if !old.is_empty() {
        facts.push(format!("Old flags: {}.", old.join(", ")));
    }
    match opt.many {
        Many::No => (),
        Many::Flags => facts.push("Each repeated flag counts.".to_owned()),
        Many::Colons => facts.push(
            "Each repeated flag counts; in a variable, put colons between several.".to_owned(),
        ),
        Many::Spaces => facts.push(
            "Each repeated flag counts; in a variable, put spaces between several.".to_owned(),
        ),
        Many::Semicolons => facts.push(
            "Each repeated flag counts; in a variable, put semicolons or line breaks between several."
                .to_owned(),
        ),
    }
    facts.extend(match opt.scope {
        Scope::One => Some("In a file of several repositories: for one of them only.".to_owned()),
        Scope::Process => {
            Some("In a file of several repositories: for all of them only.".to_owned())
        }
        Scope::Repository | Scope::File => None,
    });
    if !opt.choices.is_empty() {
        let choices: Vec<_> = opt.choices.iter().map(|choice| format!("`{choice}`")).collect();
        facts.push(format!("Values: {}.", choices.join(", ")));
    }
    if opt.is_secret() {
        facts.push("The value is never shown.".to_owned());
    }
    blocks.push(Block::Paragraph(facts.join(" ")));
    blocks
}

/// Says what counts if nothing is given, and what else under the other name.
fn defaults(opt: &Opt, called_as: Personality) -> String {
    match opt.peer {
        Some(peer) if !called_as.is_peer() => format!(
            "Default: {}; called as `git-sync`: {}.",
            fallback(opt.fallback),
            fallback(peer)
        ),
        Some(_) | None => format!("Default: {}.", fallback(opt.fallback(called_as))),
    }
}

fn fallback(fallback: Fallback) -> String {
    match fallback {
        Fallback::Required => "none, it must be given".to_owned(),
        Fallback::Nothing => "none".to_owned(),
        Fallback::Text(text) => format!("`{text}`"),
        Fallback::Words(words) => words.to_owned(),
    }
}

fn paragraph(text: &str) -> Block {
    Block::Paragraph(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::names;
    use expect_test::expect_file;

    #[test]
    fn the_document_in_the_repository_is_the_one_made_from_the_table() {
        expect_file!["../../docs/configuration.md"].assert_eq(&markdown());
    }

    #[test]
    fn the_manual_page_is_the_one_made_from_the_table() {
        let head = ".\\\" Generated from the tables in src/config; do not edit.\n\
                    .\\\" To write it anew: UPDATE_EXPECT=1 cargo test --lib config::\n";
        let page = format!("{head}{}", page::troff("GITSYNCD", &whole(Personality::Gitsyncd)));
        expect_file!["../../docs/gitsyncd.1"].assert_eq(&page);
    }

    #[test]
    fn the_manual_fits_a_terminal_and_names_every_variable() {
        let text = print(Personality::Gitsyncd);
        for line in text.lines() {
            assert!(line.chars().count() <= 100 && !line.contains('`'), "{line}");
        }
        for opt in names::options() {
            for (name, _) in opt.variables() {
                assert!(text.contains(&name), "{name}");
            }
        }
    }
}
