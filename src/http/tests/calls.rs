//! The calls of the API.

use super::*;
use crate::config::LogFormat;
use crate::observe::log::subscriber;
use crate::trigger::order::{Choice, Refusal, Reply, Wish};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tracing::subscriber::set_default;

/// A call with the token, and with a body if there is one.
pub(super) fn call(method: &str, path: &str, token: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// What calls of the API need of a server.
trait Calls {
    /// Calls with the token.
    async fn call(&self, method: &str, path: &str, body: &str) -> (u16, Value);
    /// Takes the next order while it is made, and answers it.
    async fn order(&mut self, ask: (&str, &str, &str), wanted: Wish, reply: Reply) -> (u16, Value);
    /// Adds an entry to the history.
    fn happens(&self, what: What);
    /// Begins to listen to events, and hears the first ones.
    async fn listen(&self, header: &str) -> (TcpStream, String);
}

impl Calls for Server {
    async fn call(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let (code, body) = split(&self.exchange(&call(method, path, "new", body)).await);
        (code, serde_json::from_str(&body).unwrap())
    }

    async fn order(
        &mut self,
        (method, path, body): (&str, &str, &str),
        wanted: Wish,
        reply: Reply,
    ) -> (u16, Value) {
        let mut stream = self.connect().await;
        stream.write_all(call(method, path, "new", body).as_bytes()).await.unwrap();
        let order = self.kept[0].orders.recv().await.unwrap();
        assert_eq!((order.wish, order.by.as_str()), (wanted, "token 2"));
        order.reply.send(reply).unwrap();
        let (code, body) = split(&rest(&mut stream).await);
        (code, serde_json::from_str(&body).unwrap())
    }

    fn happens(&self, what: What) {
        self.kept[0].happens(what, Timestamp::UNIX_EPOCH);
    }

    async fn listen(&self, header: &str) -> (TcpStream, String) {
        let mut stream = self.connect().await;
        let head = format!("GET /api/v1/events HTTP/1.1\r\nHost: a\r\n{header}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let first = until(&mut stream, "event: status\n").await;
        (stream, first)
    }
}

#[tokio::test]
async fn status_and_history_are_read_by_everybody_or_by_who_knows_the_token() {
    let server = Server::start(Setting::default()).await;
    server.happens(What::Failed);
    server.happens(What::Recovered);
    let (code, text) = server.get("/api/v1/status").await;
    let status: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &status["phase"]), (200, &json!("initial")));
    let (_, text) = server.get("/api/v1/history?limit=1").await;
    let history: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(history["entries"][0]["what"], "recovered");
    assert_eq!(history["entries"].as_array().unwrap().len(), 1);

    let server = Server::start(Setting { api_read: ApiRead::Token, ..Setting::default() }).await;
    for path in ["/api/v1/status", "/api/v1/history", "/api/v1/events"] {
        let response = server.ask("GET", path).await;
        assert_eq!(split(&response).0, 401, "{path}");
        assert!(response.contains("www-authenticate: Bearer realm=\"gitsyncd\"\r\n"), "{response}");
    }
    assert_eq!(server.call("GET", "/api/v1/status", "").await.0, 200);
    for path in ["/livez", "/metrics", "/api/v1/openapi.json"] {
        assert_eq!(server.get(path).await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn who_does_not_know_the_token_changes_nothing() {
    let mut server = Server::start(Setting::default()).await;
    for login in [
        "",
        "Authorization: Bearer wrong\r\n",
        "Authorization: Basic bmV3\r\n",
        "Authorization: Bearer new\r\nAuthorization: Bearer new\r\n",
    ] {
        for (method, path) in [
            ("POST", "/api/v1/sync"),
            ("POST", "/api/v1/rollback"),
            ("POST", "/api/v1/pin"),
            ("DELETE", "/api/v1/pin"),
        ] {
            let request =
                format!("{method} {path} HTTP/1.1\r\nHost: a\r\n{login}Connection: close\r\n\r\n");
            assert_eq!(split(&server.exchange(&request).await).0, 401, "{method} {path} {login}");
        }
    }
    assert!(server.kept[0].orders.try_recv().is_err());
    let none = Server::start(Setting { token: None, ..Setting::default() }).await;
    let (code, problem) = none.call("POST", "/api/v1/sync", "").await;
    assert_eq!((code, &problem["title"]), (403, &json!("Forbidden")));
    assert!(problem["detail"].as_str().unwrap().contains("--api-token-file"));
}

#[tokio::test]
async fn a_sync_is_asked_for_or_waited_for() {
    let mut server = Server::start(Setting::default()).await;
    let old = server.exchange(&call("POST", "/api/v1/sync", "old", "")).await;
    assert_eq!(split(&old), (202, "{\"accepted\":true}\n".to_owned()));
    assert_eq!(server.kept[0].ear.heard().await, Trigger::Api);

    let wait = ("POST", "/api/v1/sync?wait=30s", "{}");
    let (code, done) = server.order(wait, Wish::Sync, Ok(attempt(Outcome::Unchanged))).await;
    assert_eq!(code, 200);
    assert_eq!(
        (&done["attempt"]["outcome"], &done["pinned"]),
        (&json!("unchanged"), &json!(false))
    );
    let (code, problem) = server.order(wait, Wish::Sync, Ok(attempt(Outcome::Failed))).await;
    assert_eq!(code, 502);
    assert_eq!((&problem["class"], &problem["step"]), (&json!("network"), &json!("resolve")));
    assert_eq!(
        (&problem["detail"], &problem["hint"]),
        (&json!("no route"), &json!("check the network"))
    );
    assert_eq!(problem["attempt"]["number"], 1);
    let (code, _) = server.order(wait, Wish::Sync, Err(Refusal::Overtaken)).await;
    assert_eq!(code, 409);
    let short = server.call("POST", "/api/v1/sync?wait=1ms", "").await;
    assert_eq!(short, (202, json!({"accepted": true})));
}

#[tokio::test]
async fn a_commit_is_chosen_by_word_or_id() {
    let mut server = Server::start(Setting::default()).await;
    let id = "0123456789abcdef0123456789abcdef01234567";
    let done = || Ok(attempt(Outcome::Published));
    let to_id = format!("{{\"to\":\"{id}\"}}");
    let commit = || Choice::Commit(id.parse().unwrap());
    for (ask, wish) in [
        (("POST", "/api/v1/rollback", "{\"to\":\"previous\"}"), Wish::Pin(Choice::Previous)),
        (("POST", "/api/v1/rollback", &*to_id), Wish::Pin(commit())),
        (("POST", "/api/v1/pin", ""), Wish::Pin(Choice::Current)),
        (("POST", "/api/v1/pin", &*to_id), Wish::Pin(commit())),
        (("DELETE", "/api/v1/pin", ""), Wish::Unpin),
    ] {
        assert_eq!(server.order(ask, wish, done()).await.0, 200, "{ask:?}");
    }
    let none = ("POST", "/api/v1/rollback", "{\"to\":\"previous\"}");
    let refusal = Err(Refusal::NothingBefore);
    let (code, problem) = server.order(none, Wish::Pin(Choice::Previous), refusal).await;
    assert_eq!(code, 409);
    assert_eq!(problem["detail"], Refusal::NothingBefore.to_string());
}

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    let mut server = Server::start(Setting::default()).await;
    let deep = "{\"to\":".repeat(5000);
    for (method, path, body, code) in [
        ("POST", "/api/v1/sync?wait=soon", "", 400),
        ("POST", "/api/v1/sync?limit=1", "", 400),
        ("GET", "/api/v1/history?limit=x", "", 400),
        ("GET", "/api/v1/status?a", "", 400),
        ("POST", "/api/v1/rollback", "", 400),
        ("POST", "/api/v1/rollback", &deep, 400),
        ("POST", "/api/v1/sync", "[]", 400),
        ("DELETE", "/api/v1/pin", "{\"to\":\"current\"}", 400),
        ("POST", "/api/v1/pin", &" ".repeat(65 * 1024), 413),
        ("PUT", "/api/v1/pin", "", 405),
        ("POST", "/api/v2/pin", "", 404),
    ] {
        let (got, problem) = server.call(method, path, body).await;
        assert_eq!((got, &problem["status"]), (code, &json!(code)), "{method} {path}");
    }
    let text = call("POST", "/api/v1/pin", "new", "{}").replace("application/json", "text/plain");
    let response = server.exchange(&text).await;
    assert_eq!(split(&response).0, 415);
    assert!(response.contains("content-type: application/problem+json\r\n"));
    assert!(server.kept[0].orders.try_recv().is_err());
    let (_, metrics) = server.get("/metrics").await;
    let unknown = "gitsyncd_api_requests_total{call=\"unknown\",result=\"invalid\"} 2\n";
    assert!(metrics.contains(unknown), "{metrics}");
}

#[tokio::test]
async fn events_go_on_where_the_client_was() {
    let server = Server::start(Setting::default()).await;
    server.happens(What::Published);
    server.happens(What::Failed);
    let (mut stream, heard) = server.listen("").await;
    assert!(
        heard.contains("content-type: text/event-stream\r\n") && heard.contains("retry: 2000\n")
    );
    assert!(heard.contains("x-accel-buffering: no\r\n"), "{heard}");
    assert!(!heard.contains("event: history"), "{heard}");
    server.happens(What::Recovered);
    let heard = until(&mut stream, "\"recovered\"").await;
    assert!(heard.contains("id: 3\nevent: history\ndata: {"), "{heard}");
    server.set(|status| status.failures = 7);
    until(&mut stream, "\"failures\":7").await;

    let (_, heard) = server.listen("Last-Event-ID: 1\r\n").await;
    assert!(!heard.contains("id: 1\n") && heard.contains("id: 2\n") && heard.contains("id: 3\n"));
    let (_, heard) = server.listen("Last-Event-ID: 99\r\n").await;
    assert!(heard.contains("id: 1\n"), "of another history: {heard}");
    server.stop.cancel();
    server.task.await.unwrap();
    assert!(rest(&mut stream).await.ends_with("0\r\n\r\n"));
}

#[tokio::test]
async fn streams_are_bounded_and_keep_their_places() {
    let bounds = Bounds { most: MOST_STREAMS + 2, ..BOUNDS };
    let server = Server::start(Setting { bounds, ..Setting::default() }).await;
    let mut streams = Vec::new();
    for _ in 0..MOST_STREAMS {
        streams.push(server.listen("").await.0);
    }
    let response = server.ask("GET", "/api/v1/events").await;
    assert_eq!(split(&response).0, 503);
    assert!(response.contains("retry-after: 5\r\n"), "{response}");
    assert_eq!(split(&server.ask("HEAD", "/api/v1/events").await).0, 200);
    for _ in 0..10 {
        assert_eq!(server.get("/livez").await.0, 200);
    }
    server.set(|status| status.failures = 7);
    for stream in &mut streams {
        until(stream, "\"failures\":7").await;
    }
    drop(streams);
    // It takes a moment until it is noticed that nobody reads them.
    loop {
        let mut stream = server.connect().await;
        stream.write_all(b"GET /api/v1/events HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        if until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 200") {
            break;
        }
    }
}

#[tokio::test]
async fn a_stream_says_now_and_then_that_it_is_there() {
    let server = Server::start(Setting::default()).await;
    let (mut stream, _) = server.listen("").await;
    tokio::time::pause();
    assert!(until(&mut stream, ":\n\n").await.contains("\r\n:\n\n"));
}

/// A log.
struct Log {
    file: NamedTempFile,
    /// How much of it was read.
    read: usize,
}

impl Log {
    /// `event`, `result` and `why` of each line of the audit log since this was asked last.
    fn audit(&mut self) -> Vec<String> {
        let text = std::fs::read_to_string(self.file.path()).unwrap();
        let lines =
            text.split_at(self.read).1.lines().map(|line| serde_json::from_str(line).unwrap());
        let audit = lines.filter(|line: &Value| line["target"] == "audit");
        let field = |line: &Value, name| line[name].as_str().unwrap_or("-").to_owned();
        let told = |line| ["event", "result", "why"].map(|name| field(&line, name)).join(" ");
        let told = audit.map(told).collect();
        self.read = text.len();
        told
    }
}

#[tokio::test]
async fn the_audit_log_tells_what_became_of_an_order() {
    let mut log = Log { file: NamedTempFile::new().unwrap(), read: 0 };
    let writer = Arc::new(log.file.reopen().unwrap());
    let _guard = set_default(subscriber(LogFormat::Json, 0, false, writer));
    let mut server = Server::start(Setting::default()).await;
    let back = ("POST", "/api/v1/rollback", "{\"to\":\"previous\"}");
    let refusal = Err(Refusal::NothingBefore);
    assert_eq!(server.order(back, Wish::Pin(Choice::Previous), refusal).await.0, 409);
    let why = Refusal::NothingBefore.to_string();
    assert_eq!(log.audit(), ["rollback accepted -".to_owned(), format!("refusal - {why}")]);

    assert_eq!(server.call("POST", "/api/v1/rollback", "{\"to\":\"next\"}").await.0, 400);
    assert_eq!(server.call("POST", "/api/v1/pin", &" ".repeat(65 * 1024)).await.0, 413);
    let told = log.audit();
    assert!(told.len() == 2 && told.iter().all(|line| line.starts_with("refusal - ")), "{told:?}");

    // More than can wait, and what nobody takes in time.
    let mut waiting = Vec::new();
    let mut accepted = 0;
    loop {
        let mut stream = server.connect().await;
        let ask = call("POST", "/api/v1/sync?wait=1m", "new", "");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let told = loop {
            tokio::task::yield_now().await;
            if let Some(told) = log.audit().pop() {
                break told;
            }
        };
        waiting.push(stream);
        if told != "sync accepted -" {
            assert!(told.starts_with("refusal - "), "{told}");
            break;
        }
        accepted += 1;
    }
    assert!(accepted <= MOST_WAITERS);
    let refused = waiting.last_mut().unwrap();
    assert_eq!(split(&rest(refused).await).0, 503);
}
