//! Which part of a commit is published, and how it is had.

use crate::config::check::Checker;
use crate::config::raw::Raw;
use crate::config::values;
use crate::config::{Part, SparseBy, Verify, VerifyMode};
use crate::model::{Limits, Size, SizeError, Submodules};

/// Reads it; after a problem, the value it is about is a stand-in.
pub(super) fn part(checker: &mut Checker<'_>, raw: &Raw) -> Part {
    let filter = checker.read("filter", raw.filter.as_ref(), |text| {
        text.parse().map_err(|error: crate::model::FilterError| error.to_string())
    });
    let lfs = checker.read("lfs", raw.lfs.as_ref(), values::on_or_off);
    let submodules = checker.read("submodules", raw.submodules.as_ref(), submodules);
    let object = checker.read("max-object-size", raw.max_object_size.as_ref(), size);
    let pack = checker.read("max-pack-size", raw.max_pack_size.as_ref(), size);
    Part {
        filter,
        sparse: sparse(checker, raw),
        lfs: lfs.unwrap_or_default(),
        submodules: submodules.unwrap_or_default(),
        limits: Limits { object: object.unwrap_or_default(), pack: pack.unwrap_or_default() },
    }
}

/// Reads which signatures there must be.
pub(super) fn verify(checker: &mut Checker<'_>, raw: &Raw) -> Verify {
    let mode = checker.read("verify", raw.verify.as_ref(), VerifyMode::parse).unwrap_or_default();
    let key_dir = raw.verify_key_dir.as_ref().filter(|dir| !dir.is_empty());
    let key_dir = checker.file("verify-key-dir", key_dir);
    if mode != VerifyMode::Off && key_dir.is_none() && !checker.is_blamed("verify-key-dir") {
        checker.complain("verify", "needs --verify-key-dir: the keys whose signatures count");
    }
    Verify { mode, key_dir }
}

fn sparse(checker: &mut Checker<'_>, raw: &Raw) -> Option<SparseBy> {
    let file = raw.sparse_checkout_file.as_ref().filter(|file| !file.is_empty());
    let file = checker.file("sparse-checkout-file", file);
    let paths = checker.read_many("sparse-path", raw.sparse_path.as_ref(), directory);
    if file.is_some() && !paths.is_empty() {
        checker
            .complain("sparse-path", "does not go with --sparse-checkout-file; give one of them");
    }
    // One that is the top is everything.
    let is_part = !paths.is_empty() && paths.iter().all(|path| !path.is_empty());
    file.map(SparseBy::File).or_else(|| is_part.then_some(SparseBy::Paths(paths)))
}

/// A directory of the repository, without a slash at either end; empty for the top.
fn directory(text: &str) -> Result<String, String> {
    let parts: Vec<_> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") || text.contains(['\n', '\0']) {
        return Err(format!("{text:?} is not a directory of the repository"));
    }
    Ok(parts.join("/"))
}

fn size(text: &str) -> Result<Size, String> {
    text.parse().map_err(|error: SizeError| error.to_string())
}

fn submodules(text: &str) -> Result<Submodules, String> {
    let found = Submodules::ALL.into_iter().find(|mode| mode.label() == text);
    found.ok_or_else(|| format!("{text:?} is none of recursive, shallow and off"))
}
