//! Tries clients and dialers on small servers of their own.

use crate::model::FileChoice;
use crate::net::{Client, Dialer, Proxies, Traffic, Trust};
use crate::runtime::Stop;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A server that counts its connections. It serves until the test ends.
struct Server {
    url: String,
    connections: Arc<AtomicUsize>,
}

impl Server {
    fn start(serve: fn(TcpStream)) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || serve(stream.unwrap()));
            }
        });
        Self { url, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Answers every request with this.
fn answer(stream: TcpStream, text: &[u8]) {
    let mut writer = stream.try_clone().unwrap();
    for line in BufReader::new(stream).lines() {
        match line {
            Ok(line) if line.is_empty() => writer.write_all(text).unwrap(),
            Ok(_) => (),
            Err(_) => return,
        }
    }
}

const SHORT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const LONG: usize = 4 << 20;

fn long(stream: TcpStream) {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n");
    answer(stream, &[head.into_bytes(), vec![b'x'; LONG]].concat());
}

/// Lends a client to a thread that may block.
fn with_client(run: impl FnOnce(&Client, &Stop) + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let deadline = Instant::now() + Duration::from_secs(20);
        let stop = Stop::new(CancellationToken::new(), deadline);
        let (done, ended) = oneshot::channel();
        let thread = thread::spawn(move || {
            let dialer = Dialer::new(Proxies::default(), Trust::new(Vec::new(), Vec::new()));
            run(&Client::new(dialer, Arc::new(Traffic::default())), &stop);
            done.send(())
        });
        ended.await.unwrap();
        thread.join().unwrap().unwrap();
    });
}

fn get(url: &str) -> Request<Full<Bytes>> {
    Request::get(url).body(Full::default()).unwrap()
}

#[test]
fn the_connection_that_was_used_longest_ago_makes_way() {
    with_client(|client, stop| {
        let servers: Vec<_> =
            (0..=64).map(|_| Server::start(|stream| answer(stream, SHORT))).collect();
        let ask = |server: &Server| {
            let response = client.ask(get(&server.url), 100, stop).unwrap();
            assert_eq!(response.body.whole().unwrap(), "ok");
        };
        servers[..64].iter().for_each(ask);
        servers[..64].iter().for_each(ask);
        assert!(servers[..64].iter().all(|server| server.connections() == 1));
        ask(&servers[0]);
        ask(&servers[64]);
        servers[2..].iter().for_each(ask);
        ask(&servers[0]);
        assert!(servers[2..].iter().all(|server| server.connections() == 1));
        assert_eq!(servers[0].connections(), 1);
        ask(&servers[1]);
        assert_eq!(servers[1].connections(), 2);
    });
}

#[test]
fn several_use_one_connection_in_turn_and_each_counts_what_is_its_own() {
    with_client(|client, stop| {
        let server = Server::start(|stream| answer(stream, SHORT));
        let line = Arc::clone(client.line());
        let counts: Vec<Arc<Traffic>> = (0..20).map(|_| Arc::default()).collect();
        for (number, traffic) in counts.iter().enumerate() {
            let client = Client::over(Arc::clone(&line), Arc::clone(traffic));
            for _ in 0..=number {
                drop(client.ask(get(&server.url), 100, stop).unwrap());
            }
        }
        assert_eq!(server.connections(), 1);
        let taken: Vec<_> = counts.iter().map(|traffic| traffic.take()).collect();
        assert_eq!(taken[..2], [(2, 1), (4, 2)]);
        assert_eq!(taken[19], (40, 20));
    });
}

#[test]
fn nobody_waits_for_what_somebody_else_reads_nor_cuts_it() {
    with_client(|client, stop| {
        let server = Server::start(long);
        let readers: Vec<_> = (0..12)
            .map(|_| {
                let other = Client::over(Arc::clone(client.line()), Arc::default());
                let mut body = other.send(get(&server.url), stop).unwrap().body;
                body.read_exact(&mut [0; 1000]).unwrap();
                body
            })
            .collect();
        assert_eq!(server.connections(), 12);
        for mut body in readers {
            let mut rest = Vec::new();
            assert_eq!(body.read_to_end(&mut rest).unwrap(), LONG - 1000);
        }
        // Of those that nobody uses, few are kept.
        drop(client.send(get(&server.url), stop).unwrap());
        assert_eq!(server.connections(), 12);
    });
}

#[test]
fn an_answer_is_not_cut_by_another_request() {
    with_client(|client, stop| {
        let server = Server::start(long);
        let mut first = client.send(get(&server.url), stop).unwrap().body;
        let mut begin = [0; 1000];
        first.read_exact(&mut begin).unwrap();
        let mut second = client.send(get(&server.url), stop).unwrap().body;
        assert_eq!(server.connections(), 2);
        let mut rest = Vec::new();
        assert_eq!(second.read_to_end(&mut rest).unwrap(), LONG);
        rest.clear();
        assert_eq!(first.read_to_end(&mut rest).unwrap(), LONG - begin.len());
        // Both are free again.
        drop(client.send(get(&server.url), stop).unwrap());
        assert_eq!(server.connections(), 2);
    });
}

#[test]
fn what_nobody_reads_is_not_kept() {
    with_client(|client, stop| {
        let server = Server::start(long);
        drop(client.send(get(&server.url), stop).unwrap());
        drop(client.send(get(&server.url), stop).unwrap());
        assert_eq!(server.connections(), 2);
    });
}

#[tokio::test]
async fn what_comes_with_the_answer_of_a_proxy_is_not_lost() {
    // Servers of SSH speak first.
    let proxy = Server::start(|mut stream| {
        let mut request = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while !request.ends_with("\r\n\r\n") {
            reader.read_line(&mut request).unwrap();
        }
        assert!(request.starts_with("CONNECT [::1]:22 HTTP/1.1\r\n"), "{request}");
        assert!(request.to_lowercase().contains("\r\nhost: [::1]:22\r\n"), "{request}");
        stream.write_all(b"HTTP/1.0 200 Connection established\r\n\r\nSSH-2.0-x\r\n").unwrap();
        let mut said = [0; 5];
        reader.read_exact(&mut said).unwrap();
        stream.write_all(&said).unwrap();
    });
    let proxies = Proxies::new(Some(&proxy.url.parse().unwrap()), &[]);
    let trust = Trust::new(vec![FileChoice::named("/nowhere")], Vec::new());
    let dialer = Dialer::new(proxies, trust);
    let mut stream = dialer.dial("::1", 22, "ssh://[::1]/a").await.unwrap();
    let mut banner = [0; 11];
    stream.read_exact(&mut banner).await.unwrap();
    assert_eq!(&banner, b"SSH-2.0-x\r\n");
    stream.write_all(b"hello").await.unwrap();
    let mut echo = Vec::new();
    stream.read_to_end(&mut echo).await.unwrap();
    assert_eq!(echo, b"hello");
}
