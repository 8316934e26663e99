//! The user information of a URL.

use url::Url;

/// Takes the user information out of a URL that has a host, so that it can be shown.
pub fn without_user(mut url: Url) -> Url {
    // Both fail only for URLs without a host.
    let removed = url.set_username("").and_then(|()| url.set_password(None));
    debug_assert!(removed.is_ok(), "a URL with a host can lose its user information");
    url
}
