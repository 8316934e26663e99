//! Who to be, in the words of HTTP (RFC 7617).

use crate::model::{Secret, ServiceUrl};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;

/// A user name and a password for `Authorization` or `Proxy-Authorization`. It is not shown when
/// headers are.
pub fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    let proof = BASE64_STANDARD.encode(format!("{user}:{password}"));
    let mut value = HeaderValue::try_from(format!("Basic {proof}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The same for what an address says, if it says any of both.
pub fn login_of(url: &ServiceUrl) -> Option<HeaderValue> {
    if url.user().is_none() && url.password().is_none() {
        return None;
    }
    basic(url.user().unwrap_or_default(), url.password().map(Secret::reveal).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_sent_and_never_shown() {
        let login = |url: &str| login_of(&url.parse().unwrap());
        let value = login("http://Aladdin:open%20sesame@h/").unwrap();
        assert_eq!(value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(!format!("{value:?}").contains("QWxh"));
        assert_eq!(login("http://token@h/").unwrap(), "Basic dG9rZW46");
        assert_eq!(login("http://h/"), None);
    }
}
