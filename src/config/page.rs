//! A document in blocks, written as plain text for a terminal or as Markdown.

/// A piece of a document. Code within a paragraph is in backticks.
pub(super) enum Block {
    /// The title of a part, from level 1.
    Heading(u8, String),
    /// Running text.
    Paragraph(String),
    /// Lines to keep as they are.
    Code(String),
    /// Short lines, in an order.
    List(Vec<String>),
}

/// How wide running text is on a terminal, beside its margin.
const WIDTH: usize = 74;

/// Writes Markdown; only the test that compares the document needs it.
#[cfg(test)]
pub(super) fn markdown(blocks: &[Block]) -> String {
    let lines = |block: &Block| {
        let mut lines = match block {
            Block::Heading(level, title) => {
                vec![format!("{} {title}", "#".repeat(usize::from(*level)))]
            }
            Block::Paragraph(words) => wrap(words, 100),
            Block::Code(code) => vec![format!("```text\n{code}\n```")],
            Block::List(items) => numbered(items).collect(),
        };
        lines.push(String::new());
        lines
    };
    ended(&blocks.iter().flat_map(lines).collect::<Vec<_>>())
}

/// Writes a manual page in the language of `man`; only the test that compares it needs it.
#[cfg(test)]
pub(super) fn troff(title: &str, blocks: &[Block]) -> String {
    let lines = |block: &Block| -> Vec<String> {
        match block {
            Block::Heading(1 | 2, title) => {
                vec![format!(".SH \"{}\"", escaped(&title.to_uppercase()))]
            }
            Block::Heading(_, title) => vec![".TP".to_owned(), fonts(title)],
            Block::Paragraph(words) => vec![fonts(words), ".sp".to_owned()],
            Block::Code(code) => {
                let code = code.lines().map(|line| guarded(escaped(line)));
                let lines = [".RS 4", ".nf"].map(str::to_owned).into_iter().chain(code);
                lines.chain([".fi", ".RE", ".sp"].map(str::to_owned)).collect()
            }
            Block::List(items) => {
                numbered(items).flat_map(|item| [fonts(&item), ".br".to_owned()]).collect()
            }
        }
    };
    let head = format!(".TH {title} 1");
    let all: Vec<_> = std::iter::once(head).chain(blocks.iter().flat_map(lines)).collect();
    // The space before a heading is its own.
    let text = all.join("\n").replace(".sp\n.SH", ".SH").replace(".sp\n.TP", ".TP");
    format!("{}\n", text.trim_end_matches(".sp").trim_end())
}

/// Makes what is in backticks bold.
#[cfg(test)]
fn fonts(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(index, part)| {
        let part = escaped(part);
        if index % 2 == 0 { part } else { format!("\\fB{part}\\fR") }
    });
    guarded(parts.collect())
}

/// Takes the meaning from what means something to troff anywhere: a backslash, and a dash that is
/// none.
#[cfg(test)]
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('"', "\\(dq")
}

/// Takes the meaning from what begins a line and is a command to troff.
#[cfg(test)]
fn guarded(line: String) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}

/// Writes plain text, without backticks.
pub(super) fn plain(blocks: &[Block]) -> String {
    let bare = |text: &str| text.replace('`', "");
    let inner = |text: String| format!("      {text}");
    let gap = || std::iter::once(String::new());
    let lines = |block: &Block| -> Vec<String> {
        match block {
            Block::Heading(1 | 2, title) => vec![title.to_uppercase()],
            Block::Heading(_, title) => vec![format!("  {}", bare(title))],
            Block::Paragraph(words) => {
                wrap(&bare(words), WIDTH).into_iter().map(inner).chain(gap()).collect()
            }
            Block::Code(code) => {
                code.lines().map(|line| inner(format!("    {line}"))).chain(gap()).collect()
            }
            Block::List(items) => {
                numbered(items).map(|item| inner(bare(&item))).chain(gap()).collect()
            }
        }
    };
    ended(&blocks.iter().flat_map(lines).collect::<Vec<_>>())
}

fn numbered(items: &[String]) -> impl Iterator<Item = String> {
    items.iter().enumerate().map(|(index, item)| format!("{}. {item}", index + 1))
}

fn ended(lines: &[String]) -> String {
    format!("{}\n", lines.join("\n").trim_end())
}

/// Breaks lines between words.
fn wrap(words: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words.split_whitespace() {
        let is_full = line.chars().count() + 1 + word.chars().count() > width;
        if is_full && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_blocks_have_two_forms() {
        let blocks = [
            Block::Heading(2, "Title".into()),
            Block::Paragraph("Use `this`.".into()),
            Block::List(vec!["`one`".into()]),
            Block::Code("two".into()),
        ];
        assert_eq!(markdown(&blocks), "## Title\n\nUse `this`.\n\n1. `one`\n\n```text\ntwo\n```\n");
        assert_eq!(
            troff("NAME", &blocks),
            ".TH NAME 1\n.SH \"TITLE\"\nUse \\fBthis\\fR.\n.sp\n1. \\fBone\\fR\n.br\n.RS 4\n.nf\ntwo\n\
             .fi\n.RE\n"
        );
        assert_eq!(plain(&blocks), "TITLE\n      Use this.\n\n      1. one\n\n          two\n");
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrap("a bb ccc", 4), ["a bb", "ccc"]);
        assert_eq!(wrap("endless", 3), ["endless"]);
    }
}
