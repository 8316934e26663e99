//! What one client can hold, and for how long.

use super::*;
use crate::http::server::{HEAD_TIME, MOST_HEAD_BYTES, MOST_HEADERS, OLDEST};

#[tokio::test]
async fn a_body_is_not_waited_for() {
    let server = Server::start(Setting::default()).await;
    let request = "POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nabc";
    assert_eq!(split(&server.exchange(request).await).0, 405);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = Server::start(Setting::default()).await;
    let long = "a".repeat(MOST_HEAD_BYTES);
    let response = server.exchange(&format!("GET / HTTP/1.1\r\nX-Long: {long}")).await;
    assert_eq!(split(&response).0, 431);
    let many = "a: b\r\n".repeat(MOST_HEADERS + 1);
    let response = server.exchange(&format!("GET / HTTP/1.1\r\n{many}\r\n")).await;
    assert_eq!(split(&response).0, 431);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_is_cut_off() {
    let server = Server::start(Setting::default()).await;
    let start = Instant::now();
    server.exchange("GET / HTTP/1.1\r\nHost:").await;
    assert!(start.elapsed() >= HEAD_TIME && start.elapsed() < OLDEST, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_only_connects_is_cut_off() {
    let server = Server::start(Setting::default()).await;
    let start = Instant::now();
    server.exchange("").await;
    server.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(start.elapsed() >= HEAD_TIME && start.elapsed() < OLDEST, "{:?}", start.elapsed());
}

#[tokio::test]
async fn who_comes_gets_the_place_of_who_waits_longest() {
    let server =
        Server::start(Setting { bounds: Bounds { most: 2, ..BOUNDS }, ..Setting::default() }).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /livez HT").await.unwrap();
    let mut idle = server.connect().await;
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    until(&mut idle, "alive\n").await;
    assert_eq!(server.get("/livez").await.0, 200);
    assert_eq!(rest(&mut slow).await, "", "it has lost its place");
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(rest(&mut idle).await.ends_with("alive\n"), "it has not");
}

#[tokio::test]
async fn an_answer_arrives_although_the_client_still_sends() {
    let server = Server::start(Setting::default()).await;
    for _ in 0..20 {
        let mut stream = server.connect().await;
        let head = "POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'x'; 100_000]).await.unwrap();
        assert_eq!(split(&rest(&mut stream).await).0, 405);
    }
}

#[tokio::test]
async fn a_stop_ends_idle_and_half_heard_connections() {
    let server = Server::start(Setting::default()).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut byte = [0; 1];
    idle.read_exact(&mut byte).await.unwrap();
    let mut half = server.connect().await;
    half.write_all(b"GET /livez HT").await.unwrap();
    server.stop.cancel();
    server.task.await.unwrap();
    assert!(rest(&mut idle).await.contains("alive"));
    assert_eq!(rest(&mut half).await, "");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens");
}

/// More than the system keeps for a client.
const MUCH: usize = 2 * 1024 * 1024;

/// A server with so much to tell that it does not fit into what the system keeps for a client.
async fn talkative(setting: Setting) -> Server {
    let server = Server::start(setting).await;
    server.set(|status| status.repo = "x".repeat(MUCH));
    server
}

/// Asks for events, and reads no more than whether it gets them.
async fn begin_to_listen(server: &Server) -> (TcpStream, bool) {
    let mut stream = server.connect().await;
    stream.write_all(b"GET /api/v1/events HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    (stream, &start == b"HTTP/1.1 200")
}

#[tokio::test]
async fn who_does_not_read_loses_the_stream_and_somebody_else_gets_it() {
    let server = talkative(Setting::default()).await;
    let begin = Instant::now();
    let mut deaf = Vec::new();
    for _ in 0..MOST_STREAMS {
        let (stream, listens) = begin_to_listen(&server).await;
        assert!(listens);
        deaf.push(stream);
    }
    assert!(!begin_to_listen(&server).await.1);
    tokio::time::pause();
    let full = Instant::now();
    while !begin_to_listen(&server).await.1 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(full.elapsed() < BOUNDS.unread * 2, "all streams are held");
    }
    assert!(begin.elapsed() >= BOUNDS.unread, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_connection_has_an_end_even_if_nothing_can_be_written() {
    let (unread, end) = (Duration::from_hours(10), Duration::from_hours(1));
    let bounds = Bounds { unread, end, ..BOUNDS };
    let server = talkative(Setting { bounds, ..Setting::default() }).await;
    let (mut deaf, listens) = begin_to_listen(&server).await;
    assert!(listens);
    tokio::time::pause();
    tokio::time::sleep(end + Duration::from_secs(1)).await;
    assert!(rest(&mut deaf).await.len() < MUCH, "it was not cut off");
}

#[tokio::test]
async fn the_body_of_a_webhook_is_not_read_if_nothing_could_make_it_good() {
    let server = Server::start(Setting::default()).await;
    let json = "Content-Type: application/json\r\n";
    let github = format!("{json}X-GitHub-Event: push\r\n");
    let gitlab = format!("{json}X-GitLab-Event: Push Hook\r\n");
    let signed = format!("{github}X-Hub-Signature-256: sha256=");
    for (headers, code) in [
        (String::new(), 415),
        (json.to_owned(), 401),
        (github, 401),
        (format!("{signed}\r\n"), 401),
        (format!("{signed}{}\r\n", "0".repeat(62)), 401),
        (gitlab.clone(), 401),
        (format!("{gitlab}X-GitLab-Token: wrong\r\n"), 401),
        (format!("{json}Authorization: Basic YTpi\r\n"), 401),
        (format!("{json}Authorization: Bearer hush\r\n"), 401),
    ] {
        let length = "Content-Length: 20000000";
        let head = format!("POST /hooks/push HTTP/1.1\r\nHost: a\r\n{headers}{length}\r\n\r\n[");
        assert_eq!(split(&server.exchange(&head).await).0, code, "{headers}");
    }
    // This one may be right, and is waited for.
    let head = format!(
        "POST /hooks/push HTTP/1.1\r\nHost: a\r\n{signed}{}\r\nContent-Length: 2\r\n\r\n[",
        "0".repeat(64)
    );
    let mut stream = server.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let soon = tokio::time::timeout(Duration::from_millis(50), stream.readable()).await;
    assert!(soon.is_err());
    stream.write_all(b"]").await.unwrap();
    assert!(until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 401"));
}
