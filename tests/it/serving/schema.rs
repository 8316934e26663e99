//! The document of the API, held against the running program by schemathesis.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::daemon::{Root, following};
use crate::support::skip;
use crate::support::upstream::Upstream;

const TEST: &str = "the_api_is_as_its_document_says";
/// Where `./test` puts it.
const TOOL: &str = "target/tools/schemathesis/bin/schemathesis";
const TOKEN: &str = "greengage";

/// What the tool takes for good. A commit that nobody has is asked for at the source, which then has
/// not got it either: that is a 502 by design. (A 500 never is.)
const SETTINGS: &str = r#"
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 502, 503, 504]
"#;

/// What the tool says of the operations that there are: all but the stream, which has no end and is
/// tried elsewhere.
const TRIED: [&str; 2] = ["Selected: 6/7", "Tested: 6"];

#[test]
fn the_api_is_as_its_document_says() {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join(TOOL);
    if !tool.is_file() {
        skip::note(TEST, "schemathesis is not there");
        return;
    }
    for who in ["open", "token"] {
        is_as_its_document_says(&tool, who);
    }
}

/// Tries all that can be called, where these may read.
#[track_caller]
fn is_as_its_document_says(tool: &Path, who: &str) {
    let (upstream, root) = (Upstream::new(), Root::new());
    let url = upstream.repo().display().to_string();
    let setup = following(&url, &root).flag("--period=1h").flag(format!("--api-read={who}"));
    let daemon = setup.variable("GITSYNC_API_TOKEN", TOKEN).start();
    root.eventually_publishes(&upstream.head());
    upstream.commit("a", "1");
    daemon.eventually_ready();

    let place = tempfile::tempdir().unwrap();
    let settings = place.path().join("settings.toml");
    fs::write(&settings, SETTINGS).unwrap();
    let output = Command::new(tool)
        .current_dir(place.path())
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", place.path())
        .arg("--config-file")
        .arg(settings)
        .args(["run", &format!("http://{}/api/v1/openapi.json", daemon.address())])
        .args(["--header", &format!("Authorization: Bearer {TOKEN}")])
        .args(["--exclude-path", "/api/v1/events"])
        .args(["--checks", "all", "--max-examples", "60", "--seed", "1"])
        .args(["--request-timeout", "20", "--continue-on-failure", "--no-color"])
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{who}: {}\n{report}\n{errors}", output.status);
    for line in TRIED {
        assert!(report.lines().any(|said| said.trim() == line), "{who}: no {line}\n{report}");
    }
    assert_eq!(daemon.get("/livez").unwrap().status, 200);
}
