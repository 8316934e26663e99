//! Making a repository whole again from which a filter kept objects away: after all that is missing
//! was fetched, and not before it was looked whether it is here.

use crate::git::GitError;
use crate::git::Store;
use crate::git::collect;
use crate::git::copy::CopyError;
use crate::git::format;
use crate::git::partial;
use crate::git::select::{Selection, Walk};
use crate::model::CommitId;
use crate::runtime::Stop;
use gix::ObjectId;
use gix::objs::Exists;

/// Says whether all these commits are here with all that they need, up to where history ends. Every
/// tree is read.
pub fn has_all(store: &Store, commits: &[CommitId], stop: &Stop) -> Result<bool, GitError> {
    let tips: Option<Vec<ObjectId>> =
        commits.iter().map(|commit| format::object(&store.repo, commit)).collect();
    match tips {
        Some(tips) => are_here(store, &tips, stop),
        None => Ok(false),
    }
}

/// The commits that refs of others name, which stay too.
pub fn of_others(store: &Store) -> Vec<CommitId> {
    let tips = collect::of_others(store, None, &mut Selection::default());
    tips.iter().filter_map(|tip| tip.to_hex().to_string().parse().ok()).collect()
}

/// Believes no longer that anything may be missing, if these commits and what refs of others name are
/// here with all that they need. Says whether it is so.
pub fn make_whole(store: &Store, commits: &[CommitId], stop: &Stop) -> Result<bool, GitError> {
    let is_whole = has_all(store, &[commits, &of_others(store)].concat(), stop)?;
    if is_whole {
        partial::unmark(store)?;
    }
    Ok(is_whole)
}

fn are_here(store: &Store, tips: &[ObjectId], stop: &Stop) -> Result<bool, GitError> {
    let (mut walk, mut needed) = (Walk::new(&store.repo, None, stop), Selection::default());
    for tip in tips {
        match walk.history(*tip, None, &mut needed) {
            Ok(()) => (),
            Err(CopyError::Stopped(stopped)) => return Err(stopped.into()),
            Err(_missing) => return Ok(false),
        }
    }
    let objects = &store.repo.objects;
    let is_here = |id: &ObjectId| objects.exists_without_refresh(id) || objects.exists(id);
    Ok(needed.objects.iter().all(is_here))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Due;
    use crate::git::copy::{Parcel, transfer};
    use crate::git::packs;
    use crate::model::{Garbage, Limits};
    use gix::objs::tree::{Entry, EntryKind};
    use gix::objs::{Commit, Tree};
    use gix::zlib::Compression;
    use std::fs;
    use std::time::Duration;
    use tokio::time::Instant;
    use tokio_util::sync::CancellationToken;

    #[test]
    fn what_came_while_garbage_was_collected_stays() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        let stop = Stop::new(CancellationToken::new(), Instant::now() + Duration::from_mins(1));
        let dir = tempfile::tempdir().unwrap();
        let git = dir.path().join("git");
        let repo = gix::init_bare(&git).unwrap();
        let blob = repo.write_blob(b"content").unwrap().detach();
        let entry = Entry { mode: EntryKind::Blob.into(), filename: "a".into(), oid: blob };
        let tree = repo.write_object(&Tree { entries: vec![entry] }).unwrap().detach();
        let time = gix::date::Time::new(0, 0);
        let who = gix::actor::Signature { name: "A".into(), email: "a@b".into(), time };
        let commit = Commit {
            tree,
            parents: Vec::new().into(),
            author: who.clone(),
            committer: who,
            encoding: None,
            message: "1".into(),
            extra_headers: Vec::new(),
        };
        let commit = repo.write_object(&commit).unwrap().detach();
        let kept = [commit.to_hex().to_string().parse::<CommitId>().unwrap()];
        let hex = blob.to_hex().to_string();
        let (directory, name) = hex.split_at(2);
        let loose = git.join("objects").join(directory).join(name);
        let aside = dir.path().join("aside");
        fs::rename(&loose, &aside).unwrap();
        fs::create_dir_all(git.join("gitsyncd")).unwrap();
        fs::write(git.join("gitsyncd/partial"), "blobs\n").unwrap();

        let store = Store::open(&git).unwrap();
        assert!(store.is_partial() && !make_whole(&store, &kept, &stop).unwrap());
        let due = Due::new(Garbage::Always);
        let collection = due.begin(git.clone(), dir.path().join("place"), kept.to_vec());
        let packed = collection.pack(&stop).unwrap().unwrap();
        // It comes in a pack, as from a server.
        fs::rename(&aside, &loose).unwrap();
        let directory = packs::directory(&git);
        let parcel = Parcel {
            directory: &directory,
            compression: Compression::DEFAULT,
            threads: 1,
            limits: Limits::default(),
        };
        transfer(&store.repo, &store, (&[blob], parcel), &stop).unwrap();
        fs::remove_file(&loose).unwrap();
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 3, "a pack, its index and a mark");
        assert!(make_whole(&store, &kept, &stop).unwrap() && !store.is_partial());
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
        packed.install(store, &kept, &stop).unwrap();
        assert!(has_all(&Store::open(&git).unwrap(), &kept, &stop).unwrap());
    }
}
