//! Where sources are, as options and settings of Git have it.

use crate::config::check::access;
use crate::config::check::{Checker, repo_url};
use crate::config::git_config;
use crate::config::git_config::Setting;
use crate::config::raw::Raw;
use crate::model::RepoUrl;

/// All that is read of it.
pub(super) struct Sources {
    /// What the repository is called.
    pub(super) named_repo: Option<RepoUrl>,
    /// Where it is.
    pub(super) repo: Option<RepoUrl>,
    pub(super) fallback_repos: Vec<RepoUrl>,
    pub(super) settings: Vec<Setting>,
}

/// Reads all of it.
pub(super) fn sources(checker: &mut Checker<'_>, raw: &Raw) -> Sources {
    let settings = access::settings(checker, raw);
    let (named_repo, repo) = repo(checker, raw, &settings);
    let fallback_repos = fallbacks(checker, raw, &settings);
    Sources { named_repo, repo, fallback_repos, settings }
}

/// Reads where the repository is: by its name, and by where settings of Git say that it is.
fn repo(
    checker: &mut Checker<'_>,
    raw: &Raw,
    settings: &[Setting],
) -> (Option<RepoUrl>, Option<RepoUrl>) {
    if raw.repo.is_none() {
        checker.complain(
            "repo",
            "is required: the repository to follow, as in \
             --repo=https://example.org/project.git; --help shows all options",
        );
    }
    let place = raw.repo.as_ref().and_then(|text| git_config::rewritten(settings, text));
    // The error does not show the URL, which may hold a password.
    let repo = checker.read("repo", place.as_ref().or(raw.repo.as_ref()), repo_url);
    check_allowed(checker, "repo", repo.as_slice(), settings);
    let named = raw.repo.as_deref().filter(|_| place.is_some());
    (named.and_then(|text| text.parse().ok()).or(repo.clone()), repo)
}

fn fallbacks(checker: &mut Checker<'_>, raw: &Raw, settings: &[Setting]) -> Vec<RepoUrl> {
    let repos = checker.read_many("fallback-repo", raw.fallback_repo.as_ref(), |text| {
        let place = git_config::rewritten(settings, text);
        repo_url(place.as_deref().unwrap_or(text))
    });
    check_allowed(checker, "fallback-repo", &repos, settings);
    repos
}

/// Refuses sources by ways that settings of Git do not allow.
fn check_allowed(checker: &mut Checker<'_>, key: &str, repos: &[RepoUrl], settings: &[Setting]) {
    // What is wrong with them is told once.
    let (protocols, complaints) = git_config::Protocols::read(settings);
    if key == "repo" {
        checker.all_of(((), complaints));
    }
    for repo in repos {
        if let Some(name) = protocols.forbids(repo) {
            checker.complain(
                key,
                format!(
                    "transport '{name}' not allowed: protocol.{name}.allow or protocol.allow \
                     of --git-config says never"
                ),
            );
        }
    }
}
