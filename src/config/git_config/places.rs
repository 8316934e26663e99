//! `url.<base>.insteadOf` and `protocol.*`: where sources really are, and how they may be reached.

use crate::config::git_config::{Complaint, Setting};
use crate::model::{Location, RepoUrl};

/// The address in place of another, by the setting that takes the place of most of it; of equals, the
/// first. None if no setting is about it.
pub(crate) fn rewritten(settings: &[Setting], text: &str) -> Option<String> {
    let mut best: Option<(usize, String)> = None;
    for setting in settings {
        let key = setting.parts();
        let (Some(base), true) = (key.middle, key.section == "url" && key.name == "insteadof")
        else {
            continue;
        };
        let prefix = setting.value.reveal();
        if let Some(rest) = text.strip_prefix(prefix)
            && best.as_ref().is_none_or(|(length, _)| prefix.len() > *length)
        {
            best = Some((prefix.len(), format!("{base}{rest}")));
        }
    }
    best.map(|(_, text)| text)
}

/// Which ways to sources are allowed.
#[derive(Debug, Default)]
pub(crate) struct Protocols {
    /// What was said last of all that nothing else is said of.
    general: Option<bool>,
    /// What was said of each, by its name.
    special: Vec<(String, bool)>,
    /// Whether `file` is allowed to whoever asks for it.
    files: bool,
}

impl Protocols {
    /// Reads all that is said of them.
    pub(crate) fn read(settings: &[Setting]) -> (Self, Vec<Complaint>) {
        let (mut read, mut complaints) = (Self::default(), Vec::new());
        for setting in settings {
            let key = setting.parts();
            if key.section != "protocol" || key.name != "allow" {
                continue;
            }
            let value = setting.value.reveal();
            // `user` is what whoever starts the program wants; all but submodules are that.
            let is_always = value.eq_ignore_ascii_case("always");
            if key.middle == Some("file") || (key.middle.is_none() && !read.has("file")) {
                read.files = is_always;
            }
            let allowed = match value.to_ascii_lowercase().as_str() {
                "always" | "user" => true,
                "never" => false,
                _ => {
                    let words = format!("{value:?} is none of always, user and never");
                    complaints.push(setting.complaint(&words));
                    continue;
                }
            };
            match key.middle {
                Some(name) => read.special.push((name.to_owned(), allowed)),
                None => read.general = Some(allowed),
            }
        }
        (read, complaints)
    }

    fn has(&self, name: &str) -> bool {
        self.special.iter().any(|(of, _)| of == name)
    }

    /// Says whether what others name may be read on this machine.
    pub(crate) fn always_allows_files(&self) -> bool {
        self.files
    }

    /// Says which protocol it is that a source may not be reached by.
    pub(crate) fn forbids(&self, repo: &RepoUrl) -> Option<&'static str> {
        let name = match repo.location() {
            Location::Http(url) if url.scheme() == "https" => "https",
            Location::Http(_) => "http",
            Location::Daemon(_) => "git",
            Location::Ssh(_) => "ssh",
            Location::Local(_) => "file",
        };
        let special = self.special.iter().rfind(|(of, _)| of == name).map(|(_, allowed)| *allowed);
        (special.or(self.general) == Some(false)).then_some(name)
    }
}
