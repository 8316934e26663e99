//! Why an attempt ran.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What started an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The program started.
    Start,
    /// The period, or the rest after a failure, was over.
    Period,
    /// The signal of `sync-on-signal` came.
    Signal,
    /// A watched file changed: credentials, or refs of a source on this machine.
    File,
    /// A webhook told of a push.
    Webhook,
    /// Somebody asked over the API.
    Api,
    /// A window opened for which a commit waits.
    Window,
}

impl Trigger {
    /// Every trigger there is.
    pub const ALL: [Self; 7] = [
        Self::Start,
        Self::Period,
        Self::Signal,
        Self::File,
        Self::Webhook,
        Self::Api,
        Self::Window,
    ];

    /// The label, as in metrics, logs and status.
    pub fn label(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Period => "period",
            Self::Signal => "signal",
            Self::File => "file",
            Self::Webhook => "webhook",
            Self::Api => "api",
            Self::Window => "window",
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
