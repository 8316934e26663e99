//! How one server of HTTP is spoken to: what the options say, and the settings of Git that are about
//! its address.

use crate::config::git_config::{HttpItem, HttpSetting};
use crate::config::{Access, Tls};
use crate::model::{
    FileChoice, HeaderLine, Location, Redirects, RepoUrl, Secret, ServiceUrl, Slow, UrlPrefix,
    UrlRank,
};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Which servers to believe over TLS, and how to be known to them.
    pub tls: Tls,
    /// What is in between.
    pub via: Via,
    /// Header lines to add to requests.
    pub headers: Vec<HeaderLine>,
    /// Cookies.
    pub cookie_file: Option<PathBuf>,
    /// Which redirects are followed.
    pub redirects: Redirects,
    /// When it is too slow.
    pub slow: Option<Slow>,
}

/// What is between us and a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Via {
    /// What the environment names.
    #[default]
    Environment,
    /// Nothing.
    Nothing,
    /// A proxy that an option or a setting of Git names.
    Proxy(&'static str, ServiceUrl),
}

/// What is known of low speed so far.
#[derive(Default)]
struct Pace {
    limit: u64,
    time: Duration,
}

/// How the server of a repository is spoken to. Settings are about HTTP only.
pub(super) fn to(access: &Access, repo: &RepoUrl) -> Way {
    let Location::Http(url) = repo.location() else {
        return join(access, &[]);
    };
    let mut best: BTreeMap<&str, UrlRank> = BTreeMap::new();
    let mut applied = Vec::new();
    let mut elsewhere = Vec::new();
    for setting in &access.http {
        let rank = match &setting.pattern {
            None => Some(UrlRank::default()),
            Some(pattern) => pattern.rank(url, repo.user()),
        };
        match rank {
            Some(rank)
                if setting.over || best.get(setting.name).is_none_or(|best| rank >= *best) =>
            {
                best.insert(setting.name, rank);
                applied.push(setting);
            }
            Some(_) => (),
            None => elsewhere.push(setting),
        }
    }
    let mut way = join(access, &applied);
    // They may be meant for where we are sent.
    for setting in elsewhere {
        if let (Some(url), HttpItem::ExtraHeader(line)) = (&setting.prefix, &setting.item) {
            extend(&mut way.headers, line.as_ref(), Some(url.clone()));
        }
    }
    way
}

/// How services are spoken to that help us, such as one that tells passwords: by the options and
/// by what is said of all servers. They must prove who they are in any case.
pub(super) fn to_services(access: &Access) -> Way {
    let general: Vec<_> = access.http.iter().filter(|one| one.pattern.is_none()).collect();
    let mut way = join(access, &general);
    way.tls.blind = false;
    way
}

/// Joins settings, of which later ones count more, with the options, which count most.
fn join(access: &Access, settings: &[&HttpSetting]) -> Way {
    let mut way = Way { tls: access.tls.clone(), ..Way::default() };
    let (mut certificate, mut key, mut authorities) = (None, None, None);
    let (mut agent, mut pace) = (None, Pace::default());
    for setting in settings {
        match &setting.item {
            HttpItem::ExtraHeader(line) => extend(&mut way.headers, line.as_ref(), None),
            HttpItem::Proxy(None) => way.via = Via::Nothing,
            HttpItem::Proxy(Some(url)) => way.via = Via::Proxy("http.proxy", url.clone()),
            HttpItem::Verify(verify) => way.tls.blind = !verify,
            HttpItem::Authorities(file) => authorities.clone_from(file),
            HttpItem::Directory(path) => way.tls.directories = path.iter().cloned().collect(),
            HttpItem::Certificate(file) => certificate.clone_from(file),
            HttpItem::Key(file) => key.clone_from(file),
            HttpItem::Cookies(file) => way.cookie_file.clone_from(file),
            HttpItem::UserAgent(text) => agent = Some(text),
            HttpItem::Redirects(redirects) => way.redirects = *redirects,
            HttpItem::SlowLimit(limit) => pace.limit = *limit,
            HttpItem::SlowTime(time) => pace.time = *time,
        }
    }
    if let Some(url) = &access.proxy.all {
        way.via = Via::Proxy("proxy", url.clone());
    }
    way.cookie_file = way.cookie_file.or_else(|| access.cookie_file.clone());
    let is_named = |file: &FileChoice| !file.optional;
    if let Some(file) = authorities.filter(|_| !way.tls.authorities.iter().any(is_named)) {
        way.tls.authorities.insert(0, FileChoice::named(file));
    }
    let has_own = way.tls.identities.iter().any(|(certificate, _)| is_named(certificate));
    if let Some(file) = certificate.filter(|_| !has_own) {
        let key = key.unwrap_or_else(|| file.clone());
        way.tls.identities.insert(0, (FileChoice::named(file), FileChoice::named(key)));
    }
    if let Some(agent) = agent {
        call_ourselves(&mut way.headers, agent);
    }
    let Pace { limit, time } = pace;
    way.slow = (limit > 0 && !time.is_zero()).then_some(Slow { limit, time });
    way
}

/// Adds a line, or takes back those for the same addresses.
fn extend(headers: &mut Vec<HeaderLine>, line: Option<&Secret>, url: Option<UrlPrefix>) {
    match line {
        Some(line) => headers.push(HeaderLine { url, line: line.clone() }),
        None => headers.retain(|header| header.url != url),
    }
}

/// Adds our name, unless a header says it already.
fn call_ourselves(headers: &mut Vec<HeaderLine>, agent: &str) {
    let says_it = |header: &HeaderLine| {
        let (name, _) = header.line.reveal().split_once(':').unwrap_or_default();
        header.url.is_none() && name.eq_ignore_ascii_case("user-agent")
    };
    if !headers.iter().any(says_it) {
        headers.push(HeaderLine { url: None, line: Secret::new(format!("User-Agent: {agent}")) });
    }
}
