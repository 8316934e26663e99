//! Processes and their logs, as far as that can be tried without the program.

use rustix::process::Signal;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::daemon::{self, Root, Setup, events, field};
use crate::support::listener::Port;
use crate::support::process::{Group, verdict};
use crate::support::wait::{SOON, eventually};

fn alive(pid: &str) -> bool {
    // A process that nobody has waited for yet is over all the same.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// Starts a shell that starts another process, and gives the id of that.
fn family() -> (Group, String) {
    let script = "sleep 1000 & echo $!; wait";
    let mut group = Group::start(Command::new("sh").args(["-c", script]).stdout(Stdio::piped()));
    let mut child = String::new();
    BufReader::new(group.leader().stdout.take().unwrap()).read_line(&mut child).unwrap();
    (group, child.trim().to_owned())
}

#[test]
fn a_group_ends_with_all_that_it_started() {
    let (group, child) = family();
    assert!(alive(&child));
    drop(group);
    eventually("the grandchild ends", SOON, || (!alive(&child)).then_some(()));
}

#[test]
fn a_group_ends_even_if_the_test_process_is_killed() {
    if env::var_os("GITSYNCD_VICTIM").is_some() {
        let (mut group, child) = family();
        println!("\nchild {child}");
        group.wait(Duration::from_secs(100));
    }
    let test = "support_works::program::a_group_ends_even_if_the_test_process_is_killed";
    let mut victim = Group::start(
        Command::new(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env("GITSYNCD_VICTIM", "1")
            .stdout(Stdio::piped()),
    );
    let mut lines = BufReader::new(victim.leader().stdout.take().unwrap()).lines();
    let child = lines.find_map(|line| line.unwrap().strip_prefix("child ").map(str::to_owned));
    let child = child.unwrap();
    assert!(alive(&child));
    victim.kill();
    eventually("the orphan ends", SOON, || (!alive(&child)).then_some(()));
}

#[test]
fn what_a_leader_leaves_behind_ends_when_the_leader_is_seen_to_have_ended() {
    let script = "sleep 1000 & echo $!";
    let mut group = Group::start(Command::new("sh").args(["-c", script]).stdout(Stdio::piped()));
    let mut child = String::new();
    BufReader::new(group.leader().stdout.take().unwrap()).read_line(&mut child).unwrap();
    assert_eq!(verdict(group.wait(SOON)), "exit code 0");
    eventually("the orphan ends", SOON, || (!alive(child.trim())).then_some(()));
}

#[test]
fn the_way_a_process_ended_is_told() {
    let mut group = Group::start(Command::new("sh").args(["-c", "exit 3"]));
    assert_eq!(verdict(group.wait(SOON)), "exit code 3");
    let (mut group, _) = family();
    assert!(group.ended().is_none());
    assert_eq!(verdict(group.kill()), "signal 9");
    assert_eq!(group.ended(), Some(group.kill()));
}

#[test]
fn events_are_found_in_both_shapes_of_a_json_log() {
    let log = [
        "not JSON".to_owned(),
        r#"{"level":"INFO","fields":{"message":"listening","address":"127.0.0.1:1"}}"#.to_owned(),
        r#"{"level":"INFO","message":"listening","address":"127.0.0.1:2"}"#.to_owned(),
        r#"{"level":"INFO","message":"something else"}"#.to_owned(),
    ];
    let found = events(&log, "listening");
    let addresses: Vec<_> = found.iter().filter_map(|event| field(event, "address")).collect();
    assert_eq!(addresses, ["127.0.0.1:1", "127.0.0.1:2"]);
}

#[test]
#[should_panic(expected = "did not happen within 10ms: pigs fly")]
fn what_never_happens_is_named() {
    eventually("pigs fly", Duration::from_millis(10), || None::<()>);
}

/// A script in place of the program: it publishes, logs as the program does, then waits.
const STAND_IN: &str = r#"#!/bin/sh
for flag; do
  case $flag in
    --root=*) root=${flag#*=} ;;
    --one-time) echo printed; echo '{"message":"done"}' >&2; exit 3 ;;
  esac
done
/bin/mkdir "$root"
/bin/ln -s "trees/$COMMIT" "$root/latest"
echo '{"phase":"steady"}' > "$root/.git-sync"
trap 'echo told; exit 0' TERM
echo '{"fields":{"message":"listening","address":"'"$ADDRESS"'"}}' >&2
while :; do /bin/sleep 0.01; done
"#;

struct StandIn {
    dir: tempfile::TempDir,
    root: Root,
}

impl StandIn {
    fn new() -> Self {
        let dir = tempfile::TempDir::new().unwrap();
        fs::write(dir.path().join("program"), STAND_IN).unwrap();
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(dir.path().join("program"), executable).unwrap();
        Self { dir, root: Root::new() }
    }

    fn setup(&self, address: &str) -> Setup {
        let setup = daemon::following("/nowhere", &self.root).variable("COMMIT", "c0ffee");
        setup.variable("ADDRESS", address).program(self.dir.path().join("program"))
    }
}

#[test]
fn a_run_to_the_end_gives_its_exit_code_and_all_that_it_said() {
    let finished = StandIn::new().setup("").once();
    finished.expect_code(3);
    assert_eq!(finished.stdout, ["printed"]);
    assert_eq!(events(&finished.log, "done").len(), 1);
}

#[test]
fn a_daemon_is_found_asked_and_told_to_stop() {
    let port = Port::take();
    let _answers = port.listen(|mut stream| {
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
        let question = lines.next().unwrap();
        assert!(lines.any(|line| line.is_empty()), "the question ends");
        let status = if question.starts_with("GET /readyz ") { 200 } else { 404 };
        stream.write_all(format!("HTTP/1.0 {status} Said\r\nX: y\r\n\r\n").as_bytes()).unwrap();
    });
    let stand_in = StandIn::new();
    let mut daemon = stand_in.setup(&port.addr().to_string()).start();
    daemon.eventually_ready();
    assert_eq!(daemon.get("/none").unwrap().status, 404);
    assert_eq!(stand_in.root.status().unwrap()["phase"], "steady");
    stand_in.root.eventually_publishes("c0ffee");
    assert!(daemon.running() && alive(&daemon.pid().to_string()));
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.exit(SOON).code(), Some(0));
    eventually("its last word is read", SOON, || (daemon.stdout() == ["told"]).then_some(()));
}

#[test]
fn a_killed_daemon_is_gone_and_its_root_stays() {
    let stand_in = StandIn::new();
    let daemon = stand_in.setup("127.0.0.1:1").start();
    daemon.eventually_logs("listening");
    assert!(!daemon.ready());
    let pid = daemon.pid().to_string();
    daemon.kill();
    assert!(!alive(&pid));
    assert_eq!(stand_in.root.published().as_deref(), Some("c0ffee"));
}
