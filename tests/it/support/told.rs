//! What the program tells of itself: failures in its log, metrics.

use serde_json::Value;

use crate::support::daemon::{Daemon, Finished, events, field};

/// An attempt that failed, as the log tells it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The kind of failure.
    pub(crate) class: String,
    /// The step, or nothing if there was none.
    pub(crate) step: String,
    /// The whole story.
    pub(crate) error: String,
    /// What to check.
    pub(crate) hint: String,
}

impl Failure {
    fn of(event: &Value) -> Self {
        let text = |name| field(event, name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (class, step) = (text("class"), text("step"));
        Self { class, step, error: text("error"), hint: text("hint") }
    }

    /// Fails unless this is the class, and the error has these words.
    #[track_caller]
    pub(crate) fn expect(&self, class: &str, words: &str) {
        assert_eq!(self.class, class, "{self:?}");
        assert!(self.error.contains(words), "{words:?} is not in {self:?}");
    }
}

/// The failures in a log, in order.
pub(crate) fn failures(log: &[String]) -> Vec<Failure> {
    events(log, "attempt failed").iter().map(Failure::of).collect()
}

/// The only failure of a run that failed.
#[track_caller]
pub(crate) fn only_failure(finished: &Finished) -> Failure {
    finished.expect_code(1);
    let mut failures = failures(&finished.log);
    assert_eq!(failures.len(), 1, "{}", finished.log.join("\n"));
    failures.remove(0)
}

/// The value of a metric, by its name with labels; nothing if it is not shown.
#[track_caller]
pub(crate) fn metric(daemon: &Daemon, name: &str) -> Option<u64> {
    let text = daemon.get("/metrics").unwrap().body;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is {value}")))
}

/// What was said of settings of Git when it started.
pub(crate) fn of_settings(finished: &Finished) -> Vec<String> {
    let parsed = finished.log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let messages = parsed.filter_map(|line| Some(field(&line, "message")?.as_str()?.to_owned()));
    messages.filter(|message| message.starts_with("--git-config")).collect()
}
