//! The files that options name: whether they can be read, not what is in them. What is wrong with
//! that shows when the repository is asked.

use crate::attempt::{keyring, rules as rules_of};
use crate::command::check::report::Report;
use crate::config::{Config, PasswordSource, Serving};
use crate::disk;
use crate::disk::look;
use crate::model::{Cause, FileChoice, Location, RepoUrl};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// More than any of them is long.
const LIMIT: u64 = 4 << 20;

/// Looks which files are written, if not all.
pub(super) fn rules(config: &Config, report: &mut Report) {
    match rules_of(config) {
        Ok(None) => (),
        Ok(Some(rules)) => {
            report.ok("sparse", rules.told);
            for doubt in rules.doubts {
                report.warning("sparse", doubt, "see docs/sparse.md");
            }
        }
        Err(error) => report.failed("sparse", Cause::of(&error), ADVICE),
    }
}

/// Looks at the keys whose signatures count, if any must.
pub(super) fn keys(config: &Config, report: &mut Report) {
    let Some(keys) = keyring(config) else {
        return;
    };
    let advice = "see docs/verify.md";
    for fault in keys.faults() {
        report.warning("verify", format!("{}: {}", fault.file, fault.why), advice);
    }
    let (pgp, ssh) = keys.counts();
    let mode = config.verify.mode.label();
    if keys.is_empty() {
        let advice = "put public keys into verify-key-dir: .asc for PGP, .pub for SSH";
        report.failed(
            "verify",
            "there is no key that counts, so nothing would be published",
            advice,
        );
    } else {
        let told = format!("{mode}: signatures by {pgp} PGP and {ssh} SSH keys count");
        report.ok("verify", told);
    }
}

/// Looks at each file that counts for the repositories, and for who may ask what.
pub(super) fn look(config: &Config, report: &mut Report) {
    let optional = optional(config);
    let mut told = BTreeSet::new();
    for path in credentials(config) {
        if told.insert(path.clone()) {
            let missing = Missing { is_fine: optional.contains(&path), advice: ADVICE };
            one("file", &path, missing, report);
        }
    }
    mounted(config, report);
}

/// Looks at the files of those who ask over HTTP.
pub(super) fn served(serving: &Serving, report: &mut Report) {
    for (about, source) in
        [("api-token-file", &serving.api_token), ("hook-secret-file", &serving.hook_secret)]
    {
        if let Some(PasswordSource::File(path)) = source {
            let missing = Missing { is_fine: false, advice: "without it nobody is let in" };
            if one(about, path, missing, report) == Some(true) {
                let told = format!("{} holds nothing", path.display());
                report.warning(about, told, "without a line in it nobody is let in");
            }
        }
    }
}

/// Looks at the directories in which Secrets are mounted. They may be missing, as a Secret may be
/// optional; but then nobody is told who we are.
fn mounted(config: &Config, report: &mut Report) {
    let is_remote =
        |repo: &RepoUrl| matches!(repo.location(), Location::Http(_) | Location::Ssh(_));
    let mut repos = std::iter::once(&config.repo).chain(&config.fallback_repos);
    let is_needed = repos.any(is_remote);
    for dir in config.access.auth_dirs.iter().filter(|_| is_needed) {
        let files = [config.access.http_files(), config.access.ssh_files()].concat();
        let files: Vec<_> = files.into_iter().filter(|file| file.parent() == Some(dir)).collect();
        let told = match dir.metadata() {
            Ok(found) if !found.is_dir() => "is not a directory".to_owned(),
            Ok(_) if files.iter().any(|file| file.symlink_metadata().is_ok()) => continue,
            Ok(_) => format!("holds none of {}", names(&files)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => "is not there".to_owned(),
            // That is told of each file.
            Err(_) => continue,
        };
        report.warning("auth-dir", format!("{}: {told}", dir.display()), UNMOUNTED);
    }
}

const UNMOUNTED: &str = "check the path, and which Secret is mounted there; without one, a run goes \
    on with what else says who to be";

/// What files are called, each name once.
fn names(files: &[PathBuf]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in files.iter().filter_map(|file| disk::name(file)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

const ADVICE: &str = "check the path, what is mounted there, its mode, and as which user this runs";

/// What it means if a file is missing.
struct Missing {
    is_fine: bool,
    advice: &'static str,
}

/// Every file that says who we are to the repositories, or whom to believe there.
fn credentials(config: &Config) -> Vec<PathBuf> {
    let repos = std::iter::once(&config.repo).chain(&config.fallback_repos);
    repos
        .flat_map(|repo| match repo.location() {
            Location::Http(_) => config.access.http_files(),
            Location::Ssh(_) => config.access.ssh_files(),
            Location::Local(_) | Location::Daemon(_) => Vec::new(),
        })
        .collect()
}

/// Those that need not be there.
fn optional(config: &Config) -> BTreeSet<PathBuf> {
    let access = &config.access;
    let pairs = access.tls.identities.iter().flat_map(|(certificate, key)| [certificate, key]);
    let choices = access.tls.authorities.iter().chain(pairs);
    let choices = choices.chain(&access.ssh.keys).chain(&access.ssh.known_hosts);
    let optional = choices.filter(|choice| choice.optional).map(|FileChoice { path, .. }| path);
    let logins =
        access.auth_dirs.iter().flat_map(|dir| ["username", "password"].map(|it| dir.join(it)));
    optional.cloned().chain(logins).collect()
}

/// Looks at one file, and says whether it is blank; none if it is not there.
fn one(about: &str, path: &Path, missing: Missing, report: &mut Report) -> Option<bool> {
    let shown = path.display();
    let failed = |error: look::Unread, report: &mut Report| {
        report.failed(about, format!("{shown} cannot be read: {error}"), missing.advice);
        None
    };
    match look::read_below(path, LIMIT) {
        Ok(Some(bytes)) => {
            report.ok(about, format!("{shown} can be read"));
            Some(bytes.trim_ascii().is_empty())
        }
        Ok(None) if missing.is_fine => None,
        Ok(None) => failed(look::Unread::missing(), report),
        Err(error) => failed(error, report),
    }
}
