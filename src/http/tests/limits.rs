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
    let server = Server::start(Setting { most: 2, ..Setting::default() }).await;
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
