//! The step in which signatures are checked, and the keys for it, as options and files say at the
//! moment.
//!
//! What was found good is not looked at again while the program runs, unless the keys change.

use crate::attempt::error::Failed;
use crate::attempt::outcome::HeldBack;
use crate::attempt::refusals;
use crate::attempt::signed_tags::SignedTags;
use crate::attempt::wanted::Wanted;
use crate::attempt::{AttemptError, Attempts};
use crate::config::{Config, Verify, VerifyMode};
use crate::disk::look;
use crate::disk::look::{Look, Unread};
use crate::git;
use crate::git::{GitError, Resolved, Store};
use crate::model::{Class, CommitId, Step};
use crate::publish::Layout;
use crate::verify;
use crate::verify::{File, Keyring, Refusal};
use jiff::Timestamp;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How long a file of keys may be, in bytes.
const LONGEST: u64 = 1 << 20;

/// How many files of keys are read.
const MOST: usize = 1000;

/// How old a change of a directory must be before another one is sure to show, in seconds.
const STEP: i64 = 2;

/// How long it counts what was read of keys, in seconds.
const AGE: i64 = 3600;

/// Checks signatures, if the options want it.
#[derive(Debug)]
pub(super) struct Verifying {
    options: Verify,
    repo: String,
    reference: String,
    /// The keys, and how their files looked when they were read.
    keys: Option<(Seen, Keyring)>,
    /// What was found good by these keys: what was wanted, by which name, and the commit.
    passed: Option<(Resolved, CommitId)>,
    tags: SignedTags,
    /// What is looked after because something else was refused.
    excused: Option<CommitId>,
}

/// How a directory and the files in it look from outside.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    directory: Option<[i64; 4]>,
    which: Option<[u64; 2]>,
    files: Vec<(PathBuf, Look)>,
    settled: bool,
    /// When that was, in seconds since 1970.
    at: i64,
}

impl Seen {
    /// Looks at a directory, and at those files in it.
    fn of(directory: &Path, files: Vec<PathBuf>) -> Self {
        let found = fs::metadata(directory).ok();
        let files: Vec<_> = files
            .into_iter()
            .map(|path| {
                let look = Look::at(&path);
                (path, look)
            })
            .collect();
        let now = Timestamp::now().as_second();
        let old = |found: &fs::Metadata| now.saturating_sub(found.ctime()) > STEP;
        let settled = found.as_ref().is_none_or(old) && files.iter().all(|it| it.1.is_settled());
        Self {
            which: found.as_ref().map(|it| [it.dev(), it.ino()]),
            directory: found.map(|it| [it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec()]),
            files,
            settled,
            at: now,
        }
    }

    /// Says whether nothing has changed since.
    fn is_still(&self, directory: &Path) -> bool {
        let now = Self::of(directory, self.files.iter().map(|it| it.0.clone()).collect());
        let same = |(one, other): (&(PathBuf, Look), &(PathBuf, Look))| one.1.is_like(&other.1);
        // Keys come to their end while their files stay as they are.
        let is_recent = (0..AGE).contains(&now.at.saturating_sub(self.at));
        (self.settled && is_recent)
            && (self.which, self.directory) == (now.which, now.directory)
            && self.files.iter().zip(&now.files).all(same)
    }
}

/// Lists the files of keys in a directory.
fn list(directory: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if verify::is_one_of_keys(&name) {
            let path = directory.join(&name);
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Reads all keys of a directory.
fn read(directory: &Path) -> (Seen, Keyring) {
    let listed = list(directory);
    let names = listed.as_ref().map(Vec::as_slice).unwrap_or_default();
    let seen = Seen::of(directory, names.iter().map(|(_, path)| path.clone()).collect());
    let one = |(name, path): (String, PathBuf)| {
        let content = look::read(&path, LONGEST)
            .and_then(|content| content.ok_or_else(Unread::missing))
            .map_err(|error| error.to_string());
        (name, content)
    };
    let whole = |why: String| vec![(directory.display().to_string(), Err(why))];
    let files: Vec<File> = match listed {
        Ok(listed) if listed.len() > MOST => whole(format!("there are more than {MOST} files")),
        Ok(listed) => listed.into_iter().map(one).collect(),
        Err(error) => whole(format!("the directory cannot be read: {error}")),
    };
    (seen, Keyring::read(&files, now()))
}

fn now() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or_default()
}

/// Reads the keys that the options name, if signatures are checked.
pub fn keyring(config: &Config) -> Option<Keyring> {
    config.verify.keys().map(|directory| read(directory).1)
}

impl Verifying {
    /// Takes what the options say. No file is read yet.
    pub(super) fn new(config: &Config, layout: &Layout) -> Self {
        Self {
            tags: SignedTags::new(layout),
            options: config.verify.clone(),
            repo: config.repo.to_string(),
            reference: config.reference.to_string(),
            keys: None,
            passed: None,
            excused: None,
        }
    }

    /// Whether a tag is what must be signed.
    pub(super) fn by_tag(&self) -> bool {
        self.options.mode == VerifyMode::Tag
    }

    /// Lets one commit be as it is, because nobody asks for it now.
    pub(super) fn excuse(&mut self, commit: Option<CommitId>) {
        self.excused = commit;
    }

    /// Whether that is what is wanted now.
    pub(super) fn excuses(&self, wanted: &Resolved) -> bool {
        self.excused.is_some() && wanted.id() == self.excused
    }

    /// Turns to the tag instead of the commit, if that is what must be signed.
    pub(super) fn aim(&self, wanted: Wanted) -> Wanted {
        match wanted.object.clone().tag().filter(|_| self.by_tag()) {
            Some(object) => Wanted { object, ..wanted },
            None => wanted,
        }
    }

    /// Whether nobody has looked yet at what is wanted, by these keys.
    fn is_open(&self, wanted: &Resolved, commit: &CommitId) -> bool {
        let is_known = self.passed.as_ref().is_some_and(|(passed, named)| {
            let same = passed.is_same_as(wanted) && passed.tag_name() == wanted.tag_name();
            same && named == commit
        });
        self.keys.is_some() && !is_known && self.excused.as_ref() != Some(commit)
    }

    /// Says who signed what is wanted, or why it does not count. What somebody `chose` has no tag of
    /// its own.
    fn check(
        &self,
        wanted: &Resolved,
        store: &Store,
        (commit, chose): (&CommitId, bool),
    ) -> Result<Result<String, Refusal>, GitError> {
        let Some((_, keys)) = &self.keys else {
            return Ok(Err(Refusal::NoKeys { why: None }));
        };
        if !self.by_tag() {
            let object = git::raw(store, commit)?;
            return Ok(verify::commit(&object, store.format(), keys, now()));
        }
        let (Some(name), Some(id)) = (wanted.tag_name(), wanted.id()) else {
            if chose {
                return Ok(self.check_chosen(commit, keys));
            }
            let what = format!("{:?} names no annotated tag", self.reference);
            return Ok(Err(Refusal::NoTag { what }));
        };
        let object = git::raw(store, &id)?;
        Ok(verify::tag(&object, name, keys, now()).and_then(|named| {
            // What a tag of a tag names is named by its content.
            if named.is_commit && named.object != commit.as_str() {
                let what = format!("the tag {name} names {}", named.object);
                return Err(Refusal::NoTag { what });
            }
            if named.is_commit {
                self.tags.add(commit, name, &object);
            }
            Ok(named.signer)
        }))
    }

    /// Says who signed a tag by which the commit was named here before.
    fn check_chosen(&self, commit: &CommitId, keys: &Keyring) -> Result<String, Refusal> {
        let mut refusal =
            Refusal::NoTag { what: format!("no signed tag of {commit} was seen here") };
        for tag in self.tags.of(commit) {
            match verify::tag(&tag.object(), &tag.name, keys, now()) {
                Ok(named) if named.is_commit && named.object == commit.as_str() => {
                    return Ok(named.signer);
                }
                Ok(_other) => (),
                Err(why) => refusal = why,
            }
        }
        Err(refusal)
    }
}

/// Reads the keys anew if they may have changed, and tells what is wrong with them.
pub(super) fn refresh(me: &mut Attempts) {
    let it = &mut me.verifying;
    let Some(directory) = it.options.keys() else {
        return;
    };
    if it.keys.as_ref().is_some_and(|(seen, _)| seen.is_still(directory)) {
        return;
    }
    let (seen, keys) = read(directory);
    let is_news = it.keys.as_ref().is_none_or(|(_, known)| known.digest() != keys.digest());
    if is_news {
        for fault in keys.faults() {
            tracing::warn!(file = fault.file, why = fault.why, "this is no key that counts");
        }
        let (pgp, ssh) = keys.counts();
        tracing::info!(dir = %directory.display(), pgp, ssh, "read the keys whose signatures count");
        it.passed = None;
        let question = format!("{} {}", it.options.mode.label(), keys.digest());
        me.refusals.depend_on_keys((&it.repo, &it.reference), Some(question));
    }
    it.keys = Some((seen, keys));
}

/// The refusal of what a source names, if it was looked at before by these keys.
pub(super) fn known(me: &mut Attempts, wanted: &Wanted) -> Result<Option<HeldBack>, Failed> {
    if me.verifying.excuses(&wanted.object) {
        return Ok(None);
    }
    match me.refusals.find(&wanted.object, Class::Verify) {
        Some(known) if me.pin.is_asked() => Err(unverified(known.why)),
        known => Ok(known),
    }
}

/// Checks what is wanted, if that was not done, and says why the commit is held back, if it is.
pub(super) fn judge(
    me: &mut Attempts,
    wanted: &Wanted,
    store: &Store,
    commit: &CommitId,
) -> Result<Option<HeldBack>, Failed> {
    if !me.verifying.is_open(&wanted.object, commit) {
        return Ok(None);
    }
    let about = (commit, me.pin.chooses());
    let checked = me.step(Step::Verify, |me| me.verifying.check(&wanted.object, store, about))?;
    let refusal = match checked {
        Ok(signer) => {
            tracing::info!(%commit, signer, "the signature is good");
            me.verifying.passed = Some((wanted.object.clone(), commit.clone()));
            return Ok(None);
        }
        Err(refusal) => refusal,
    };
    let what = match wanted.object.tag_name().filter(|_| me.verifying.by_tag()) {
        Some(name) => format!("the tag {name} of commit {commit}"),
        None => format!("commit {commit}"),
    };
    let why = format!("{what} does not verify: {refusal}");
    if me.pin.is_asked() {
        return Err(unverified(why));
    }
    let live = me.root.live().filter(|live| !me.one_time && live.commit != *commit);
    let live = live.map(|live| Box::new(me.describe(store, live)));
    let (commit, class, until) = (commit.clone(), Class::Verify, refusals::until(&refusal));
    let fresh = !me.refusals.says(&commit, class, &why);
    let held = HeldBack { commit, class, why, until, fresh, live };
    me.refusals.note(&wanted.object, &held);
    Ok(Some(held))
}

fn unverified(why: String) -> Failed {
    Failed::at(Step::Verify, AttemptError::Unverified { why })
}

/// Says whether something that another instance published verifies. Nothing is remembered of it.
pub(super) fn is_fit(me: &mut Attempts, wanted: &Wanted, store: &Store, commit: &CommitId) -> bool {
    refresh(me);
    me.verifying.keys.is_none()
        || matches!(me.verifying.check(&wanted.object, store, (commit, false)), Ok(Ok(_signer)))
}
