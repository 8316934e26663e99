//! What requests to the server of a repository carry.

use crate::model::{Login, Secret, UrlPrefix};
use std::fmt;
use std::sync::Arc;
use url::Url;

/// Who we are to a server, and what else it is to be told.
#[derive(Clone, Debug)]
pub struct Outfit {
    /// Goes to the host of the repository, and never to another one.
    pub login: Login,
    /// Lines to add to the heads of requests. One of ours with the same name gives way.
    pub headers: Vec<HeaderLine>,
    /// Asked before each request. Two outfits are equal only if they share one.
    pub cookies: Option<Arc<dyn Cookies>>,
}

/// A line of the head of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderLine {
    /// To which addresses it goes; to the host of the repository if there is none.
    pub url: Option<UrlPrefix>,
    /// `Name: value`.
    pub line: Secret,
}

/// What is known of cookies.
pub trait Cookies: fmt::Debug + Send + Sync {
    /// The value of the header `Cookie` in a request for this URL, if any is meant for it.
    fn for_url(&self, url: &Url) -> Option<Secret>;
}

impl From<Login> for Outfit {
    fn from(login: Login) -> Self {
        Self { login, headers: Vec::new(), cookies: None }
    }
}

impl PartialEq for Outfit {
    fn eq(&self, other: &Self) -> bool {
        let same_cookies = match (&self.cookies, &other.cookies) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (None, Some(_)) | (Some(_), None) => false,
        };
        same_cookies && self.login == other.login && self.headers == other.headers
    }
}

impl Eq for Outfit {}
