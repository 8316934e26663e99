//! Every way in to a repository, each tried with the real thing.

mod choosing;
mod fallbacks;
mod limits;
mod proxies;
mod quiet;
mod redirects;
mod ssh;
mod ssh_hosts;
mod ssh_keys;
mod tls;
