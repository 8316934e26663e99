//! Several repositories, which come and go.

use super::calls::call;
use super::*;
use crate::trigger::order::{Refusal, Wish};
use ring::hmac;
use serde_json::{Value, json};

const TWO: &[&str] = &["one", "two"];

async fn two() -> Server {
    Server::start(Setting { names: TWO, ..Setting::default() }).await
}

fn succeed(kept: &Kept) {
    kept.set(|status| {
        status.tree = Some("/tree".to_owned());
        status.last_success_at = Some(Timestamp::now());
    });
}

/// What several repositories need of a server.
trait Asks {
    /// Asks for JSON.
    async fn json(&self, path: &str) -> (u16, Value);
    /// Calls with the token.
    async fn post(&self, path: &str) -> (u16, Value);
    /// Begins to listen to events.
    async fn events(&self, path: &str, header: &str) -> TcpStream;
}

impl Asks for Server {
    async fn json(&self, path: &str) -> (u16, Value) {
        let (code, text) = self.get(path).await;
        (code, serde_json::from_str(&text).unwrap())
    }

    async fn post(&self, path: &str) -> (u16, Value) {
        let (code, text) = split(&self.exchange(&call("POST", path, "new", "")).await);
        (code, serde_json::from_str(&text).unwrap())
    }

    async fn events(&self, path: &str, header: &str) -> TcpStream {
        let mut stream = self.connect().await;
        let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\n{header}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }
}

#[tokio::test]
async fn the_probes_wait_for_all_and_name_who_is_missing() {
    let server = two().await;
    succeed(&server.kept[0]);
    let (code, words) = server.get("/").await;
    assert_eq!((code, &*words), (503, "no sync has succeeded since the start: two\n"));
    let (code, words) = server.get("/readyz").await;
    assert_eq!((code, &*words), (503, "no tree is published yet: two\n"));
    assert_eq!(server.get("/readyz?repo=one").await.0, 200);
    assert_eq!(server.get("/?repo=two").await.0, 503);
    assert_eq!(server.get("/?repo=three").await.0, 404);
    succeed(&server.kept[1]);
    assert_eq!(server.get("/").await.0, 200);
    assert_eq!(server.get("/readyz?verbose").await.0, 200);
    assert_eq!(server.get("/livez").await.0, 200);
}

#[tokio::test]
async fn what_was_added_later_takes_no_readiness_away() {
    let mut server = two().await;
    server.kept.iter().for_each(succeed);
    server.kept.push(Kept::new(Some("three"), true, LONG));
    server.relist();
    assert_eq!((server.get("/").await.0, server.get("/readyz").await.0), (200, 200));
    assert_eq!(server.get("/readyz?repo=three").await.0, 503);
    succeed(&server.kept[2]);
    server.kept[2].set(|status| status.tree = None);
    assert_eq!(server.get("/readyz").await.0, 503, "it was ready once");
    server.kept.clear();
    server.relist();
    for path in ["/", "/readyz", "/livez", "/healthz"] {
        assert_eq!(server.get(path).await.0, 200, "there is nothing to wait for: {path}");
    }
}

#[tokio::test]
async fn the_words_about_many_are_few() {
    let server = two().await;
    let more: Vec<_> =
        (0..50).map(|number| Kept::new(Some(&format!("n{number}")), false, LONG).one).collect();
    server.list.send_replace(more.into());
    let (_, words) = server.get("/").await;
    assert!(words.ends_with(", n9 and 40 more\n"), "{words}");
}

#[tokio::test]
async fn a_loop_that_is_stuck_is_named() {
    let mut server = two().await;
    server.kept.push(Kept::new(Some("slow"), false, Duration::ZERO));
    server.relist();
    let (code, words) = server.get("/livez").await;
    assert_eq!((code, words.ends_with(": slow\n")), (503, true), "{words}");
    server.kept[2].one.beat.end();
    assert_eq!(server.get("/livez").await.0, 200, "it is being closed");
}

#[tokio::test]
async fn health_is_a_list_and_bad_if_one_is() {
    let server = two().await;
    assert_eq!(server.get("/healthz").await.0, 200);
    server.kept[1].set(|status| status.last_attempt = Some(attempt(Outcome::Failed)));
    let (code, list) = server.json("/healthz").await;
    assert_eq!(code, 503);
    assert_eq!((&list[0]["name"], &list[0]["healthy"]), (&json!("one"), &json!(true)));
    assert_eq!((&list[1]["name"], &list[1]["healthy"]), (&json!("two"), &json!(false)));
    assert_eq!(server.get("/healthz?repo=one").await.0, 200);
}

#[tokio::test]
async fn the_status_is_a_list_even_of_one_and_of_the_named_an_object() {
    let server = two().await;
    let (_, list) = server.json("/api/v1/status").await;
    assert_eq!((&list[0]["name"], &list[1]["name"]), (&json!("one"), &json!("two")));
    let (_, text) = server.get("/api/v1/status?repo=two").await;
    assert!(text.starts_with("{\"name\":\"two\",\"version\":"), "{text}");
    let (code, problem) = server.json("/api/v1/status?repo=three").await;
    assert_eq!(code, 404);
    let words = "there is no repository \"three\" here; there are one, two";
    assert_eq!(problem["detail"], words);
    let alone = Server::start(Setting { names: &["one"], ..Setting::default() }).await;
    assert_eq!(alone.json("/api/v1/status").await.1.as_array().unwrap().len(), 1);
    let without = Server::start(Setting::default()).await;
    assert_eq!(without.get("/api/v1/status?repo=one").await.0, 400);
    assert!(!without.get("/api/v1/status").await.1.contains("\"name\""));
}

#[tokio::test]
async fn names_are_told_to_who_may_read() {
    let setting = Setting { names: TWO, api_read: ApiRead::Token, ..Setting::default() };
    let server = Server::start(setting).await;
    let (code, words) = server.get("/readyz?repo=three").await;
    assert_eq!((code, &*words), (404, "there is no repository \"three\" here\n"));
    assert_eq!(server.get("/api/v1/status?repo=three").await.0, 401);
    let (code, problem) = server.post("/api/v1/sync?repo=three").await;
    assert_eq!(code, 404);
    assert!(problem["detail"].as_str().unwrap().ends_with("one, two"), "{problem}");
}

#[tokio::test]
async fn the_history_of_all_is_in_the_order_of_time() {
    let server = two().await;
    let at = |second| Timestamp::from_second(second).unwrap();
    server.kept[0].happens(What::Published, at(1));
    server.kept[1].happens(What::Failed, at(2));
    server.kept[0].happens(What::Pinned, at(3));
    let (_, all) = server.json("/api/v1/history?limit=2").await;
    let told = |entry: &Value| format!("{} {}", entry["name"], entry["what"]).replace('"', "");
    let told = |list: &Value| list["entries"].as_array().unwrap().iter().map(told).collect();
    let all: Vec<String> = told(&all);
    assert_eq!(all, ["one pinned", "two failed"]);
    let one: Vec<String> = told(&server.json("/api/v1/history?repo=one").await.1);
    assert_eq!(one, ["one pinned", "one published"]);
}

#[tokio::test]
async fn one_is_asked_to_sync_or_all_are() {
    let mut server = two().await;
    assert_eq!(server.post("/api/v1/sync?repo=two").await, (202, json!({"accepted": true})));
    assert_eq!(server.kept[1].ear.heard().await, Trigger::Api);
    assert_eq!(server.post("/api/v1/sync").await.0, 202);
    assert_eq!(server.kept[0].ear.heard().await, Trigger::Api);
    assert_eq!(server.kept[1].ear.heard().await, Trigger::Api);

    let mut stream = server.connect().await;
    let ask = call("POST", "/api/v1/sync?wait=30s", "new", "");
    stream.write_all(ask.as_bytes()).await.unwrap();
    for (kept, outcome) in server.kept.iter_mut().zip([Outcome::Unchanged, Outcome::Failed]) {
        let order = kept.orders.recv().await.unwrap();
        assert_eq!(order.wish, Wish::Sync);
        order.reply.send(Ok(attempt(outcome))).unwrap();
    }
    let (code, list) = split(&rest(&mut stream).await);
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(code, 502, "the code of the one that failed");
    assert_eq!(list[0]["attempt"]["outcome"], "unchanged");
    assert_eq!(
        (&list[1]["name"], &list[1]["attempt"]["error"]["class"]),
        (&json!("two"), &json!("network"))
    );

    let (code, list) = server.post("/api/v1/sync?wait=1ms").await;
    assert_eq!((code, &list[1]["accepted"]), (202, &json!(true)));
    drop(server.kept.pop());
    let (code, list) = server.post("/api/v1/sync?wait=1ms").await;
    assert_eq!((code, &list[1]["detail"]), (503, &json!(Refusal::Stopping.to_string())));
}

#[tokio::test]
async fn a_choice_is_made_for_a_named_repository_only() {
    let mut server = two().await;
    for path in ["/api/v1/pin", "/api/v1/pin?repo=", "/api/v1/pin?repo=One"] {
        let code = server.post(path).await.0;
        assert_eq!(code, if path.contains('=') { 404 } else { 400 }, "{path}");
    }
    let mut stream = server.connect().await;
    stream.write_all(call("POST", "/api/v1/pin?repo=two", "new", "").as_bytes()).await.unwrap();
    let order = server.kept[1].orders.recv().await.unwrap();
    order.reply.send(Ok(attempt(Outcome::Unchanged))).unwrap();
    assert_eq!(split(&rest(&mut stream).await).0, 200);
    assert!(server.kept[0].orders.try_recv().is_err());
}

#[tokio::test]
async fn a_stream_tells_of_all_as_they_come_and_go() {
    let mut server = two().await;
    server.kept[0].happens(What::Published, Timestamp::now());
    let mut stream = server.events("/api/v1/events", "").await;
    let heard = until(&mut stream, "\"name\":\"two\",\"version\"").await;
    assert!(heard.contains("event: repositories\ndata: [\"one\",\"two\"]\n"), "{heard}");
    assert!(!heard.contains("event: history"), "{heard}");
    server.kept[1].happens(What::Failed, Timestamp::from_millisecond(1234).unwrap());
    until(&mut stream, "id: 1234\nevent: history\ndata: {\"name\":\"two\",\"id\":1,").await;

    server.kept.push(Kept::new(Some("three"), true, LONG));
    server.relist();
    let heard = until(&mut stream, "\"name\":\"three\",\"version\"").await;
    assert!(heard.contains("[\"one\",\"two\",\"three\"]"), "{heard}");
    server.kept[2].set(|status| status.failures = 7);
    until(&mut stream, "\"failures\":7").await;
    drop(server.kept.remove(1));
    server.relist();
    let heard = until(&mut stream, "[\"one\",\"three\"]").await;
    assert!(!heard.contains("event: status"), "nothing else changed: {heard}");
}

#[tokio::test]
async fn a_stream_of_all_goes_on_where_the_client_was() {
    let server = two().await;
    let now = Timestamp::now().as_millisecond();
    let at = |ago: i64| Timestamp::from_millisecond(now - ago).unwrap();
    server.kept[0].happens(What::Published, at(90_000));
    server.kept[1].happens(What::Published, at(60_000));
    server.kept[0].happens(What::Failed, at(30_000));
    let ids = |heard: &str| heard.lines().filter(|line| line.starts_with("id: ")).count();
    for (id, entries) in [(0, 3), (now - 60_000, 2), (now - 10_000, 0), (now + 1_000_000, 0)] {
        let mut stream = server.events("/api/v1/events", &format!("Last-Event-ID: {id}\r\n")).await;
        let heard = until(&mut stream, "\"name\":\"two\",\"version\"").await;
        assert_eq!(ids(&heard), entries, "{id}: {heard}");
    }
    let mut stream = server.events("/api/v1/events?repo=one", "Last-Event-ID: 1\r\n").await;
    let heard = until(&mut stream, "event: status").await;
    assert!(heard.contains("id: 2\n") && ids(&heard) == 1, "{heard}");
}

#[tokio::test]
async fn a_stream_of_one_ends_with_it() {
    let mut server = two().await;
    let mut stream = server.events("/api/v1/events?repo=two", "Connection: close\r\n").await;
    let heard = until(&mut stream, "event: status").await;
    assert!(!heard.contains("event: repositories"), "{heard}");
    let gone = server.kept.pop().unwrap();
    server.relist();
    assert!(rest(&mut stream).await.ends_with("0\r\n\r\n"));
    drop(gone);
    let response = server.ask("GET", "/api/v1/events?repo=two").await;
    assert_eq!(split(&response).0, 404);
}

#[tokio::test]
async fn a_stream_of_one_goes_on_when_that_is_begun_anew() {
    let mut server = two().await;
    let mut stream = server.events("/api/v1/events?repo=two", "").await;
    until(&mut stream, "event: status").await;
    drop(server.kept.pop());
    // The stream learns meanwhile that the old one has ended.
    assert_eq!(server.get("/").await.0, 503);
    server.kept.push(Kept::new(Some("two"), true, LONG));
    server.relist();
    until(&mut stream, "event: status").await;
    server.kept[1].set(|status| status.failures = 7);
    until(&mut stream, "\"failures\":7").await;
}

#[tokio::test]
async fn a_webhook_reaches_those_that_it_is_about() {
    let mut server = two().await;
    server.kept.push(Kept::new(Some("new"), true, LONG));
    server.relist();
    let push = |name: &str| {
        let body = json!({
            "ref": "refs/heads/main",
            "repository": {"clone_url": format!("https://example.org/{name}.git"), "default_branch": "main"},
        });
        let body = body.to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"hush");
        let tag = hmac::sign(&key, body.as_bytes());
        let tag: Vec<_> = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let tag = tag.concat();
        format!(
            "POST /hooks/push HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-GitHub-Event: push\r\n\
             X-Hub-Signature-256: sha256={tag}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let (code, words) = split(&server.exchange(&push("new")).await);
    assert_eq!(code, 202, "{words}");
    assert_eq!(server.kept[2].ear.heard().await, Trigger::Webhook);
    drop(server.kept.pop());
    server.relist();
    assert_eq!(split(&server.exchange(&push("new")).await).0, 200, "it is gone");
    assert_eq!(split(&server.exchange(&push("two")).await).0, 202);
    assert_eq!(server.kept[1].ear.heard().await, Trigger::Webhook);
    let (_, metrics) = server.get("/metrics").await;
    assert!(
        metrics.contains("gitsyncd_webhooks_total{provider=\"github\",result=\"accepted\"} 2\n")
    );
}

#[tokio::test]
async fn metrics_come_and_go_with_their_repository() {
    let mut server = two().await;
    let (_, text) = server.get("/metrics").await;
    assert!(text.contains("\ngitsyncd_repositories 2\n"), "{text}");
    assert!(text.contains("\ngit_fetch_count_total{repo=\"two\"} 0\n"), "{text}");
    drop(server.kept.pop());
    server.relist();
    let (_, text) = server.get("/metrics").await;
    assert!(!text.contains("\"two\"") && text.contains("\ngitsyncd_repositories 1\n"), "{text}");
}
