//! The server, asked over real sockets.

use super::*;
use crate::config::ApiRead;
use crate::model::{Class, Step, Trigger};
use crate::observe::status::{Attempt, Failure, Outcome, Phase};
use crate::trigger::bell;
use crate::trigger::order::desk;
use jiff::Timestamp;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

const LONG: Duration = Duration::from_mins(1);

/// A server, and the loop that it observes.
struct Server {
    address: SocketAddr,
    status: watch::Sender<Arc<Status>>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

struct Setting {
    stuck_after: Duration,
    metrics: bool,
    most: usize,
}

impl Default for Setting {
    fn default() -> Self {
        Self { stuck_after: LONG, metrics: true, most: MOST_CONNECTIONS }
    }
}

impl Server {
    async fn start(setting: Setting) -> Self {
        let (status, seen) = watch::channel(Arc::new(fresh()));
        let observed = Observed {
            status: seen,
            beat: Arc::new(Beat::new(Instant::now())),
            stuck_after: setting.stuck_after,
            metrics: Arc::new(Metrics::new().unwrap()),
            history: watch::channel(Arc::default()).1,
            desk: desk(bell().0).0,
            serving: Serving {
                bind: None,
                metrics: setting.metrics,
                ready_max_age: None,
                hook_bind: None,
                hook_secret: None,
                api_token: None,
                api_read: ApiRead::Open,
            },
            repo: "https://example.org/a.git".parse().unwrap(),
            reference: Reference::Head,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = serve_up_to(setting.most, listener, observed, stop.clone());
        #[expect(clippy::disallowed_methods, reason = "the test joins it")]
        let task = tokio::spawn(serving);
        Self { address, status, stop, task }
    }

    fn set(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_modify(|status| change(Arc::make_mut(status)));
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and gives everything that comes until the server closes.
    async fn exchange(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        rest(&mut stream).await
    }

    async fn ask(&self, method: &str, path: &str) -> String {
        self.exchange(&format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
            .await
    }

    async fn get(&self, path: &str) -> (u16, String) {
        split(&self.ask("GET", path).await)
    }
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    // The end may be a reset, if the server closed before it had read everything.
    while stream.read_buf(&mut all).await.is_ok_and(|count| count > 0) {}
    String::from_utf8(all).unwrap()
}

fn split(response: &str) -> (u16, String) {
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn fresh() -> Status {
    Status {
        version: "0",
        repo: "/repo".to_owned(),
        reference: "HEAD".to_owned(),
        phase: Phase::Initial,
        commit: None,
        tree: None,
        published_at: None,
        previous: None,
        pinned: false,
        source: None,
        failures: 0,
        last_attempt: None,
        last_success_at: None,
        next_attempt_at: None,
    }
}

fn attempt(outcome: Outcome) -> Attempt {
    let failed = outcome == Outcome::Failed;
    Attempt {
        number: 1,
        trigger: Trigger::Start,
        started_at: Timestamp::UNIX_EPOCH,
        duration_ms: 5,
        outcome,
        step: failed.then_some(Step::Resolve),
        error: failed.then(|| Failure {
            class: Class::Network,
            message: "no route".to_owned(),
            hint: "check the network".to_owned(),
        }),
    }
}

#[tokio::test]
async fn the_root_is_good_after_the_first_success_and_stays_so() {
    let server = Server::start(Setting::default()).await;
    assert_eq!(server.get("/").await.0, 503);
    server.set(|status| status.tree = Some("/tree".to_owned()));
    assert_eq!(server.get("/").await.0, 503, "a tree from before is no success");
    server.set(|status| status.last_success_at = Some(Timestamp::UNIX_EPOCH));
    assert_eq!(server.get("/?a=b").await.0, 200);
    server.set(|status| status.last_attempt = Some(attempt(Outcome::Failed)));
    assert_eq!(server.get("/").await.0, 200);
}

#[tokio::test]
async fn ready_means_that_a_tree_is_published() {
    let server = Server::start(Setting::default()).await;
    assert_eq!(server.get("/readyz").await.0, 503);
    server.set(|status| status.tree = Some("/tree".to_owned()));
    assert_eq!(server.get("/readyz").await.0, 200);
}

#[tokio::test]
async fn live_means_that_the_loop_turns() {
    let server = Server::start(Setting::default()).await;
    assert_eq!(server.get("/livez").await.0, 200);
    let stuck = Server::start(Setting { stuck_after: Duration::ZERO, ..Setting::default() }).await;
    let (code, words) = stuck.get("/livez").await;
    assert_eq!(code, 503);
    assert!(words.starts_with("stuck: ") && words.lines().count() == 1, "{words}");
}

#[tokio::test]
async fn health_follows_the_last_attempt() {
    let server = Server::start(Setting::default()).await;
    assert_eq!(server.get("/healthz").await.0, 200);
    server.set(|status| status.last_attempt = Some(attempt(Outcome::Failed)));
    let (code, json) = server.get("/healthz").await;
    assert_eq!(code, 503);
    expect_test::expect![[r#"
        {"healthy":false,"phase":"initial","commit":null,"failures":0,"last_success_at":null,"last_attempt":{"number":1,"trigger":"start","started_at":"1970-01-01T00:00:00Z","duration_ms":5,"outcome":"failed","step":"resolve","error":{"class":"network","message":"no route","hint":"check the network"}}}
    "#]]
    .assert_eq(&json);
    server.set(|status| status.last_attempt = Some(attempt(Outcome::Unchanged)));
    assert_eq!(server.get("/healthz").await.0, 200);
}

#[tokio::test]
async fn metrics_are_there_only_when_wanted() {
    let server = Server::start(Setting::default()).await;
    let response = server.ask("GET", "/metrics").await;
    assert!(response.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert!(response.contains("\ngit_fetch_count_total 0\n"));
    let without = Server::start(Setting { metrics: false, ..Setting::default() }).await;
    let (code, words) = without.get("/metrics").await;
    assert_eq!(code, 404);
    assert!(!words.contains("/metrics"), "{words}");
}

#[tokio::test]
async fn other_paths_and_methods_are_told_what_there_is() {
    let server = Server::start(Setting::default()).await;
    let (code, words) = server.get("/nothing").await;
    assert_eq!(code, 404);
    assert!(words.contains("/livez") && words.contains("/metrics"), "{words}");
    let response = server.ask("DELETE", "/livez").await;
    assert_eq!(split(&response).0, 405);
    assert!(response.contains("allow: GET, HEAD\r\n"));
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let server = Server::start(Setting::default()).await;
    let get = server.ask("GET", "/readyz").await;
    let head = server.ask("HEAD", "/readyz").await;
    let without_date = |response: &str| {
        let head = response.split_once("\r\n\r\n").unwrap().0;
        head.lines().filter(|line| !line.starts_with("date:")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(without_date(&get), without_date(&head));
    assert!(head.contains("cache-control: no-store\r\n") && head.ends_with("\r\n\r\n"));
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let server = Server::start(Setting::default()).await;
    let one = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
    let last = "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let responses = server.exchange(&format!("{one}{one}{last}")).await;
    assert_eq!(responses.matches("HTTP/1.1 200 OK").count(), 3);
}

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
async fn more_clients_than_allowed_wait_for_a_place() {
    let server = Server::start(Setting { most: 1, ..Setting::default() }).await;
    let request = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let first = server.connect().await;
    let mut second = server.connect().await;
    second.write_all(request).await.unwrap();
    let mut answer = [0; 1];
    let early = tokio::time::timeout(Duration::from_millis(50), second.read(&mut answer)).await;
    assert!(early.is_err(), "the first has the only place");
    drop(first);
    assert_eq!(split(&rest(&mut second).await).0, 200);
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
