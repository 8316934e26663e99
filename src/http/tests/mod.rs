//! The server, asked over real sockets.

mod calls;
mod limits;
mod several;

use super::*;
use crate::config::{ApiRead, PasswordSource};
use crate::http::server::{BOUNDS, Bounds};
use crate::model::{Class, Secret, Step, Trigger};
use crate::observe::history::{Entry, What};
use crate::observe::status::{Attempt, Failure, Outcome};
use crate::trigger::Ear;
use crate::trigger::bell;
use crate::trigger::order::{Orders, desk};
use jiff::Timestamp;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const LONG: Duration = Duration::from_mins(1);

/// A server, and the loops that it observes.
struct Server {
    address: SocketAddr,
    list: watch::Sender<Repositories>,
    kept: Vec<Kept>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// A repository, as its loop sees it.
struct Kept {
    one: Arc<Repository>,
    status: watch::Sender<Arc<Status>>,
    history: watch::Sender<Arc<History>>,
    ear: Ear,
    orders: Orders,
}

struct Setting {
    /// What the repositories are called that a file lists; without one there is no file.
    names: &'static [&'static str],
    stuck_after: Duration,
    metrics: bool,
    bounds: Bounds,
    door: Door,
    ready_max_age: Option<Duration>,
    token: Option<&'static str>,
    hook_secret: Option<&'static str>,
    api_read: ApiRead,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            names: &[],
            stuck_after: LONG,
            metrics: true,
            bounds: BOUNDS,
            door: Door::Only,
            ready_max_age: None,
            token: Some("old\nnew"),
            hook_secret: Some("hush"),
            api_read: ApiRead::Open,
        }
    }
}

impl Kept {
    fn new(name: Option<&str>, late: bool, stuck_after: Duration) -> Self {
        let (status, seen) = watch::channel(Arc::new(Status {
            name: name.map(str::to_owned),
            ..Status::new("/repo".to_owned(), "HEAD".to_owned())
        }));
        let (history, told) = watch::channel(Arc::default());
        let (bell, ear) = bell();
        let (desk, orders) = desk(bell);
        let one = Arc::new(Repository {
            name: name.map(str::to_owned),
            late,
            freshness: Freshness::new(Instant::now()),
            status: seen,
            beat: Arc::new(Beat::new(Instant::now())),
            stuck_after,
            metrics: Arc::new(Metrics::new(name).unwrap()),
            history: told,
            desk,
            repo: format!("https://example.org/{}.git", name.unwrap_or("a")).parse().unwrap(),
            reference: Reference::Head,
        });
        Self { one, status, history, ear, orders }
    }

    /// Adds an entry to the history.
    fn happens(&self, what: What, at: Timestamp) {
        let entry = Entry {
            id: 0,
            at,
            what,
            trigger: None,
            commit: None,
            previous: None,
            source: None,
            duration_ms: None,
            step: None,
            error: None,
            by: None,
        };
        self.history.send_modify(|history| Arc::make_mut(history).add(entry));
    }

    fn set(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_modify(|status| change(Arc::make_mut(status)));
    }
}

impl Server {
    async fn start(setting: Setting) -> Self {
        let several = !setting.names.is_empty();
        let kept = |name| Kept::new(name, false, setting.stuck_after);
        let kept: Vec<_> = if several {
            setting.names.iter().map(|name| kept(Some(name))).collect()
        } else {
            vec![kept(None)]
        };
        let source = |text| PasswordSource::Value(Secret::new(text));
        let serving = Serving {
            root_is_everywhere: false,
            bind: None,
            metrics: setting.metrics,
            pprof: false,
            ready_max_age: setting.ready_max_age,
            hook_bind: None,
            hook_secret: setting.hook_secret.map(source),
            api_token: setting.token.map(source),
            api_read: setting.api_read,
        };
        let list = watch::Sender::new(kept.iter().map(|kept| Arc::clone(&kept.one)).collect());
        let observed = Observed {
            repositories: list.subscribe(),
            several,
            metrics: Arc::new(ProcessMetrics::new(several).unwrap()),
            serving,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let site = Site::new(observed, stop.clone());
        let serving = server::serve(setting.bounds, listener, setting.door, site);
        #[expect(clippy::disallowed_methods, reason = "the test joins it")]
        let task = tokio::spawn(serving);
        Self { address, list, kept, stop, task }
    }

    fn set(&self, change: impl FnOnce(&mut Status)) {
        self.kept[0].set(change);
    }

    /// Lets others see which repositories there are now.
    fn relist(&self) {
        self.list.send_replace(self.kept.iter().map(|kept| Arc::clone(&kept.one)).collect());
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

/// Reads until there is as much as this.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut all = Vec::new();
    while !String::from_utf8_lossy(&all).contains(end) {
        let count = stream.read_buf(&mut all).await.unwrap();
        assert!(count > 0, "it ended: {}", String::from_utf8_lossy(&all));
    }
    String::from_utf8(all).unwrap()
}

fn split(response: &str) -> (u16, String) {
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
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

#[tokio::test(start_paused = true)]
async fn ready_means_that_the_last_success_is_young_enough_if_that_is_asked_for() {
    let age = Duration::from_secs(100);
    let setting = Setting { ready_max_age: Some(age), ..Setting::default() };
    let server = Server::start(setting).await;
    server.set(|status| status.tree = Some("/tree".to_owned()));
    assert_eq!(server.get("/readyz").await.0, 200, "the start counts");
    tokio::time::advance(age * 2).await;
    assert_eq!(server.get("/readyz").await.0, 503);
    server.set(|status| status.last_success_at = Some(Timestamp::now()));
    assert_eq!(server.get("/readyz").await.0, 200);
    tokio::time::advance(age * 2).await;
    let (code, words) = server.get("/readyz").await;
    assert_eq!(code, 503);
    assert!(words.contains("no sync has succeeded for 200"), "{words}");
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
