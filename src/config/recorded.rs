//! Options that a run notes in its root, so that a command can change what is published there
//! without being told them again. They hold no secret.

use crate::config::Config;
use crate::config::Surroundings;
use crate::config::given::Given;
use crate::config::names;
use crate::config::options::BETWEEN;
use crate::config::paths;
use crate::config::problem::{Origin, Problem};
use crate::config::show::values_of;
use std::collections::BTreeMap;
use std::path::Path;

/// The text of each option that was noted.
pub type Recorded = BTreeMap<String, String>;

/// The program that is asked before a publication.
const PROGRAM: &str = "pre-publish-exechook-command";
/// Whether its word counts.
const GATE: &str = "publish-gate";

/// What is said where only the gate was noted.
const UNTOLD: &str = "is needed: the last run in this root published nothing without the consent of \
    a program (--publish-gate), whose arguments are not noted as they may hold secrets; give it \
    again as it was then";

/// What is noted: where the commits are from, which may be published and when, and how they are
/// written and shown.
const KEYS: [&str; 23] = [
    "repo",
    "fallback-repo",
    "ref",
    "verify",
    "verify-key-dir",
    GATE,
    PROGRAM,
    "pre-publish-exechook-timeout",
    "sync-window",
    "link",
    "depth",
    "filter",
    "sparse-checkout-file",
    "sparse-path",
    "submodules",
    "lfs",
    "publish",
    "trees",
    "durable",
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
            let is_noted = KEYS.contains(&key) && (key != PROGRAM || self.hooks.is_plain_gate());
            let Some(value) = value.filter(|_| is_noted) else {
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
    let is_noted = *given.origin(GATE) == Origin::Default && given.text(GATE) == Some("true");
    if is_noted && given.text(PROGRAM).is_none_or(str::is_empty) {
        given.problems.push(Problem::new(format!("--{PROGRAM}"), UNTOLD));
        // That says it.
        given.put(GATE, "false".to_owned(), Origin::Default);
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::{config, surroundings};
    use crate::config::{Fleet, Problem, Recorded, Request, Surroundings, VerifyMode, load};
    use std::path::Path;

    /// What an order would be carried out with, by itself, where this was noted.
    fn recalled(noted: fn(&Path) -> Recorded, args: &[&str]) -> Result<Box<Fleet>, Vec<String>> {
        let args = ["gitsyncd", "unpin", "--root=/r"].iter().chain(args);
        let surroundings = Surroundings { recorded: Some(noted), ..surroundings() };
        match load(args.map(Into::into), std::iter::empty(), surroundings) {
            Ok(Request::Order(order)) => {
                order.whole.map_err(|told| told.iter().map(Problem::to_string).collect())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_decides_which_commit_may_be_published_counts_for_commands_too() {
        let noted = |_root: &Path| {
            config(&[
                "--root=/r",
                "--fallback-repo=/srv/b",
                "--fallback-repo=/srv/c",
                "--verify=head",
                "--verify-key-dir=keys",
                "--publish-gate",
                "--pre-publish-exechook-command=/bin/check",
                "--pre-publish-exechook-timeout=7s",
                "--sync-window=allow 0 9 * * mon-fri 8h Europe/Berlin",
                "--sync-window=deny 0 0 1 1 * 24h",
            ])
            .recorded()
        };
        let own = recalled(noted, &[]).unwrap().into_only();
        assert_eq!(own.verify.mode, VerifyMode::Head);
        assert_eq!(own.verify.keys(), Some(Path::new("/home/me/keys")));
        assert!(own.hooks.gate);
        assert_eq!(own.hooks.pre_publish.command, ["/bin/check"]);
        assert_eq!(own.hooks.pre_publish.timeout.as_secs(), 7);
        assert_eq!((own.windows.iter().count(), own.fallback_repos.len()), (2, 2));
        let other = recalled(noted, &["--verify=off", "--publish-gate=false"]).unwrap();
        let other = other.into_only();
        assert_eq!((other.verify.mode, other.hooks.gate), (VerifyMode::Off, false), "it is said");
    }

    #[test]
    fn of_a_gate_with_arguments_it_is_only_noted_that_there_is_one() {
        fn noted(_root: &Path) -> Recorded {
            let command = "--pre-publish-exechook-command=[\"/bin/check\", \"hush\"]";
            config(&["--root=/r", "--publish-gate", command]).recorded()
        }
        assert!(!format!("{:?}", noted(Path::new("/r"))).contains("hush"));
        let told = recalled(noted, &[]).unwrap_err();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("--pre-publish-exechook-command: is needed"), "{told:?}");
        let again = recalled(noted, &["--pre-publish-exechook-command=/bin/check"]).unwrap();
        assert!(again.into_only().hooks.gate);
    }
}
