//! Where a service is that helps us, without its password.

use crate::model::{Secret, without_user};
use std::fmt;
use std::str::FromStr;
use url::Url;

/// The address of a service such as a proxy. What it displays holds neither user name, password nor
/// query, as each may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUrl {
    url: Url,
    user: Option<String>,
    password: Option<Secret>,
    /// With the query, for the one that asks.
    whole: Secret,
}

/// The text is not the address of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceUrlError {
    /// It is no URL at all.
    #[error("it is not a URL")]
    Url(#[from] url::ParseError),
    /// Something without a host, such as `file:///srv`.
    #[error("it names no host")]
    NoHost,
}

impl ServiceUrl {
    /// The address without user information, query and fragment.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The address without user information, to ask; its query may hold a secret.
    pub fn whole(&self) -> &Secret {
        &self.whole
    }

    /// The user name that the URL carried.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The password that the URL carried.
    pub fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }
}

impl FromStr for ServiceUrl {
    type Err = ServiceUrlError;

    fn from_str(text: &str) -> Result<Self, ServiceUrlError> {
        let url = Url::parse(text)?;
        if url.host().is_none() {
            return Err(ServiceUrlError::NoHost);
        }
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
        };
        let user = (!url.username().is_empty()).then(|| decode(url.username()));
        let password = url.password().map(|password| Secret::new(decode(password)));
        let mut url = without_user(url);
        let whole = Secret::new(url.as_str());
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self { url, user, password, whole })
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_kept_but_never_shown() {
        let url: ServiceUrl = "http://m%65:p%3Aw@h:81/x?token=t".parse().unwrap();
        assert_eq!((url.user(), url.password().map(Secret::reveal)), (Some("me"), Some("p:w")));
        assert_eq!(url.to_string(), "http://h:81/x");
        assert_eq!(url.whole().reveal(), "http://h:81/x?token=t");
        let debug = format!("{url:?}");
        assert!(!debug.contains("p:w") && !debug.contains("token"), "{debug}");
    }
}
