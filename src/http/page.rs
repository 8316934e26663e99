//! The page at `/ui`: one file that asks the API for all it shows. Nothing is put into it here but
//! whether there is a token with which one may act.

use crate::http::answer;
use crate::http::answer::Body;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, HeaderName, IF_NONE_MATCH, REFERRER_POLICY,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use std::sync::LazyLock;

const HTML: &str = "text/html; charset=utf-8";
const PAGE: &str = include_str!("page.html");
/// What the page says when one may act, and what it says when nobody may.
const ACTIONS: [&str; 2] = ["data-actions=\"on\"", "data-actions=\"off\""];

/// Nothing may be loaded, sent elsewhere, framed or run but what is in the page itself: a test
/// compares the two hashes with its script and its style.
const POLICY: &str = "default-src 'none'; connect-src 'self'; \
     script-src 'sha256-MqyT+HztTOPBTxQ6ohvWXKdu9rs36Xh0rK8t8WaoBeQ='; \
     style-src 'sha256-SHtH/wWCRgSc3NKGKrvnmYjg9GVkXLgriCaQF0UdPA0='; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Names this edition of the page; the same test compares it. The one without actions has its own.
const TAGS: [&str; 2] = ["\"gTVg+dVyR9QGtHdg\"", "\"gTVg+dVyR9QGtHdg-off\""];

static READ_ONLY: LazyLock<Bytes> =
    LazyLock::new(|| PAGE.replacen(ACTIONS[0], ACTIONS[1], 1).into());

/// Answers with the page, or that the client has it already.
pub(super) fn answer(actions: bool, asked: &HeaderMap) -> Response<Body> {
    let [on, off] = TAGS;
    let (page, tag) =
        if actions { (Bytes::from_static(PAGE.as_bytes()), on) } else { (READ_ONLY.clone(), off) };
    let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = known.flat_map(|list| list.split(',')).any(|one| one.trim() == tag);
    let (code, body) =
        if known { (StatusCode::NOT_MODIFIED, Bytes::new()) } else { (StatusCode::OK, page) };
    let mut response = answer::full(code, HTML, body);
    let headers = response.headers_mut();
    for (name, value) in [
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (ETAG, tag),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use http_body_util::BodyExt;
    use ring::digest::{SHA256, digest};

    fn hash(text: &str) -> String {
        BASE64_STANDARD.encode(digest(&SHA256, text.as_bytes()))
    }

    /// The content of the only element of this name.
    fn only<'a>(page: &'a str, name: &str) -> &'a str {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        assert_eq!((page.matches(&open).count(), page.matches(&close).count()), (1, 1), "{name}");
        page.split(&open).nth(1).unwrap().split(&close).next().unwrap()
    }

    async fn body(response: Response<Body>) -> String {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.into()).unwrap()
    }

    #[test]
    fn the_policy_and_the_tags_fit_the_page() {
        let (script, style) = (hash(only(PAGE, "script")), hash(only(PAGE, "style")));
        assert!(POLICY.contains(&format!("script-src 'sha256-{script}';")), "script: {script}");
        assert!(POLICY.contains(&format!("style-src 'sha256-{style}';")), "style: {style}");
        let tag = hash(PAGE).chars().take(16).collect::<String>();
        assert_eq!(TAGS, [format!("\"{tag}\""), format!("\"{tag}-off\"")]);
    }

    #[test]
    fn the_page_is_small_and_asks_nobody_else() {
        assert!(PAGE.len() < 40_000, "{}", PAGE.len());
        for word in ["://", "innerHTML", "eval(", " style=", " onclick=", "src="] {
            assert!(!PAGE.contains(word), "{word}");
        }
    }

    #[tokio::test]
    async fn the_page_says_whether_one_may_act() {
        assert_eq!(PAGE.matches(ACTIONS[0]).count(), 1);
        let asked = HeaderMap::new();
        let [on, off] = [body(answer(true, &asked)).await, body(answer(false, &asked)).await];
        assert_eq!(on, PAGE);
        assert!(off.contains(ACTIONS[1]) && !off.contains(ACTIONS[0]));
    }

    #[tokio::test]
    async fn a_page_that_is_known_is_not_sent_again() {
        let mut asked = HeaderMap::new();
        let list = format!("\"other\", {}", TAGS[0]);
        asked.insert(IF_NONE_MATCH, list.parse().unwrap());
        let known = answer(true, &asked);
        assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(known.headers()[ETAG], TAGS[0]);
        assert_eq!(body(known).await, "");
        assert_eq!(answer(false, &asked).status(), StatusCode::OK);
    }
}
