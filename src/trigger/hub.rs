//! The one watcher of directories in the process, whoever wants to know of changes: the system gives
//! few of them.
//!
//! Directories are known by their real paths. Whoever watches has a [`Seat`], and says from time to
//! time which directories it wants; what nobody wants any more is let go when somebody says so next.

use crate::runtime::turns::Turns;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::HashMap;
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// How many signs may wait to be heard.
const SIGNS: usize = 16;

/// Watches directories for many. Copies share it.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

struct Shared {
    /// Held while something is watched or let go, never by who deals with events.
    watcher: Mutex<Option<RecommendedWatcher>>,
    table: Arc<Mutex<Table>>,
    turns: Turns,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Something beside a file changed, or the file itself.
    Nearby,
    /// Something in a directory changed that is watched with all below it.
    Within,
}

/// Who watches what.
#[derive(Debug, Default)]
struct Table {
    seats: HashMap<u64, mpsc::Sender<Sign>>,
    directories: HashMap<PathBuf, Directory>,
    last: u64,
}

/// A directory that is watched.
#[derive(Debug)]
struct Directory {
    /// Which one it was.
    id: (u64, u64),
    /// Whether all below it is watched, too.
    deep: bool,
    /// For whom, and whether with all below it.
    holders: HashMap<u64, bool>,
}

/// The place of one who watches.
#[derive(Debug)]
pub(super) struct Seat {
    hub: Hub,
    number: u64,
    told: bool,
}

/// A directory that somebody wants to be watched.
struct Wanted {
    path: PathBuf,
    id: (u64, u64),
    deep: bool,
}

impl Hub {
    /// Watches nothing yet. What has to be looked at is looked at in turn.
    pub fn new(turns: Turns) -> Self {
        Self(Arc::new(Shared { watcher: Mutex::new(None), table: Arc::default(), turns }))
    }

    /// In what order those who watch look at files.
    pub(super) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    /// Makes a place for somebody who watches, who hears of changes through the channel.
    pub(super) fn seat(&self) -> (Seat, mpsc::Receiver<Sign>) {
        let (sender, signs) = mpsc::channel(SIGNS);
        let mut table = lock(&self.0.table);
        table.last += 1;
        let number = table.last;
        table.seats.insert(number, sender);
        (Seat { hub: self.clone(), number, told: false }, signs)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut table = lock(&self.hub.0.table);
        table.seats.remove(&self.number);
        for directory in table.directories.values_mut() {
            directory.holders.remove(&self.number);
        }
    }
}

impl Seat {
    /// Watches these directories and no others, those with `true` with all below them. Says whether all
    /// of them are. The file system may take its time.
    pub(super) fn watch(&mut self, wanted: &HashMap<PathBuf, bool>) -> bool {
        let found: Vec<_> = wanted.iter().filter_map(find).collect();
        let mut whole = found.len() == wanted.len();
        let shared = Arc::clone(&self.hub.0);
        let mut watcher = lock(&shared.watcher);
        let due = lock(&shared.table).want(self.number, &found);
        if due.is_nothing() {
            return whole;
        }
        let started = match watcher.take() {
            Some(started) => Ok(started),
            None => start(&shared.table),
        };
        let notifier = match started {
            Ok(started) => watcher.insert(started),
            Err(error) => {
                self.complain(Path::new("/"), &error);
                lock(&shared.table).forget(self.number, &due.begin);
                return false;
            }
        };
        for (path, _) in &due.end {
            if let Err(error) = notifier.unwatch(path) {
                tracing::trace!(%error, "was not watched");
            }
        }
        for (path, deep) in &due.begin {
            let mode = if *deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            if let Err(error) = notifier.watch(path, mode) {
                whole = false;
                self.complain(path, &error);
                lock(&shared.table).forget(self.number, &[(path.clone(), *deep)]);
            }
        }
        whole
    }

    fn complain(&mut self, directory: &Path, error: &notify::Error) {
        if !std::mem::replace(&mut self.told, true) {
            let directory = directory.display();
            tracing::warn!(%directory, %error, "cannot watch; it is looked at in each period");
        }
    }
}

/// What the watcher is to be told: directories, and whether it is about all below them.
#[derive(Debug, Default)]
struct Due {
    end: Vec<(PathBuf, bool)>,
    begin: Vec<(PathBuf, bool)>,
}

impl Due {
    fn is_nothing(&self) -> bool {
        self.end.is_empty() && self.begin.is_empty()
    }
}

impl Table {
    /// Notes what a seat wants, and says what is to be watched and let go for that.
    fn want(&mut self, seat: u64, wanted: &[Wanted]) -> Due {
        for directory in self.directories.values_mut() {
            directory.holders.remove(&seat);
        }
        let mut due = Due::default();
        for one in wanted {
            let known = self.directories.entry(one.path.clone()).or_insert_with(|| {
                due.begin.push((one.path.clone(), one.deep));
                Directory { id: one.id, deep: one.deep, holders: HashMap::new() }
            });
            known.holders.insert(seat, one.deep);
            if known.id != one.id || (one.deep && !known.deep) {
                due.end.push((one.path.clone(), known.deep));
                known.id = one.id;
                known.deep |= one.deep;
                due.begin.push((one.path.clone(), known.deep));
            }
        }
        let gone = self.directories.extract_if(|_, directory| directory.holders.is_empty());
        due.end.extend(gone.map(|(path, directory)| (path, directory.deep)));
        // With one that was watched with all below it goes what else is watched there.
        for (path, _) in due.end.iter().filter(|(_, deep)| *deep) {
            let below = |other: &Path| other != path && other.starts_with(path);
            let lost = self.directories.iter().filter(|(other, _)| below(other));
            due.begin.extend(lost.map(|(other, directory)| (other.clone(), directory.deep)));
        }
        due
    }

    /// These could not be watched as this seat wants it. Others that had them look again, and watch
    /// them as they want it, or know that they cannot.
    fn forget(&mut self, seat: u64, paths: &[(PathBuf, bool)]) {
        let gone = paths.iter().filter_map(|(path, _)| self.directories.remove(path));
        let mut others: Vec<_> = gone.flat_map(|directory| directory.holders.into_keys()).collect();
        others.retain(|other| *other != seat);
        for other in others {
            self.sign(other, Sign::Nearby);
        }
    }

    fn sign(&self, seat: u64, sign: Sign) {
        // A full channel says already that something changed.
        if self.seats.get(&seat).is_some_and(|sender| sender.try_send(sign).is_err()) {
            tracing::trace!("more changes than can be told");
        }
    }

    /// Tells those whom an event concerns.
    fn tell(&self, event: notify::Result<Event>) {
        let mut concerned = HashMap::new();
        match event {
            Ok(event) if !event.need_rescan() => {
                for path in event.paths.iter().filter(|path| counts(event.kind, path)) {
                    self.concerned(path, &mut concerned);
                }
            }
            Ok(_) | Err(_) => {
                concerned.extend(self.seats.keys().map(|seat| (*seat, Sign::Within)));
            }
        }
        for (seat, sign) in concerned {
            self.sign(seat, sign);
        }
    }

    fn concerned(&self, path: &Path, concerned: &mut HashMap<u64, Sign>) {
        for (depth, above) in path.ancestors().enumerate() {
            for (seat, deep) in self.directories.get(above).into_iter().flat_map(|it| &it.holders) {
                if *deep {
                    concerned.insert(*seat, Sign::Within);
                } else if depth <= 1 {
                    concerned.entry(*seat).or_insert(Sign::Nearby);
                }
            }
        }
    }
}

/// Finds the real place of a directory, and which one it is.
fn find((path, deep): (&PathBuf, &bool)) -> Option<Wanted> {
    let path = path.canonicalize().ok()?;
    let found = path.metadata().ok()?;
    Some(Wanted { path, id: (found.dev(), found.ino()), deep: *deep })
}

fn start(table: &Arc<Mutex<Table>>) -> notify::Result<RecommendedWatcher> {
    let table = Arc::clone(table);
    notify::recommended_watcher(move |event| lock(&table).tell(event))
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says whether an event means that something changed. Reading changes nothing, and a lock file says
/// only that something is about to change.
fn counts(kind: EventKind, path: &Path) -> bool {
    let is_read = match kind {
        EventKind::Access(kind) => kind != AccessKind::Close(AccessMode::Write),
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => false,
    };
    !is_read && path.extension().is_none_or(|extension| extension != "lock")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::Duration;

    fn hub() -> Hub {
        Hub::new(Turns::new(8, Duration::from_secs(10), 8))
    }

    fn only(path: &Path, deep: bool) -> HashMap<PathBuf, bool> {
        HashMap::from([(path.to_owned(), deep)])
    }

    async fn soon(signs: &mut mpsc::Receiver<Sign>) -> Option<Sign> {
        let heard = tokio::time::timeout(Duration::from_millis(300), signs.recv()).await;
        // More of the same may follow.
        while let Ok(more) = tokio::time::timeout(Duration::from_millis(30), signs.recv()).await {
            assert!(more.is_some());
        }
        heard.ok().flatten()
    }

    #[tokio::test]
    async fn each_hears_of_its_own_directories_and_all_of_those_they_share() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["a", "b/deep"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        let hub = hub();
        let [(mut one, mut first), (mut two, mut second)] = [hub.seat(), hub.seat()];
        assert!(one.watch(&only(&at("a"), false)));
        assert!(two.watch(&HashMap::from([(at("a"), false), (at("b"), true)])));
        fs::write(at("a/file"), "x").unwrap();
        assert_eq!(soon(&mut first).await, Some(Sign::Nearby));
        assert_eq!(soon(&mut second).await, Some(Sign::Nearby));
        fs::write(at("b/deep/file"), "x").unwrap();
        assert_eq!(soon(&mut first).await, None);
        assert_eq!(soon(&mut second).await, Some(Sign::Within));
        drop(two);
        fs::write(at("a/file"), "y").unwrap();
        assert_eq!(soon(&mut first).await, Some(Sign::Nearby), "one who goes leaves the others");
    }

    #[tokio::test]
    async fn a_directory_that_takes_the_place_of_another_is_watched() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("a")).unwrap();
        fs::create_dir(at("new")).unwrap();
        let (mut seat, mut signs) = hub().seat();
        assert!(seat.watch(&only(&at("a"), false)));
        fs::rename(at("a"), at("old")).unwrap();
        assert!(!seat.watch(&only(&at("a"), false)), "nothing is there");
        fs::rename(at("new"), at("a")).unwrap();
        assert!(seat.watch(&only(&at("a"), false)));
        soon(&mut signs).await;
        fs::write(at("a/file"), "x").unwrap();
        assert_eq!(soon(&mut signs).await, Some(Sign::Nearby));
    }

    #[tokio::test]
    async fn what_cannot_be_watched_for_one_is_watched_again_for_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let hub = hub();
        let [(mut one, mut signs), (two, mut others)] = [hub.seat(), hub.seat()];
        assert!(one.watch(&only(dir.path(), false)));
        let due = {
            let wanted: Vec<_> = only(dir.path(), true).iter().filter_map(find).collect();
            let mut table = lock(&hub.0.table);
            let due = table.want(two.number, &wanted);
            table.forget(two.number, &due.begin);
            due
        };
        assert_eq!(due.begin.len(), 1);
        assert_eq!((soon(&mut signs).await, soon(&mut others).await), (Some(Sign::Nearby), None));
        assert!(one.watch(&only(dir.path(), false)));
        fs::write(dir.path().join("file"), "x").unwrap();
        assert_eq!(soon(&mut signs).await, Some(Sign::Nearby));
    }

    #[tokio::test]
    async fn letting_go_of_all_below_a_directory_keeps_what_others_watch_there() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let hub = hub();
        let [(mut one, mut signs), (mut two, _others)] = [hub.seat(), hub.seat()];
        assert!(one.watch(&only(&inner, false)));
        assert!(two.watch(&only(dir.path(), true)));
        assert!(two.watch(&HashMap::new()));
        fs::write(inner.join("file"), "x").unwrap();
        assert_eq!(soon(&mut signs).await, Some(Sign::Nearby));
        drop(two);
        assert_eq!(lock(&hub.0.table).directories.len(), 1);
    }
}
