//! The units run by systemd itself, as the document says they are installed: it boots in a container,
//! with the files of this machine below `/usr`, none of its settings, and a network of its own.

use rustix::process::{Signal, kill_process};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

use crate::deploy::manifests::text;
use crate::support::git::{git, run};
use crate::support::page::{Page, project};
use crate::support::process::{Group, children, installed, program};
use crate::support::skip;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually, pause};

/// How long it may take to boot.
const BOOT: Duration = Duration::from_mins(1);

/// What stands for the user's editor: the repository that is not on this machine is one that is.
const EDIT: &str = "#!/bin/sh
sed -i '/^#/!s,https://example.org/web/site.git,git://127.0.0.1/repo.git,' \"$1\"
case $1 in */site.env) sed -i 's,^GITSYNC_REPO=.*,GITSYNC_REPO=git://127.0.0.1/repo.git,' \"$1\" ;; esac
";

/// A machine that has been booted.
struct Machine {
    container: Group,
    /// The process id of its systemd, out here.
    init: String,
    // Goes when nothing uses it any more.
    _dir: TempDir,
}

impl Machine {
    /// Boots one that has the repository at `/srv/project`, and the program and `deploy` in `/w`.
    fn boot(test: &str, upstream: &Upstream) -> Option<Self> {
        if skip::unless_root(test) {
            return None;
        }
        let Some(nspawn) = installed("systemd-nspawn") else {
            skip::note(test, "systemd-nspawn is not installed");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        let [programs, work, log] = ["bin", "w", "log"].map(|name| dir.path().join(name));
        fs::create_dir(&programs).unwrap();
        fs::create_dir(&work).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_gitsyncd"), work.join("gitsyncd")).unwrap();
        fs::write(work.join("edit"), EDIT).unwrap();
        fs::set_permissions(work.join("edit"), fs::Permissions::from_mode(0o755)).unwrap();
        run(Command::new(program("cp")).arg("-r").args([&project().join("deploy"), &work]));
        let to = fs::File::create(&log).unwrap();
        let bind = |how: &str, from: &Path, to: &str| format!("--{how}={}:{to}", from.display());
        let container = Group::start(
            Command::new(nspawn)
                .args(["--directory=/", "--volatile=yes", "--boot", "--private-network"])
                .args(["--register=no", "--keep-unit", "--console=pipe"])
                .arg(format!("--machine=gitsyncd-{}", std::process::id()))
                .arg(bind("bind", &programs, "/usr/local/bin"))
                .arg(bind("bind", &work, "/w"))
                .arg(bind("bind-ro", &upstream.repo(), "/srv/project"))
                .arg("systemd.unit=basic.target")
                // There is no other network than the loopback to wait for.
                .arg("systemd.mask=systemd-networkd-wait-online.service")
                .stdin(Stdio::null())
                .stdout(to.try_clone().unwrap())
                .stderr(to),
        );
        let mut machine = Self { container, init: String::new(), _dir: dir };
        if machine.is_up() {
            return Some(machine);
        }
        let told = fs::read_to_string(log).unwrap();
        skip::note(test, &format!("systemd does not boot in a container here: {}", told.trim()));
        None
    }

    /// Waits until it is up, or says that it is not: it may have ended, or hang where control groups are
    /// not as systemd wants them.
    fn is_up(&mut self) -> bool {
        let begun = Instant::now();
        while self.container.ended().is_none() && begun.elapsed() < BOOT {
            let init = children(self.container.pid().as_raw_nonzero().get());
            self.init = init.first().map(ToString::to_string).unwrap_or_default();
            if !self.is_apart() {
                pause(Duration::from_millis(10));
                continue;
            }
            let state = self.run("systemctl is-system-running || true").unwrap_or_default();
            if ["running", "degraded"].contains(&state.trim()) {
                return true;
            }
            pause(Duration::from_millis(100));
        }
        false
    }

    /// Whether its systemd has namespaces of its own by now: nothing must be done to this machine.
    fn is_apart(&self) -> bool {
        let of = |process: &str, kind| fs::read_link(format!("/proc/{process}/ns/{kind}")).ok();
        ["mnt", "net", "pid", "uts"].into_iter().all(|kind| {
            let theirs = of(&self.init, kind);
            theirs.is_some() && theirs != of("self", kind)
        })
    }

    /// Does something in there, and says what it printed.
    fn run(&self, script: &str) -> Result<String, String> {
        let output = Command::new(program("nsenter"))
            .args(["--all", "--target", &self.init, "--"])
            .args(["/bin/sh", "-euc", &format!("exec 2>&1\n{script}")])
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/usr/sbin")
            .env("EDITOR", "/w/edit")
            .output()
            .map_err(|error| error.to_string())?;
        let told = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        if output.status.success() { Ok(told) } else { Err(told) }
    }

    #[track_caller]
    fn must(&self, script: &str) -> String {
        self.run(script).unwrap_or_else(|error| panic!("{script}\n{error}\n{}", self.journal()))
    }

    fn journal(&self) -> String {
        self.run("journalctl --no-pager --lines=50 --unit='gitsyncd*'").unwrap_or_default()
    }

    /// A property of a unit.
    fn shows(&self, unit: &str, property: &str) -> String {
        let value = self.must(&format!("systemctl show --value --property={property} {unit}"));
        value.trim().to_owned()
    }

    /// Serves the repository in its network.
    fn serve(&self, upstream: &Upstream) -> Group {
        let git = git(upstream.dir());
        let server = Group::start(
            Command::new(program("nsenter"))
                .args(["--net", "--target", &self.init, "--"])
                .arg(git.get_program())
                .args(["daemon", "--listen=127.0.0.1", "--reuseaddr", "--export-all"])
                .arg(format!("--base-path={}", upstream.dir().display()))
                .arg(upstream.dir())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        let asked = "git ls-remote git://127.0.0.1/repo.git";
        eventually("it is served", SOON, || self.run(asked).ok());
        server
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // An orderly end, so that nothing stays mounted; if it takes too long, all of it is ended.
        if self.container.ended().is_none() {
            kill_process(self.container.pid(), Signal::TERM).unwrap();
            eventually("the machine is off", BOOT, || self.container.ended());
        }
    }
}

/// The shell blocks of the document that are about systemd, in their order.
fn blocks() -> Vec<String> {
    let page = Page::of(PathBuf::from("deploy/README.md"), &text("README.md"));
    let headings = page.prose.iter().filter(|(_, line)| line.starts_with("## "));
    let mut after = headings.skip_while(|(_, line)| line != "## systemd").map(|(at, _)| *at);
    let (from, to) = (after.next().unwrap(), after.next().unwrap());
    let ours = page.blocks_of("sh").filter(|block| (from..to).contains(&block.line));
    ours.map(|block| block.code.clone()).collect()
}

#[test]
fn the_units_do_under_systemd_what_the_document_says() {
    let upstream = Upstream::new();
    upstream.tag("v2.0.0");
    let test = "the_units_do_under_systemd_what_the_document_says";
    let Some(machine) = Machine::boot(test, &upstream) else { return };
    let _server = machine.serve(&upstream);
    let blocks = blocks();
    let [install, site, mirror, many, _] = blocks.as_slice() else { panic!("{blocks:#?}") };
    machine.must(&format!("cd /w\n{install}"));
    let reads = |name: &str| {
        let reader = "setpriv --reuid=65534 --regid=65534 --clear-groups";
        machine.run(&format!("{reader} cat /var/lib/gitsyncd/{name}/latest/late"))
    };

    let told = machine.must(&format!("cd /w/deploy/systemd\n{site}"));
    assert!(told.contains("steady, well") && told.contains("git://127.0.0.1/repo.git"), "{told}");
    let process = machine.shows("gitsyncd@site", "MainPID");
    let status = machine.must(&format!("cat /proc/{process}/status"));
    for line in ["NoNewPrivs:\t1", "CapBnd:\t0000000000000000", "Seccomp:\t2"] {
        assert!(status.contains(line), "no {line} in\n{status}");
    }

    let told = machine.must(&format!("cd /w/deploy/systemd\n{mirror}"));
    assert!(told.contains("steady, well") && told.contains("/srv/project"), "{told}");
    upstream.commit("late", "seen");
    eventually("a commit is mirrored at once", SOON, || reads("project").ok());
    assert_eq!(reads("project").unwrap(), "seen");

    // What ends without being asked to is started again, and shows the same meanwhile.
    machine.must("systemctl kill --signal=KILL gitsyncd@project");
    assert_eq!(reads("project").unwrap(), "seen");
    let again = || (machine.shows("gitsyncd@project", "NRestarts") == "1").then_some(());
    eventually("it is to be started again", SOON, again);
    let up = || machine.run("systemctl is-active gitsyncd@project").ok();
    eventually("it is started again", SOON, up);
    // What is wrong stays wrong.
    machine.must("sed -i s/^GITSYNC_PERIOD=.*/GITSYNC_PERIOD=never/ /etc/gitsyncd/site.env");
    machine.must("systemctl restart gitsyncd@site || true");
    let failed = || (machine.shows("gitsyncd@site", "ActiveState") == "failed").then_some(());
    eventually("it has failed", SOON, failed);
    assert_eq!(machine.shows("gitsyncd@site", "ExecMainStatus"), "2");

    machine.must("systemctl disable --now gitsyncd@project gitsyncd@site");
    assert_eq!(machine.shows("gitsyncd@project", "Result"), "success");
    let told = machine.must(&format!("cd /w/deploy/systemd\n{many}"));
    assert!(told.contains("2, 0 of them not well"), "{told}");
    machine.must("systemctl stop gitsyncd");
    assert_eq!(machine.shows("gitsyncd", "Result"), "success");
}

#[test]
fn what_needs_the_files_starts_when_the_first_commit_is_there() {
    let test = "what_needs_the_files_starts_when_the_first_commit_is_there";
    let upstream = Upstream::new();
    upstream.commit("late", "seen");
    let Some(machine) = Machine::boot(test, &upstream) else { return };
    let blocks = blocks();
    let [install, site, .., ready] = blocks.as_slice() else { panic!("{blocks:#?}") };
    machine.must(&format!("cd /w\n{install}"));
    let only_wait = |block: &str| block.replace("restart", "restart --no-block");
    let laid = site.lines().take(2).collect::<Vec<_>>().join("\n");
    machine.must(&format!("cd /w/deploy/systemd\n{laid}\n{}", only_wait(ready)));
    machine.must(
        "systemd-run --quiet --no-block --unit=reader --property=Type=oneshot \
         --property=RemainAfterExit=yes --property=Requires=gitsyncd@site.service \
         --property=After=gitsyncd@site.service cat /var/lib/gitsyncd/site/latest/late",
    );
    // Nobody serves the repository yet.
    eventually("it has failed to sync", SOON, || {
        machine.journal().matches("attempt failed").nth(1).map(|_| ())
    });
    assert_eq!(machine.shows("gitsyncd@site", "ActiveState"), "activating");
    assert_eq!(machine.shows("reader", "ActiveState"), "inactive");
    let server = machine.serve(&upstream);
    let done = || (machine.shows("reader", "ActiveState") == "active").then_some(());
    eventually("the files are read", SOON, done);
    assert_eq!(machine.shows("reader", "Result"), "success");
    assert!(machine.must("journalctl --unit=reader --output=cat").contains("seen"));
    // What an earlier run has published can be read at once, whoever serves it.
    drop(server);
    machine.must(&format!("cd /w/deploy/systemd\n{ready}"));
    assert_eq!(machine.shows("gitsyncd@site", "ActiveState"), "active");
}
