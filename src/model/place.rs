//! Where a repository is, as far as two names of one place have it in common.
//!
//! Scheme, port, case and a `.git` at the end make no difference: what a service calls itself need
//! not be how it is reached from here.

use crate::model::{Location, RepoUrl};

/// A repository somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    host: Option<String>,
    path: String,
}

impl Place {
    /// Where the program looks.
    pub fn of(repo: &RepoUrl) -> Self {
        match repo.location() {
            Location::Http(url) | Location::Daemon(url) => {
                let path = percent_encoding::percent_decode_str(url.path()).decode_utf8_lossy();
                Self::new(url.host_str(), &path)
            }
            Location::Ssh(url) => Self::new(Some(url.host()), url.path()),
            Location::Local(path) => Self::new(None, &path.to_string_lossy()),
        }
    }

    /// What a payload calls a URL; none if it is not one.
    pub fn told(url: &str) -> Option<Self> {
        url.parse().ok().map(|repo| Self::of(&repo))
    }

    /// A path without a host, such as `owner/name`.
    pub fn path(path: &str) -> Self {
        Self::new(None, path)
    }

    fn new(host: Option<&str>, path: &str) -> Self {
        let host = host.map(str::to_ascii_lowercase);
        let path = path.to_lowercase();
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let parts = path.split('/').filter(|part| !part.is_empty());
        let path = match host.as_deref() {
            Some(host) if is_azure(host) => azure_path(host, parts),
            Some(_) | None => parts.collect::<Vec<_>>().join("/"),
        };
        Self { host, path }
    }

    /// Says whether both have the same path.
    pub fn has_path_of(&self, other: &Self) -> bool {
        self.path == other.path
    }

    /// Says whether both name the same host.
    pub fn has_host_of(&self, other: &Self) -> bool {
        self.host.is_some() && self.host == other.host
    }
}

const AZURE: &str = "dev.azure.com";
/// What the hosts of Azure DevOps were once called, after the organisation.
const OLD_AZURE: &str = ".visualstudio.com";

fn is_azure(host: &str) -> bool {
    host == AZURE || host == "ssh.dev.azure.com" || host.ends_with(OLD_AZURE)
}

/// Organisation, project and repository. There are several ways to write them: with `_git` or with
/// `v3`, with the organisation as a host, and without the project where it is called as the
/// repository.
fn azure_path<'a>(host: &'a str, parts: impl Iterator<Item = &'a str>) -> String {
    let organisation = host.strip_suffix(OLD_AZURE).filter(|name| *name != "vs-ssh");
    let fill = ["v3", "_git", "defaultcollection"];
    let mut parts: Vec<_> =
        organisation.into_iter().chain(parts.filter(|part| !fill.contains(part))).collect();
    if let [_organisation, repository] = *parts {
        parts.push(repository);
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Place {
        Place::told(url).unwrap()
    }

    #[test]
    fn what_a_repository_is_called_in_several_ways_is_one_place() {
        let ways = [
            "https://git.example/Team/App.git",
            "http://user:pass@git.example:8080/team/app/",
            "ssh://git@git.example:2222/team/app.git",
            "git@git.example:team/app",
            "git://git.example//team/app.git",
            "https://git.example/team/%61pp",
        ];
        for way in ways {
            assert_eq!(place(way), place(ways[0]), "{way}");
        }
        let elsewhere = place("https://other.example/team/app");
        assert!(elsewhere.has_path_of(&place(ways[0])) && !elsewhere.has_host_of(&place(ways[0])));
        let bare = Place::path("Team/App");
        assert!(bare.has_path_of(&place(ways[0])) && !bare.has_host_of(&bare));
        assert!(!place("https://git.example/team/application").has_path_of(&place(ways[0])));
        assert!(Place::told("").is_none() && Place::told("ftp://a/b").is_none());
    }

    #[test]
    fn all_ways_to_write_a_repository_of_azure_are_one_path() {
        let first = place("https://org@dev.azure.com/org/project/_git/app");
        for way in [
            "git@ssh.dev.azure.com:v3/org/project/app",
            "https://org.visualstudio.com/DefaultCollection/project/_git/app",
            "org@vs-ssh.visualstudio.com:v3/org/project/app",
        ] {
            assert!(place(way).has_path_of(&first), "{way}");
        }
        let same = place("https://dev.azure.com/org/app/_git/app");
        assert!(place("https://dev.azure.com/org/_git/app").has_path_of(&same));
        assert!(place("https://org.visualstudio.com/_git/app").has_path_of(&same));
    }
}
