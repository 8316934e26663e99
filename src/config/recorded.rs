//! Options that a run notes in its root, so that a command can change what is published there
//! without being told them again. They hold no secret.

use crate::config::Config;
use crate::config::Surroundings;
use crate::config::given::Given;
use crate::config::names;
use crate::config::options::BETWEEN;
use crate::config::paths;
use crate::config::show::values_of;
use std::collections::BTreeMap;
use std::path::Path;

/// The text of each option that was noted.
pub type Recorded = BTreeMap<String, String>;

/// What is noted: where the commits are from, and how they are written and shown.
const KEYS: [&str; 15] = [
    "repo",
    "ref",
    "link",
    "depth",
    "filter",
    "sparse-checkout-file",
    "sparse-path",
    "submodules",
    "lfs",
    "publish",
    "trees",
    "drift",
    "stale-worktree-timeout",
    "keep-trees",
    "git-gc",
];

impl Config {
    /// What is to be noted of these options. Paths count from the root, which may be mounted at
    /// another place later.
    pub fn recorded(&self) -> Recorded {
        let mut noted = Recorded::new();
        for (key, value) in values_of(self) {
            let Some(value) = value.filter(|_| KEYS.contains(&key)) else {
                continue;
            };
            let value = match self.link.strip_prefix(&self.root) {
                Ok(below) if key == "link" => below.display().to_string(),
                Ok(_) | Err(_) => value,
            };
            let text: &mut String = noted.entry(key.to_owned()).or_default();
            if !text.is_empty() {
                text.push(BETWEEN);
            }
            text.push_str(&value);
        }
        noted
    }
}

/// Lets what was noted in the root count where nothing was given.
pub(super) fn recall(given: &mut Given, surroundings: &Surroundings) {
    let cwd = surroundings.cwd.as_deref().unwrap_or(Path::new("/"));
    let root = given.text("root").map(|root| paths::absolute(cwd, root));
    let (Some(root), Some(recorded)) = (root, surroundings.recorded) else {
        return;
    };
    for (key, text) in recorded(&root) {
        let opt = names::option(&key).filter(|opt| KEYS.contains(&opt.key));
        if let Some(opt) = opt {
            given.recall(opt, text);
        }
    }
}
