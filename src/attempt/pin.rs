//! Staying at one commit on request, whatever the ref names, over restarts too.
//!
//! The choice is a file in our own directory. It is written just before readers see the commit: a
//! crash between the two leaves a choice that the next start carries out. An attempt that fails
//! leaves the choice as it was, except that the end of a choice needs no success.

use crate::attempt::{AttemptError, Attempts};
use crate::disk::look::read_below;
use crate::disk::{DiskError, Durable, remove, replace_file};
use crate::model::{Cause, CommitId, Place, Reference, RepoUrl};
use crate::publish;
use crate::publish::Layout;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How long the file may be.
const LONGEST: u64 = 64 * 1024;

/// What somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// To publish this commit and stay at it.
    Pin(CommitId),
    /// To stay at what is published.
    Stay,
    /// To follow the ref again.
    Unpin,
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    commit: CommitId,
    /// Where it is from: in another repository it means nothing.
    repo: String,
    since: Timestamp,
}

/// What was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pinned {
    /// That is not known.
    #[default]
    Unknown,
    /// To follow the ref.
    Nothing,
    /// To stay at this.
    At(CommitId),
}

/// The choice, and what is to become of it.
#[derive(Debug)]
pub(super) struct Pin {
    path: PathBuf,
    repo: RepoUrl,
    /// What the file says, if it was read.
    kept: Pinned,
    asked: Option<Change>,
    /// Whether a choice has ended and readers may still see what was chosen.
    left: bool,
    /// Whether the file is about another repository.
    foreign: bool,
    /// What to go back to if the attempt fails; unknown if nothing was changed.
    before: Pinned,
}

impl Pin {
    /// Knows nothing yet.
    pub(super) fn new(layout: &Layout, repo: RepoUrl) -> Self {
        Self {
            path: layout.pin(),
            repo,
            kept: Pinned::Unknown,
            asked: None,
            left: false,
            foreign: false,
            before: Pinned::Unknown,
        }
    }

    /// What is chosen, as far as is known.
    pub(super) fn chosen(&self) -> &Pinned {
        &self.kept
    }

    /// The commit that is stayed at, as far as is known.
    fn commit(&self) -> Option<&CommitId> {
        match &self.kept {
            Pinned::At(commit) => Some(commit),
            Pinned::Unknown | Pinned::Nothing => None,
        }
    }

    /// Says whether somebody chose what readers see: a commit is stayed at, or is to be, or was
    /// until just now.
    pub(super) fn has_a_say(&self) -> bool {
        self.commit().is_some() || self.left || self.asked.is_some()
    }

    /// Says whether somebody chose the commit that is followed.
    pub(super) fn chooses(&self) -> bool {
        self.commit().is_some() || matches!(self.asked, Some(Change::Pin(_) | Change::Stay))
    }

    /// Says whether somebody asked just now for the commit that is followed.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self.asked, Some(Change::Pin(_) | Change::Stay))
    }

    /// Says whether somebody asked just now to follow the ref again.
    pub(super) fn is_to_end(&self) -> bool {
        self.asked == Some(Change::Unpin)
    }

    /// Readers see what the ref names.
    pub(super) fn caught_up(&mut self) {
        self.left = false;
    }

    /// Notes what this attempt is to change.
    pub(super) fn ask(&mut self, change: Option<Change>) {
        self.asked = change;
        self.before = Pinned::Unknown;
    }

    /// Another instance may write the file, so what was read does not count any more.
    pub(super) fn forget(&mut self) {
        self.kept = Pinned::Unknown;
    }

    /// Says whether a repository is the one that is followed, however it is written and reached.
    fn is_ours(&self, repo: &str) -> bool {
        let same = |place: Place| place.has_path_of(&Place::of(&self.repo));
        repo == self.repo.to_string() || Place::told(repo).is_some_and(same)
    }

    fn unreadable(&self, why: String) -> AttemptError {
        AttemptError::Pin { path: self.path.clone(), why }
    }

    /// Reads the file if that has not been done. One that cannot be understood is an error: to go
    /// on would be to leave a commit at which somebody wanted to stay.
    fn look(&mut self) -> Result<(), AttemptError> {
        if self.kept != Pinned::Unknown {
            return Ok(());
        }
        let kept = match read_below(&self.path, LONGEST) {
            Ok(None) => Pinned::Nothing,
            Ok(Some(text)) => match serde_json::from_slice::<Written>(&text) {
                Ok(written) if self.is_ours(&written.repo) => Pinned::At(written.commit),
                Ok(written) => {
                    let (commit, repo) = (written.commit, written.repo);
                    tracing::warn!(%commit, repo, "not staying at a commit of another repository");
                    self.foreign = true;
                    Pinned::Nothing
                }
                Err(error) => return Err(self.unreadable(error.to_string())),
            },
            Err(error) => return Err(self.unreadable(error.to_string())),
        };
        self.kept = kept;
        Ok(())
    }

    /// What is chosen, by the file if that has not been read.
    pub(super) fn read(&mut self) -> Result<&Pinned, AttemptError> {
        self.look()?;
        Ok(&self.kept)
    }

    /// Reads the file before any attempt. One that cannot be understood is told by the first.
    pub(super) fn look_ahead(&mut self) {
        if let Err(error) = self.look() {
            tracing::warn!(error = %Cause::of(&error), "this will be an obstacle");
        }
    }

    /// Begins what was asked for while this is live, and says what is to be followed instead of the
    /// ref.
    pub(super) fn begin(
        &mut self,
        live: impl FnOnce() -> Option<CommitId>,
    ) -> Result<Option<Reference>, AttemptError> {
        let looked = self.look();
        match &self.asked {
            Some(Change::Stay) => {
                let why = || "nothing is published that could be stayed at".to_owned();
                let live = live().ok_or_else(|| self.unreadable(why()))?;
                self.asked = Some(Change::Pin(live.clone()));
                return Ok(Some(Reference::Commit(live)));
            }
            // Whatever is in the file, it goes or is replaced.
            Some(Change::Unpin) => {
                remove(&self.path)?;
                self.left |= self.kept != Pinned::Nothing;
                self.kept = Pinned::Nothing;
            }
            Some(Change::Pin(commit)) => return Ok(Some(Reference::Commit(commit.clone()))),
            None => looked?,
        }
        if std::mem::take(&mut self.foreign) {
            // Or it would count again when the repository is the one before.
            remove(&self.path)?;
        }
        Ok(self.commit().map(|commit| Reference::Commit(commit.clone())))
    }

    /// Makes the choice last: readers are about to see this commit.
    pub(super) fn settle(&mut self, commit: &CommitId) -> Result<(), DiskError> {
        if !matches!(self.asked, Some(Change::Pin(_))) {
            return Ok(());
        }
        self.before = self.kept.clone();
        self.write(commit)?;
        self.kept = Pinned::At(commit.clone());
        self.asked = None;
        Ok(())
    }

    fn write(&self, commit: &CommitId) -> Result<(), DiskError> {
        let written = Written {
            commit: commit.clone(),
            repo: self.repo.to_string(),
            since: Timestamp::now(),
        };
        let text = serde_json::json!(written).to_string();
        replace_file(&self.path, text.as_bytes(), Durable::Yes)
    }

    /// Goes back to the choice before an attempt that failed.
    pub(super) fn undo(&mut self) {
        if let Err(error) = self.try_undo() {
            tracing::warn!(error = %Cause::of(&error), "could not go back to the last pin");
        }
    }

    fn try_undo(&mut self) -> Result<(), DiskError> {
        self.asked = None;
        let before = std::mem::take(&mut self.before);
        if before == Pinned::Unknown {
            return Ok(());
        }
        // If that fails, the next attempt reads what there is.
        self.kept = Pinned::Unknown;
        match &before {
            Pinned::At(commit) => self.write(commit)?,
            Pinned::Unknown | Pinned::Nothing => remove(&self.path)?,
        }
        self.kept = before;
        Ok(())
    }
}

/// Turns to the ref, or to the commit that is to be stayed at.
pub(super) fn aim(me: &mut Attempts) -> Result<(), AttemptError> {
    let live = || publish::live(me.root.layout()).map(|live| live.commit);
    let pinned = me.pin.begin(live)?;
    me.sources.follow(pinned.as_ref().unwrap_or(&me.reference));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn commit(digit: &str) -> CommitId {
        digit.repeat(40).parse().unwrap()
    }

    fn follows(pin: &mut Pin) -> Option<String> {
        pin.begin(|| None).unwrap().map(|reference| reference.to_string())
    }

    fn place() -> (tempfile::TempDir, Layout) {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().to_owned(), dir.path().join("link"));
        fs::create_dir_all(layout.own()).unwrap();
        (dir, layout)
    }

    #[test]
    fn a_choice_lasts_once_it_is_settled_and_a_failed_one_leaves_the_one_before() {
        let (_dir, layout) = place();
        let again = || Pin::new(&layout, "/repo".parse().unwrap());
        let mut pin = again();
        assert_eq!(follows(&mut pin), None);
        pin.ask(Some(Change::Pin(commit("a"))));
        assert_eq!(follows(&mut pin), Some("a".repeat(40)));
        pin.undo();
        assert_eq!((follows(&mut pin), follows(&mut again())), (None, None));
        pin.ask(Some(Change::Pin(commit("a"))));
        pin.settle(&commit("a")).unwrap();
        pin.ask(Some(Change::Pin(commit("b"))));
        pin.settle(&commit("b")).unwrap();
        assert_eq!(follows(&mut again()), Some("b".repeat(40)));
        pin.undo();
        assert_eq!(follows(&mut pin), Some("a".repeat(40)));
        assert_eq!(follows(&mut again()), Some("a".repeat(40)));
        pin.ask(Some(Change::Unpin));
        assert_eq!((follows(&mut pin), follows(&mut again())), (None, None));
        pin.undo();
        assert_eq!(follows(&mut again()), None, "the end of a choice needs no success");
    }

    #[test]
    fn a_choice_that_cannot_be_read_stops_everything_but_another_choice() {
        let (_dir, layout) = place();
        let again = || Pin::new(&layout, "/repo".parse().unwrap());
        fs::write(layout.pin(), "{").unwrap();
        assert!(matches!(again().begin(|| None), Err(AttemptError::Pin { .. })));
        let mut pin = again();
        assert!(pin.begin(|| None).is_err() && pin.begin(|| None).is_err(), "each time");
        pin.ask(Some(Change::Pin(commit("a"))));
        assert_eq!(follows(&mut pin), Some("a".repeat(40)));
        pin.settle(&commit("a")).unwrap();
        assert_eq!(follows(&mut again()), Some("a".repeat(40)));
        fs::write(layout.pin(), "{").unwrap();
        let mut pin = again();
        pin.ask(Some(Change::Unpin));
        assert_eq!((follows(&mut pin), follows(&mut again())), (None, None));
    }

    #[test]
    fn a_choice_of_another_repository_does_not_count() {
        let (_dir, layout) = place();
        let mut pin = Pin::new(&layout, "/repo".parse().unwrap());
        pin.ask(Some(Change::Pin(commit("a"))));
        pin.settle(&commit("a")).unwrap();
        for same in ["/repo.git", "https://git.example/Repo/", "git@git.example:repo"] {
            let mut pin = Pin::new(&layout, same.parse().unwrap());
            assert_eq!(follows(&mut pin), Some("a".repeat(40)), "{same}");
        }
        assert_eq!(follows(&mut Pin::new(&layout, "/other".parse().unwrap())), None);
        let again = follows(&mut Pin::new(&layout, "/repo".parse().unwrap()));
        assert_eq!(again, None, "it does not come back to life");
    }
}
