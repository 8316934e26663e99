//! Files that are read again when they changed, and only then.

use crate::disk::look;
use crate::disk::look::{Look, Unread};
use crate::model::FileChoice;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A list that is made from all of some files.
#[derive(Debug)]
pub(super) struct Files<T> {
    choices: Vec<FileChoice>,
    seen: Mutex<Option<Seen<T>>>,
}

struct Seen<T> {
    looks: Vec<Look>,
    list: Arc<Vec<T>>,
}

impl<T> fmt::Debug for Seen<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").field("looks", &self.looks).finish_non_exhaustive()
    }
}

impl<T> Files<T> {
    pub(super) fn new(choices: Vec<FileChoice>) -> Self {
        Self { choices, seen: Mutex::new(None) }
    }

    /// Which files these are.
    pub(super) fn choices(&self) -> &[FileChoice] {
        &self.choices
    }

    /// The list as the files are now: the very same if no file changed. A file that is wrong is
    /// looked at anew each time.
    pub(super) fn current<E>(
        &self,
        parse: impl Fn(&FileChoice) -> Result<Vec<T>, E>,
    ) -> Result<Arc<Vec<T>>, E> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Before they are read, so that a change while they are read is seen the next time.
        let looks: Vec<_> = self.choices.iter().map(|choice| Look::at(&choice.path)).collect();
        let same = |last: &&Seen<T>| last.looks.iter().zip(&looks).all(|(a, b)| a.is_like(b));
        if let Some(last) = seen.as_ref().filter(same) {
            return Ok(Arc::clone(&last.list));
        }
        *seen = None;
        let mut list = Vec::new();
        for choice in &self.choices {
            list.extend(parse(choice)?);
        }
        let list = Arc::new(list);
        *seen = Some(Seen { looks, list: Arc::clone(&list) });
        Ok(list)
    }
}

/// Where was looked for files, none of which is there, in words. A directory that is not there stands
/// for all that would be in it.
pub(super) fn lacking(choices: &[FileChoice]) -> String {
    let mut places = Vec::new();
    for FileChoice { path, .. } in choices {
        let directory = path.parent().filter(|directory| Look::at(directory).is_nothing());
        let place = format!("{} (missing)", directory.unwrap_or(path).display());
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places.join(", ")
}

/// Reads a file that is no longer than `limit`; none if it is optional and not there. Bytes that are
/// no text become characters that nobody means.
pub(super) fn read(choice: &FileChoice, limit: u64) -> Result<Option<String>, Unread> {
    let Some(bytes) = look::read(&choice.path, limit)? else {
        return if choice.optional { Ok(None) } else { Err(Unread::missing()) };
    };
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.trim_start_matches('\u{feff}').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_list_is_made_anew_when_a_file_changed_and_only_then() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let perhaps = FileChoice::perhaps(dir.path().join("b"));
        let files = Files::new(vec![FileChoice::named(&path), perhaps.clone()]);
        let current = || files.current(|choice| read(choice, 9).map(|text| vec![text]));
        assert!(current().is_err());
        fs::write(&path, "one").unwrap();
        let first = current().unwrap();
        assert_eq!(*first, [Some("one".to_owned()), None]);
        assert!(Arc::ptr_eq(&first, &current().unwrap()));
        fs::write(&perhaps.path, "two").unwrap();
        assert_eq!(*current().unwrap(), [Some("one".to_owned()), Some("two".to_owned())]);
        fs::rename(&perhaps.path, &path).unwrap();
        assert_eq!(*current().unwrap(), [Some("two".to_owned()), None]);
    }

    #[test]
    fn a_directory_that_is_missing_stands_for_its_files() {
        let dir = tempfile::tempdir().unwrap();
        let nope = dir.path().join("nope");
        let choices =
            [nope.join("a"), nope.join("b"), dir.path().join("c")].map(FileChoice::perhaps);
        let place = dir.path().display();
        assert_eq!(lacking(&choices), format!("{place}/nope (missing), {place}/c (missing)"));
    }

    #[test]
    fn only_a_file_that_was_named_must_be_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("missing");
        assert!(read(&FileChoice::perhaps(&path), 9).unwrap().is_none());
        let missing = read(&FileChoice::named(&path), 9).unwrap_err().to_string();
        assert!(missing.starts_with("No such file"), "{missing}");
        fs::write(&path, "\u{feff}text").unwrap();
        let text = read(&FileChoice::named(&path), 9).unwrap();
        assert_eq!(text.as_deref(), Some("text"));
    }
}
