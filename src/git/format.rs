//! By which hash objects are named, as gix says it and as we do.

use crate::git::GitError;
use crate::git::Store;
use crate::model::{Cause, CommitId, ObjectFormat};
use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::hash::Kind;
use gix_transport::client::Capabilities;
use gix_transport::client::capabilities::Capability;

/// As gix says it.
pub(crate) fn kind_of(format: ObjectFormat) -> Kind {
    match format {
        ObjectFormat::Sha1 => Kind::Sha1,
        ObjectFormat::Sha256 => Kind::Sha256,
    }
}

/// As we say it.
pub(super) fn format_of(kind: Kind) -> ObjectFormat {
    if kind == Kind::Sha256 { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 }
}

/// The name of a commit, if the repository can have one of that name.
pub(super) fn object(repo: &gix::Repository, commit: &CommitId) -> Option<ObjectId> {
    let object = ObjectId::from_hex(commit.as_str().as_bytes()).ok()?;
    (object.kind() == repo.object_hash()).then_some(object)
}

/// How a server names its objects (gitprotocol-capabilities, "object-format"). One that does not say
/// so knows no other way than the oldest.
pub(super) fn told(capabilities: &Capabilities, url: &str) -> Result<Kind, GitError> {
    let told = capabilities.capability("object-format");
    let Some(name) = told.as_ref().and_then(Capability::value) else {
        return Ok(Kind::Sha1);
    };
    [Kind::Sha1, Kind::Sha256].into_iter().find(|kind| *name == *kind.to_string()).ok_or_else(
        || {
            let text =
                format!("it names its objects by {:?}, which is not known here", name.as_bstr());
            GitError::Protocol { url: url.to_owned(), source: Cause::new(text) }
        },
    )
}

/// Says why a source that names its objects so cannot give this one, or the store not keep it.
pub(super) fn check(
    want: &ObjectId,
    (theirs, url): (Kind, &str),
    store: &Store,
) -> Result<(), GitError> {
    if want.kind() != theirs {
        let detail = match format_of(theirs) {
            ObjectFormat::Sha1 => ": its commits have ids of 40 digits (sha1)",
            ObjectFormat::Sha256 => ": its commits have ids of 64 digits (sha256)",
        };
        let reference = want.to_hex().to_string();
        return Err(GitError::NoSuchRef { url: url.to_owned(), reference, detail: detail.into() });
    }
    if theirs != store.repo.object_hash() {
        return Err(GitError::OtherFormat {
            url: url.to_owned(),
            theirs: format_of(theirs),
            path: store.path().to_owned(),
            ours: store.format(),
        });
    }
    Ok(())
}
