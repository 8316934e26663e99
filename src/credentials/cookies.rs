//! Cookies in the format of Netscape, as browsers and `curl` write them, and the header that is made
//! of them (RFC 6265, 5.4).
//!
//! Cookies that a server sets are not kept.

use crate::credentials::CredentialsError;
use crate::credentials::error::Problem;
use crate::credentials::file::SecretFile;
use crate::model::{Cookies, Secret};
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use url::{Host, Url};

const OPTION: &str = "cookie-file";

/// How a line begins that is no comment although it looks like one: scripts in pages do not see the
/// cookie, which is all the same to us.
const HTTP_ONLY: &str = "#HttpOnly_";

/// How many lines that are no cookies are named.
const SHOWN: usize = 10;

/// The cookies of a file at one moment.
#[derive(Clone, Debug)]
pub struct CookieJar {
    cookies: Vec<Cookie>,
    /// Which lines are none.
    strange: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Cookie {
    domain: String,
    /// Whether hosts below the domain get it too.
    below: bool,
    path: String,
    secure: bool,
    /// In seconds since 1970; none if it lasts as long as a session.
    expires: Option<i64>,
    /// `name=value`.
    pair: Secret,
}

impl CookieJar {
    /// Reads the text of a file. Lines that are neither cookies nor comments are passed over.
    pub fn parse(text: &str) -> Self {
        let mut jar = Self { cookies: Vec::new(), strange: Vec::new() };
        for (number, line) in (1..).zip(text.lines()) {
            let rest = line.strip_prefix(HTTP_ONLY);
            if line.trim().is_empty() || (line.starts_with('#') && rest.is_none()) {
                continue;
            }
            match Cookie::parse(rest.unwrap_or(line)) {
                Some(cookie) => jar.cookies.push(cookie),
                None => jar.strange.push(number),
            }
        }
        // Those with longer paths come first; what was first in the file stays before its equals.
        jar.cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        jar
    }

    /// The first of the lines that are none: there may be as many as a file can hold.
    fn first_strange(&self) -> &[usize] {
        self.strange.get(..SHOWN).unwrap_or(&self.strange)
    }

    /// The header in a request for a URL at a time in seconds since 1970.
    fn header_at(&self, url: &Url, now: i64) -> Option<Secret> {
        let pairs = self.cookies.iter().filter(|cookie| cookie.is_for(url, now));
        let pairs: Vec<_> = pairs.map(|cookie| cookie.pair.reveal()).collect();
        (!pairs.is_empty()).then(|| Secret::new(pairs.join("; ")))
    }
}

impl Cookies for CookieJar {
    fn for_url(&self, url: &Url) -> Option<Secret> {
        self.header_at(url, Timestamp::now().as_second())
    }
}

impl Cookie {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(7, '\t');
        let domain = fields.next()?.trim().to_ascii_lowercase();
        let below = flag(fields.next()?)?;
        let path = fields.next()?;
        let secure = flag(fields.next()?)?;
        let expires: i64 = fields.next()?.trim().parse().ok()?;
        let name = fields.next()?;
        // Without a value there may be no tab before it.
        let value = fields.next().unwrap_or_default();
        let dotless = domain.strip_prefix('.').unwrap_or(&domain);
        let fit = |text: &str| !text.contains([';', '\0', '\r', '\n']);
        if dotless.is_empty() || name.is_empty() || !path.starts_with('/') {
            return None;
        }
        if !fit(name) || !fit(value) {
            return None;
        }
        Some(Self {
            domain: dotless.to_owned(),
            below,
            path: path.to_owned(),
            secure,
            expires: (expires != 0).then_some(expires),
            pair: Secret::new(format!("{name}={value}")),
        })
    }

    fn is_for(&self, url: &Url, now: i64) -> bool {
        self.expires.is_none_or(|at| now < at)
            && (!self.secure || url.scheme() == "https")
            && self.is_for_host(url)
            && self.is_for_path(url.path())
    }

    fn is_for_host(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else {
            return false;
        };
        let host = host.trim_end_matches('.');
        let within = || {
            let named = matches!(url.host(), Some(Host::Domain(_)));
            let head = host.strip_suffix(&self.domain);
            named && head.is_some_and(|head| head.ends_with('.'))
        };
        host == self.domain || (self.below && within())
    }

    fn is_for_path(&self, path: &str) -> bool {
        path.strip_prefix(&self.path).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/')
        })
    }
}

fn flag(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A file with cookies, which is read again when it changes.
#[derive(Clone, Debug)]
pub(super) struct CookieFile {
    file: SecretFile,
    /// What was read last, and what that means.
    read: Option<(Secret, Arc<CookieJar>)>,
}

impl CookieFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { file: SecretFile::new(path, OPTION), read: None }
    }

    pub(super) fn file(&self) -> &SecretFile {
        &self.file
    }

    /// What it holds now; the same value as before if it did not change.
    pub(super) fn jar(&mut self) -> Result<Arc<CookieJar>, CredentialsError> {
        let text = self.file.needed()?;
        if let Some((_, jar)) = self.read.as_ref().filter(|(read, _)| *read == text) {
            return Ok(Arc::clone(jar));
        }
        let jar = CookieJar::parse(text.reveal());
        if jar.cookies.is_empty() {
            return Err(self.file.unfit(Problem::NoCookies));
        }
        if !jar.strange.is_empty() {
            let path = self.file.path().display();
            let (lines, count) = (jar.first_strange(), jar.strange.len());
            tracing::warn!(file = %path, ?lines, count, "some lines of cookie-file are no cookies");
        }
        let jar = Arc::new(jar);
        self.read = Some((text, Arc::clone(&jar)));
        Ok(jar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[track_caller]
    fn check(text: &str, url: &str, header: Option<&str>) {
        let jar = CookieJar::parse(text);
        assert!(!format!("{jar:?}").contains("=b"), "{jar:?}");
        let found = jar.header_at(&url.parse().unwrap(), NOW);
        assert_eq!(found.as_ref().map(Secret::reveal), header, "{text} for {url}");
    }

    #[test]
    fn hosts_paths_schemes_and_times_are_heeded() {
        let own = "h.example\tFALSE\t/\tFALSE\t0\ta\tb";
        check(own, "http://h.example/r.git", Some("a=b"));
        check(own, "http://H.example:81/", Some("a=b"));
        check(own, "http://x.h.example/", None);
        check(own, "http://xh.example/", None);
        let below = ".h.example\tTRUE\t/\tFALSE\t0\ta\tb";
        check(below, "https://h.example/", Some("a=b"));
        check(below, "https://x.y.h.example/", Some("a=b"));
        check(below, "https://xh.example/", None);
        check("0.0.1\tTRUE\t/\tFALSE\t0\ta\tb", "http://127.0.0.1/", None);
        check("127.0.0.1\tFALSE\t/\tFALSE\t0\ta\tb", "http://127.0.0.1:9/", Some("a=b"));
        let path = "h\tFALSE\t/g\tFALSE\t0\ta\tb";
        check(path, "http://h/g", Some("a=b"));
        check(path, "http://h/g/r.git/info/refs?service=x", Some("a=b"));
        check(path, "http://h/gg", None);
        check("h\tFALSE\t/g/\tFALSE\t0\ta\tb", "http://h/g/r", Some("a=b"));
        let secure = "h\tFALSE\t/\tTRUE\t0\ta\tb";
        check(secure, "https://h/", Some("a=b"));
        check(secure, "http://h/", None);
        check(&format!("h\tFALSE\t/\tFALSE\t{NOW}\ta\tb"), "http://h/", None);
        check(&format!("h\tFALSE\t/\tFALSE\t{}\ta\tb", NOW + 1), "http://h/", Some("a=b"));
    }

    #[test]
    fn files_are_read_as_they_are_written() {
        let text = "# Netscape HTTP Cookie File\r\n\r\n\
                    #HttpOnly_h\tFALSE\t/\tFALSE\t0\ta\tb\r\n\
                    # h\tFALSE\t/\tFALSE\t0\tno\tno\n\
                    h\tFALSE\t/r\tfalse\t0\tlonger\t\"b=1 \u{fc}\"\n\
                    h\tFALSE\t/\tFALSE\t0\tempty\n";
        check(text, "http://h/r", Some("longer=\"b=1 \u{fc}\"; a=b; empty="));
        assert_eq!(CookieJar::parse(text).strange, [0_usize; 0]);
    }

    #[test]
    fn lines_that_are_none_are_noted_by_their_number() {
        let text = "h FALSE / FALSE 0 a b\nh\tFALSE\t/\tFALSE\t0\ta\tb\n<html>\n\
                    h\tFALSE\t/\tFALSE\tsoon\ta\tb\nh\tFALSE\t/\tFALSE\t0\ta\tb;b";
        check(text, "http://h/", Some("a=b"));
        assert_eq!(CookieJar::parse(text).strange, [1, 3, 4, 5]);
    }

    #[test]
    fn of_many_lines_that_are_none_the_first_are_named() {
        assert_eq!(
            CookieJar::parse(&"x\n".repeat(70_000)).first_strange(),
            (1..=SHOWN).collect::<Vec<_>>()
        );
        assert_eq!(CookieJar::parse("x\n#\nx").first_strange(), [1, 3]);
    }

    #[test]
    fn a_file_that_did_not_change_gives_the_same_jar() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cookies");
        let mut file = CookieFile::new(path.clone());
        assert!(matches!(file.jar(), Err(CredentialsError::File { .. })));
        for (text, problem) in [("\n", Problem::Empty), ("# none\n", Problem::NoCookies)] {
            std::fs::write(&path, text).unwrap();
            let error = file.jar().unwrap_err();
            assert!(error.to_string().ends_with(&problem.to_string()), "{error}");
        }
        std::fs::write(&path, "h\tFALSE\t/\tFALSE\t0\ta\tb\n").unwrap();
        let jar = file.jar().unwrap();
        let url = "http://h/".parse().unwrap();
        assert_eq!(jar.for_url(&url), Some(Secret::new("a=b")));
        assert!(Arc::ptr_eq(&jar, &file.jar().unwrap()));
        std::fs::write(&path, "h\tFALSE\t/\tFALSE\t0\ta\tc\n").unwrap();
        assert_eq!(file.jar().unwrap().for_url(&url), Some(Secret::new("a=c")));
    }
}
