//! What the program answers over HTTP, tried with the tools of those who ask.

mod api;
mod audit;
mod binds;
pub(crate) mod client;
mod crowd;
mod events;
mod limits;
mod orders;
mod page;
mod pins;
mod profiles;
mod prometheus;
mod schema;
pub(crate) mod sender;
mod symbols;
mod webhooks;

use serde_json::Value;

use crate::contract::polling;
use crate::support::daemon::{Daemon, Root, Setup, following};
use crate::support::get::ask;

/// The token of the API.
pub(crate) const TOKEN: &str = "the-token";

/// A daemon that makes attempts only when it is asked to, after its first success.
pub(crate) fn asked(url: &str, root: &Root) -> Setup {
    following(url, root).flag("--period=off").flag(format!("--api-token={TOKEN}"))
}

/// A daemon that looks again and again, and takes orders.
pub(crate) fn ordered(url: &str, root: &Root) -> Setup {
    polling(url, root).flag(format!("--api-token={TOKEN}"))
}

/// Gives an order over the API: the code of the answer, and what it says.
#[track_caller]
pub(crate) fn order(daemon: &Daemon, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let token = format!("Bearer {TOKEN}");
    let mut headers = vec![("Authorization", token.as_str())];
    let content = if body.is_null() { String::new() } else { body.to_string() };
    if !body.is_null() {
        headers.push(("Content-Type", "application/json"));
    }
    let path = format!("/api/v1/{path}");
    let reply = ask(daemon.address(), method, &path, &headers, content.as_bytes()).unwrap();
    (reply.status, serde_json::from_str(&reply.body).expect("answers are JSON"))
}

/// What can be read over the API.
#[track_caller]
pub(crate) fn read(daemon: &Daemon, path: &str) -> Value {
    let reply = daemon.get(&format!("/api/v1/{path}")).unwrap();
    assert_eq!(reply.status, 200, "{reply:?}");
    serde_json::from_str(&reply.body).expect("answers are JSON")
}

/// What the last entries of the history are about, newest first.
pub(crate) fn whats(daemon: &Daemon) -> Vec<String> {
    let history = read(daemon, "history");
    let entries = history["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["what"].as_str().unwrap().to_owned()).collect()
}
