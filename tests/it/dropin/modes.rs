//! Who may read and write what is made, whatever umask the program was started with; and the small
//! files beside the trees.

use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use crate::contract::{after_more_attempts, polling, trying};
use crate::support::daemon::{Daemon, Root, Setup, following};
use crate::support::faults::{self, Fault};
use crate::support::git::{git, run};
use crate::support::http;
use crate::support::told::only_failure;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

struct Scene {
    upstream: Upstream,
    root: Root,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { upstream: Upstream::new(), root: Root::new() };
        scene.upstream.change().files(12, "f").executable("run", "#!/bin/sh\n").commit();
        scene
    }

    fn url(&self) -> String {
        self.upstream.repo().display().to_string()
    }

    /// The program as one starts it who has this umask.
    fn with_umask(&self, umask: &str, setup: Setup) -> Setup {
        let script = self.root.path().with_file_name(format!("umask-{umask}"));
        let program = env!("CARGO_BIN_EXE_gitsyncd");
        fs::write(&script, format!("#!/bin/sh\numask {umask}\nexec {program} \"$@\"\n")).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        setup.program(script)
    }
}

/// Everything below a directory, with its mode, but no symlinks.
fn modes(dir: &Path) -> Vec<(PathBuf, bool, u32)> {
    let meta = dir.symlink_metadata().unwrap();
    let mut found = vec![(dir.to_owned(), meta.is_dir(), meta.permissions().mode() & 0o7777)];
    if meta.is_dir() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if !path.is_symlink() {
                found.extend(modes(&path));
            }
        }
    }
    found
}

/// Fails unless everything has the modes that this says, for files and for directories.
#[track_caller]
fn all_have(dir: &Path, file: u32, directory: u32) {
    for (path, is_dir, mode) in modes(dir) {
        let is_pack = path.extension().is_some_and(|end| end == "pack" || end == "idx");
        let right = match (is_dir, is_pack) {
            (true, _) => mode == directory,
            // Nobody writes to them, as with Git.
            (false, true) => mode == 0o444,
            (false, false) if path.file_name().unwrap() == "run" => mode == directory,
            (false, false) => mode == file,
        };
        assert!(right, "{} has {mode:o}", path.display());
    }
}

#[test]
fn others_may_read_whatever_the_umask_was() {
    for umask in ["077", "000", "027"] {
        for (flag, file, directory) in
            [("--group-write=false", 0o644, 0o755), ("--group-write", 0o664, 0o775)]
        {
            let scene = Scene::new();
            let setup = || {
                let setup = trying(&scene.url(), &scene.root).flag(flag);
                scene.with_umask(umask, setup.flag("--link=sub/latest").flag("--touch-file=t/t"))
            };
            setup().once().expect_code(0);
            scene.upstream.commit("a", "1");
            setup().once().expect_code(0);
            all_have(&scene.root.path(), file, directory);
        }
    }
}

#[test]
fn trees_that_share_files_have_the_modes_that_count_now() {
    let scene = Scene::new();
    let start = |flag: &str| polling(&scene.url(), &scene.root).flag(flag).start();
    let mut number = 0;
    let mut changes = |daemon: &Daemon, expected: (u32, u32)| {
        // The first is made from what another run published, the others from prepared copies.
        for _ in 0..3 {
            number += 1;
            scene.root.eventually_prepares();
            let commit = scene.upstream.commit("a", number.to_string());
            scene.root.eventually_publishes(&commit);
            all_have(&scene.root.link().canonicalize().unwrap(), expected.0, expected.1);
        }
        // Killed earlier, the program would leave a tree of which Git does not know the files. That
        // the next change is prepared cannot be told for sure from what was prepared for the last.
        after_more_attempts(daemon, 2);
    };
    trying(&scene.url(), &scene.root).once().expect_code(0);
    for (flag, expected) in
        [("--group-write", (0o664, 0o775)), ("--group-write=false", (0o644, 0o755))]
    {
        let daemon = start(flag);
        changes(&daemon, expected);
        assert_eq!(daemon.events("the published tree was changed").len(), 0);
    }
}

#[test]
fn a_user_is_written_to_the_configuration_once() {
    let scene = Scene::new();
    let get = |key: &str| run(git(&scene.root.path()).args(["config", "--local", "--get", key]));
    for n in 0..3 {
        trying(&scene.url(), &scene.root).flag("--add-user").once().expect_code(0);
        scene.upstream.commit("a", n.to_string());
    }
    assert_eq!(get("user.name"), "gitsyncd");
    assert_eq!(get("user.email"), "gitsyncd@localhost");
    let text = fs::read_to_string(scene.root.path().join(".git/config")).unwrap();
    assert_eq!(text.matches("[user]").count(), 1, "{text}");
    run(git(&scene.root.path()).args(["config", "user.name", "mine"]));
    trying(&scene.url(), &scene.root).flag("--add-user").once().expect_code(0);
    assert_eq!(get("user.name"), "mine");
}

#[test]
fn the_git_program_may_be_named_and_is_not_run() {
    let scene = Scene::new();
    let finished = trying(&scene.url(), &scene.root).flag("--git=/nonexistent/git").once();
    finished.expect_code(0);
    assert!(finished.log.iter().any(|line| line.contains("no git program is run")));
}

#[test]
fn the_files_for_watchers_may_be_in_directories_that_are_not_there_yet() {
    let (scene, outside) = (Scene::new(), TempDir::new().unwrap());
    for (touch, error) in [
        (scene.root.path().join("a/b/touched"), scene.root.path().join("a/c/error")),
        (outside.path().join("a/b/touched"), outside.path().join("a/c/error")),
    ] {
        let setup = || {
            let setup = trying(&scene.url(), &scene.root)
                .flag(format!("--touch-file={}", touch.display()))
                .flag(format!("--error-file={}", error.display()));
            scene.with_umask("077", setup)
        };
        only_failure(&setup().flag("--ref=nowhere").once());
        assert!(!touch.exists());
        let told: Value = serde_json::from_slice(&fs::read(&error).unwrap()).unwrap();
        assert!(told["Msg"].is_string() && told["Err"].is_string() && told["Args"].is_object());
        assert_eq!(fs::metadata(&error).unwrap().permissions().mode() & 0o777, 0o644);
        let above = error.parent().unwrap();
        assert_eq!(fs::metadata(above).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_dir(above).unwrap().count(), 1, "nothing else is left there");
        setup().once().expect_code(0);
        assert!(touch.exists() && !error.exists());
    }
}

#[test]
fn an_error_is_told_even_before_there_is_a_root() {
    let scene = Scene::new();
    let error = scene.root.path().join("error");
    let setup = following("/nonexistent/repo", &scene.root).flag("--max-failures=1");
    only_failure(&setup.flag("--error-file=error").once());
    assert!(fs::read_to_string(error).unwrap().contains("/nonexistent/repo"));
}

#[test]
fn a_signal_before_the_first_success_is_not_lost() {
    for name in ["SIGUSR1", "usr1", "10"] {
        let scene = Scene::new();
        let server = http::serve(&scene.upstream);
        let mut proxy = faults::in_front_of(server.addr());
        proxy.break_with(Fault::Silent);
        let setup = following(&server.url_at(proxy.addr()), &scene.root).flag("--init-period=1h");
        let setup = setup.flag(format!("--sync-on-signal={name}")).flag("--max-failures=-1");
        let mut daemon = setup.start();
        eventually("the first attempt hangs", SOON, || (proxy.connections() > 0).then_some(()));
        daemon.signal(Signal::USR1);
        proxy.heal();
        proxy.cut();
        daemon.eventually_logs("attempt failed");
        // It asks for one more, long before its time.
        scene.root.eventually_publishes(&scene.upstream.head());
        assert!(daemon.running());
    }
}
