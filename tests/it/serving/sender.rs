//! Services that send webhooks, as far as a receiver can see.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac::{self, HMAC_SHA256, Key};
use serde_json::Value;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::UNIX_EPOCH;

use crate::support::get::{Reply, ask};

/// The path that they send to.
pub(crate) const PATH: &str = "/hooks/push";

/// How a service proves that it knows the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A signature in hex in this header, after this word.
    Hex(&'static str, &'static str),
    /// The secret itself in a header.
    Token,
    /// A signature with a time, so many seconds from now.
    Timed(i64),
    /// The password of basic authentication.
    Password,
}

/// One delivery.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// Who sends it, as the log calls them.
    pub(crate) provider: &'static str,
    /// The headers but for the proof.
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    /// What is sent.
    pub(crate) body: Vec<u8>,
    /// How it is proven.
    pub(crate) proof: Proof,
}

const HUB: Proof = Proof::Hex("X-Hub-Signature", "sha256=");

/// A push to `main` of every service, in every way to prove it.
pub(crate) fn deliveries() -> Vec<Delivery> {
    macro_rules! delivery {
        ($provider:literal, $payload:literal, $proof:expr, $headers:expr) => {
            Delivery {
                provider: $provider,
                headers: $headers.to_vec(),
                body: include_bytes!(concat!("payloads/", $payload, ".json")).to_vec(),
                proof: $proof,
            }
        };
    }
    let github = Proof::Hex("X-Hub-Signature-256", "sha256=");
    let gitlab = [("X-Gitlab-Event", "Push Hook"), ("User-Agent", "GitLab/19.0.0")];
    let data_center = [("X-Event-Key", "repo:refs_changed"), ("X-Request-Id", "a1")];
    // What these programs send beside their own, with signatures that a receiver may not know how
    // to check, or should not look at.
    let beside = [
        ("X-Gogs-Event", "push"),
        ("X-Gogs-Signature", ""),
        ("X-GitHub-Event", "push"),
        ("X-Hub-Signature", "sha1=c4d0"),
        ("X-Hub-Signature-256", "sha256="),
    ];
    let gitea = [&beside[..], &[("X-Gitea-Event", "push"), ("X-Gitea-Delivery", "0b")]].concat();
    let forgejo = [&gitea[..], &[("X-Forgejo-Event", "push"), ("X-Gitea-Signature", "")]].concat();
    vec![
        delivery!(
            "github",
            "github",
            github,
            [
                ("X-GitHub-Event", "push"),
                ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
            ]
        ),
        delivery!("gitlab", "gitlab", Proof::Token, gitlab),
        delivery!("gitlab", "gitlab", Proof::Timed(0), gitlab),
        delivery!("gitlab", "gitlab_system", Proof::Token, [("X-Gitlab-Event", "System Hook")]),
        delivery!("gitea", "gitea", Proof::Hex("X-Gitea-Signature", ""), gitea),
        delivery!("forgejo", "forgejo", Proof::Hex("X-Forgejo-Signature", ""), forgejo),
        delivery!(
            "gogs",
            "gogs",
            Proof::Hex("X-Gogs-Signature", ""),
            [("X-Gogs-Event", "push"), ("X-Gogs-Delivery", "f6266f16")]
        ),
        delivery!(
            "bitbucket",
            "bitbucket",
            HUB,
            [("X-Event-Key", "repo:push"), ("X-Hook-UUID", "{b1}"), ("X-Attempt-Number", "1")]
        ),
        delivery!("bitbucket-data-center", "bitbucket_data_center", HUB, data_center),
        delivery!("bitbucket-data-center", "bitbucket_data_center", Proof::Password, data_center),
        delivery!("azure-devops", "azure_devops", Proof::Password, [("User-Agent", "VSServices")]),
    ]
}

/// The first delivery of a service.
#[track_caller]
pub(crate) fn delivery_of(provider: &str) -> Delivery {
    deliveries().into_iter().find(|one| one.provider == provider).unwrap()
}

impl Delivery {
    /// Puts another value of a header, or another header.
    pub(crate) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.retain(|(present, _)| *present != name);
        self.headers.push((name, value));
        self
    }

    /// Puts another value in the body.
    #[track_caller]
    pub(crate) fn telling(mut self, pointer: &str, value: Value) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap();
        *body.pointer_mut(pointer).unwrap() = value;
        self.body = serde_json::to_vec_pretty(&body).unwrap();
        self
    }

    /// Sends it with a proof by a secret.
    pub(crate) fn send(&self, to: SocketAddr, secret: &str) -> Reply {
        self.send_with(to, &self.proofs(secret))
    }

    /// Sends it with these lines as a proof.
    pub(crate) fn send_with(&self, to: SocketAddr, proofs: &[(&str, String)]) -> Reply {
        let mut head = vec![("Content-Type", "application/json".to_owned())];
        let proven = |name: &str| proofs.iter().any(|(proof, _)| proof.eq_ignore_ascii_case(name));
        for (name, value) in self.headers.iter().filter(|(name, _)| !proven(name)) {
            head.retain(|(present, _)| present != name);
            head.push((name, (*value).to_owned()));
        }
        head.extend(proofs.iter().cloned());
        let head: Vec<_> = head.iter().map(|(name, value)| (*name, value.as_str())).collect();
        ask(to, "POST", PATH, &head, &self.body).unwrap()
    }

    /// The header lines that prove it.
    pub(crate) fn proofs(&self, secret: &str) -> Vec<(&'static str, String)> {
        match self.proof {
            Proof::Hex(header, word) => {
                let mut value = word.to_owned();
                for byte in sign(secret.as_bytes(), &self.body) {
                    write!(value, "{byte:02x}").unwrap();
                }
                vec![(header, value)]
            }
            Proof::Token => vec![("X-Gitlab-Token", secret.to_owned())],
            Proof::Timed(late) => {
                #[expect(clippy::disallowed_types, reason = "a service has a clock of its own")]
                let now = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                let time = i64::try_from(now.as_secs()).unwrap() + late;
                let key = STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap_or_default();
                let message = [format!("msg_1.{time}.").as_bytes(), &self.body].concat();
                let signature = STANDARD.encode(sign(&key, &message));
                vec![
                    ("webhook-id", "msg_1".to_owned()),
                    ("webhook-timestamp", time.to_string()),
                    ("webhook-signature", format!("v1,AAAA v1,{signature}")),
                ]
            }
            Proof::Password => {
                let login = STANDARD.encode(format!("hooks:{secret}"));
                vec![("Authorization", format!("Basic {login}"))]
            }
        }
    }
}

fn sign(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&Key::new(HMAC_SHA256, key), message).as_ref().to_vec()
}
