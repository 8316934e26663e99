//! What there is at the paths where Go programs tell what they do: a profile of the processor, and in
//! words why the others have nothing to tell.

use crate::config;
use crate::http::Site;
use crate::http::answer;
use crate::http::answer::Body;
use crate::http::route::Inspect;
use crate::observe::profile;
use crate::runtime::Stop;
use crate::runtime::blocking;
use http::header::CONTENT_DISPOSITION;
use http::{HeaderValue, Response, StatusCode};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const HTML: &str = "text/html; charset=utf-8";
const BINARY: &str = "application/octet-stream";

/// How long samples are taken if nobody says how long.
const USUAL: u64 = 30;
/// How long at most.
const LONGEST: u64 = 120;
/// How long it may take to make a profile of the samples: names of functions have to be looked for.
const MAKING: Duration = Duration::from_mins(1);
/// How long a thread has that was told to end.
const PATIENCE: Duration = Duration::from_secs(5);

const INDEX: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head><meta charset=\"utf-8\"><title>/debug/pprof/</title></head>
<body>
<h1>/debug/pprof/</h1>
<ul>
<li><a href=\"/debug/pprof/profile\">profile</a>: where the time of the processor goes, for
<code>?seconds=N</code> (30 if it is not said, 120 at most), as <code>go tool pprof</code> reads it; it
has addresses, and the file with the names is beside what was released</li>
<li><a href=\"/debug/pprof/cmdline\">cmdline</a>: the command line, without secrets</li>
</ul>
<p>Only the processor is looked at: there are no goroutines and no garbage here.</p>
</body>
</html>
";

/// Answers. `query` is what stands behind the question mark.
pub(super) async fn answer(site: &Site, what: Inspect, query: &str) -> Response<Body> {
    match what {
        Inspect::Index => answer::full(StatusCode::OK, HTML, INDEX),
        Inspect::CommandLine => {
            let shown = config::command_line(std::env::args_os());
            answer::text(StatusCode::OK, shown.join("\0"))
        }
        Inspect::Profile => profile(site, query).await,
        Inspect::Symbol => {
            let words = "there are no names here; those for the addresses of a profile are in the \
                         file with the same build ID that is beside what was released\n";
            answer::text(StatusCode::NOT_IMPLEMENTED, words)
        }
        Inspect::Trace => {
            let words = "traces of execution are a thing of Go; take /debug/pprof/profile\n";
            answer::text(StatusCode::NOT_IMPLEMENTED, words)
        }
        Inspect::Nothing => {
            let words = "there is no such profile: this program is not written in Go; take \
                         /debug/pprof/profile\n";
            answer::text(StatusCode::NOT_FOUND, words)
        }
    }
}

/// Takes a profile. It ends early if the client goes or the program stops.
async fn profile(site: &Site, query: &str) -> Response<Body> {
    let Some(length) = seconds(query) else {
        let words = format!("seconds is to be from 1 to {LONGEST}\n");
        return answer::text(StatusCode::BAD_REQUEST, words);
    };
    let Ok(turn) = Arc::clone(&site.profiling).try_acquire_owned() else {
        let words =
            "somebody else takes a profile at the moment; only one can be taken at a time\n";
        return answer::soon(answer::text(StatusCode::CONFLICT, words));
    };
    let ends = site.stop.child_token();
    let _until_nobody_waits = ends.clone().drop_guard();
    let length = Duration::from_secs(length);
    let stop = Stop::new(ends, Instant::now() + length + MAKING);
    let inner = stop.clone();
    let work = move || {
        let made = profile::take(|| {
            let time = inner.or_sooner(length);
            // Only the time ends this wait, or the stop.
            let ended = time.wait(pending::<()>());
            ended.is_err() && inner.check().is_ok()
        });
        drop(turn);
        made
    };
    match blocking::run(&stop, PATIENCE, work).await {
        Ok(Ok(Some(bytes))) => {
            let mut response = answer::full(StatusCode::OK, BINARY, bytes);
            let name = HeaderValue::from_static("attachment; filename=\"profile\"");
            response.headers_mut().insert(CONTENT_DISPOSITION, name);
            response
        }
        Ok(Ok(None)) => answer::text(StatusCode::SERVICE_UNAVAILABLE, "the program is stopping\n"),
        Ok(Err(error)) => {
            tracing::warn!(%error, "cannot take a profile");
            answer::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n"))
        }
        Err(cut) => {
            tracing::warn!(error = %cut, "cannot take a profile");
            answer::text(StatusCode::INTERNAL_SERVER_ERROR, format!("{cut}\n"))
        }
    }
}

/// Reads how long; none if that cannot be.
fn seconds(query: &str) -> Option<u64> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let given = pairs.find(|(name, _)| *name == "seconds").map(|(_, value)| value);
    match given.map_or(Ok(USUAL), str::parse) {
        Ok(seconds @ 1..=LONGEST) => Some(seconds),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_takes_a_bounded_time() {
        assert_eq!(seconds(""), Some(30));
        assert_eq!(seconds("debug=1&seconds=5"), Some(5));
        assert_eq!(seconds("seconds=120"), Some(120));
        for bad in ["seconds=0", "seconds=121", "seconds=-1", "seconds=", "seconds=x"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
