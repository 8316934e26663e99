//! A reader who looks through the link all the time and believes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use crate::support::oracle;
use crate::support::snapshot::Snapshot;
use crate::support::wait::{SOON, eventually};

/// A thread that, as fast as it can, resolves the link once and reads the tree it names.
#[derive(Debug)]
pub(crate) struct Observer {
    over: Arc<AtomicBool>,
    passes: Arc<AtomicUsize>,
    thread: Option<JoinHandle<Sightings>>,
}

/// What the observer saw.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    /// Every different sight of a tree that was read to the end while the link stayed, by name.
    whole: BTreeMap<String, Vec<Snapshot>>,
    /// Every different sight of a tree that was retired while it was read.
    partial: BTreeMap<String, Vec<Snapshot>>,
    /// Moments at which the link, or the tree it named, was not there.
    gaps: Vec<String>,
    /// The names of the trees, in the order in which the link came to name them.
    history: Vec<String>,
    passes: usize,
}

/// Starts to watch a link. It may not exist yet; once it does, it must not go away.
pub(crate) fn watch(link: &Path) -> Observer {
    let (over, passes) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (link, end, count) = (link.to_owned(), Arc::clone(&over), Arc::clone(&passes));
    let thread = thread::spawn(move || {
        let mut seen = Sightings::default();
        while !end.load(Ordering::Relaxed) {
            seen.look(&link);
            count.store(seen.passes, Ordering::Relaxed);
        }
        seen
    });
    Observer { over, passes, thread: Some(thread) }
}

impl Observer {
    /// Waits until some trees were read from now on, so that the present state has been seen.
    #[track_caller]
    pub(crate) fn has_looked(&self) {
        let before = self.passes.load(Ordering::Relaxed);
        eventually("the observer reads the tree twice", SOON, || {
            (self.passes.load(Ordering::Relaxed) >= before + 2).then_some(())
        });
    }

    /// Ends the watch.
    pub(crate) fn stop(mut self) -> Sightings {
        self.over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// One state of the link: two equal ones mean that it was not moved in between.
#[derive(PartialEq, Eq)]
struct Sight {
    target: PathBuf,
    inode: u64,
    changed: (i64, i64),
}

impl Sight {
    fn of(link: &Path) -> std::io::Result<Self> {
        let target = fs::read_link(link)?;
        let meta = fs::symlink_metadata(link)?;
        Ok(Self { target, inode: meta.ino(), changed: (meta.ctime(), meta.ctime_nsec()) })
    }
}

impl Sightings {
    fn look(&mut self, link: &Path) {
        let before = match Sight::of(link) {
            Ok(sight) => sight,
            Err(_) if self.history.is_empty() => return,
            Err(error) => return self.gaps.push(format!("the link: {error}")),
        };
        let name = before.target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if self.history.last() != Some(&name) {
            self.history.push(name.clone());
        }
        let tree = link.parent().unwrap().join(&before.target);
        let (seen, end) = Snapshot::of(&tree);
        if Sight::of(link).is_ok_and(|after| after == before) {
            match end {
                Ok(()) => remember(self.whole.entry(name).or_default(), seen),
                Err(error) => self.gaps.push(format!("{name} while the link names it: {error}")),
            }
            self.passes += 1;
        } else {
            // The tree was retired meanwhile and may have gone. What was seen must be right.
            remember(self.partial.entry(name).or_default(), seen);
        }
    }

    /// How often a whole tree was read.
    pub(crate) fn passes(&self) -> usize {
        self.passes
    }

    /// The commits that the link named, in order.
    pub(crate) fn history(&self) -> &[String] {
        &self.history
    }

    /// Everything that no reader should ever have seen.
    pub(crate) fn objections(&self, repo: &Path) -> Vec<String> {
        let mut found = self.gaps.clone();
        for name in self.whole.keys().chain(self.partial.keys()) {
            let right = oracle::checkout(repo, name);
            let whole = self.whole.get(name).into_iter().flatten();
            let partial = self.partial.get(name).into_iter().flatten();
            let wrong = whole.flat_map(|seen| seen.differences(&right));
            let wrong = wrong.chain(partial.flat_map(|seen| seen.strangers(&right)));
            found.extend(wrong.map(|text| format!("{name}: {text}")));
        }
        found
    }

    /// Fails if there was a gap or a mixture, or if nothing was seen at all.
    #[track_caller]
    pub(crate) fn assert_flawless(&self, repo: &Path) {
        let objections = self.objections(repo);
        assert!(objections.is_empty(), "readers saw:\n{}", objections.join("\n"));
        assert!(self.passes > 0, "the observer saw nothing");
    }
}

/// Keeps a sight that is not known yet.
fn remember(known: &mut Vec<Snapshot>, seen: Snapshot) {
    if !known.contains(&seen) {
        known.push(seen);
    }
}
