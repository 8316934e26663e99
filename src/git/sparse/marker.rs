//! Goes through paths in order, so that what is said of a directory is found once for all that is in
//! it. In another order it is right too, and slower.

use crate::git::sparse::{Descent, Sparse};
use gix::bstr::{BStr, BString, ByteSlice};

/// Says of one path after the other whether it is written.
#[derive(Debug)]
pub(crate) struct Marker<'a> {
    sparse: &'a Sparse,
    top: Level,
    /// The directory that was looked at last, and each that leads to it. No level is below one that
    /// says all about what is in it.
    directory: BString,
    levels: Vec<Level>,
    /// How many directories were looked at.
    #[cfg(test)]
    pub(super) entered: usize,
}

/// What is known of a directory.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// How long its path is.
    length: usize,
    is_included: bool,
    descent: Descent,
}

impl<'a> Marker<'a> {
    pub(crate) fn new(sparse: &'a Sparse) -> Self {
        let (is_included, descent) = sparse.enter(BStr::new(""), false);
        let top = Level { length: 0, is_included, descent };
        Self {
            sparse,
            top,
            directory: BString::default(),
            levels: Vec::new(),
            #[cfg(test)]
            entered: 0,
        }
    }

    /// Whether a file, symlink or submodule is written.
    pub(crate) fn includes(&mut self, path: &BStr) -> bool {
        let directory = path.rfind_byte(b'/').map_or(0, |slash| slash);
        let above = self.go_to(path.get(..directory).unwrap_or_default().as_bstr());
        match above.descent {
            Descent::Nothing => false,
            Descent::Whole => true,
            Descent::Part if self.sparse.is_cone() => {
                above.is_included || self.sparse.names_itself(path)
            }
            Descent::Part => self.sparse.verdict(path, false).unwrap_or(above.is_included),
        }
    }

    /// How much of a directory may be written.
    pub(crate) fn descent(&mut self, directory: &BStr) -> Descent {
        self.go_to(directory).descent
    }

    /// What is said of a directory, or of the first above it that says all.
    fn go_to(&mut self, directory: &BStr) -> Level {
        let known = |level: &Level| {
            let above = self.directory.get(..level.length);
            above.is_some_and(|above| {
                directory.starts_with(above)
                    && matches!(directory.get(level.length), None | Some(b'/'))
            })
        };
        let common = self.levels.iter().take_while(|level| known(level)).count();
        self.levels.truncate(common);
        let mut level = self.levels.last().copied().unwrap_or(self.top);
        while level.descent == Descent::Part && level.length < directory.len() {
            let begin = if level.length == 0 { 0 } else { level.length + 1 };
            let rest = directory.get(begin..).unwrap_or_default();
            let length = rest.find_byte(b'/').map_or(directory.len(), |slash| begin + slash);
            let next = directory.get(..length).unwrap_or_default().as_bstr();
            let (is_included, descent) = self.sparse.enter(next, level.is_included);
            level = Level { length, is_included, descent };
            self.levels.push(level);
            #[cfg(test)]
            {
                self.entered += 1;
            }
        }
        if self.directory != directory {
            self.directory.clear();
            self.directory.extend_from_slice(directory);
        }
        level
    }
}
