//! `http.*` and `http.<url>.*`: how servers are spoken to.

use crate::config::git_config::values::{number, switch};
use crate::config::git_config::{Complaint, Giver, Key, Setting};
use crate::model::{Redirects, Secret, ServiceUrl, UrlPattern, UrlPrefix};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One such setting, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSetting {
    /// Which addresses it is about; all if there is none.
    pub(in crate::config) pattern: Option<UrlPattern>,
    /// The same as the beginning of addresses, if it is one.
    pub(in crate::config) prefix: Option<UrlPrefix>,
    /// Its name in small letters.
    pub(in crate::config) name: &'static str,
    /// Whether it counts before those that are about the address more closely.
    pub(in crate::config) over: bool,
    /// What it says.
    pub(in crate::config) item: HttpItem,
}

/// What a setting says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpItem {
    /// A line of the head of requests; without one, those before it are taken back.
    ExtraHeader(Option<Secret>),
    /// A proxy; without one, we go directly.
    Proxy(Option<ServiceUrl>),
    /// Whether servers must prove who they are.
    Verify(bool),
    /// A file of authorities.
    Authorities(Option<PathBuf>),
    /// A directory of authorities, beside the others.
    Directory(Option<PathBuf>),
    /// Our certificate.
    Certificate(Option<PathBuf>),
    /// Its key.
    Key(Option<PathBuf>),
    /// A file of cookies.
    Cookies(Option<PathBuf>),
    /// How we call ourselves.
    UserAgent(String),
    /// Which redirects are followed.
    Redirects(Redirects),
    /// How many bytes a second are too few.
    SlowLimit(u64),
    /// For how long.
    SlowTime(Duration),
}

impl HttpItem {
    /// The file that it names, if it names one.
    pub(in crate::config) fn file(&self) -> Option<&Path> {
        match self {
            Self::Authorities(file)
            | Self::Directory(file)
            | Self::Certificate(file)
            | Self::Key(file)
            | Self::Cookies(file) => file.as_deref(),
            Self::ExtraHeader(_)
            | Self::Proxy(_)
            | Self::Verify(_)
            | Self::UserAgent(_)
            | Self::Redirects(_)
            | Self::SlowLimit(_)
            | Self::SlowTime(_) => None,
        }
    }
}

/// The names that say something here.
const NAMES: [&str; 12] = [
    "cookiefile",
    "extraheader",
    "followredirects",
    "lowspeedlimit",
    "lowspeedtime",
    "proxy",
    "sslcainfo",
    "sslcapath",
    "sslcert",
    "sslkey",
    "sslverify",
    "useragent",
];

/// What a proxy may speak.
const PROXIES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// Whether a setting of this section says something here, or nothing else than what is done anyway.
pub(super) fn has_effect(setting: &Setting, key: &Key<'_>) -> bool {
    let value = setting.value.reveal();
    let is_done = match key.name.as_str() {
        "proxyauthmethod" => ["anyauth", "basic"].contains(&value),
        "sslcertpasswordprotected" => switch(value) == Ok(false),
        name => NAMES.contains(&name),
    };
    is_done && key.middle.is_none_or(|url| UrlPattern::read(url).is_some())
}

/// Reads all of them. `resolve` makes paths absolute.
pub(crate) fn http(
    settings: &[Setting],
    resolve: impl Fn(&str) -> Result<PathBuf, String>,
) -> (Vec<HttpSetting>, Vec<Complaint>) {
    let (mut read, mut complaints) = (Vec::new(), Vec::new());
    for setting in settings {
        let key = setting.parts();
        let name = NAMES.into_iter().find(|name| *name == key.name);
        let (Some(name), true) = (name, key.section == "http" && has_effect(setting, &key)) else {
            continue;
        };
        let pattern = key.middle.and_then(UrlPattern::read);
        let prefix = key.middle.and_then(|url| url.parse().ok());
        match item(name, setting, &resolve) {
            Ok(item) => {
                let over = matches!(setting.giver, Giver::Variable(_));
                read.push(HttpSetting { pattern, prefix, name, over, item });
            }
            Err(words) => complaints.push(setting.complaint(&words)),
        }
    }
    (read, complaints)
}

fn item(
    name: &str,
    setting: &Setting,
    resolve: impl Fn(&str) -> Result<PathBuf, String>,
) -> Result<HttpItem, String> {
    let text = setting.value.reveal();
    let path = || match text {
        "" => Ok(None),
        text if text.starts_with(['~', '%']) => {
            Err(format!("{text:?} is not expanded here; write the whole path"))
        }
        text => resolve(text).map(Some),
    };
    let amount = || number(text).map(|number| u64::try_from(number).unwrap_or_default());
    Ok(match name {
        "cookiefile" => HttpItem::Cookies(path()?),
        "extraheader" => HttpItem::ExtraHeader(header(&setting.value)?),
        "followredirects" if text == "initial" => HttpItem::Redirects(Redirects::Initial),
        "followredirects" => {
            // Where the first request leads, the others go as well, so that is as good as all.
            let wanted = if switch(text)? { Redirects::Initial } else { Redirects::Never };
            HttpItem::Redirects(wanted)
        }
        "lowspeedlimit" => HttpItem::SlowLimit(amount()?),
        "lowspeedtime" => HttpItem::SlowTime(Duration::from_secs(amount()?)),
        "proxy" => HttpItem::Proxy(proxy(text)?),
        "sslcainfo" => HttpItem::Authorities(path()?),
        "sslcapath" => HttpItem::Directory(path()?),
        "sslcert" => HttpItem::Certificate(path()?),
        "sslkey" => HttpItem::Key(path()?),
        "sslverify" => HttpItem::Verify(switch(text)?),
        _ if text.contains(|letter: char| letter.is_control()) => {
            return Err("it holds a line break or a control character".to_owned());
        }
        _ => HttpItem::UserAgent(text.to_owned()),
    })
}

/// Reads a proxy. It is not shown, as it may hold a password.
fn proxy(text: &str) -> Result<Option<ServiceUrl>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url: ServiceUrl = text.parse().map_err(|error| format!("{error}"))?;
    if PROXIES.contains(&url.url().scheme()) {
        Ok(Some(url))
    } else {
        Err(format!("its scheme is none of {}", PROXIES.join(", ")))
    }
}

/// Reads a line of a request's head (RFC 9110, 5.1 and 5.5).
fn header(line: &Secret) -> Result<Option<Secret>, String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match line.reveal().trim_start().split_once(':') {
        None if line.reveal().is_empty() => Ok(None),
        Some((name, value))
            if !name.is_empty()
                && name.bytes().all(is_token)
                && !value.contains(char::is_control) =>
        {
            Ok(Some(Secret::new(line.reveal().trim_start())))
        }
        Some(_) | None => Err("it is not `Name: value`".to_owned()),
    }
}

/// What is dangerous.
pub(super) fn warnings(settings: &[Setting]) -> Vec<String> {
    let unsafe_ones = settings.iter().filter(|setting| {
        let key = setting.parts();
        key.section == "http"
            && key.name == "sslverify"
            && has_effect(setting, &key)
            && switch(setting.value.reveal()) == Ok(false)
    });
    let warning = |setting: &Setting| {
        format!(
            "{}: {} is false: any server is believed to be the right one, and whoever is on the \
             way can read passwords and change what is published; name its authority with \
             --ca-file instead",
            setting.giver,
            setting.shown()
        )
    };
    unsafe_ones.map(warning).collect()
}
