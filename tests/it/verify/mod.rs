//! Publishing only what is signed: by which keys, what is refused and for how long.

mod heads;
mod keys;
mod tags;

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use crate::contract::polling;
use crate::support::daemon::{Daemon, Root, Setup};
use crate::support::get::ask;
use crate::support::git::run;
use crate::support::sshd::KeyPair;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Keys of people, and a directory of those that are trusted.
struct Keys {
    dir: TempDir,
}

impl Keys {
    /// Makes an empty directory of trusted keys.
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        fs::create_dir(dir.path().join("trusted")).unwrap();
        Self { dir }
    }

    /// The directory of trusted keys.
    fn trusted(&self) -> PathBuf {
        self.dir.path().join("trusted")
    }

    /// Makes a key of a person, and gives the file of its public part.
    fn person(&self, name: &str) -> PathBuf {
        KeyPair::make(self.dir.path(), name, &["-t", "ed25519"]);
        self.dir.path().join(format!("{name}.pub"))
    }

    /// Makes a key of a person, and trusts it.
    fn friend(&self, name: &str) -> PathBuf {
        let key = self.person(name);
        self.trust(name, &key);
        key
    }

    /// Trusts the key of a person.
    fn trust(&self, name: &str, key: &Path) {
        fs::copy(key, self.trusted().join(format!("{name}.pub"))).unwrap();
    }

    /// Trusts the key of a person no more.
    fn forget(&self, name: &str) {
        fs::remove_file(self.trusted().join(format!("{name}.pub"))).unwrap();
    }
}

/// A call of Git that signs by a key.
fn signing(upstream: &Upstream, key: &Path) -> std::process::Command {
    let mut git = upstream.git();
    let key = format!("user.signingKey={}", key.display());
    git.args(["-c", "gpg.format=ssh", "-c", &key]);
    git
}

/// Commits a change that is signed, and pushes it.
#[track_caller]
fn signed(upstream: &Upstream, key: &Path, content: &str) -> String {
    let _in_the_worktree = upstream.change().file("a", content);
    run(upstream.git().args(["add", "--all"]));
    run(signing(upstream, key).args(["commit", "--quiet", "-S", "-m", content]));
    run(upstream.git().args(["push", "--quiet", "--force", "origin", "HEAD"]));
    upstream.head()
}

/// Makes or moves a signed tag; gives the id of the tag object.
#[track_caller]
fn signed_tag(upstream: &Upstream, key: &Path, name: &str) -> String {
    run(signing(upstream, key).args(["tag", "--force", "-s", "-m", "a tag", name]));
    let tag = format!("refs/tags/{name}");
    run(upstream.git().args(["push", "--quiet", "--force", "origin", &tag]));
    run(upstream.git().args(["rev-parse", &tag]))
}

/// A daemon that publishes only what is signed.
fn verifying(url: &str, root: &Root, keys: &Keys, mode: &str) -> Setup {
    polling(url, root)
        .flag(format!("--verify={mode}"))
        .flag(format!("--verify-key-dir={}", keys.trusted().display()))
        .flag("--api-token=t")
}

fn path(upstream: &Upstream) -> String {
    upstream.repo().display().to_string()
}

/// Waits until a commit is refused in these words.
#[track_caller]
fn eventually_refuses(root: &Root, commit: &str, words: &str) {
    eventually(&format!("{commit} is refused: {words}"), SOON, || {
        let status = root.status()?;
        let attempt = &status["last_attempt"];
        let told = attempt["error"]["message"].as_str()?;
        let same = (&attempt["outcome"], &attempt["step"], &attempt["error"]["class"]);
        let same = same == (&json!("refused"), &json!("verify"), &json!("verify"));
        (same && told.contains(commit) && told.contains(words)).then_some(())
    });
}

/// Asks for something to change, and gives the code and the answer.
#[track_caller]
fn order(daemon: &Daemon, what: &str, commit: &str) -> (u16, Value) {
    let headers = [("Authorization", "Bearer t"), ("Content-Type", "application/json")];
    let (path, body) = (format!("/api/v1/{what}"), json!({ "to": commit }).to_string());
    let reply = ask(daemon.address(), "POST", &path, &headers, body.as_bytes()).unwrap();
    (reply.status, serde_json::from_str(&reply.body).unwrap())
}

/// Puts an object into the repository, and lets `main` name it.
#[track_caller]
fn put(upstream: &Upstream, kind: &str, vector: &str) -> String {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/verify");
    let place = place.join(vector).display().to_string();
    let hash = ["hash-object", "--literally", "-w", "-t", kind, &place];
    run(crate::support::git::git(&upstream.repo()).args(hash))
}
