//! Whatever is sent to the server on a connection, over a real socket.

#![no_main]

use gitsyncd::config::{ApiRead, PasswordSource, Serving};
use gitsyncd::http::{Door, Freshness, Observed, Repositories, Repository, Site, serve};
use gitsyncd::model::{Reference, Secret};
use gitsyncd::observe::metrics::{Metrics, ProcessMetrics};
use gitsyncd::observe::status::Status;
use gitsyncd::runtime::beat::Beat;
use gitsyncd::trigger::bell;
use gitsyncd::trigger::order::desk;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long an answer may take, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(8);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    let address = *SERVER.get_or_init(start);
    // Ports may run out for a moment.
    let Ok(mut stream) = TcpStream::connect(address) else { return };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // The server may have heard enough before the end.
    drop(stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write)));
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    // A stream of events goes on for ever when more than the question was sent: the end of that is
    // not seen behind what is never read.
    while !is_stream(&answer) {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(many) => answer.extend_from_slice(&part[..many]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            // By the clock of the fuzzer.
            Err(error) if error.kind() == ErrorKind::Interrupted => (),
            Err(error) => panic!("no answer ends: {error}"),
        }
    }
    let text = String::from_utf8_lossy(&answer);
    assert!(text.is_empty() || text.starts_with("HTTP/1."), "{text}");
    let code = text.get(9..12).and_then(|code| code.parse::<u16>().ok());
    assert!(code.is_none_or(|code| code < 500 || code == 503), "{text}");
    assert!(code != Some(202), "nobody knows a secret: {text}");
});

fn is_stream(answer: &[u8]) -> bool {
    let kind = b"content-type: text/event-stream";
    answer.windows(kind.len()).any(|part| part == kind)
}

/// Starts the server on a thread of its own, for as long as the fuzzer runs.
fn start() -> SocketAddr {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            // The program ignores it, as every program does whose `main` is in Rust.
            let _ignored = signal(SignalKind::pipe()).unwrap();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            let (_status, seen) = watch::channel(Arc::new(status()));
            let (_history, history) = watch::channel(Arc::default());
            // Nobody takes orders, so nothing waits for one.
            let one = Repository {
                name: None,
                late: false,
                freshness: Freshness::new(Instant::now()),
                status: seen,
                beat: Arc::new(Beat::new(Instant::now())),
                stuck_after: Duration::from_hours(1),
                metrics: Arc::new(Metrics::new(None).unwrap()),
                history,
                desk: desk(bell().0).0,
                repo: "https://git.example/harbour-lane/orchard.git".parse().unwrap(),
                reference: Reference::Head,
            };
            let list = watch::Sender::new(Repositories::from([Arc::new(one)]));
            let observed = Observed {
                repositories: list.subscribe(),
                several: false,
                metrics: Arc::new(ProcessMetrics::new(false).unwrap()),
                serving: serving(),
            };
            let site = Site::new(observed, CancellationToken::new());
            serve(listener, Door::Only, site).await;
        });
    });
    told.recv().unwrap()
}

fn serving() -> Serving {
    let secret = |text: &str| Some(PasswordSource::Value(Secret::new(text)));
    Serving {
        root_is_everywhere: false,
        bind: None,
        metrics: true,
        pprof: false,
        ready_max_age: None,
        hook_bind: None,
        hook_secret: secret("plain-5d7c1f02b39e\nwhsec_bm9ib2R5IGd1ZXNzZXMgdGhpcyBvbmU="),
        api_token: secret("token-0c41b7d9e2aa"),
        api_read: ApiRead::Open,
    }
}

fn status() -> Status {
    Status::new("https://git.example/harbour-lane/orchard.git".to_owned(), "HEAD".to_owned())
}
