//! How trees and the repository are kept.

use crate::config::check::Checker;
use crate::config::raw::Raw;
use crate::config::values;
use crate::config::{Drift, Trees};
use crate::model::{Form, Garbage};
use std::time::Duration;

/// How trees and the repository are kept.
pub(super) struct Upkeep {
    pub(super) stale: Duration,
    pub(super) keep: usize,
    pub(super) publish: Form,
    pub(super) trees: Trees,
    pub(super) durable: bool,
    pub(super) drift: Drift,
    pub(super) garbage: Garbage,
    pub(super) add_user: bool,
}

/// Reads it; after a problem, the value it is about is a stand-in.
pub(super) fn upkeep(checker: &mut Checker<'_>, raw: &Raw) -> Upkeep {
    let stale = raw.stale_worktree_timeout.as_ref();
    let stale = checker.read("stale-worktree-timeout", stale, values::duration);
    let keep = checker.read("keep-trees", raw.keep_trees.as_ref(), keep_trees);
    let publish = checker.read("publish", raw.publish.as_ref(), form);
    let trees = checker.read("trees", raw.trees.as_ref(), Trees::parse);
    let durable = checker.read("durable", raw.durable.as_ref(), values::on_or_off);
    let drift = checker.read("drift", raw.drift.as_ref(), Drift::parse);
    let garbage = checker.read("git-gc", raw.git_gc.as_ref(), garbage);
    let add_user = checker.read("add-user", raw.add_user.as_ref(), values::switch);
    Upkeep {
        stale: stale.unwrap_or_default(),
        keep: keep.unwrap_or_default(),
        publish: publish.unwrap_or_default(),
        trees: trees.unwrap_or(Trees::Prepared),
        durable: durable.unwrap_or_default(),
        drift: drift.unwrap_or(Drift::Repair),
        garbage: garbage.unwrap_or_default(),
        add_user: add_user.unwrap_or_default(),
    }
}

fn keep_trees(text: &str) -> Result<usize, String> {
    usize::try_from(values::number(text)?)
        .map_err(|_error| format!("{text:?} is no number of trees"))
}

fn form(text: &str) -> Result<Form, String> {
    let form = Form::ALL.into_iter().find(|form| form.label() == text);
    form.ok_or_else(|| format!("{text:?} is none of symlink, exchange and copy"))
}

fn garbage(text: &str) -> Result<Garbage, String> {
    let mode = Garbage::ALL.into_iter().find(|mode| mode.label() == text);
    mode.ok_or_else(|| format!("{text:?} is none of auto, always, aggressive and off"))
}
