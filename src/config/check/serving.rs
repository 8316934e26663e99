//! Checks what the options say about what others may ask over HTTP.

use crate::config::check::Checker;
use crate::config::check::access::secret;
use crate::config::raw::Raw;
use crate::config::signals;
use crate::config::values;
use crate::config::{ApiRead, Serving};

/// `signal` is the one that starts a sync.
pub(super) fn serving(checker: &mut Checker<'_>, raw: &Raw, signal: Option<i32>) -> Serving {
    let bind = checker.read("http-bind", raw.http_bind.as_ref(), values::address);
    let metrics = checker.read("http-metrics", raw.http_metrics.as_ref(), values::switch);
    if metrics == Some(true) && bind.is_none() {
        checker.complain("http-metrics", "needs --http-bind besides it");
    }
    let pprof = checker.read("http-pprof", raw.http_pprof.as_ref(), values::switch);
    let pprof = pprof.unwrap_or_default();
    if pprof && bind.is_none() {
        checker.complain("http-pprof", "needs --http-bind besides it");
    }
    if pprof && signal == Some(signals::PROFILING) {
        let other = checker.place("http-pprof");
        checker.complain(
            "sync-on-signal",
            format!("cannot be PROF together with {other}, which needs that signal"),
        );
    }
    let hook_bind = checker.read("hook-bind", raw.hook_bind.as_ref(), values::address);
    let any_port = |address: &String| address.ends_with(":0");
    if hook_bind.is_some() && hook_bind == bind && !hook_bind.as_ref().is_some_and(any_port) {
        let other = checker.place("http-bind");
        checker.complain("hook-bind", format!("is the same address as {other}"));
    }
    let api_read = checker.read("api-read", raw.api_read.as_ref(), ApiRead::parse);
    Serving {
        metrics: metrics.unwrap_or(bind.is_some()),
        bind,
        pprof,
        ready_max_age: checker.read("ready-max-age", raw.ready_max_age.as_ref(), values::rest),
        hook_bind,
        hook_secret: secret(
            checker,
            ("hook-secret", raw.hook_secret.as_ref()),
            ("hook-secret-file", raw.hook_secret_file.as_ref()),
        ),
        api_token: secret(
            checker,
            ("api-token", raw.api_token.as_ref()),
            ("api-token-file", raw.api_token_file.as_ref()),
        ),
        api_read: api_read.unwrap_or(ApiRead::Open),
        root_is_everywhere: checker.called_as.is_peer(),
    }
}
