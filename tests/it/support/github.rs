//! GitHub's API as far as its apps need it: it checks what it is told by the rules of GitHub's
//! documentation, and gives out tokens.

use serde_json::json;
use std::path::Path;

use crate::support::daemon::Setup;
use crate::support::rsa;
use crate::support::service::{Asked, Reply, Service, answer};

/// The client id of the app.
pub(crate) const APP: &str = "Iv23liHush";
/// The number of its installation.
pub(crate) const INSTALLATION: &str = "4711";

/// The token of a number.
pub(crate) fn token(number: usize) -> String {
    format!("ghs_hush{number:04}")
}

fn complaint(status: &str, message: &str) -> Reply {
    answer(status, &json!({ "message": message }).to_string())
}

/// What GitHub says to a question, by the rules of its documentation: a token of this number that
/// lives so many seconds.
pub(crate) fn github(asked: &Asked, pem: &str, number: usize, life: i64) -> Reply {
    let Some(statement) = asked.header("authorization").and_then(|it| it.strip_prefix("Bearer "))
    else {
        return complaint("401 Unauthorized", "Requires authentication");
    };
    let Some((head, claims)) = rsa::verified(statement, pem) else {
        return complaint("401 Unauthorized", "A JSON web token could not be decoded");
    };
    let now = jiff::Timestamp::now().as_second();
    let time = |name: &str| claims[name].as_i64().unwrap();
    let sound = head == json!({"alg": "RS256", "typ": "JWT"})
        && claims["iss"] == APP
        && time("iat") <= now - 30
        && time("exp") > now
        && time("exp") - time("iat") <= 600;
    if !sound {
        return complaint("401 Unauthorized", &format!("{claims} is not right"));
    }
    assert_eq!(asked.header("accept"), Some("application/vnd.github+json"));
    assert!(asked.header("user-agent").is_some_and(|agent| agent.starts_with("gitsyncd/")));
    if asked.line != format!("POST /api/v3/app/installations/{INSTALLATION}/access_tokens HTTP/1.1")
    {
        return complaint("404 Not Found", "Not Found");
    }
    let expires = jiff::Timestamp::from_second(now + life).unwrap();
    let body =
        json!({"token": token(number), "expires_at": expires.to_string(), "permissions": {}});
    answer("201 Created", &body.to_string())
}

/// Describes a run that is the app, with its key in a file.
pub(crate) fn app(setup: Setup, api: &Service, key: &Path) -> Setup {
    setup
        .flag(format!("--github-app-client-id={APP}"))
        .flag(format!("--github-app-installation-id={INSTALLATION}"))
        .flag(format!("--github-base-url={}", api.url("/api/v3/")))
        .flag(format!("--github-app-private-key-file={}", key.display()))
}
