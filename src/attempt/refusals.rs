//! The commit that was refused last, over restarts too, so that it is not tried again and again.
//!
//! It counts as long as the source names the same for the same ref, and the same program would be
//! asked in the same way. What depends on the time, as that a key has expired, is looked at again after
//! an hour.

use crate::attempt::outcome::HeldBack;
use crate::config::Config;
use crate::disk::look::read_below;
use crate::disk::{Durable, remove, replace_file};
use crate::git::{Resolved, Scope};
use crate::model::{Cause, Class, CommitId};
use crate::publish::Layout;
use crate::verify::Refusal;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// How long the file may be.
const LONGEST: u64 = 64 * 1024;

/// How long an answer counts that depends on the time.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// What the answer depends on besides the commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Question {
    repo: String,
    #[serde(rename = "ref")]
    reference: String,
    command: Vec<String>,
    timeout_ms: u64,
    /// Which files the program was shown, if not just those of the commit and its submodules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rules: Option<String>,
    /// How signatures are checked, and by which keys, if that was the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keys: Option<String>,
}

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    /// What the ref named: the commit, or a tag of it.
    named: CommitId,
    commit: CommitId,
    #[serde(default = "gate")]
    class: Class,
    why: String,
    /// When it is to be looked at again, if the answer may be another one then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(flatten)]
    question: Question,
}

impl Written {
    /// Whether it is to be looked at again. If the clock was put back since then, it is.
    fn is_over(&self, now: Timestamp) -> bool {
        let latest = now.checked_add(AGAIN).unwrap_or(now);
        self.until.is_some_and(|until| until <= now || until > latest)
    }
}

/// When to look again at what was refused for this reason; none if it stays as it is.
pub(super) fn until(refusal: &Refusal) -> Option<Timestamp> {
    Timestamp::now().checked_add(AGAIN).ok().filter(|_| refusal.may_pass())
}

/// Once there were no others.
fn gate() -> Class {
    Class::Gate
}

/// What is known of it.
#[derive(Debug)]
pub(super) struct Refusals {
    path: PathBuf,
    /// What a program is asked; none if there is none that can refuse.
    question: Option<Question>,
    /// What is asked of signatures, without the name of the ref that was chosen; none if nothing is.
    signed: Option<Question>,
    /// What the question was made for.
    scope: Option<Arc<Scope>>,
    last: Last,
}

/// What was refused last.
#[derive(Debug, PartialEq, Eq)]
enum Last {
    /// That was not looked up.
    Unknown,
    Nothing,
    Known(Box<Written>),
}

impl Refusals {
    /// Knows nothing yet.
    pub(super) fn new(layout: &Layout, config: &Config) -> Self {
        let exec = &config.hooks.pre_publish;
        let question = config.hooks.gate.then(|| Question {
            repo: config.repo.to_string(),
            reference: config.reference.to_string(),
            command: exec.command.clone(),
            timeout_ms: u64::try_from(exec.timeout.as_millis()).unwrap_or(u64::MAX),
            rules: None,
            keys: None,
        });
        Self { path: layout.refused(), question, signed: None, scope: None, last: Last::Unknown }
    }

    /// Notes which files the program is shown from now on.
    pub(super) fn depend_on(&mut self, scope: &Arc<Scope>) {
        if self.scope.as_ref().is_some_and(|known| Arc::ptr_eq(known, scope)) {
            return;
        }
        self.scope = Some(Arc::clone(scope));
        if let Some(question) = &mut self.question {
            question.rules = scope.digest();
        }
    }

    /// Notes how signatures are checked from now on.
    pub(super) fn depend_on_keys(&mut self, config: (&str, &str), keys: Option<String>) {
        let (repo, reference) = config;
        self.signed = keys.map(|keys| Question {
            repo: repo.to_owned(),
            reference: reference.to_owned(),
            command: Vec::new(),
            timeout_ms: 0,
            rules: None,
            keys: Some(keys),
        });
    }

    /// What a refusal of this class depends on.
    fn question(&self, wanted: &Resolved, class: Class) -> Option<Question> {
        if class != Class::Verify {
            return self.question.clone();
        }
        let signed = self.signed.clone()?;
        // The same tag under another name is another question.
        let keys = format!("{} {}", signed.keys?, wanted.tag_name().unwrap_or_default());
        Some(Question { keys: Some(keys), ..signed })
    }

    /// Another instance may write the file.
    pub(super) fn forget(&mut self) {
        self.last = Last::Unknown;
    }

    /// The refusal of what a source names, if there was one of this class.
    pub(super) fn find(&mut self, wanted: &Resolved, class: Class) -> Option<HeldBack> {
        let question = self.question(wanted, class)?;
        let (path, named) = (&self.path, wanted.id()?);
        if self.last == Last::Unknown {
            self.last = read(path).map_or(Last::Nothing, |last| Last::Known(Box::new(last)));
        }
        let Last::Known(last) = &self.last else {
            return None;
        };
        let is_same = (last.class, &last.named, &last.question) == (class, &named, &question);
        (is_same && !last.is_over(Timestamp::now())).then(|| HeldBack {
            commit: last.commit.clone(),
            class,
            why: last.why.clone(),
            until: last.until,
            fresh: false,
            live: None,
        })
    }

    /// Whether that is what was said last, so that it is no news.
    pub(super) fn says(&self, commit: &CommitId, class: Class, why: &str) -> bool {
        matches!(&self.last, Last::Known(last)
            if (&last.commit, last.class, last.why.as_str()) == (commit, class, why))
    }

    /// A commit was refused.
    pub(super) fn note(&mut self, wanted: &Resolved, refusal: &HeldBack) {
        let class = refusal.class;
        let (Some(question), Some(named)) = (self.question(wanted, class), wanted.id()) else {
            return;
        };
        let (commit, why, until) = (refusal.commit.clone(), refusal.why.clone(), refusal.until);
        let written = Written { named, commit, class, why, until, question };
        let text = serde_json::json!(written).to_string();
        if let Err(error) = replace_file(&self.path, text.as_bytes(), Durable::No) {
            tracing::warn!(error = %Cause::of(&error), "could not remember what was refused");
        }
        self.last = Last::Known(Box::new(written));
    }

    /// Another commit is published: if the ref goes back to that one, it gets another chance.
    pub(super) fn clear(&mut self) {
        if self.last == Last::Nothing {
            return;
        }
        if let Err(error) = remove(&self.path) {
            tracing::warn!(error = %Cause::of(&error), "could not forget what was refused");
        }
        self.last = Last::Nothing;
    }
}

/// Reads the file. One that cannot be understood says nothing: the program is asked again.
fn read(path: &std::path::Path) -> Option<Written> {
    let text = read_below(path, LONGEST).ok().flatten()?;
    let read = serde_json::from_slice(&text);
    read.inspect_err(|error| {
        tracing::warn!(path = %path.display(), %error, "cannot read what was refused");
    })
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use crate::config::{Request, Surroundings};
    use crate::git::Sparse;
    use crate::model::Submodules;
    use std::fs;

    fn config(args: &[&str]) -> Config {
        let args = ["gitsyncd", "--repo=/srv/a", "--publish-gate"].iter().chain(args);
        let args = args.map(std::ffi::OsString::from);
        match config::load(args, std::iter::empty(), Surroundings::default()) {
            Ok(Request::Run { fleet, .. }) => fleet.into_only(),
            other => panic!("{other:?}"),
        }
    }

    const GATE: &str = "--pre-publish-exechook-command=./check";

    #[test]
    fn a_refusal_lasts_until_what_it_depends_on_changes() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().to_owned(), dir.path().join("link"));
        fs::create_dir_all(layout.own()).unwrap();
        let id = |digit: &str| digit.repeat(40).parse::<CommitId>().unwrap();
        let wanted = |digit| Resolved::exactly(&id(digit)).unwrap();
        let again = |args: &[&str]| Refusals::new(&layout, &config(args));
        let usual = [GATE, "--root=/r"];
        let mut refusals = again(&usual);
        assert_eq!(refusals.find(&wanted("a"), Class::Gate), None);
        let refusal = HeldBack {
            commit: id("b"),
            class: Class::Gate,
            why: "because".to_owned(),
            until: None,
            fresh: true,
            live: None,
        };
        refusals.note(&wanted("a"), &refusal);
        let known = Some(HeldBack { fresh: false, ..refusal.clone() });
        assert_eq!(refusals.find(&wanted("a"), Class::Gate), known);
        assert_eq!(again(&usual).find(&wanted("a"), Class::Gate), known, "over a restart");
        assert_eq!(again(&usual).find(&wanted("c"), Class::Gate), None);
        for other in [
            &["--pre-publish-exechook-command=./other", "--root=/r"][..],
            &[usual[0], usual[1], "--ref=other"],
            &[usual[0], usual[1], "--repo=/srv/b"],
            &[usual[0], usual[1], "--pre-publish-exechook-timeout=31s"],
            &[usual[0], usual[1], "--publish-gate=false"],
        ] {
            assert_eq!(again(other).find(&wanted("a"), Class::Gate), None, "{other:?}");
        }
        let all = Arc::new(Scope::default());
        let sparse = Some(Arc::new(Sparse::of_patterns("*.md\n")));
        for part in [
            Scope { sparse, ..Scope::default() },
            Scope { lfs: true, ..Scope::default() },
            Scope { submodules: Submodules::Off, ..Scope::default() },
        ] {
            let part = Arc::new(part);
            refusals.depend_on(&all);
            refusals.note(&wanted("a"), &refusal);
            let mut refusals = again(&usual);
            refusals.depend_on(&part);
            assert_eq!(refusals.find(&wanted("a"), Class::Gate), None, "other files: {part:?}");
            refusals.note(&wanted("a"), &refusal);
            let mut refusals = again(&usual);
            refusals.depend_on(&part);
            assert_eq!(refusals.find(&wanted("a"), Class::Gate), known);
            refusals.depend_on(&all);
            assert_eq!(refusals.find(&wanted("a"), Class::Gate), None);
        }
        again(&usual).clear();
        assert_eq!(again(&usual).find(&wanted("a"), Class::Gate), None);
        fs::write(layout.refused(), "{").unwrap();
        assert_eq!(again(&usual).find(&wanted("a"), Class::Gate), None);
    }

    #[test]
    fn a_refusal_of_a_signature_lasts_until_the_keys_change() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().to_owned(), dir.path().join("link"));
        fs::create_dir_all(layout.own()).unwrap();
        let id = |digit: &str| digit.repeat(40).parse::<CommitId>().unwrap();
        let wanted = Resolved::exactly(&id("a")).unwrap();
        let again = |keys: Option<&str>| {
            let gate = [GATE, "--root=/r"];
            let mut refusals = Refusals::new(&layout, &config(&gate));
            refusals.depend_on_keys(("/srv/a", "main"), keys.map(str::to_owned));
            refusals
        };
        let (class, why) = (Class::Verify, "because".to_owned());
        let until = None;
        let refusal = HeldBack { commit: id("b"), class, why, until, fresh: true, live: None };
        again(Some("head 1")).note(&wanted, &refusal);
        let known = Some(HeldBack { fresh: false, ..refusal.clone() });
        assert_eq!(again(Some("head 1")).find(&wanted, Class::Verify), known);
        assert_eq!(again(Some("head 1")).find(&wanted, Class::Gate), None);
        assert_eq!(again(Some("head 2")).find(&wanted, Class::Verify), None);
        assert_eq!(again(None).find(&wanted, Class::Verify), None);
        again(None).note(&wanted, &refusal);
        assert_eq!(again(Some("head 1")).find(&wanted, Class::Verify), known);
    }

    #[test]
    fn an_answer_that_depends_on_the_time_is_looked_at_again() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().to_owned(), dir.path().join("link"));
        fs::create_dir_all(layout.own()).unwrap();
        let commit = "b".repeat(40).parse::<CommitId>().unwrap();
        let wanted = Resolved::exactly(&commit).unwrap();
        let again = || {
            let mut refusals = Refusals::new(&layout, &config(&[GATE, "--root=/r"]));
            refusals.depend_on_keys(("/srv/a", "main"), Some("head 1".to_owned()));
            refusals
        };
        let now = Timestamp::now();
        for (until, counts) in [
            (None, true),
            (Some(now + SignedDuration::from_mins(59)), true),
            (Some(now), false),
            (Some(now + SignedDuration::from_hours(2)), false),
        ] {
            let (class, why) = (Class::Verify, "because".to_owned());
            let commit = commit.clone();
            let refusal = HeldBack { commit, class, why, until, fresh: true, live: None };
            again().note(&wanted, &refusal);
            let mut refusals = again();
            let known = refusals.find(&wanted, class);
            assert_eq!(known, counts.then_some(HeldBack { fresh: false, ..refusal }), "{until:?}");
            assert!(refusals.says(&wanted.id().unwrap(), class, "because"), "it is no news");
        }
        let key = "k".to_owned();
        assert!(until(&Refusal::Expired { key: key.clone(), at: 1 }) > Some(now));
        assert_eq!(until(&Refusal::Mismatch { key }), None);
    }
}
