//! A podman of the test's own, which runs pods as Kubernetes would, as far as podman 4.3 can.
//!
//! Its images, containers and volumes are in a directory below `target`, and go with it. The images
//! are made of what this machine has: the program that is tested, nginx and busybox. Pods share the
//! network of the machine, so that they reach the servers of the tests.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;

use crate::deploy::tools::tool;
use crate::support::process::{path, program};
use crate::support::skip;
use crate::support::wait::eventually;

/// How long a pod may take for anything.
const PATIENCE: Duration = Duration::from_mins(1);

/// Takes the limits of processes out of what runc is asked for: to raise one is not allowed
/// everywhere.
const RUNTIME: &str = r#"#!/usr/bin/env python3
import json, os, sys
args = sys.argv[1:]
def strip(path, place):
    with open(path) as file:
        asked = json.load(file)
    place(asked).pop("rlimits", None)
    with open(path, "w") as file:
        json.dump(asked, file)
if "create" in args and "--bundle" in args:
    bundle = args[args.index("--bundle") + 1]
    strip(os.path.join(bundle, "config.json"), lambda asked: asked["process"])
if "exec" in args and "--process" in args:
    strip(args[args.index("--process") + 1], lambda asked: asked)
os.execvp("runc", ["runc", *args])
"#;

/// Waits until the test is over, however it ends, and takes everything away.
const GUARDIAN: &str = r#"
read -r _
place=$1
shift
pods=$("$@" pod ls --quiet --no-trunc)
"$@" pod rm --all --force --time 0
"$@" rm --all --force --time 0
"$@" volume rm --all --force
awk -v place="$place/" 'index($5, place) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
  while read -r mount; do umount -l "$mount"; done
rm -rf "$place"
# podman forgets the groups that only runc makes. None that is in use can be removed.
for parent in /sys/fs/cgroup/libpod_parent /sys/fs/cgroup/*/libpod_parent; do
  for pod in $pods; do find "$parent/$pod" -depth -type d -exec rmdir {} +; done
  rmdir "$parent/conmon" "$parent"
done
"#;

/// Pods that run at the same time would share what podman keeps for all.
static ALONE: Mutex<()> = Mutex::new(());

/// The engine, with its images.
pub(super) struct Engine {
    place: PathBuf,
    guardian: Child,
    _alone: MutexGuard<'static, ()>,
}

impl Engine {
    /// Starts one; nothing, and a note that the test is left out, where there can be none.
    pub(super) fn start(test: &str) -> Option<Self> {
        if skip::unless_root(test) {
            return None;
        }
        for name in ["podman", "runc", "busybox", "nginx", "python3"] {
            tool(name, test)?;
        }
        let engine = Self::begin();
        let tried = engine.call(&["run", "--rm", "--network=none", BUSYBOX, "ls", "/"]);
        if !tried.status.success() {
            let complaint = String::from_utf8_lossy(&tried.stderr).into_owned();
            skip::note(test, &format!("podman runs no container here: {}", complaint.trim()));
            return None;
        }
        engine.make_program();
        Some(engine)
    }

    /// Makes its directory, with what guards it and the first image.
    fn begin() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let place = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
        let mut guardian = Command::new("/bin/sh");
        guardian.args(["-c", GUARDIAN, "guardian"]).arg(&place);
        let called = podman(&place);
        guardian.arg(called.get_program()).args(called.get_args());
        guardian.env_clear().envs(called.get_envs().filter_map(|(key, value)| Some((key, value?))));
        guardian.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let engine = Self { guardian: guardian.spawn().unwrap(), _alone: alone, place };
        fs::write(engine.place.join("runtime"), RUNTIME).unwrap();
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(engine.place.join("runtime"), executable).unwrap();
        engine.make_tools();
        engine
    }

    /// An image by the names of nginx and busybox, with this machine's own.
    fn make_tools(&self) {
        let root = self.place.join("tools");
        let bin = root.join("bin");
        fs::create_dir_all(&bin).unwrap();
        for name in ["busybox", "nginx"] {
            add(&root, &program(name), &bin.join(name));
        }
        for name in ["cat", "chown", "ls", "mkdir", "sh", "sleep"] {
            symlink("busybox", bin.join(name)).unwrap();
        }
        fs::create_dir_all(root.join("etc/nginx")).unwrap();
        fs::copy("/etc/nginx/mime.types", root.join("etc/nginx/mime.types")).unwrap();
        // As emptyDir is for everybody in Kubernetes; podman takes the mode from the image.
        fs::create_dir(root.join("tmp")).unwrap();
        fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
        self.import(&root, &["ENV=PATH=/bin"], BUSYBOX);
        self.expect(&["tag", BUSYBOX, "docker.io/library/nginx:1.28"]);
    }

    /// The image of the program, as the Dockerfile describes it, but with the libraries that it needs
    /// as it is built for tests.
    fn make_program(&self) {
        let root = self.place.join("program");
        fs::create_dir_all(root.join("etc/ssl/certs")).unwrap();
        add(&root, Path::new(env!("CARGO_BIN_EXE_gitsyncd")), &root.join("gitsyncd"));
        symlink("gitsyncd", root.join("git-sync")).unwrap();
        // What it shows to a debugger takes half of it, and each container has a copy.
        drop(Command::new("strip").arg(root.join("gitsyncd")).status());
        fs::create_dir(root.join("git")).unwrap();
        chown(root.join("git"), Some(65533), Some(65533)).unwrap();
        let changes = ["ENTRYPOINT=[\"/gitsyncd\"]", "USER=65533:65533"];
        self.import(&root, &changes, "localhost/gitsyncd:latest");
    }

    fn import(&self, root: &Path, changes: &[&str], name: &str) {
        let archive = root.with_extension("tar");
        let made =
            Command::new("tar").arg("-C").arg(root).arg("-cf").arg(&archive).arg(".").status();
        assert!(made.unwrap().success());
        let mut words = vec!["import", "--quiet"];
        words.extend(changes.iter().flat_map(|change| ["--change", change]));
        words.extend([archive.to_str().unwrap(), name]);
        self.expect(&words);
        fs::remove_file(archive).unwrap();
        fs::remove_dir_all(root).unwrap();
    }

    fn call(&self, words: &[&str]) -> Output {
        podman(&self.place).args(words).output().unwrap()
    }

    /// Calls podman, which must succeed, and gives what it said.
    #[track_caller]
    fn expect(&self, words: &[&str]) -> String {
        let output = self.call(words);
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "podman {words:?}: {said}");
        said
    }

    /// Runs pods, with the documents that come before them.
    #[track_caller]
    pub(super) fn play(&self, documents: &[Value]) {
        let mut text = String::new();
        for document in documents {
            writeln!(text, "---\n{document}").unwrap();
        }
        let file = self.place.join("pods.yaml");
        fs::write(&file, text).unwrap();
        self.expect(&["kube", "play", file.to_str().unwrap()]);
    }

    /// Makes a Secret for pods that mount it. podman 4.3 does not decode what it mounts, so it gets the
    /// values as they are, in a form of its own.
    #[track_caller]
    pub(super) fn mounted_secret(&self, name: &str, values: &[(&str, &str)]) {
        let data: Map<_, _> =
            values.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect();
        self.keep(name, &json!({"data": data}));
    }

    /// Makes a Secret for pods that read it as variables: another form, which is decoded.
    #[track_caller]
    pub(super) fn variable_secret(&self, name: &str, values: &[(&str, &str)]) {
        let encoded = |value: &str| Value::from(BASE64_STANDARD.encode(value));
        let data: Map<_, _> =
            values.iter().map(|(key, value)| ((*key).to_owned(), encoded(value))).collect();
        self.keep(name, &data.into());
    }

    #[track_caller]
    fn keep(&self, name: &str, secret: &Value) {
        let file = self.place.join("secret.json");
        fs::write(&file, secret.to_string()).unwrap();
        self.expect(&["secret", "create", name, file.to_str().unwrap()]);
    }

    /// All that a container has said.
    #[track_caller]
    pub(super) fn log(&self, container: &str) -> String {
        self.expect(&["logs", container])
    }

    /// Runs a program in a container.
    pub(super) fn exec(&self, container: &str, words: &[&str]) -> Output {
        self.call(&[&["exec", container], words].concat())
    }

    /// What podman knows of a container.
    #[track_caller]
    pub(super) fn about(&self, container: &str) -> Value {
        let told = self.expect(&["container", "inspect", container]);
        serde_json::from_str::<Value>(&told).unwrap()[0].take()
    }

    /// Waits until something is so, and shows the logs if it never is.
    #[track_caller]
    pub(super) fn until(&self, what: &str, containers: &[&str], is_so: impl Fn() -> bool) {
        let shown = Shown { engine: self, containers };
        eventually(what, PATIENCE, || is_so().then_some(()));
        drop(shown);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It reads the end of its input, and begins.
        drop(self.guardian.stdin.take());
        self.guardian.wait().unwrap();
    }
}

/// Prints the logs of containers when a test fails.
struct Shown<'a> {
    engine: &'a Engine,
    containers: &'a [&'a str],
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for container in self.containers {
                let output = self.engine.call(&["logs", container]);
                let said = [output.stdout, output.stderr].concat();
                println!("--- {container}:\n{}", String::from_utf8_lossy(&said));
            }
        }
    }
}

const BUSYBOX: &str = "docker.io/library/busybox:1.37";

/// A call of podman that keeps everything in one place.
fn podman(place: &Path) -> Command {
    let mut command = Command::new("podman");
    command.env_clear().env("PATH", path()).env("HOME", place).env("LC_ALL", "C");
    for (option, name) in [
        ("--root", "root"),
        ("--runroot", "run"),
        ("--tmpdir", "tmp"),
        ("--network-config-dir", "net"),
        ("--runtime", "runtime"),
    ] {
        command.arg(option).arg(place.join(name));
    }
    command.args(["--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--events-backend=file"]);
    command
}

/// Puts a program into the root of an image, with the libraries that it needs.
fn add(root: &Path, program: &Path, to: &Path) {
    fs::copy(program, to).unwrap();
    // It says nothing of a static program.
    let needs = Command::new("ldd").arg(program).output().unwrap();
    for library in String::from_utf8_lossy(&needs.stdout).split_whitespace() {
        if let Some(below) = library.strip_prefix('/').filter(|_| Path::new(library).is_file()) {
            let copy = root.join(below);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(library, copy).unwrap();
        }
    }
}
