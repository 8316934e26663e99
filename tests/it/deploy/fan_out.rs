//! One pod tells all others of a push: its script is run, with `getent` as it answers for a Service
//! without an address of its own, against daemons on several addresses of loopback.

use std::fmt::Write;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

use crate::deploy::manifests::{built, containers, find, pods};
use crate::support::daemon::{Daemon, bare};
use crate::support::http;
use crate::support::process::{Group, path};
use crate::support::upstream::Upstream;
use crate::support::wait::eventually;

const PATIENCE: Duration = Duration::from_mins(1);

/// A port that is free at all of these addresses.
fn port_of(addresses: &[Ipv4Addr]) -> u16 {
    eventually("a port is free at each address", PATIENCE, || {
        let first = TcpListener::bind((addresses[0], 0)).ok()?;
        let port = first.local_addr().ok()?.port();
        let rest: Result<Vec<_>, _> =
            addresses[1..].iter().map(|address| TcpListener::bind((*address, port))).collect();
        rest.is_ok().then_some(port)
    })
}

/// Puts a `getent` into a directory that answers as that of glibc does: three lines an address.
fn getent(place: &Path, name: &str, addresses: &[Ipv4Addr]) {
    let mut script = format!("#!/bin/sh\n[ \"$1 $2\" = 'ahosts {name}' ] || exit 2\n");
    for address in addresses {
        for kind in ["STREAM", "DGRAM ", "RAW   "] {
            writeln!(script, "echo '{address:15} {kind} '").unwrap();
        }
    }
    fs::write(place.join("getent"), script).unwrap();
    fs::set_permissions(place.join("getent"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// A directory of files that a test names.
struct Place(TempDir);

impl Place {
    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.at(name), content).unwrap();
    }

    /// Lets the link of the one that hears of pushes lead elsewhere.
    fn leads_to(&self, name: &str) {
        drop(fs::remove_file(self.at("latest")));
        symlink(format!(".worktrees/{name}"), self.at("latest")).unwrap();
    }

    /// Waits until the script has said something.
    fn says(&self, what: &str) {
        eventually(&format!("{what} is said"), PATIENCE, || {
            fs::read_to_string(self.at("log")).unwrap().contains(what).then_some(())
        });
    }

    /// Starts a daemon that would not look for an hour; with it, its link.
    fn daemon(&self, repo: &str, address: SocketAddr) -> (Daemon, PathBuf) {
        let root = self.at(&address.ip().to_string());
        let daemon = bare()
            .flag(format!("--repo={repo}"))
            .flag(format!("--root={}", root.display()))
            .flag("--link=latest")
            .flag("--period=1h")
            .flag(format!("--http-bind={address}"))
            .flag(format!("--api-token-file={}", self.at("token").display()))
            .spawn();
        (daemon, root.join("latest"))
    }

    /// Runs the script, which asks at this port.
    fn run(&self, port: u16) -> Group {
        let mut search = self.0.path().as_os_str().to_owned();
        search.push(":");
        search.push(path());
        let mut run = Command::new("sh");
        run.arg(self.at("tell-all.sh")).env_clear().env("PATH", search);
        run.env("LINK", self.at("latest")).env("PODS", "gitsyncd-pods");
        run.env("PORT", port.to_string()).env("TOKEN_FILE", self.at("told-with"));
        run.env("SCRATCH", self.0.path());
        let log = fs::File::create(self.at("log")).unwrap();
        run.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Group::start(&mut run)
    }
}

#[test]
fn the_script_tells_every_pod_and_says_so_when_one_cannot_be_told() {
    let documents = built("fan-out");
    let map = find(&documents, "ConfigMap", "gitsyncd-fan-out").unwrap();
    let place = Place(TempDir::new().unwrap());
    place.write("tell-all.sh", map["data"]["tell-all.sh"].as_str().unwrap());
    place.write("token", "greengage\nan-older-one\n");
    place.write("told-with", "greengage\nan-older-one\n");
    let addresses = [2, 3, 4].map(|last| Ipv4Addr::new(127, 0, 0, last));
    let port = port_of(&addresses);
    getent(place.0.path(), "gitsyncd-pods", &addresses);
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let daemons = addresses.map(|address| place.daemon(&server.url(), (address, port).into()));
    let published = |commit: &str, at_least: usize| {
        eventually("the commit is published", PATIENCE, || {
            let leads = |link: &Path| fs::read_link(link).is_ok_and(|to| to.ends_with(commit));
            let count = daemons.iter().filter(|(_, link)| leads(link)).count();
            (count >= at_least).then_some(())
        });
    };
    published(&upstream.head(), 3);

    let _script = place.run(port);
    let commit = upstream.commit("news", "second\n");
    place.leads_to(&commit);
    published(&commit, 3);
    place.says(&format!("told 3 of .worktrees/{commit}"));

    // One that is gone does not keep the others from being told.
    getent(place.0.path(), "gitsyncd-pods", &[addresses[0], Ipv4Addr::new(127, 0, 0, 5)]);
    let later = upstream.commit("news", "third\n");
    place.leads_to(&later);
    place.says(&format!("could not tell all of .worktrees/{later}"));
    published(&later, 1);

    // An answer that is no success is none.
    getent(place.0.path(), "gitsyncd-pods", &addresses);
    place.write("told-with", "wrong\n");
    place.leads_to("another");
    place.says("could not tell all of .worktrees/another");
    place.says("401");
}

#[test]
fn the_container_says_to_the_script_what_it_asks_for() {
    let documents = built("fan-out");
    let (_, template) = pods(&documents)[0];
    let tell = containers(template).find(|one| one["name"] == "tell").unwrap();
    assert_eq!(tell["command"], serde_json::json!(["sh", "/etc/fan-out/tell-all.sh"]));
    let map = find(&documents, "ConfigMap", "gitsyncd-fan-out").unwrap();
    let script = map["data"]["tell-all.sh"].as_str().unwrap();
    for variable in tell["env"].as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        assert!(script.contains(&format!("${name}")), "{name}");
    }
    let service = find(&documents, "Service", "gitsyncd-pods").unwrap();
    assert_eq!(service["spec"]["clusterIP"], "None");
    assert_eq!(service["spec"]["ports"][0]["port"], 9300);
}
