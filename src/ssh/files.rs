//! Files that are read again when they changed, and only then.

use crate::model::FileChoice;
use std::fmt;
use std::fs;
use std::io;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};

/// What tells one content of a file from another without reading it: where it is, how long, and
/// when it was changed.
type Stamp = [i64; 7];

/// A list that is made from all of some files.
#[derive(Debug)]
pub(super) struct Files<T> {
    choices: Vec<FileChoice>,
    seen: Mutex<Option<Seen<T>>>,
}

struct Seen<T> {
    stamps: Vec<Option<Stamp>>,
    list: Arc<Vec<T>>,
}

impl<T> fmt::Debug for Seen<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen").field("stamps", &self.stamps).finish_non_exhaustive()
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
        let stamps: Vec<_> = self.choices.iter().map(stamp).collect();
        if let Some(last) = seen.as_ref().filter(|last| last.stamps == stamps) {
            return Ok(Arc::clone(&last.list));
        }
        *seen = None;
        let mut list = Vec::new();
        for choice in &self.choices {
            list.extend(parse(choice)?);
        }
        let list = Arc::new(list);
        *seen = Some(Seen { stamps, list: Arc::clone(&list) });
        Ok(list)
    }
}

fn stamp(choice: &FileChoice) -> Option<Stamp> {
    let meta = fs::metadata(&choice.path).ok()?;
    let places = [meta.dev(), meta.ino(), meta.size()].map(u64::cast_signed);
    let [device, inode, size] = places;
    Some([device, inode, size, meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()])
}

/// Reads a file that is no longer than `limit`; none if it is optional and not there. Bytes that are
/// no text become characters that nobody means.
pub(super) fn read(choice: &FileChoice, limit: u64) -> io::Result<Option<String>> {
    let meta = match fs::metadata(&choice.path) {
        Err(error) if choice.optional && error.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        found => found?,
    };
    if meta.is_dir() {
        return Err(io::Error::other("it is a directory"));
    }
    if !meta.is_file() {
        // To open a pipe might wait for ever.
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(&choice.path)?.take(limit).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length == limit) {
        return Err(io::Error::other(format!("it is too long: {limit} bytes or more")));
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.trim_start_matches('\u{feff}').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn what_is_no_small_file_is_called_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("long");
        fs::write(&path, b"123456789").unwrap();
        let long = read(&FileChoice::named(path), 9).unwrap_err().to_string();
        assert_eq!(long, "it is too long: 9 bytes or more");
        let directory = read(&FileChoice::perhaps(dir.path()), 9).unwrap_err().to_string();
        assert_eq!(directory, "it is a directory");
        let device = read(&FileChoice::named("/dev/null"), 9).unwrap_err().to_string();
        assert_eq!(device, "it is not a regular file");
    }
}
