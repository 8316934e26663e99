//! Every way in to a repository, and every way to say who we are there, each tried with the real
//! thing.

mod askpass;
mod borrowed;
mod choosing;
mod cookies;
mod credentials;
mod document;
mod fallbacks;
mod github_app;
mod given;
mod hangups;
mod limits;
mod matrix;
mod proxies;
mod quiet;
mod redirects;
mod settings;
mod silence;
mod ssh;
mod ssh_hosts;
mod ssh_keys;
mod ssh_proxies;
mod tls;

use crate::support::daemon::{Root, Setup, following};

/// A one-time run that does not try again.
fn trying(url: &str, root: &Root) -> Setup {
    following(url, root).flag("--max-failures=1").flag("-v9")
}
