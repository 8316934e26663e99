//! Deliveries of every provider, judged.

mod letters;

use super::*;
use crate::http::webhook::tests::letters::{Letter, Proof, SECRET, SIGNING, letters};
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

fn letter_of(provider: &str) -> Letter {
    letters().into_iter().find(|(name, _)| *name == provider).unwrap().1
}

const OTHER_REF: &str = "nothing to do: this ref is not followed";
const OTHER_EVENT: &str = "nothing to do: this event is not about a push";

#[test]
fn a_push_of_every_provider_is_a_reason_to_look_whatever_its_repository_is_called() {
    for (provider, letter) in letters() {
        let verdict = letter.judged("main");
        assert_eq!((verdict.code, verdict.look.as_slice()), (StatusCode::ACCEPTED, &[0][..]));
        assert_eq!(verdict.provider.label(), provider);
        assert_eq!(verdict.words, LOOKS);
        for reference in ["HEAD", "refs/heads/main", "abcdef1", &"a".repeat(40)] {
            assert_eq!(letter.judged(reference).look, [0], "{provider}, {reference}");
        }
        for reference in ["release", "refs/heads/mai", "tag:w*"] {
            let verdict = letter.judged(reference);
            assert_eq!((verdict.code, verdict.words.as_str()), (StatusCode::OK, OTHER_REF));
            assert!(verdict.look.is_empty());
        }
    }
}

#[test]
fn nobody_gets_in_without_the_right_proof() {
    for (provider, letter) in letters() {
        let mut heads = vec![letter.unsigned(), letter.signed("pear"), letter.signed("")];
        let right = letter.signed(SECRET);
        if let Proof::Hex(name, word) = letter.proof {
            let digits = right[name].to_str().unwrap().trim_start_matches(word);
            let spoilt = ["", word, digits.split_at(1).1, "sha1=", &format!("sha1={digits}")];
            heads.extend(spoilt.map(|text| {
                let mut head = right.clone();
                head.insert(name, text.parse().unwrap());
                head
            }));
            let mut head = right.clone();
            head.insert(name, HeaderValue::from_bytes(b"\xff").unwrap());
            heads.push(head);
            // What is right for another provider is not for this one.
            let mut head = letter.unsigned();
            for other in ["x-hub-signature-256", "x-hub-signature", "x-gogs-signature"] {
                if other != name {
                    head.insert(other, format!("sha256={digits}").parse().unwrap());
                }
            }
            heads.push(head);
        }
        for head in heads {
            let verdict = letter.judged_with(&head, "main");
            assert_eq!(verdict.code, StatusCode::UNAUTHORIZED, "{provider}: {head:?}");
            assert!(verdict.look.is_empty() && !verdict.words.contains(SECRET));
        }
    }
}

#[test]
fn without_a_secret_everything_is_refused() {
    for (_, letter) in letters() {
        for secret in [None, Some("")] {
            let head = letter.signed("");
            let secrets: Vec<_> = secret.into_iter().map(Secret::new).collect();
            let delivery = Delivery { headers: &head, body: &letter.body };
            let verdict = judge(&delivery, &secrets, &[], Timestamp::UNIX_EPOCH);
            assert_eq!(verdict.code, StatusCode::FORBIDDEN);
        }
    }
}

#[test]
fn a_key_of_gitlab_signs_and_is_no_token() {
    let mut letter = letter_of("gitlab");
    assert_eq!(letter.judged_with(&letter.signed(SIGNING.0), "main").code, 401);
    letter.proof = Proof::Timed;
    letter.answered(202, "an attempt was asked for");
    let signed = letter.signed(std::str::from_utf8(SIGNING.1).unwrap());
    // A token that is right does not make a wrong signature good.
    let mut both = signed.clone();
    both.insert("x-gitlab-token", HeaderValue::from_static(SECRET));
    assert_eq!(letter.judged_with(&both, "main").code, 202);
    both.insert("webhook-id", HeaderValue::from_static("other"));
    assert_eq!(letter.judged_with(&both, "main").words, "the signature is wrong");
    // Where no key is known, the token decides.
    let delivery = Delivery { headers: &both, body: &letter.body };
    let followed =
        Followed { repo: "https://a.example/a".parse().unwrap(), reference: Reference::Head };
    let judged = |headers: &HeaderMap, secret: &str| {
        let delivery = Delivery { headers, ..delivery };
        judge(&delivery, &[Secret::new(secret)], std::slice::from_ref(&followed), Timestamp::MIN)
    };
    assert_eq!(judged(&both, SECRET).code, 202);
    assert_eq!(judged(&signed, SECRET).code, 401);
    let old = judged(&signed, SIGNING.0);
    assert_eq!(
        old.words,
        "the signature is right, but its time is more than five minutes from now"
    );
}

#[test]
fn only_json_is_taken() {
    let letter = letter_of("github");
    let check = |declared: Option<&str>, code: u16| {
        let mut head = letter.signed(SECRET);
        head.remove(CONTENT_TYPE);
        if let Some(declared) = declared {
            head.insert(CONTENT_TYPE, declared.parse().unwrap());
        }
        assert_eq!(letter.judged_with(&head, "main").code, code, "{declared:?}");
    };
    check(Some("application/json"), 202);
    check(Some("Application/JSON ;charset=UTF-8"), 202);
    for other in ["application/x-www-form-urlencoded", "text/json", "application/jsonp", ""] {
        check(Some(other), 415);
    }
    check(None, 415);
}

#[test]
fn greetings_and_other_events_are_answered() {
    let event = |provider, name, value| letter_of(provider).with(name, value);
    event("github", "x-github-event", "ping").answered(200, "pong");
    event("bitbucket-data-center", "x-event-key", "diagnostics:ping").answered(200, "pong");
    for letter in [
        event("github", "x-github-event", "issues"),
        event("gitea", "x-gitea-event", "pull_request"),
        event("forgejo", "x-forgejo-event", "release"),
        event("gogs", "x-gogs-event", "fork"),
        event("gitlab", "x-gitlab-event", "Merge Request Hook"),
        event("bitbucket", "x-event-key", "issue:created"),
        event("bitbucket-data-center", "x-event-key", "pr:merged"),
        letter_of("azure-devops").telling("/eventType", json!("build.complete")),
        event("gitlab", "x-gitlab-event", "System Hook")
            .telling("/event_name", json!("project_create")),
    ] {
        letter.answered(200, OTHER_EVENT);
    }
    let mut nobody = letter_of("github");
    nobody.headers.clear();
    let unknown = nobody.judged("main");
    assert_eq!((unknown.code.as_u16(), unknown.provider.label()), (401, "unknown"));
}

#[test]
fn what_came_or_went_counts_too() {
    for provider in ["github", "gitea", "forgejo", "gogs"] {
        let letter = letter_of(provider).telling("/after", json!("0".repeat(40)));
        letter.answered(202, LOOKS);
        let header = letter.headers.iter().map(|(name, _)| *name);
        let events: Vec<_> = header.filter(|name| name.ends_with("-event")).collect();
        for kind in ["delete", "create"] {
            let mut letter = letter.clone().telling("/ref", json!("main"));
            for event in &events {
                letter = letter.with(event, kind);
            }
            letter.answered(202, LOOKS);
            let mut body: Value = serde_json::from_slice(&letter.body).unwrap();
            body["ref_type"] = json!("tag");
            letter.body = serde_json::to_vec(&body).unwrap();
            assert_eq!(letter.judged("refs/heads/main").words, OTHER_REF);
            assert_eq!(letter.judged("tag:m*").code, 202);
        }
    }
    let gone = letter_of("bitbucket").telling("/push/changes/0/new", Value::Null);
    gone.answered(202, LOOKS);
    let tag = json!({"name": "main", "type": "tag"});
    let tag = letter_of("bitbucket").telling("/push/changes/0/new", tag);
    assert_eq!(tag.judged("refs/heads/main").words, OTHER_REF);
    assert_eq!(tag.judged("refs/tags/main").code, 202);
    let tag = letter_of("gitlab").with("x-gitlab-event", "Tag Push Hook");
    let tag = tag.telling("/ref", json!("refs/tags/v1.0.0"));
    assert_eq!(
        (tag.judged("semver:1").code, tag.judged("main").code),
        (StatusCode::ACCEPTED, StatusCode::OK)
    );
}

#[test]
fn the_default_branch_is_what_the_payload_says() {
    let told = |letter: Letter, pointer| {
        let other = letter.clone().telling(pointer, json!("trunk"));
        assert_eq!(other.judged("HEAD").words, OTHER_REF);
        assert_eq!(letter.telling(pointer, Value::Null).judged("HEAD").code, 202);
    };
    for provider in ["github", "gitea", "forgejo", "gogs"] {
        told(letter_of(provider), "/repository/default_branch");
    }
    told(letter_of("gitlab"), "/project/default_branch");
    told(letter_of("azure-devops"), "/resource/repository/defaultBranch");
    let side = letter_of("bitbucket").telling("/push/changes/0/new/name", json!("side"));
    assert_eq!(side.judged("HEAD").code, 202);
}

#[test]
fn a_payload_that_leaves_refs_out_may_be_about_any() {
    let left_out = [
        ("azure-devops", "/resource", Value::Null),
        ("azure-devops", "/resource", json!({})),
        ("azure-devops", "/resource/refUpdates", json!([])),
        ("azure-devops", "/resource/refUpdates/0", json!({})),
        ("bitbucket", "/push/changes/0/truncated", json!(true)),
        ("bitbucket", "/push/changes", json!([])),
        ("bitbucket", "/push", Value::Null),
        ("bitbucket-data-center", "/changes", Value::Null),
        ("bitbucket-data-center", "/changes/0", json!({})),
    ];
    for (provider, pointer, value) in left_out {
        let letter = letter_of(provider).telling(pointer, value);
        assert_eq!(letter.judged("elsewhere").code, 202, "{provider} {pointer}");
    }
}

#[test]
fn garbage_is_refused_when_it_is_signed() {
    let garbage = ["", "{", "[]", "null", "\u{feff}{}", r#"{"ref":1,"push":1,"changes":1}"#];
    for (provider, letter) in letters() {
        for body in garbage {
            let letter = Letter { body: body.into(), ..letter.clone() };
            let code = letter.judged("main").code;
            assert!(code == 400, "{provider}: {body}: {code}");
        }
        let letter = Letter { body: b"{\"\xff\":1}".to_vec(), ..letter };
        letter.answered(400, "the body is not UTF-8");
    }
    for provider in ["github", "gitea", "forgejo", "gogs", "gitlab"] {
        let letter = Letter { body: b"{}".to_vec(), ..letter_of(provider) };
        letter.answered(400, "the body does not say what was pushed");
    }
}

#[test]
fn the_name_of_a_delivery_is_short_and_plain() {
    let long = "\"a b\u{7f}".to_owned() + &"x".repeat(100);
    assert_eq!(harmless(&long), format!("_a_b_{}", "x".repeat(59)));
    let id = |letter: Letter| letter.judged("main").delivery;
    assert_eq!(id(letter_of("github")), "72d3162e-cc78");
    assert_eq!(id(letter_of("bitbucket")), "{5}");
    assert_eq!(id(letter_of("gitlab").with("webhook-id", "m\\n{}")), "m_n{}");
    assert_eq!(id(letter_of("azure-devops")), "");
}

/// A letter whose body was changed a little.
fn changed() -> impl Strategy<Value = Letter> {
    let change = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<Vec<u8>>());
    let letter = prop::sample::select(letters()).prop_map(|(_, letter)| letter);
    (letter, prop::collection::vec(change, 0..6)).prop_map(|(mut letter, changes)| {
        for (from, to, new) in changes {
            let (from, to) = (from.index(letter.body.len() + 1), to.index(letter.body.len() + 1));
            letter.body.splice(from..to.clamp(from, from + 20.min(letter.body.len() - from)), new);
        }
        letter
    })
}

proptest! {
    #[test]
    fn no_body_makes_a_parser_panic(letter in changed(), reference in "main|HEAD|semver:1") {
        let verdict = letter.judged(&reference);
        prop_assert!([200, 202, 400].contains(&verdict.code.as_u16()), "{verdict:?}");
    }

    #[test]
    fn whatever_bytes_are_sent_nothing_is_looked_at(
        mut letter in prop::sample::select(letters()).prop_map(|(_, letter)| letter),
        body: Vec<u8>,
        proof in ".*",
    ) {
        letter.body = body;
        let mut headers = letter.signed(&"x".repeat(proof.len() + 1));
        prop_assert!(letter.judged_with(&headers, "main").look.is_empty());
        if let (Proof::Hex(name, _), Ok(value)) = (letter.proof, proof.parse()) {
            headers.insert(HeaderName::from_static(name), value);
            prop_assert!(letter.judged_with(&headers, "main").look.is_empty());
        }
        letter.body = br#"{"a":1}"#.to_vec();
        prop_assert!(letter.judged_with(&letter.unsigned(), "main").look.is_empty());
    }

    #[test]
    fn a_real_payload_with_another_signature_is_never_looked_at(
        letter in changed(),
        secret in "[ -~]{0,20}",
    ) {
        prop_assume!(secret != SECRET && secret != "another");
        let verdict = letter.judged_with(&letter.signed(&secret), "main");
        prop_assert_eq!(verdict.code, StatusCode::UNAUTHORIZED);
        prop_assert!(verdict.look.is_empty());
    }

    #[test]
    fn a_payload_of_one_provider_read_as_one_of_another_is_no_harm(
        letter in prop::sample::select(letters()),
        body in prop::sample::select(letters()),
    ) {
        let letter = Letter { body: body.1.body, ..letter.1 };
        prop_assert!([200, 202, 400].contains(&letter.judged("main").code.as_u16()));
    }
}
