//! Webhooks that tell of a push, sent as each service sends them.
//!
//! The program never looks by itself in these tests: it would in an hour.

use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;

use crate::contract::ended;
use crate::serving::sender::{Delivery, PATH, Proof, deliveries, delivery_of};
use crate::support::daemon::{Daemon, Root, Setup, field, following};
use crate::support::get::{Reply, ask, get};
use crate::support::git_daemon::{self, GitDaemon};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

const SECRET: &str = "pear blossom";
/// A key as GitLab makes them.
const SIGNING: &str = "whsec_cGVhciBibG9zc29tIGFuZCBhIGZldyBieXRlcw==";

/// A daemon that follows a repository over the network, and waits.
struct Scene {
    upstream: Upstream,
    server: GitDaemon,
    root: Root,
    daemon: Daemon,
}

impl Scene {
    fn new(adapt: impl FnOnce(Setup) -> Setup) -> Self {
        let upstream = Upstream::new();
        let server = git_daemon::serve(&upstream);
        let root = Root::new();
        let setup = following(&server.url(), &root).flag("--period=1h").flag("--ref=main");
        let daemon = adapt(setup).start();
        root.eventually_publishes(&upstream.head());
        daemon.eventually_ready();
        Self { upstream, server, root, daemon }
    }

    fn with_secret() -> Self {
        Self::new(|setup| setup.variable("GITSYNC_HOOK_SECRET", SECRET))
    }

    fn address(&self) -> SocketAddr {
        self.daemon.address()
    }

    /// Pushes, tells of it, and waits until it is there.
    #[track_caller]
    fn follows(&self, delivery: &Delivery, secret: &str) {
        let commit = self.upstream.commit("file", format!("{delivery:?}"));
        let reply = delivery.send(self.address(), secret);
        said(&reply, 202, "an attempt was asked for");
        self.root.eventually_publishes(&commit);
    }

    /// Fails unless so many attempts have ended, and as many more as one that is asked for now.
    #[track_caller]
    fn has_attempted(&self, times: u64) {
        let connections = self.server.connections();
        said(&delivery_of("github").send(self.address(), SECRET), 202, "an attempt was asked for");
        eventually("it looks", SOON, || (ended(&self.daemon) > times).then_some(()));
        assert_eq!(ended(&self.daemon), times + 1);
        assert_eq!(self.server.connections(), connections + 1);
    }
}

#[track_caller]
fn said(reply: &Reply, status: u16, words: &str) {
    let body: Value = serde_json::from_str(&reply.body).unwrap();
    let result = body["result"].as_str().unwrap();
    assert!(reply.status == status && result.starts_with(words), "{reply:?}");
    assert!(reply.head.to_lowercase().contains("content-type: application/json"), "{reply:?}");
}

#[test]
fn a_push_that_any_service_tells_of_is_published() {
    let secrets = Root::new();
    let file = secrets.path().with_file_name("secrets");
    fs::write(&file, format!("{SECRET}\n{SIGNING}\n")).unwrap();
    let scene = Scene::new(|setup| setup.flag(format!("--hook-secret-file={}", file.display())));
    for delivery in deliveries() {
        let timed = matches!(delivery.proof, Proof::Timed(_));
        scene.follows(&delivery, if timed { SIGNING } else { SECRET });
    }
    let log = scene.daemon.log().join("\n");
    for delivery in deliveries() {
        assert!(log.contains(delivery.provider), "the log does not name {}", delivery.provider);
    }
    assert!(log.contains("72d3162e-cc78-11e3-81ab-4c9367dc0958"));
    assert!(!log.contains(SECRET) && !log.contains(SIGNING));
}

#[test]
fn without_the_right_proof_nothing_happens() {
    let scene = Scene::with_secret();
    let to = scene.address();
    for delivery in deliveries() {
        said(&delivery.send_with(to, &[]), 401, "");
        for wrong in ["", "pear", "pear  blossom", "Pear Blossom"] {
            said(&delivery.send(to, wrong), 401, "");
        }
        if matches!(delivery.proof, Proof::Timed(_)) {
            said(&delivery.send(to, SIGNING), 401, "the signature is wrong");
            continue;
        }
        let [(name, value)] = &delivery.proofs(SECRET)[..] else { panic!("{delivery:?}") };
        let part = value.split_at(value.len() - 2).0.to_owned();
        for spoilt in [String::new(), part, value.replace("sha256=", "sha1="), format!("{value}0")]
        {
            if spoilt != *value {
                said(&delivery.send_with(to, &[(name, spoilt)]), 401, "");
            }
        }
        // A proof that would be right for another service. Data Center takes two.
        let own = deliveries().into_iter().filter(|one| one.provider == delivery.provider);
        let own: Vec<_> = own.map(|one| one.proof).collect();
        for other in deliveries().into_iter().filter(|other| !own.contains(&other.proof)) {
            let other = Delivery { body: delivery.body.clone(), ..other };
            said(&delivery.send_with(to, &other.proofs(SECRET)), 401, "");
        }
    }
    let refused = scene.daemon.log().iter().filter(|line| line.contains("\"audit\"")).count();
    assert!(refused >= 10, "{refused}");
}

#[test]
fn what_does_not_concern_the_ref_is_answered_and_left() {
    let scene = Scene::with_secret();
    let to = scene.address();
    let nothing = |delivery: Delivery| said(&delivery.send(to, SECRET), 200, "nothing to do");
    nothing(delivery_of("github").telling("/ref", json!("refs/heads/side")));
    nothing(delivery_of("gitlab").telling("/ref", json!("refs/tags/v1")));
    nothing(delivery_of("gitea").with("X-Gitea-Event", "issues"));
    nothing(delivery_of("forgejo").telling("/ref", json!("refs/heads/mainline")));
    nothing(delivery_of("gogs").with("X-Gogs-Event", "release"));
    nothing(delivery_of("bitbucket").telling("/push/changes/0/new/name", json!("side")));
    nothing(delivery_of("bitbucket-data-center").with("X-Event-Key", "pr:opened"));
    nothing(delivery_of("azure-devops").telling("/eventType", json!("build.complete")));
    let ping = delivery_of("github").with("X-GitHub-Event", "ping");
    said(&ping.send(to, SECRET), 200, "pong");
    said(&ping.send(to, "other"), 401, "");
    let ping = delivery_of("bitbucket-data-center").with("X-Event-Key", "diagnostics:ping");
    said(&ping.send(to, SECRET), 200, "pong");
    scene.has_attempted(1);
}

#[test]
fn a_payload_without_refs_is_a_reason_to_look() {
    let scene = Scene::with_secret();
    scene.follows(&delivery_of("azure-devops").telling("/resource", json!({})), SECRET);
    let truncated = delivery_of("bitbucket").telling("/push/changes/0/truncated", json!(true));
    scene.follows(&truncated.telling("/push/changes/0/new/name", json!("side")), SECRET);
}

#[test]
fn what_is_no_delivery_is_refused() {
    let scene = Scene::with_secret();
    let to = scene.address();
    let github = delivery_of("github");
    let form = github.clone().with("Content-Type", "application/x-www-form-urlencoded");
    said(&form.send(to, SECRET), 415, "only application/json");
    let deep = "[".repeat(100_000);
    let bodies = ["", "{", "[]", "{\"ref\":1}", "{\"ref\":\"a\",\"ref\":\"b\"}", &deep];
    for body in bodies.map(|text| text.as_bytes().to_vec()).into_iter().chain([vec![0xff; 99]]) {
        let garbage = Delivery { body, ..github.clone() };
        said(&garbage.send(to, SECRET), 400, "");
        said(&garbage.send(to, "other"), 401, "");
    }
    let unknown = ask(to, "POST", PATH, &[("Content-Type", "application/json")], b"{}").unwrap();
    said(&unknown, 401, "this is no webhook");
    assert_eq!(get(to, PATH).unwrap().status, 405);
    scene.has_attempted(1);
}

#[test]
fn without_a_secret_nobody_may_send() {
    for setup in [|setup: Setup| setup, |setup: Setup| setup.variable("GITSYNC_HOOK_SECRET", "")] {
        let scene = Scene::new(setup);
        for secret in ["", "any"] {
            said(&delivery_of("github").send(scene.address(), secret), 403, "no secret");
        }
        assert_eq!(ended(&scene.daemon), 1);
    }
}

#[test]
fn an_old_delivery_of_gitlab_cannot_be_sent_again() {
    let scene = Scene::new(|setup| setup.variable("GITSYNC_HOOK_SECRET", SIGNING));
    let to = scene.address();
    let gitlab = |late| Delivery { proof: Proof::Timed(late), ..delivery_of("gitlab") };
    for late in [-3_600, -320, 320, i64::from(u32::MAX)] {
        said(&gitlab(late).send(to, SIGNING), 401, "the signature is right, but its time");
    }
    let mut proofs = gitlab(-3_600).proofs(SIGNING);
    let now = gitlab(0).proofs(SIGNING)[1].clone();
    proofs[1] = now;
    said(&gitlab(0).send_with(to, &proofs), 401, "the signature is wrong");
    // The key is never taken as a token.
    said(&delivery_of("gitlab").send(to, SIGNING), 401, "the token is wrong");
    assert_eq!(ended(&scene.daemon), 1);
    scene.follows(&gitlab(-280), SIGNING);
    scene.follows(&gitlab(280), SIGNING);
}

#[test]
fn a_secret_is_changed_without_a_gap() {
    let secrets = Root::new();
    let file = secrets.path().with_file_name("secrets");
    fs::write(&file, "old\n").unwrap();
    let scene = Scene::new(|setup| setup.flag(format!("--hook-secret-file={}", file.display())));
    let github = delivery_of("github");
    let (to, next) = (scene.address(), file.with_file_name("next"));
    scene.follows(&github, "old");
    let become_valid = |text: &str, secret: &str, code: u16| {
        fs::write(&next, text).unwrap();
        fs::rename(&next, &file).unwrap();
        eventually(&format!("{secret} gives {code}"), SOON, || {
            (github.send(to, secret).status == code).then_some(())
        });
    };
    said(&github.send(to, "new"), 401, "");
    become_valid("new\nold\n", "new", 202);
    scene.follows(&github, "old");
    scene.follows(&github, "new");
    become_valid("new\r\n\r\n", "old", 401);
    scene.follows(&github, "new");
    // A file that holds nothing lets nobody in.
    become_valid("\n", "new", 503);
    said(&github.send(to, ""), 503, "");
    become_valid("new", "new", 202);
}

#[test]
fn a_port_for_webhooks_alone_shows_nothing_else() {
    let scene = Scene::new(|setup| {
        setup.variable("GITSYNC_HOOK_SECRET", SECRET).flag("--hook-bind=127.0.0.1:0")
    });
    let listening = |option: &str| -> SocketAddr {
        let events = scene.daemon.events("listening");
        let mut ours = events.iter().filter(|event| field(event, "option") == Some(&json!(option)));
        let address = ours.next().and_then(|event| field(event, "address")?.as_str());
        address.unwrap().parse().unwrap()
    };
    let (main, hooks) = (listening("http-bind"), listening("hook-bind"));
    for path in ["/", "/livez", "/readyz", "/healthz", "/metrics", "/api/v1/status", "/ui"] {
        assert_eq!(get(hooks, path).unwrap().status, 404, "{path}");
    }
    assert_eq!(get(main, "/livez").unwrap().status, 200);
    let github = delivery_of("github");
    assert_eq!(github.send(main, SECRET).status, 404);
    assert_eq!(ended(&scene.daemon), 1);
    let commit = scene.upstream.commit("file", "new");
    said(&github.send(hooks, SECRET), 202, "an attempt was asked for");
    scene.root.eventually_publishes(&commit);
}

#[test]
fn many_deliveries_are_few_attempts_and_the_newest_commit_is_there_in_the_end() {
    let scene = Scene::with_secret();
    let github = delivery_of("github");
    let commit = (0..40).map(|number| {
        let commit = scene.upstream.commit("file", number.to_string());
        said(&github.send(scene.address(), SECRET), 202, "an attempt was asked for");
        commit
    });
    scene.root.eventually_publishes(&commit.last().unwrap());
    let delivered = scene.daemon.log().iter().filter(|line| line.contains("github")).count();
    assert!(delivered >= 40, "each is in the log: {delivered}");
    let attempts = ended(&scene.daemon);
    assert!(attempts < 20, "there were {attempts} attempts");
}

#[test]
fn a_branch_that_is_gone_is_looked_for() {
    let scene = Scene::with_secret();
    scene.upstream.commit("file", "new");
    scene.upstream.delete_branch("main");
    let zeros = json!("0".repeat(40));
    let github = delivery_of("github").telling("/after", zeros).telling("/deleted", json!(true));
    said(&github.send(scene.address(), SECRET), 202, "an attempt was asked for");
    eventually("it fails", SOON, || {
        let health = get(scene.address(), "/healthz").unwrap();
        (health.status == 503).then_some(())
    });
    assert!(scene.root.published().is_some(), "what was published stays");
}
