//! A push of each provider, and how its sender proves who it is.

use crate::http::webhook::{Delivery, Followed, Verdict, judge};
use crate::model::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use ring::hmac::{self, HMAC_SHA256, Key};
use serde_json::Value;

pub(super) const SECRET: &str = "pear blossom";
/// A key of GitLab, and the bytes in it.
pub(super) const SIGNING: (&str, &[u8]) = ("whsec_cGVhciBibG9zc29t", b"pear blossom");
pub(super) const NOW: i64 = 1_785_575_565;

/// A delivery, and with which header its sender proves itself.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) proof: Proof,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The signature in this header, after this word.
    Hex(&'static str, &'static str),
    Token,
    Timed,
    Password,
}

/// One push to main, as each provider tells of it.
pub(super) fn letters() -> Vec<(&'static str, Letter)> {
    macro_rules! payload {
        ($name:literal) => {
            include_str!(concat!("../../../../tests/it/serving/payloads/", $name, ".json"))
        };
    }
    let letter = |headers: &[(&'static str, &str)], body: &str, proof| Letter {
        headers: headers.iter().map(|&(name, value)| (name, value.to_owned())).collect(),
        body: body.as_bytes().to_vec(),
        proof,
    };
    let gitea = [
        ("x-gitea-event", "push"),
        ("x-gitea-delivery", "7c3e"),
        ("x-gogs-event", "push"),
        ("x-gogs-signature", "00"),
        ("x-github-event", "push"),
        ("x-hub-signature", "sha1=00"),
        ("x-hub-signature-256", "sha256=00"),
    ];
    let forgejo = [&gitea[..], &[("x-forgejo-event", "push"), ("x-gitea-signature", "00")]];
    let gitlab = [("x-gitlab-event", "Push Hook"), ("x-gitlab-event-uuid", "9-a")];
    let system = [("x-gitlab-event", "System Hook")];
    let data_center = [("x-event-key", "repo:refs_changed"), ("x-request-id", "4")];
    let cloud = [("x-event-key", "repo:push"), ("x-hook-uuid", "{5}")];
    let github = [("x-github-event", "push"), ("x-github-delivery", "72d3162e-cc78")];
    let hub = Proof::Hex("x-hub-signature", "sha256=");
    let bare = |header| Proof::Hex(header, "");
    vec![
        (
            "github",
            letter(&github, payload!("github"), Proof::Hex("x-hub-signature-256", "sha256=")),
        ),
        ("gitea", letter(&gitea, payload!("gitea"), bare("x-gitea-signature"))),
        ("forgejo", letter(&forgejo.concat(), payload!("forgejo"), bare("x-forgejo-signature"))),
        ("gogs", letter(&[("x-gogs-event", "push")], payload!("gogs"), bare("x-gogs-signature"))),
        ("gitlab", letter(&gitlab, payload!("gitlab"), Proof::Token)),
        ("gitlab", letter(&gitlab, payload!("gitlab"), Proof::Timed)),
        ("gitlab", letter(&system, payload!("gitlab_system"), Proof::Token)),
        ("bitbucket", letter(&cloud, payload!("bitbucket"), hub)),
        ("bitbucket-data-center", letter(&data_center, payload!("bitbucket_data_center"), hub)),
        (
            "bitbucket-data-center",
            letter(&data_center, payload!("bitbucket_data_center"), Proof::Password),
        ),
        ("azure-devops", letter(&[], payload!("azure_devops"), Proof::Password)),
    ]
}

impl Letter {
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(present, _)| *present != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Puts a value in the place of another in the body.
    pub(super) fn telling(mut self, pointer: &str, value: Value) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap();
        *body.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
        self.body = serde_json::to_vec(&body).unwrap();
        self
    }

    /// The headers with a proof by the secret.
    pub(super) fn signed(&self, secret: &str) -> HeaderMap {
        let mut headers = self.unsigned();
        let sign = |key: &[u8], text: &[u8]| hmac::sign(&Key::new(HMAC_SHA256, key), text);
        let mut insert = |name: &'static str, value: String| {
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        };
        match self.proof {
            Proof::Hex(header, word) => {
                let tag = sign(secret.as_bytes(), &self.body);
                let hex: Vec<_> = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
                insert(header, format!("{word}{}", hex.concat()));
            }
            Proof::Token => insert("x-gitlab-token", secret.to_owned()),
            Proof::Timed => {
                let message = [format!("msg.{NOW}.").as_bytes(), &self.body].concat();
                let tag = sign(secret.as_bytes(), &message);
                insert("webhook-id", "msg".into());
                insert("webhook-timestamp", NOW.to_string());
                insert("webhook-signature", format!("v1,{}", STANDARD.encode(tag)));
            }
            Proof::Password => {
                insert(
                    "authorization",
                    format!("Basic {}", STANDARD.encode(format!("a:{secret}"))),
                );
            }
        }
        headers
    }

    pub(super) fn unsigned(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        for (name, value) in &self.headers {
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }

    pub(super) fn judged_with(&self, headers: &HeaderMap, reference: &str) -> Verdict {
        let repo = "https://mirror.inside.example/gardens.git".parse().unwrap();
        let followed = Followed { repo, reference: reference.parse().unwrap() };
        let secrets = ["", "another", SECRET, SIGNING.0].map(Secret::new);
        let now = Timestamp::from_second(NOW).unwrap();
        judge(&Delivery { headers, body: &self.body }, &secrets, &[followed], now)
    }

    pub(super) fn judged(&self, reference: &str) -> Verdict {
        self.judged_with(&self.signed(SECRET), reference)
    }

    #[track_caller]
    pub(super) fn answered(&self, code: u16, words: &str) {
        let verdict = self.judged("main");
        assert_eq!((verdict.code.as_u16(), verdict.words.as_str()), (code, words), "{self:?}");
        assert_eq!(verdict.look.is_empty(), code != 202);
    }
}
