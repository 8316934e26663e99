//! What the options say about what others may ask over HTTP.

use crate::config::PasswordSource;
use std::time::Duration;

/// Where HTTP is answered, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    /// Where to answer everything: `host:port`, all addresses if the host is empty.
    pub bind: Option<String>,
    /// Whether `/metrics` is answered.
    pub metrics: bool,
    /// Whether `/debug/pprof/` is answered.
    pub pprof: bool,
    /// How old the last success may be for `/readyz`.
    pub ready_max_age: Option<Duration>,
    /// Where to receive webhooks, and nothing else; without it they are received at `bind`.
    pub hook_bind: Option<String>,
    /// What webhooks must know, one a line; without it all are refused.
    pub hook_secret: Option<PasswordSource>,
    /// What those must know who sync, pin and roll back, one a line; without it nobody may.
    pub api_token: Option<PasswordSource>,
    /// Who may read.
    pub api_read: ApiRead,
    /// Whether `/healthz` and all paths that there are not answer as `/`, as in git-sync.
    pub root_is_everywhere: bool,
}

/// Who may read status, history and events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiRead {
    /// Everybody who can reach the port.
    Open,
    /// Who knows the token of the API.
    Token,
}

impl ApiRead {
    /// Both.
    const ALL: [Self; 2] = [Self::Open, Self::Token];

    /// How it is written.
    pub fn label(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Token => "token",
        }
    }

    /// Reads it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mode = Self::ALL.into_iter().find(|mode| mode.label() == text);
        mode.ok_or_else(|| format!("{text:?} is neither open nor token"))
    }
}

/// Options that were given and come to nothing, in words.
pub(super) fn without_effect(serving: &Serving) -> Vec<String> {
    let Serving { bind, ready_max_age, hook_bind, hook_secret, api_token, api_read, .. } = serving;
    let hooked = bind.is_some() || hook_bind.is_some();
    let options = [
        (ready_max_age.is_some() && bind.is_none(), "--ready-max-age", "--http-bind"),
        (api_token.is_some() && bind.is_none(), "--api-token(-file)", "--http-bind"),
        (*api_read == ApiRead::Token && bind.is_none(), "--api-read", "--http-bind"),
        (hook_secret.is_some() && !hooked, "--hook-secret(-file)", "--http-bind or --hook-bind"),
        (hook_bind.is_some() && hook_secret.is_none(), "--hook-bind", "--hook-secret(-file)"),
    ];
    let idle = options.into_iter().filter(|(idle, _, _)| *idle);
    idle.map(|(_, option, other)| format!("{option} has no effect without {other}")).collect()
}
