//! A tree that stands where the link would be: what stock Git thinks of it, and a reader who looks at
//! it all the time.

use rustix::fs::{CWD, Mode, OFlags, openat};
use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::thread::JoinHandle;

use crate::support::daemon::Root;
use crate::support::git::{attempt, git, run};
use crate::support::oracle;
use crate::support::snapshot::Snapshot;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// The commit that stands at a place, as Git says.
pub(super) fn commit_at(place: &Path) -> Option<String> {
    place.symlink_metadata().ok().filter(fs::Metadata::is_dir)?;
    // It may go between two looks.
    attempt(git(Path::new("/")).args(["-C", place.to_str()?, "rev-parse", "HEAD"])).ok()
}

/// Waits until a commit stands there.
#[track_caller]
pub(super) fn eventually_stands(place: &Path, commit: &str) {
    eventually(&format!("{commit} stands there"), SOON, || {
        (commit_at(place).as_deref() == Some(commit)).then_some(())
    });
}

/// Fails unless the commit stands there as stock Git would have checked it out.
#[track_caller]
pub(super) fn assert_stands(root: &Root, place: &Path, upstream: &Upstream, commit: &str) {
    eventually_stands(place, commit);
    eventually("Git has an index", SOON, || {
        let path = attempt(git(place).args(["rev-parse", "--git-path", "index"])).ok()?;
        place.join(path).exists().then_some(())
    });
    let wanted = oracle::checkout(&upstream.repo(), commit);
    assert_eq!(Snapshot::whole(place).differences(&wanted), Vec::<String>::new());
    assert_content(root, place);
}

/// Fails unless stock Git finds everything in order there and in the root.
#[track_caller]
pub(super) fn assert_content(root: &Root, place: &Path) {
    let quiet = "--no-optional-locks";
    assert_eq!(run(git(place).args([quiet, "status", "--porcelain"])), "");
    assert_eq!(run(git(place).args([quiet, "diff-files", "--ignore-submodules"])), "");
    run(git(&root.path()).args(["fsck", "--connectivity-only", "--no-dangling"]));
    run(git(&root.path()).args(["worktree", "prune"]));
    let known = run(git(&root.path()).args(["worktree", "list", "--porcelain"]));
    let real = place.canonicalize().unwrap();
    let lines: Vec<_> = known.lines().collect();
    let is_it = |line: &&str| {
        [place, &real].iter().any(|path| **line == format!("worktree {}", path.display()))
    };
    let at = lines.iter().position(is_it);
    let after = &lines[at.unwrap_or_else(|| panic!("Git does not know it:\n{known}"))..];
    assert!(after.iter().take(5).any(|line| line.starts_with("locked")), "{known}");
}

/// A reader who opens the place and reads two files in it, which are equal in each commit.
pub(super) struct Reader {
    over: Arc<AtomicBool>,
    looks: Arc<AtomicUsize>,
    thread: Option<JoinHandle<Vec<String>>>,
}

impl Reader {
    /// Begins to look. There must be something by now.
    pub(super) fn of(place: &Path) -> Self {
        let (over, looks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (place, end, count) = (place.to_owned(), Arc::clone(&over), Arc::clone(&looks));
        let thread = thread::spawn(move || {
            let mut wrong = Vec::new();
            while !end.load(Ordering::Relaxed) {
                match look(&place) {
                    Ok((one, other)) if one == other && !one.is_empty() => (),
                    Ok((one, other)) => wrong.push(format!("a mixture of {one:?} and {other:?}")),
                    Err(error) => wrong.push(format!("nothing whole is there: {error}")),
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
            wrong
        });
        Self { over, looks, thread: Some(thread) }
    }

    /// Ends, and fails if it was not shown one whole tree each time.
    #[track_caller]
    pub(super) fn must_be_content(mut self) {
        self.over.store(true, Ordering::Relaxed);
        let wrong = self.thread.take().unwrap().join().unwrap();
        let looks = self.looks.load(Ordering::Relaxed);
        assert_eq!(wrong, Vec::<String>::new(), "of {looks} looks");
        assert!(looks > 100, "it looked {looks} times only");
    }
}

fn look(place: &Path) -> rustix::io::Result<(String, String)> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let tree = openat(CWD, place, flags, Mode::empty())?;
    Ok((read(&tree, "one")?, read(&tree, "below/other")?))
}

fn read(tree: &OwnedFd, name: &str) -> rustix::io::Result<String> {
    let file = openat(tree, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut text = String::new();
    let read = fs::File::from(file).read_to_string(&mut text);
    assert!(read.is_ok(), "{read:?}");
    Ok(text)
}

/// Commits the two files of the reader, and others.
pub(super) fn commit_pair(upstream: &Upstream, n: usize) -> String {
    let text = format!("number {n}\n");
    upstream.change().file("one", &text).file("below/other", &text).commit()
}
