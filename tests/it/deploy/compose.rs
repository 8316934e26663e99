//! The files for Compose: what they name is there, the program understands them, and what they say
//! to the program and to nginx is run, as processes with the paths of this machine.
//!
//! There is no Compose here, and no forge: their images are named and not run.

use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

use crate::deploy::manifests::{file, parsed, strings, text};
use crate::deploy::options::Words;
use crate::serving::sender::delivery_of;
use crate::support::daemon::{Daemon, Setup, bare, events, field};
use crate::support::get::get;
use crate::support::http;
use crate::support::listener::Port;
use crate::support::process::{Group, program};
use crate::support::upstream::Upstream;
use crate::support::wait::eventually;

const SITE: &str = "compose/site";
const FORGES: &str = "compose/forges";

/// How long a new commit may take to be shown.
const PATIENCE: Duration = Duration::from_mins(1);

fn described(place: &str) -> Value {
    parsed(&text(&format!("{place}/compose.yaml"))).remove(0)
}

/// What a service says to the program.
fn words(service: &Value) -> Words {
    let mut words = Words::default();
    words.flags.extend(strings(&service["command"]).into_iter().map(ToOwned::to_owned));
    for (name, value) in service["environment"].as_object().unwrap() {
        words.variables.push((name.clone(), value.as_str().unwrap().to_owned()));
    }
    words
}

/// Starts the program with these words.
fn started(words: &Words) -> Daemon {
    let setup = words.flags.iter().fold(bare().flag("--log-format=json"), Setup::flag);
    let variables = words.variables.iter();
    variables.fold(setup, |setup, (name, value)| setup.variable(name, value)).spawn()
}

/// Where the program answers for an option.
fn address(daemon: &Daemon, option: &str) -> SocketAddr {
    eventually(&format!("{option} listens"), PATIENCE, || {
        let listens = events(&daemon.log(), "listening");
        let event = listens
            .iter()
            .find(|event| field(event, "option").and_then(Value::as_str) == Some(option))?;
        field(event, "address")?.as_str()?.parse().ok()
    })
}

#[test]
fn everything_that_a_compose_file_names_is_there() {
    for place in [SITE, FORGES] {
        let whole = described(place);
        for (name, service) in whole["services"].as_object().unwrap() {
            for secret in strings(&service["secrets"]) {
                // The file of a secret is made by whoever starts this.
                let file = whole["secrets"][secret]["file"].as_str().unwrap();
                let said = text(&format!("{place}/compose.yaml"));
                let made = format!(">{}", file.trim_start_matches("./"));
                assert!(said.contains(&made), "{place} does not say how to make {file}");
            }
            for volume in strings(&service["volumes"]) {
                let from = volume.split(':').next().unwrap();
                let there = match from.strip_prefix("./") {
                    Some(path) => file(&format!("{place}/{path}")).is_file(),
                    None => !whole["volumes"][from].is_null(),
                };
                assert!(there, "{place}: {name}: {volume}");
            }
            for (other, _) in service["depends_on"].as_object().into_iter().flatten() {
                assert!(whole["services"][other]["healthcheck"].is_object(), "{other}");
            }
            if ["gitsyncd", "web"].contains(&name.as_str()) {
                assert_eq!(service["read_only"], true, "{name}");
                assert_eq!(service["user"], "65533:65533", "{name}");
                assert_eq!(strings(&service["cap_drop"]), ["ALL"], "{name}");
                assert_eq!(strings(&service["security_opt"]), ["no-new-privileges:true"]);
            }
        }
    }
}

#[test]
fn the_program_understands_every_compose_file_without_a_warning() {
    let list = file("compose/forges/gitsyncd.yaml");
    for place in [SITE, FORGES] {
        let mut words = words(&described(place)["services"]["gitsyncd"]);
        words.replace("/etc/gitsyncd/gitsyncd.yaml", list.to_str().unwrap());
        words.understood();
    }
}

/// Runs nginx as the service of the site says, with the files of the program in another place.
fn web(service: &Value, place: &Path, root: &Path) -> (Group, SocketAddr) {
    let port = Port::take();
    let place_name = place.display();
    let settings = text("compose/site/nginx.conf")
        .replace("listen 8080", &format!("listen {}", port.addr()))
        .replace("/tmp/", &format!("{place_name}/"))
        .replace("/git/latest", &root.join("latest").display().to_string())
        // As root, it would hand the work to a user who may not read what tests make.
        .replace("daemon off;", "daemon off;\nmaster_process off;");
    let file = place.join("nginx.conf");
    fs::write(&file, settings).unwrap();
    let mut command = strings(&service["command"]).into_iter();
    let mut run = Command::new(program(command.next().unwrap()));
    for word in command {
        run.arg(if word == "/etc/web/nginx.conf" { file.as_os_str() } else { word.as_ref() });
    }
    let log = fs::File::create(place.join("nginx.log")).unwrap();
    run.arg("-e").arg(place.join("error.log")).env_clear().stdin(Stdio::null());
    (Group::start(run.stdout(Stdio::null()).stderr(log)), port.addr())
}

/// Waits until a server shows a file.
#[track_caller]
fn shows(server: SocketAddr, path: &str, content: &str) {
    eventually(&format!("{path} is shown"), PATIENCE, || {
        let reply = get(server, path).ok()?;
        (reply.status == 200 && reply.body == content).then_some(())
    });
}

#[test]
fn the_site_shows_what_is_pushed_to_a_public_repository() {
    let whole = described(SITE);
    assert!(whole["secrets"].is_null());
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    site_shows(&whole["services"], &upstream, &server.url());
}

#[test]
fn the_site_shows_what_is_pushed_to_a_private_one_with_the_lines_about_the_login() {
    let mut said = text(&format!("{SITE}/compose.yaml"));
    for line in
        ["- --username", "- --password-file", "secrets", "  password:", "    file: ./password"]
    {
        let commented = format!("# {line}");
        assert!(said.contains(&commented), "{commented}");
        said = said.replace(&commented, line);
    }
    let whole = parsed(&said).remove(0);
    assert_eq!(whole["secrets"]["password"]["file"], "./password.txt");
    assert_eq!(strings(&whole["services"]["gitsyncd"]["secrets"]), ["password"]);
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("reader", "hush").start();
    site_shows(&whole["services"], &upstream, &server.url());
}

/// Runs the services of the site, and looks whether they show what this server has.
#[track_caller]
fn site_shows(services: &Value, upstream: &Upstream, url: &str) {
    let place = TempDir::new().unwrap();
    let root = place.path().join("git");
    let secret = place.path().join("password");
    fs::write(&secret, "hush\n").unwrap();
    let mut words = words(&services["gitsyncd"]);
    for (from, to) in [
        ("https://example.org/web/site.git", url.to_owned()),
        ("--root=/git", format!("--root={}", root.display())),
        ("/run/secrets/password", secret.display().to_string()),
        ("--period=30s", "--period=100ms".to_owned()),
        (":9300", "127.0.0.1:0".to_owned()),
    ] {
        words.replace(from, &to);
    }
    let daemon = started(&words);
    let asked = address(&daemon, "http-bind");
    let check = strings(&services["gitsyncd"]["healthcheck"]["test"]);
    assert_eq!(check[..2], ["CMD", "/gitsyncd"]);
    eventually("the health check passes", PATIENCE, || {
        let mut probe = Command::new(env!("CARGO_BIN_EXE_gitsyncd"));
        probe.args(&check[2..]).env_clear().env("GITSYNC_HTTP_BIND", asked.to_string());
        probe.output().unwrap().status.success().then_some(())
    });
    let (_nginx, site) = web(&services["web"], place.path(), &root);
    shows(site, "/README", "first\n");
    assert_eq!(get(site, "/.git").unwrap().status, 404);
    upstream.commit("news", "second\n");
    shows(site, "/news", "second\n");
}

#[test]
fn a_push_to_either_forge_is_shown_by_its_webhook() {
    let whole = described(FORGES);
    let place = TempDir::new().unwrap();
    let upstreams = ["forgejo", "gitea"].map(|name| (name, Upstream::new()));
    let servers = upstreams.each_ref().map(|(_, upstream)| http::serve(upstream));
    let mut list = text("compose/forges/gitsyncd.yaml");
    for ((name, _), server) in upstreams.iter().zip(&servers) {
        list = list.replace(&format!("http://{name}:3000/ada/site.git"), &server.url());
    }
    let config = place.path().join("gitsyncd.yaml");
    fs::write(&config, list).unwrap();
    let secret = place.path().join("hook-secret");
    fs::write(&secret, "greengage\n").unwrap();
    let root: PathBuf = place.path().join("git");
    let mut words = words(&whole["services"]["gitsyncd"]);
    for (from, to) in [
        ("--root=/git", format!("--root={}", root.display())),
        ("/etc/gitsyncd/gitsyncd.yaml", config.display().to_string()),
        ("/run/secrets/hook-secret", secret.display().to_string()),
        (":9300", "127.0.0.1:0".to_owned()),
        (":9301", "127.0.0.1:0".to_owned()),
    ] {
        words.replace(from, &to);
    }
    let daemon = started(&words);
    let hooks = address(&daemon, "hook-bind");
    for ((name, upstream), server) in upstreams.iter().zip(&servers) {
        let link = root.join(name).join("latest");
        let is = |commit: &str| {
            eventually("the commit is published", PATIENCE, || {
                fs::read_link(&link).ok().filter(|to| to.ends_with(commit))
            })
        };
        is(&upstream.head());
        let commit = upstream.commit("news", "second\n");
        // The period is five minutes: it is the push that counts.
        let push = delivery_of(name).telling("/repository/clone_url", server.url().into());
        assert_eq!(push.send(hooks, "greengage").status, 202);
        is(&commit);
    }
    for (name, forge) in whole["services"].as_object().unwrap() {
        if name != "gitsyncd" {
            let host = format!("{}__webhook__ALLOWED_HOST_LIST", name.to_uppercase());
            assert_eq!(forge["environment"][host], "gitsyncd");
        }
    }
}
