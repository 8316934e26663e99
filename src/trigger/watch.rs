//! Files that mean something when they change: credentials, the file that says which files are written,
//! and the refs of a source on this machine.
//!
//! Directories are watched, not files: Kubernetes changes a mounted Secret by turning the link
//! `..data` beside it, and Git replaces its files. What is told late or not at all does no harm, as
//! everything is looked at again at each attempt.

use crate::disk::look::Look;
use crate::model::Trigger;
use crate::runtime::Stop;
use crate::runtime::blocking;
use crate::trigger::Bell;
use crate::trigger::hub::{Hub, Seat, Sign};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long to wait for more after the first sign of a change: what comes together is one change.
const SETTLE: Duration = Duration::from_millis(30);
/// The least time between two rings, for files that change all the time.
const REST: Duration = Duration::from_millis(200);
/// How often to look whether what could not be watched can be now.
const AGAIN: Duration = Duration::from_secs(10);

/// How long a file system may leave us without an answer.
const LOOK: Duration = Duration::from_hours(1);

/// What to watch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Files and links, whether they exist or not.
    pub files: Vec<PathBuf>,
    /// Directories in which every file at any depth counts, but lock files.
    pub trees: Vec<PathBuf>,
}

/// Rings the bell at each change, until told to stop. `places` is asked at the start and after each
/// change, as a change may lead to other places; on a thread that may block, as a file system may
/// not answer.
pub async fn ring<Find>(places: Find, bell: Bell, hub: Hub, stop: CancellationToken)
where
    Find: Fn() -> Places + Send + 'static,
{
    ring_when_armed(places, bell, (hub, stop), || ()).await;
}

/// The same, which says when it has begun to watch.
async fn ring_when_armed<Find>(
    places: Find,
    bell: Bell,
    (hub, stop): (Hub, CancellationToken),
    armed: impl FnOnce() + Send,
) where
    Find: Fn() -> Places + Send + 'static,
{
    let (seat, mut signs) = hub.seat();
    let watch = Watch { places, seat, looks: HashMap::new(), whole: false };
    let watching = async {
        let (mut watch, _) = apart(watch, &hub, &stop).await?;
        armed();
        loop {
            let sign = if watch.is_whole() {
                signs.recv().await
            } else {
                tokio::time::timeout(AGAIN, signs.recv()).await.unwrap_or(Some(Sign::Nearby))
            };
            let first = sign?;
            tokio::time::sleep(SETTLE).await;
            let mut within = first == Sign::Within;
            while let Ok(more) = signs.try_recv() {
                within |= more == Sign::Within;
            }
            let (back, changed) = apart(watch, &hub, &stop).await?;
            watch = back;
            if changed || within {
                tracing::debug!("a watched file changed");
                bell.ring(Trigger::File);
                tokio::time::sleep(REST).await;
            }
        }
    };
    let ended: Option<Option<()>> = stop.run_until_cancelled(watching).await;
    if ended.is_some() {
        stop.cancelled().await;
    }
}

/// Looks at all places on a thread that may block. None if that came to no end.
async fn apart<Find>(
    mut watch: Watch<Find>,
    hub: &Hub,
    stop: &CancellationToken,
) -> Option<(Watch<Find>, bool)>
where
    Find: Fn() -> Places + Send + 'static,
{
    let turn = hub.turns().wait(LOOK).await;
    let limit = Stop::new(stop.clone(), Instant::now() + LOOK);
    let looked = blocking::run(&limit, Duration::ZERO, move || {
        let changed = watch.look();
        (watch, changed)
    });
    match turn.spend(looked).await {
        Ok(looked) => Some(looked),
        Err(error) => {
            if !stop.is_cancelled() {
                tracing::warn!(%error, "watching no more; files are looked at in each period");
            }
            None
        }
    }
}

/// What is watched, and how it was.
struct Watch<Find> {
    places: Find,
    seat: Seat,
    looks: HashMap<PathBuf, Look>,
    /// Whether everything that is to be watched is.
    whole: bool,
}

impl<Find> fmt::Debug for Watch<Find> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("seat", &self.seat).finish_non_exhaustive()
    }
}

impl<Find: Fn() -> Places> Watch<Find> {
    fn is_whole(&self) -> bool {
        self.whole
    }

    /// Watches what is to be watched now, and notes the state of it.
    fn arm(&mut self) {
        let places = (self.places)();
        let mut wanted: HashMap<PathBuf, bool> = HashMap::new();
        for file in &places.files {
            for directory in directories(file) {
                wanted.entry(directory).or_default();
            }
        }
        wanted.extend(places.trees.into_iter().map(|tree| (tree, true)));
        self.whole = self.seat.watch(&wanted);
        self.looks = places.files.into_iter().map(|file| (file.clone(), Look::at(&file))).collect();
    }

    /// Says whether a file changed, and watches what is to be watched now.
    fn look(&mut self) -> bool {
        let before = std::mem::take(&mut self.looks);
        self.arm();
        let same = |(file, now): (&PathBuf, &Look)| {
            before.get(file).is_some_and(|before| before.is_like(now))
        };
        before.len() != self.looks.len() || !self.looks.iter().all(same)
    }
}

/// The directories where a change of this file shows: its own, and that of what it leads to.
fn directories(file: &Path) -> Vec<PathBuf> {
    let own = file.parent().map(Path::to_owned);
    let real = file.canonicalize().ok().and_then(|real| real.parent().map(Path::to_owned));
    let mut directories: Vec<_> = own.into_iter().chain(real).collect();
    directories.dedup();
    directories
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::turns::Turns;
    use crate::trigger::bell;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn hub() -> Hub {
        Hub::new(Turns::new(8, Duration::from_secs(10), 8))
    }

    /// Runs a change while watching, and says whether the bell rang.
    async fn rings(places: impl Fn() -> Places + Send + 'static, change: impl FnOnce()) -> bool {
        let (bell, mut ear) = bell();
        let stop = CancellationToken::new();
        let (armed, is_armed) = tokio::sync::oneshot::channel();
        let heard = async {
            is_armed.await.unwrap();
            change();
            let rung = tokio::time::timeout(Duration::from_millis(500), ear.heard()).await;
            stop.cancel();
            rung
        };
        let armed = || armed.send(()).unwrap();
        let watching = ring_when_armed(places, bell, (hub(), stop.clone()), armed);
        let ((), rung) = tokio::join!(watching, heard);
        rung == Ok(Trigger::File)
    }

    fn file(path: PathBuf) -> impl Fn() -> Places {
        move || Places { files: vec![path.clone()], trees: Vec::new() }
    }

    #[tokio::test]
    async fn a_secret_that_kubernetes_swaps_rings() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (version, text) in [("..1", "old"), ("..2", "new")] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("token"), text).unwrap();
        }
        symlink("..1", at("..data")).unwrap();
        symlink("..data/token", at("token")).unwrap();
        symlink("..2", at("..data_tmp")).unwrap();
        let swap = || fs::rename(at("..data_tmp"), at("..data")).unwrap();
        assert!(rings(file(at("token")), swap).await);
    }

    #[tokio::test]
    async fn a_file_that_appears_rings_and_its_neighbours_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        assert!(rings(file(at("key")), || fs::write(at("key"), "x").unwrap()).await);
        assert!(!rings(file(at("key")), || fs::write(at("other"), "x").unwrap()).await);
        assert!(!rings(file(at("key")), || drop(fs::read(at("key")).unwrap())).await);
    }

    #[tokio::test]
    async fn a_change_deep_in_a_tree_rings_and_a_lock_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let refs = dir.path().join("refs");
        fs::create_dir_all(refs.join("heads")).unwrap();
        let tree = refs.clone();
        let places = move || Places { files: Vec::new(), trees: vec![tree.clone()] };
        let lock = refs.join("heads/main.lock");
        assert!(!rings(places.clone(), || fs::write(&lock, "x").unwrap()).await);
        assert!(
            rings(places.clone(), || fs::rename(&lock, refs.join("heads/main")).unwrap()).await
        );
        let deep = refs.join("heads/a");
        assert!(rings(places, || fs::create_dir(&deep).unwrap()).await);
    }

    #[tokio::test]
    async fn a_file_system_that_does_not_answer_holds_nothing_up() {
        let (bell, _ear) = bell();
        let stop = CancellationToken::new();
        let (answer, silence) = std::sync::mpsc::channel::<()>();
        let places = move || {
            assert!(silence.recv().is_err(), "nothing is ever said");
            Places::default()
        };
        let stopping = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            stop.cancel();
        };
        let both = async { tokio::join!(ring(places, bell, hub(), stop.clone()), stopping) };
        assert!(tokio::time::timeout(Duration::from_secs(5), both).await.is_ok());
        drop(answer);
    }
}
