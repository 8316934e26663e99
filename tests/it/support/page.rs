//! A page for people, taken apart: its headings, its links, its blocks of code and its prose.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of Markdown in the project.
pub(crate) struct Page {
    /// Where it is, from the top of the project.
    pub(crate) path: PathBuf,
    /// Its blocks of code.
    pub(crate) blocks: Vec<Block>,
    /// The lines outside blocks of code, with their numbers.
    pub(crate) prose: Vec<(usize, String)>,
}

/// A block of code between fences.
pub(crate) struct Block {
    /// The line at which it begins.
    pub(crate) line: usize,
    /// The line at which it ends.
    pub(crate) end: usize,
    /// What stands behind the fence.
    pub(crate) language: String,
    /// What is between the fences, with the indentation of the fence taken away where there is as much.
    pub(crate) code: String,
}

/// The top of the project.
pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All pages for people.
pub(crate) fn all() -> Vec<Page> {
    let mut waiting = ["README.md", "CHANGELOG.md", "docs", "deploy"].map(PathBuf::from).to_vec();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        let whole = project().join(&path);
        if whole.is_dir() {
            let entries = fs::read_dir(whole).unwrap();
            waiting.extend(entries.map(|entry| path.join(entry.unwrap().file_name())));
        } else if path.extension().is_some_and(|kind| kind == "md") {
            found.push(Page::of(path, &fs::read_to_string(whole).unwrap()));
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(found.len() > 20, "the pages are not where they were");
    found
}

impl Page {
    /// Takes a text apart.
    pub(crate) fn of(path: PathBuf, text: &str) -> Self {
        let mut page = Self { path, blocks: Vec::new(), prose: Vec::new() };
        let mut lines = text.lines().enumerate();
        while let Some((at, line)) = lines.next() {
            let Some(language) = line.trim().strip_prefix("```") else {
                page.prose.push((at + 1, line.to_owned()));
                continue;
            };
            let indent = line.len() - line.trim_start().len();
            let mut code = String::new();
            let mut end = at + 1;
            for (number, line) in lines.by_ref() {
                end = number + 1;
                if line.trim() == "```" {
                    break;
                }
                let blanks = line.len() - line.trim_start_matches(' ').len();
                code.push_str(line.split_at(blanks.min(indent)).1);
                code.push('\n');
            }
            page.blocks.push(Block { line: at + 1, end, language: language.to_owned(), code });
        }
        page
    }

    /// Where something is, in words.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }

    /// The blocks of one language.
    pub(crate) fn blocks_of<'a>(&'a self, language: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| block.language.split(' ').next() == Some(language))
    }

    /// Says whether there is nothing but blank lines between two blocks.
    pub(crate) fn adjoin(&self, one: &Block, next: &Block) -> bool {
        let between = |(number, _): &&(usize, String)| (one.end..next.line).contains(number);
        one.end < next.line
            && self.prose.iter().filter(between).all(|(_, line)| line.trim().is_empty())
    }

    /// What stands between single backticks, with the line it is in. One may go over the end of a line.
    pub(crate) fn spans(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for (at, paragraph) in self.paragraphs() {
            let mut line = at;
            for (index, part) in paragraph.split('`').enumerate() {
                if index % 2 == 1 {
                    found.push((line, part.replace('\n', " ")));
                }
                line += part.matches('\n').count();
            }
        }
        found
    }

    /// Stretches of lines that are not empty, each with the number of its first one.
    fn paragraphs(&self) -> Vec<(usize, String)> {
        let mut found: Vec<(usize, String)> = Vec::new();
        let mut before = 0;
        for (number, line) in &self.prose {
            let goes_on = *number == before + 1 && !line.trim().is_empty() && !is_apart(line);
            before = if line.trim().is_empty() { 0 } else { *number };
            match found.last_mut().filter(|_| goes_on) {
                Some((_, text)) => {
                    text.push('\n');
                    text.push_str(line);
                }
                None => found.push((*number, line.clone())),
            }
        }
        found
    }

    /// Every link, with the line it is in.
    pub(crate) fn links(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for (at, paragraph) in self.paragraphs() {
            let text: String = paragraph.split('`').step_by(2).collect::<Vec<_>>().join("`");
            let mut rest = text.as_str();
            while let Some((before, target)) = rest.split_once("](") {
                let (target, after) = target.split_once(')').unwrap_or((target, ""));
                let line = at + text.matches('\n').count() - rest.matches('\n').count()
                    + before.matches('\n').count();
                found.push((line, target.to_owned()));
                rest = after;
            }
        }
        found
    }

    /// The anchors that a hosting service makes of the headings.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut found = Vec::new();
        for (_, line) in &self.prose {
            let level = line.chars().take_while(|letter| *letter == '#').count();
            let Some(heading) = line.get(level..).and_then(|rest| rest.strip_prefix(' ')) else {
                continue;
            };
            if !(1..=6).contains(&level) {
                continue;
            }
            let slug = slug(heading);
            let count = seen.entry(slug.clone()).or_default();
            found.push(if *count == 0 { slug } else { format!("{slug}-{count}") });
            *count += 1;
        }
        found
    }
}

/// Says whether a line begins something of its own: a heading, a row of a table, a point of a list.
fn is_apart(line: &str) -> bool {
    let line = line.trim_start();
    ["#", "|", "* ", "- "].iter().any(|mark| line.starts_with(mark))
}

/// Makes the anchor of a heading: small letters, blanks as hyphens, nothing else but letters,
/// digits, hyphens and underscores; of a link only its words.
fn slug(heading: &str) -> String {
    let mut words = String::new();
    let mut rest = heading.trim();
    while let Some((before, target)) = rest.split_once("](") {
        words.push_str(before);
        rest = target.split_once(')').map_or("", |(_, after)| after);
    }
    words.push_str(rest);
    let small = words.to_lowercase();
    let kept = small.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn headings_become_the_anchors_that_hosting_services_make() {
    let text =
        "# How *it* works\n\n## `--http-pprof`\n## A, b & c\n## [api](api.md) here\n## A, b & c\n";
    let page = Page::of("a.md".into(), text);
    let wanted = ["how-it-works", "--http-pprof", "a-b--c", "api-here", "a-b--c-1"];
    assert_eq!(page.anchors(), wanted);
}

#[test]
fn links_and_spans_are_found_over_the_ends_of_lines_and_not_in_code() {
    let text = "See [a\nb](c.md#d) and `--one\n--two`, `[no](link)`.\n\n- ```sh\n  x `y`\n  ```\n";
    let page = Page::of("a.md".into(), text);
    assert_eq!(page.links(), [(2, "c.md#d".to_owned())]);
    let spans: Vec<_> = page.spans().into_iter().map(|(_, text)| text).collect();
    assert_eq!(spans[0], "--one --two");
    let text = "a\n\n  ```sh\n  x `y`\n  ```\nb\n";
    let page = Page::of("a.md".into(), text);
    assert_eq!((page.blocks[0].line, page.blocks[0].code.as_str()), (3, "x `y`\n"));
}

#[test]
fn blocks_that_follow_each_other_are_told_from_those_with_words_between() {
    let text =
        "1. ```sh run\n   a\n b\n   ```\n\n   ```text\n     c\n   ```\n\nand\n\n```text\nd\n```\n";
    let page = Page::of("a.md".into(), text);
    assert_eq!(page.blocks.len(), 2, "the first stands behind the mark of a list");
    let text = text.replace("1. ", "   ");
    let page = Page::of("a.md".into(), &text);
    let code: Vec<_> = page.blocks.iter().map(|block| &*block.code).collect();
    assert_eq!(code, ["a\nb\n", "  c\n", "d\n"]);
    assert!(page.adjoin(&page.blocks[0], &page.blocks[1]));
    assert!(!page.adjoin(&page.blocks[1], &page.blocks[2]));
}
