//! Repositories of one process that follow the same one, and share its objects.
//!
//! What one has need not be fetched by the others: another ref often names a commit that was
//! published elsewhere before, or one that is near to it. The source is asked first, as always, and
//! says by that that we may see the commit; so the very commit that it named may be taken from any of
//! them. More than that comes only from one that is known to sources in the same way: the same
//! settings of credentials, and the same address with all that it says of who we are. That holds for a commit whose id was given, too, as nobody is asked about
//! that.
//!
//! Whatever goes wrong here, the objects are fetched.

use crate::attempt::Attempts;
use crate::attempt::wanted::Wanted;
use crate::config::{Access, Config};
use crate::git::{Before, Kin, Resolved, Store};
use crate::model::{Cause, CommitId, RepoUrl};
use crate::publish::Layout;
use crate::runtime::Stop;
use crate::runtime::registry::Registry;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The part of the time of an attempt for which it waits while another fetches.
const SHARE: u32 = 3;
/// The longest that is waited so.
const PATIENCE: Duration = Duration::from_mins(1);
/// How many others are looked at.
const MOST: usize = 16;

/// All repositories, by the address that they follow. Copies are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Families(Registry<String, Family>);

/// Those that follow the same one.
#[derive(Debug)]
struct Family {
    members: Mutex<Vec<Weak<Member>>>,
    /// Held by the one that fetches.
    turn: Arc<Semaphore>,
}

/// One of them, for the others.
#[derive(Debug)]
struct Member {
    git: PathBuf,
    /// With the user, the password and the query that the name of the family lacks.
    repo: RepoUrl,
    access: Access,
    /// What came last, whole.
    has: Mutex<Option<CommitId>>,
}

impl Member {
    /// Whether both are known to sources in the same way.
    fn is_known_as(&self, other: &Self) -> bool {
        self.repo == other.repo && self.access == other.access
    }
}

/// One of them, for itself.
#[derive(Debug)]
pub(super) struct Kinship {
    family: Arc<Family>,
    me: Arc<Member>,
    /// What was taken over, whole, and not asked for.
    base: Option<CommitId>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Families {
    /// Adds a repository, for as long as the result lives.
    pub(super) fn join(&self, config: &Config, layout: &Layout) -> Kinship {
        let family = self.0.get(config.repo.to_string(), |_| Family {
            members: Mutex::default(),
            turn: Arc::new(Semaphore::new(1)),
        });
        let me = Arc::new(Member {
            git: layout.git(),
            repo: config.repo.clone(),
            access: config.access.clone(),
            has: Mutex::default(),
        });
        let mut members = lock(&family.members);
        members.retain(|member| member.strong_count() > 0);
        members.push(Arc::downgrade(&me));
        drop(members);
        Kinship { family, me, base: None }
    }
}

impl Kinship {
    /// The others: first those that are known to sources as we are.
    fn others(&self) -> Vec<Arc<Member>> {
        let members = lock(&self.family.members);
        let mut others: Vec<_> = members
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|other| other.git != self.me.git)
            .collect();
        others.sort_by_key(|other| !other.is_known_as(&self.me));
        others.truncate(MOST);
        others
    }

    /// How many others there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.others().len()
    }

    /// A commit that is here with all it needs though it was never published.
    pub(super) fn base(&self) -> Option<&CommitId> {
        self.base.as_ref()
    }

    /// Tells the others what is here now.
    pub(super) fn has(&self, commit: &CommitId) {
        *lock(&self.me.has) = Some(commit.clone());
    }
}

/// Waits while another fetches, as it may be the same. None if there is no other, or if it takes too
/// long.
pub(super) fn turn(me: &Attempts, stop: &Stop) -> Option<OwnedSemaphorePermit> {
    if me.kinship.others().is_empty() {
        return None;
    }
    let turn = Arc::clone(&me.kinship.family.turn).acquire_owned();
    stop.share(SHARE).or_sooner(PATIENCE).wait(turn).ok()?.ok()
}

/// Takes what is wanted from the others, or at least something upon which it can be fetched. Says
/// whether it came.
pub(super) fn take(me: &mut Attempts, store: &Store, wanted: &Wanted, stop: &Stop) -> bool {
    me.kinship.base = None;
    // The others follow the repository itself.
    if wanted.place != 0 || me.root.scope().filter.is_some() {
        return false;
    }
    let others = me.kinship.others();
    let asked = me.sources.are_asked();
    let mut lent = false;
    for other in &others {
        let trusted = other.is_known_as(&me.kinship.me);
        let Some(kin) = Kin::open(&other.git, store).filter(|_| trusted || asked) else {
            continue;
        };
        if trusted && !lent {
            lent = lend(me, (other, &kin), store, stop);
        }
        match kin.give(&wanted.object, me.depth.wanted, store, stop) {
            Ok(true) => {
                tracing::debug!(from = %other.git.display(), "took a commit that another root has");
                return true;
            }
            Ok(false) => (),
            Err(error) => say(other, &error),
        }
        if stop.check().is_err() {
            break;
        }
    }
    false
}

/// Takes over all that another has, if nothing is here yet.
fn lend(me: &mut Attempts, (other, kin): (&Member, &Kin), store: &Store, stop: &Stop) -> bool {
    let lent = kin.lend(store, stop);
    match &lent {
        Ok(true) => tracing::debug!(from = %other.git.display(), "share the packs of another root"),
        Ok(false) => (),
        Err(error) => say(other, error),
    }
    let lent = lent.unwrap_or_default();
    if lent && let Some(base) = lock(&other.has).clone().or_else(|| kin.head()) {
        let url = "another root";
        let whole = Resolved::exactly(&base)
            .and_then(|object| store.confirm(&object, &Before::default(), url, stop));
        if whole.is_ok() {
            me.kinship.base = Some(base);
        }
    }
    lent
}

fn say(other: &Member, error: &Cause) {
    let from = other.git.display();
    tracing::info!(%from, %error, "could not take objects that another root has; fetching them");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::config::{Request, Surroundings};

    fn config(args: &[&str]) -> Config {
        let args = ["gitsyncd", "--root=/r"].iter().chain(args).map(std::ffi::OsString::from);
        match config::load(args, std::iter::empty(), Surroundings::default()) {
            Ok(Request::Run { fleet, .. }) => fleet.into_only(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_who_is_known_to_sources_in_the_same_way_is_trusted() {
        let families = Families::default();
        let join = |root: &str, args: &[&str]| {
            let root = PathBuf::from(root);
            families.join(&config(args), &Layout::new(root.clone(), root.join("link")))
        };
        let me = join("/me", &["--repo=https://ada:pw@host/a.git?x=1"]);
        let same = join("/same", &["--repo=https://ada:pw@host/a.git?x=1", "--ref=other"]);
        assert!(same.me.is_known_as(&me.me));
        let others = [
            &["--repo=https://bob:pw@host/a.git?x=1"][..],
            &["--repo=https://ada:other@host/a.git?x=1"],
            &["--repo=https://host/a.git?x=1"],
            &["--repo=https://ada:pw@host/a.git?x=2"],
            &["--repo=https://ada:pw@host/a.git?x=1", "--username=eve", "--password-file=/pw"],
        ];
        let others: Vec<_> = others.map(|args| (args, join(&format!("/{args:?}"), args))).into();
        for (args, other) in &others {
            assert!(Arc::ptr_eq(&other.family, &me.family), "{args:?}");
            assert!(!other.me.is_known_as(&me.me), "{args:?}");
        }
        let git = me.others().first().map(|first| first.git.clone());
        assert_eq!(git, Some(PathBuf::from("/same/.git")), "that one comes first");
    }
}
