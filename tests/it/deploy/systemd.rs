//! The units for systemd: they are understood, they are as closed as the document says, and the
//! program works in the place that they leave it.
//!
//! Here what of their sandbox `unshare` and `setpriv` can make is made, on machines on which systemd
//! cannot be booted, too; `booted` has systemd itself run them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

use crate::deploy::manifests::{file, text};
use crate::deploy::options::Words;
use crate::deploy::tools::tool;
use crate::support::daemon::bare;
use crate::support::process::{Group, path};
use crate::support::skip;
use crate::support::upstream::Upstream;
use crate::support::wait::eventually;

/// The units, as they are called: one is for instances.
const UNITS: [(&str, &str); 2] = [
    ("systemd/gitsyncd.service", "gitsyncd.service"),
    ("systemd/gitsyncd@.service", "gitsyncd@project.service"),
];

/// What is laid beside a unit, for a source without network, and for others who need the files.
const LOCAL: &str = "systemd/local.conf";
const READY: &str = "systemd/ready.conf";

/// The values of a setting of a unit, in their order.
fn settings<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
    let of = |line: &'a str| line.strip_prefix(name)?.strip_prefix('=');
    unit.lines().filter_map(of).collect()
}

/// What a unit says to the program, for the instance `project`.
fn words(unit: &str) -> Words {
    let mut words = Words::default();
    let command = settings(unit, "ExecStart")[0].replace("%i", "project");
    let mut command = command.split(' ');
    assert_eq!(command.next(), Some("/usr/local/bin/gitsyncd"));
    words.flags.extend(command.map(ToOwned::to_owned));
    for file in settings(unit, "EnvironmentFile") {
        assert_eq!(file, "/etc/gitsyncd/%i.env");
        let example = text("systemd/example.env");
        let lines = example.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.map(|line| line.split_once('=').unwrap());
        words.variables.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    words
}

#[test]
fn the_program_understands_every_unit_without_a_warning() {
    let list = file("systemd/gitsyncd.yaml");
    for (path, _) in UNITS {
        let mut words = words(&text(path));
        words.replace("/etc/gitsyncd/gitsyncd.yaml", list.to_str().unwrap());
        words.understood();
    }
    // What is commented out in the example is understood too.
    let example = text("systemd/example.env");
    let mut words = Words { flags: vec!["--root=/git".to_owned()], variables: Vec::new() };
    for line in example.lines().filter_map(|line| line.strip_prefix("#GITSYNC_")) {
        let (name, value) = line.split_once('=').unwrap();
        words.variables.push((format!("GITSYNC_{name}"), value.to_owned()));
    }
    assert_eq!(words.variables.len(), 4);
    words.understood();
}

#[test]
fn a_wrong_configuration_is_not_tried_again() {
    for (path, _) in UNITS {
        let unit = text(path);
        assert_eq!(settings(&unit, "Restart"), ["on-failure"]);
        let code = settings(&unit, "RestartPreventExitStatus")[0].parse().unwrap();
        bare().flag("--no-such-flag").finish().expect_code(code);
    }
}

/// Lays the units into a directory, for the program that is tested, and the drop-ins if they are wanted.
fn laid(place: &Path, local: bool) -> Vec<String> {
    let lay = |(path, name): &(&str, &str)| {
        let unit = text(path).replace("/usr/local/bin/gitsyncd", env!("CARGO_BIN_EXE_gitsyncd"));
        let file = place.join(name);
        fs::write(&file, unit).unwrap();
        if local {
            let dir = place.join(format!("{name}.d"));
            fs::create_dir(&dir).unwrap();
            fs::write(dir.join("local.conf"), text(LOCAL)).unwrap();
            fs::write(dir.join("ready.conf"), text(READY)).unwrap();
        }
        file.to_str().unwrap().to_owned()
    };
    UNITS.iter().map(lay).collect()
}

#[test]
fn systemd_understands_every_line_of_the_units() {
    let test = "systemd_understands_every_line_of_the_units";
    let Some(analyze) = tool("systemd-analyze", test) else { return };
    for local in [false, true] {
        let place = TempDir::new().unwrap();
        let verify = |units: &[String]| {
            let output =
                Command::new(&analyze).args(["verify", "--man=no"]).args(units).output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            (output.status.success(), String::from_utf8_lossy(&said).into_owned())
        };
        let units = laid(place.path(), local);
        assert_eq!(verify(&units), (true, String::new()));
        let wrong = text(UNITS[0].0).replace("ProtectSystem=", "ProtectSytem=");
        fs::write(&units[0], wrong).unwrap();
        let (_, said) = verify(&units[..1]);
        assert!(said.contains("ProtectSytem"), "{said}");
    }
}

#[test]
fn the_units_are_as_closed_as_the_document_says() {
    let test = "the_units_are_as_closed_as_the_document_says";
    let Some(analyze) = tool("systemd-analyze", test) else { return };
    let version = Command::new(&analyze).arg("--version").output().unwrap();
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let readme = text("README.md");
    for (local, stated) in [(false, "1.3"), (true, "0.4")] {
        assert!(readme.contains(&format!("| {stated} |")), "the document does not say {stated}");
        let place = TempDir::new().unwrap();
        for unit in laid(place.path(), local) {
            let output = Command::new(&analyze)
                .args(["security", "--offline=true", "--threshold=20", "--no-pager", &unit])
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{said}");
            // Later versions look at more.
            if version.starts_with("systemd 252") {
                let found = format!(": {stated} ");
                assert!(said.trim_end().lines().last().unwrap().contains(&found), "{said}");
            }
        }
    }
}

/// Makes what the unit says of the file system, the network and the rights, and runs the program.
const SANDBOX: &str = r#"
set -e
mount --bind "$2" "$2"
mount --bind "$1" "$3"
mount -o remount,bind,ro /
shift 3
exec setpriv --reuid=65533 --regid=65533 --clear-groups --no-new-privs --bounding-set=-all \
  --inh-caps=-all -- "$@"
"#;

#[test]
fn a_local_repository_is_mirrored_without_network_and_with_one_place_to_write() {
    let test = "a_local_repository_is_mirrored_without_network_and_with_one_place_to_write";
    let flags = ["--mount", "--net", "--ipc"];
    if skip::unless_unshared(test, &flags) {
        return;
    }
    let Some(_) = tool("setpriv", test) else { return };
    // The sandbox is what the unit and the drop-in say.
    let unit = text(UNITS[1].0);
    for (name, value) in [
        ("ProtectSystem", "strict"),
        ("CapabilityBoundingSet", ""),
        ("NoNewPrivileges", "yes"),
        ("User", "gitsyncd"),
    ] {
        assert_eq!(settings(&unit, name), [value], "{name}");
    }
    assert_eq!(settings(&text(LOCAL), "PrivateNetwork"), ["yes"]);
    let user = text("systemd/gitsyncd.sysusers.conf");
    assert!(user.lines().any(|line| line.starts_with("u gitsyncd - ")));

    let (upstream, place) = (Upstream::new(), TempDir::new().unwrap());
    let state = place.path().join("state");
    let program = place.path().join("gitsyncd");
    fs::create_dir(&state).unwrap();
    fs::write(&program, "").unwrap();
    for dir in [upstream.dir(), place.path()] {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
    }
    chown(&state, Some(65533), Some(65533)).unwrap();
    let mut words = words(&unit);
    words.replace("/var/lib/gitsyncd/project", &format!("{}/project", state.display()));
    words.replace("/srv/project", &upstream.repo().display().to_string());
    let log = place.path().join("log");
    let mut run = Command::new("unshare");
    run.args(flags).args(["sh", "-c", SANDBOX, "sandbox", env!("CARGO_BIN_EXE_gitsyncd")]);
    run.arg(&state).arg(&program).arg(&program).args(&words.flags);
    run.env_clear().env("PATH", path()).envs(words.variables.clone());
    run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap());
    let mut daemon = Group::start(&mut run);
    let link = state.join("project/latest");
    let mut is = |commit: &str| {
        eventually("the commit is published", Duration::from_mins(1), || {
            let said = || fs::read_to_string(&log).unwrap();
            assert!(daemon.ended().is_none(), "{}", said());
            fs::read_link(&link).ok().filter(|to| to.ends_with(commit))
        })
    };
    is(&upstream.head());
    // It is watched, so this does not take a period of a minute.
    is(&upstream.commit("news", "second\n"));
    assert_eq!(fs::read_to_string(link.join("news")).unwrap(), "second\n");
}
