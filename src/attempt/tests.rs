//! Several repositories in one process that follow the same one.

use super::*;
use crate::config;
use crate::config::{Request, Surroundings};
use crate::hooks;
use crate::runtime::blocking::Share;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Runs stock Git, and gives its output.
#[track_caller]
fn git(at: &Path, args: &[&str]) -> String {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "gc.auto=0"];
    let output = Command::new("git")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .arg("-C")
        .arg(at)
        .args(who)
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A process, with a repository to follow.
struct Process {
    dir: TempDir,
    runtime: Runtime,
    shared: Shared,
}

impl Process {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let this = Self { dir: TempDir::new().unwrap(), runtime, shared: Shared::default() };
        fs::create_dir(this.upstream()).unwrap();
        git(&this.upstream(), &["init", "-q", "-b", "main"]);
        this
    }

    fn upstream(&self) -> PathBuf {
        self.dir.path().join("upstream")
    }

    fn root(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Commits a file that no compression makes small.
    fn commit(&self, name: &str) -> String {
        let mut number = u64::try_from(name.len()).unwrap();
        let mut lines = Vec::new();
        for _ in 0..4000 {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            lines.push(format!("{number:x}"));
        }
        let text = lines.join("\n");
        fs::write(self.upstream().join(name), text).unwrap();
        git(&self.upstream(), &["add", "."]);
        git(&self.upstream(), &["commit", "-qm", name]);
        git(&self.upstream(), &["rev-parse", "HEAD"])
    }

    /// Makes the repository one that can say what refs name, and give nothing but that.
    fn forget_contents(&self) {
        let objects = self.upstream().join(".git/objects");
        let list = ["rev-list", "--objects", "--all", "--filter=tree:0"];
        let commits = git(&self.upstream(), &list);
        for entry in fs::read_dir(&objects).unwrap() {
            let entry = entry.unwrap();
            let start = entry.file_name().into_string().unwrap();
            for object in fs::read_dir(entry.path()).unwrap().filter(|_| start.len() == 2) {
                let object = object.unwrap();
                let id = format!("{start}{}", object.file_name().to_str().unwrap());
                if !commits.contains(&id) {
                    fs::remove_file(object.path()).unwrap();
                }
            }
        }
    }

    fn attempts(&self, root: &str, args: &[&str]) -> Attempts {
        let all = [
            "gitsyncd".to_owned(),
            format!("--repo={}", self.upstream().display()),
            format!("--root={}", self.root(root).display()),
        ];
        let all = all.into_iter().chain(args.iter().map(|arg| (*arg).to_owned()));
        let all = all.map(std::ffi::OsString::from);
        let config = match config::load(all, std::iter::empty(), Surroundings::default()) {
            Ok(Request::Run { fleet, .. }) => fleet.into_only(),
            other => panic!("{other:?}"),
        };
        let _inside = self.runtime.enter();
        let metrics = Arc::new(Metrics::new(None).unwrap());
        let (_status, told) = watch::channel(Arc::new(Status::new(String::new(), String::new())));
        let common = hooks::Common::new(Share::default());
        let token = CancellationToken::new();
        let (hooks, _runners) = Hooks::new(&config, &metrics, told, &common, &token);
        Attempts::new(&config, &self.shared, metrics, Arc::new(hooks))
    }

    fn run(&self, attempts: &mut Attempts) -> Result<Done, Failed> {
        let _inside = self.runtime.enter();
        let end = tokio::time::Instant::now() + Duration::from_mins(1);
        attempts.run(None, &Stop::new(CancellationToken::new(), end))
    }

    #[track_caller]
    fn publishes(&self, attempts: &mut Attempts, root: &str, commit: &str) {
        let done = self.run(attempts);
        assert!(matches!(done, Ok(Done::Published(_))), "{done:?}");
        self.is_sound(root, commit);
    }

    #[track_caller]
    fn is_sound(&self, root: &str, commit: &str) {
        let root = self.root(root);
        assert_eq!(git(&root.join("latest"), &["rev-parse", "HEAD"]), commit);
        assert_eq!(git(&root.join("latest"), &["status", "--porcelain"]), "");
        git(&root, &["fsck", "--connectivity-only"]);
        git(&root, &["fsck", "--full"]);
    }

    /// The files of the packs of a root, by their numbers in the file system.
    fn packs(&self, root: &str) -> Vec<u64> {
        let directory = self.root(root).join(".git/objects/pack");
        let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let mut packs: Vec<_> = files
            .filter(|path| path.extension().is_some_and(|end| end == "pack"))
            .map(|path| fs::metadata(path).unwrap().ino())
            .collect();
        packs.sort_unstable();
        packs
    }
}

#[test]
fn the_same_commit_comes_from_the_source_once_for_all_roots() {
    for depth in ["--depth=1", "--depth=0"] {
        let process = Process::new();
        process.commit("one");
        let commit = process.commit("two");
        let mut all = ["a", "b", "c"].map(|root| process.attempts(root, &[depth]));
        process.publishes(&mut all[0], "a", &commit);
        process.forget_contents();
        process.publishes(&mut all[1], "b", &commit);
        process.publishes(&mut all[2], "c", &commit);
        assert_eq!(process.packs("b").len(), 1);
        let depth = git(&process.root("b"), &["rev-list", "--count", "HEAD"]);
        assert_eq!(depth, git(&process.root("a"), &["rev-list", "--count", "HEAD"]));
        fs::remove_dir_all(process.root("a")).unwrap();
        process.is_sound("b", &commit);
        process.is_sound("c", &commit);
    }
}

#[test]
fn a_commit_is_promoted_without_the_source() {
    for depth in ["--depth=1", "--depth=0"] {
        let process = Process::new();
        let old = process.commit("one");
        git(&process.upstream(), &["tag", "v1.0.0"]);
        let mut staging = process.attempts("staging", &[depth, "--ref=main"]);
        let mut production = process.attempts("production", &[depth, "--ref=semver:*"]);
        process.publishes(&mut staging, "staging", &old);
        process.publishes(&mut production, "production", &old);
        let new = process.commit("two");
        process.publishes(&mut staging, "staging", &new);
        git(&process.upstream(), &["tag", "v1.1.0"]);
        process.forget_contents();
        process.publishes(&mut production, "production", &new);
    }
}

#[test]
fn another_ref_is_fetched_upon_what_is_there() {
    let process = Process::new();
    let old = process.commit("one");
    git(&process.upstream(), &["branch", "old"]);
    let new = process.commit("two");
    let mut one = process.attempts("one", &["--ref=old"]);
    let mut two = process.attempts("two", &["--ref=main"]);
    process.publishes(&mut one, "one", &old);
    process.publishes(&mut two, "two", &new);
    let (first, second) = (process.packs("one"), process.packs("two"));
    assert_eq!((first.len(), second.len()), (1, 2), "what is there, and the difference");
}

#[test]
fn what_is_damaged_elsewhere_is_fetched() {
    let process = Process::new();
    let commit = process.commit("one");
    let mut one = process.attempts("one", &[]);
    let mut two = process.attempts("two", &[]);
    process.publishes(&mut one, "one", &commit);
    for entry in fs::read_dir(process.root("one").join(".git/objects/pack")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "pack") {
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0xff;
            fs::remove_file(&path).unwrap();
            fs::write(&path, bytes).unwrap();
        }
    }
    process.publishes(&mut two, "two", &commit);
}

#[test]
fn other_credentials_get_what_the_source_named_and_nothing_else() {
    let process = Process::new();
    let old = process.commit("one");
    git(&process.upstream(), &["branch", "old"]);
    process.commit("two");
    let mut one = process.attempts("one", &["--ref=main"]);
    let other = ["--ref=old", "--username=another", "--password=x", "--depth=0"];
    let mut two = process.attempts("two", &other);
    drop(process.run(&mut one).unwrap());
    process.publishes(&mut two, "two", &old);
    let objects = git(&process.root("two"), &["cat-file", "--batch-all-objects", "--batch-check"]);
    assert_eq!(objects.lines().count(), 3, "a commit, a tree and a file: {objects}");
    let id = git(&process.upstream(), &["rev-parse", "main"]);
    let exact = ["--username=third", "--password=x", &*format!("--ref={id}")];
    let mut three = process.attempts("three", &exact);
    process.forget_contents();
    assert!(process.run(&mut three).is_err(), "nobody said that it may see this");
}

#[test]
fn what_nobody_follows_any_more_is_forgotten() {
    let process = Process::new();
    process.commit("one");
    let one = process.attempts("one", &[]);
    let two = process.attempts("two", &[]);
    assert_eq!(one.kinship.count(), 1);
    drop(two);
    assert_eq!(one.kinship.count(), 0);
}
