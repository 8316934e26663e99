//! One pod tells all others of a push: its script is run, with `getent` as it answers for a Service
//! without an address of its own, against daemons on several addresses of loopback.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

use crate::deploy::manifests::{built, containers, find, pods};
use crate::support::daemon::bare;
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
            script.push_str(&format!("echo '{address:15} {kind} '\n"));
        }
    }
    fs::write(place.join("getent"), script).unwrap();
    fs::set_permissions(place.join("getent"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_script_tells_every_pod_and_says_so_when_one_cannot_be_told() {
    let documents = built("fan-out");
    let map = find(&documents, "ConfigMap", "gitsyncd-fan-out").unwrap();
    let (_, template) = pods(&documents)[0];
    let tell = containers(template).find(|one| one["name"] == "tell").unwrap();
    assert_eq!(tell["command"], serde_json::json!(["sh", "/etc/fan-out/tell-all.sh"]));
    let variables = tell["env"].as_array().unwrap().iter();
    let names: Vec<_> = variables.map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["LINK", "PODS", "PORT", "TOKEN_FILE", "SCRATCH"]);

    let place = TempDir::new().unwrap();
    let at = |name: &str| place.path().join(name);
    fs::write(at("tell-all.sh"), map["data"]["tell-all.sh"].as_str().unwrap()).unwrap();
    for name in ["token", "told-with"] {
        fs::write(at(name), "greengage\nan-older-one\n").unwrap();
    }
    let addresses = [2, 3, 4].map(|last| Ipv4Addr::new(127, 0, 0, last));
    let port = port_of(&addresses);
    getent(place.path(), "gitsyncd-pods", &addresses);
    let (upstream, link) = (Upstream::new(), at("latest"));
    let server = http::serve(&upstream);
    let daemons = addresses.map(|address| {
        let root = at(&address.to_string());
        let daemon = bare()
            .flag(&format!("--repo={}", server.url()))
            .flag(&format!("--root={}", root.display()))
            .flag("--link=latest")
            .flag("--period=1h")
            .flag(&format!("--http-bind={}", SocketAddr::from((address, port))))
            .flag(&format!("--api-token-file={}", at("token").display()))
            .spawn();
        (daemon, root.join("latest"))
    });
    let all_are = |commit: &str, at_least: usize| {
        eventually("the commit is published", PATIENCE, || {
            let is = |link: &&_| {
                fs::read_link(link).is_ok_and(|to: std::path::PathBuf| to.ends_with(commit))
            };
            (daemons.iter().map(|(_, link)| link).filter(is).count() >= at_least).then_some(())
        });
    };
    all_are(&upstream.head(), 3);

    let mut search = place.path().as_os_str().to_owned();
    search.push(":");
    search.push(path());
    let mut run = Command::new("sh");
    run.arg(at("tell-all.sh")).env_clear().env("PATH", search).env("LINK", &link);
    run.env("PODS", "gitsyncd-pods").env("PORT", port.to_string());
    run.env("TOKEN_FILE", at("told-with")).env("SCRATCH", place.path());
    let log = fs::File::create(at("log")).unwrap();
    run.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    let _script = Group::start(&mut run);
    let says = |what: &str| {
        eventually(&format!("{what} is said"), PATIENCE, || {
            fs::read_to_string(at("log")).unwrap().contains(what).then_some(())
        });
    };

    // The link of the one that hears of the push: it leads to the new commit.
    let commit = upstream.commit("news", "second\n");
    symlink(format!(".worktrees/{commit}"), &link).unwrap();
    all_are(&commit, 3);
    says(&format!("told 3 of .worktrees/{commit}"));

    // One that is gone does not keep the others from being told.
    fs::remove_file(&link).unwrap();
    let dead = Ipv4Addr::new(127, 0, 0, 5);
    getent(place.path(), "gitsyncd-pods", &[addresses[0], dead]);
    let later = upstream.commit("news", "third\n");
    symlink(format!(".worktrees/{later}"), &link).unwrap();
    says(&format!("could not tell all of .worktrees/{later}"));
    all_are(&later, 1);

    // An answer that is no success is none.
    fs::write(at("told-with"), "wrong\n").unwrap();
    fs::remove_file(&link).unwrap();
    getent(place.path(), "gitsyncd-pods", &addresses);
    symlink(".worktrees/another", &link).unwrap();
    says("could not tell all of .worktrees/another");
    assert!(fs::read_to_string(at("log")).unwrap().contains("401"));
    drop(daemons);
}
