//! Where an answer sends us, and whether we may go there. What goes along is its caller's to decide.

use crate::model::without_user;
use http::HeaderMap;
use http::header::LOCATION;
use url::Url;

/// Why a redirect is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Astray {
    /// It names no place.
    Nowhere,
    /// It leads from https to something less safe.
    Unsafe,
    /// It leads to something that is not HTTP.
    NotHttp,
}

/// Reads where to go next. User information and the fragment stay behind.
pub fn redirect(from: &Url, headers: &HeaderMap) -> Result<Url, Astray> {
    let to = headers.get(LOCATION).and_then(|to| to.to_str().ok());
    let mut to = to.and_then(|to| from.join(to).ok()).ok_or(Astray::Nowhere)?;
    if from.scheme() == "https" && to.scheme() != "https" {
        return Err(Astray::Unsafe);
    }
    if !matches!(to.scheme(), "http" | "https") {
        return Err(Astray::NotHttp);
    }
    to.set_fragment(None);
    Ok(without_user(to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_redirect_leads_to_a_place_that_is_no_less_safe() {
        let next = |from: &str, to: &'static str| {
            let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(to))]);
            redirect(&from.parse().unwrap(), &headers).map(String::from)
        };
        assert_eq!(next("http://h/a/b?c", "../d#e"), Ok("http://h/d".to_owned()));
        assert_eq!(next("http://h/", "https://me:pw@g/x?y"), Ok("https://g/x?y".to_owned()));
        assert_eq!(next("https://h/", "http://h/"), Err(Astray::Unsafe));
        assert_eq!(next("http://h/", "ftp://h/"), Err(Astray::NotHttp));
        assert_eq!(next("http://h/", "http://"), Err(Astray::Nowhere));
        let from = "http://h/".parse().unwrap();
        assert_eq!(redirect(&from, &HeaderMap::new()), Err(Astray::Nowhere));
    }
}
