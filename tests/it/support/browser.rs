//! A real browser: Chromium without a window, told what to do by `WebDriver`, which is JSON over
//! HTTP on loopback. It ends with its value, with all the processes that it started.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::panic::catch_unwind;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

use crate::support::process::{Group, path, program};
use crate::support::skip;
use crate::support::wait::{SOON, eventually};

/// How `WebDriver` calls an element in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A key, as `WebDriver` writes it.
pub(crate) const TAB: char = '\u{e004}';
/// Another.
pub(crate) const ENTER: char = '\u{e007}';
/// And another.
pub(crate) const ESCAPE: char = '\u{e00c}';

/// A browser with one empty page.
#[derive(Debug)]
pub(crate) struct Browser {
    addr: SocketAddr,
    session: String,
    // The processes end before their directory goes.
    _driver: Group,
    _dir: TempDir,
}

/// What the page has at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element(String);

impl Browser {
    /// Starts one, or notes that the test is left out because none is installed.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let installed = |name: &'static str| catch_unwind(|| program(name)).ok();
        let (Some(driver), Some(chromium)) = (installed("chromedriver"), installed("chromium"))
        else {
            skip::note(test, "chromium and chromedriver are not installed");
            return None;
        };
        let dir = TempDir::new().unwrap();
        let mut group = Group::start(
            Command::new(driver)
                .arg("--port=0")
                .env_clear()
                .env("PATH", path())
                .env("HOME", dir.path())
                .env("TMPDIR", dir.path())
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port(&mut group)));
        let session = open_session(addr, &chromium, dir.path());
        let browser = Self { addr, session, _driver: group, _dir: dir };
        browser.resize(1280, 900);
        Some(browser)
    }

    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/session/{}{path}", self.session);
        exchange(self.addr, method, &path, body)
    }

    #[track_caller]
    fn developer(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.ask("POST", "/goog/cdp/execute", &body)
    }

    /// Goes to an address and waits until it is loaded.
    #[track_caller]
    pub(crate) fn open(&self, url: &str) {
        self.ask("POST", "/url", &json!({ "url": url }));
    }

    /// Gives the page another size, in CSS pixels.
    #[track_caller]
    pub(crate) fn resize(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.developer("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Prefers `light` or `dark`.
    #[track_caller]
    pub(crate) fn prefer(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.developer("Emulation.setEmulatedMedia", &json!({ "features": [feature] }));
    }

    /// Runs a script in the page, as the body of a function, and gives what it returns.
    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> Value {
        self.ask("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// All that can be read on the page now.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        self.run("return document.body.innerText").as_str().unwrap().to_owned()
    }

    /// Waits until the page shows all these words.
    #[track_caller]
    pub(crate) fn eventually_shows(&self, words: &[&str]) {
        eventually(&format!("the page shows {words:?}, not {}", self.text()), SOON, || {
            let text = self.text();
            words.iter().all(|word| text.contains(word)).then_some(())
        });
    }

    /// Waits until the page no longer shows the words.
    #[track_caller]
    pub(crate) fn eventually_hides(&self, words: &str) {
        eventually(&format!("{words:?} goes"), SOON, || {
            (!self.text().contains(words)).then_some(())
        });
    }

    /// Waits for the first element that fits a CSS selector and can be seen.
    #[track_caller]
    pub(crate) fn find(&self, selector: &str) -> Element {
        let script = format!(
            "return [...document.querySelectorAll({})].find((one) => one.checkVisibility()) ?? null",
            json!(selector)
        );
        eventually(&format!("there is {selector}"), SOON, || {
            self.run(&script).get(ELEMENT).and_then(Value::as_str).map(|id| Element(id.to_owned()))
        })
    }

    /// Waits for the first button with this text that can be seen.
    #[track_caller]
    pub(crate) fn button(&self, text: &str) -> Element {
        let script = format!(
            "return [...document.querySelectorAll('button')].find((one) =>\
               one.checkVisibility() && one.textContent.trim() === {}) ?? null",
            json!(text)
        );
        eventually(&format!("there is a button {text:?}"), SOON, || {
            self.run(&script).get(ELEMENT).and_then(Value::as_str).map(|id| Element(id.to_owned()))
        })
    }

    /// Clicks in the middle of it; fails if something lies above.
    #[track_caller]
    pub(crate) fn click(&self, element: &Element) {
        self.ask("POST", &format!("/element/{}/click", element.0), &json!({}));
    }

    /// The role that it has for a screen reader.
    #[track_caller]
    pub(crate) fn role(&self, element: &Element) -> String {
        self.says(element, "computedrole")
    }

    /// The name that it has for a screen reader.
    #[track_caller]
    pub(crate) fn label(&self, element: &Element) -> String {
        self.says(element, "computedlabel")
    }

    #[track_caller]
    fn says(&self, element: &Element, what: &str) -> String {
        let value = self.ask("GET", &format!("/element/{}/{what}", element.0), &Value::Null);
        value.as_str().unwrap().to_owned()
    }

    /// Presses keys one after the other, wherever the focus is.
    #[track_caller]
    pub(crate) fn press(&self, keys: impl AsRef<str>) {
        let strokes = keys.as_ref().chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
        });
        let strokes: Vec<_> = strokes.collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.ask("POST", "/actions", &json!({ "actions": [keyboard] }));
    }

    /// What has the focus: its text, or else its id.
    #[track_caller]
    pub(crate) fn focus(&self) -> String {
        let script = "const one = document.activeElement; return one.textContent.trim() || one.id";
        self.run(script).as_str().unwrap().to_owned()
    }

    /// What the console says since this was asked last: errors, warnings, breaches of the policy.
    #[track_caller]
    pub(crate) fn console(&self) -> Vec<Value> {
        let entries = self.ask("POST", "/se/log", &json!({ "type": "browser" }));
        entries.as_array().unwrap().clone()
    }

    /// Keeps a picture of the page under `target/screenshots/`, for people to look at.
    #[track_caller]
    pub(crate) fn picture(&self, name: &str) {
        let picture = self.developer("Page.captureScreenshot", &json!({ "format": "png" }));
        let picture = BASE64_STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(format!("{name}.png")), picture).unwrap();
    }
}

/// The port that the driver says it has taken.
fn port(group: &mut Group) -> u16 {
    let mut lines = BufReader::new(group.leader().stdout.take().unwrap()).lines();
    let said = "started successfully on port ";
    let port = lines.find_map(|line| {
        line.unwrap().split_once(said).map(|(_, port)| port.trim_end_matches('.').to_owned())
    });
    // It writes little, so nobody has to go on reading.
    port.and_then(|port| port.parse().ok()).expect("the driver says its port")
}

fn open_session(addr: SocketAddr, chromium: &Path, dir: &Path) -> String {
    let args = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        // It ends with the driver, and opens no port.
        "--remote-debugging-pipe",
        &format!("--user-data-dir={}", dir.join("profile").display()),
    ];
    let wanted = json!({ "capabilities": { "alwaysMatch": {
        "goog:chromeOptions": { "binary": chromium, "args": args },
        "goog:loggingPrefs": { "browser": "ALL" },
    } } });
    let session = exchange(addr, "POST", "/session", &wanted);
    session["sessionId"].as_str().unwrap().to_owned()
}

/// Asks the driver, and gives the value of its answer; fails if that is an error.
#[track_caller]
fn exchange(addr: SocketAddr, method: &str, path: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    // The driver does not close connections, so what comes is counted.
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    let heads = reader.by_ref().lines().map(Result::unwrap);
    head.extend(heads.take_while(|line| !line.is_empty()));
    let mut lengths = head.iter().filter_map(|line| {
        line.to_lowercase().strip_prefix("content-length:").map(|length| length.trim().to_owned())
    });
    let mut answer = vec![0; lengths.next().unwrap().parse().unwrap()];
    reader.read_exact(&mut answer).unwrap();
    let mut answer: Value = serde_json::from_slice(&answer).unwrap();
    let value = answer["value"].take();
    let good = head.first().is_some_and(|line| line.contains(" 200 "));
    assert!(good, "{path}: {}", value["message"]);
    value
}
