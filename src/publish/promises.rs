//! What stock Git is told of a repository to which a source did not send all objects: where the rest
//! is promised to be (git-config: `extensions.partialClone`, `remote.<name>.promisor`). Without that,
//! Git takes for damage what is missing. What somebody else writes to the configuration stays.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::{Durable, replace_file};
use crate::model::{Filter, RepoUrl};
use crate::publish::Layout;
use std::fs;

/// Stands at the head of each section that is ours.
const OURS: &str = "# objects that the filter leaves out";

/// Tells Git where the objects are that a filter leaves out, or that there is no filter.
pub fn promise(layout: &Layout, repo: &RepoUrl, filter: Option<&Filter>) -> Result<(), DiskError> {
    let path = layout.git().join("config");
    let found = fs::read_to_string(&path).at("read", &path)?;
    let lines = filter.map(|filter| lines(&repo.to_string(), filter)).unwrap_or_default();
    let rest = without_ours(&found);
    // Other things may have been written behind it.
    let is_said = found.contains(&lines) && rest.len() + lines.len() == found.len();
    if is_said {
        return Ok(());
    }
    replace_file(&path, (rest + &lines).as_bytes(), Durable::Yes)
}

fn lines(url: &str, filter: &Filter) -> String {
    let is_of_trees = matches!(filter, Filter::Trees(_));
    let (url, filter) = (quoted(url), quoted(&filter.to_string()));
    // The last version that is named counts. Git refuses the extension in the first.
    let mut text = format!(
        "[core] {OURS}\n\trepositoryformatversion = 1\n\
         [extensions] {OURS}\n\tpartialClone = origin\n\
         [remote \"origin\"] {OURS}\n\turl = {url}\n\tpromisor = true\n\
         \tpartialclonefilter = {filter}\n"
    );
    if is_of_trees {
        // Or Git would want to know what is in directories that are left out.
        text += &["[index] ", OURS, "\n\tsparse = true\n"].concat();
    }
    text
}

/// A value in which nothing has a meaning of its own.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    ["\"", &escaped, "\""].concat()
}

/// What is ours in those sections.
const KEYS: [&str; 6] =
    ["repositoryformatversion", "partialclone", "url", "promisor", "partialclonefilter", "sparse"];

/// Takes out what is ours. A section into which somebody has written stays with that.
fn without_ours(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    // The head of our section, until something else is in it.
    let (mut ours, mut head) = (false, "");
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with('[') {
            ours = line.trim_end().ends_with(OURS);
            head = line;
            if ours {
                continue;
            }
        }
        let key = line.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        if ours && KEYS.contains(&key.as_str()) {
            continue;
        }
        if ours && !head.is_empty() {
            kept.push_str(head.trim_end().trim_end_matches(OURS).trim_end());
            kept.push('\n');
            head = "";
        }
        kept.push_str(line);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_promised_is_added_once_and_taken_away_again() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().to_owned(), dir.path().join("link"));
        let config = layout.git().join("config");
        fs::create_dir_all(layout.git()).unwrap();
        let before = "[core]\n\trepositoryformatversion = 0\n[user]\n\tname = Ada\n";
        fs::write(&config, before).unwrap();
        let repo: RepoUrl = "https://ada:secret@git.example/a\"b\\c".parse().unwrap();
        let text = |filter: Option<&str>| {
            let filter = filter.map(|filter| filter.parse().unwrap());
            promise(&layout, &repo, filter.as_ref()).unwrap();
            fs::read_to_string(&config).unwrap()
        };
        assert_eq!(text(None), before);
        let first = text(Some("blob:limit=1k"));
        assert!(first.starts_with(before) && first.contains("\"blob:limit=1024\""), "{first}");
        assert!(!first.contains("secret"), "{first}");
        assert_eq!(text(Some("blob:limit=1k")), first);
        fs::write(&config, first + "[alias]\n\tst = status\n").unwrap();
        let other = text(Some("tree:0"));
        assert!(other.contains("[alias]\n") && other.ends_with("sparse = true\n"), "{other}");
        assert_eq!(text(None), before.to_owned() + "[alias]\n\tst = status\n");
        let ours = text(Some("blob:none"));
        fs::write(&config, ours + "\tfetch = main\n").unwrap();
        assert!(text(None).ends_with("st = status\n[remote \"origin\"]\n\tfetch = main\n"));
    }
}
