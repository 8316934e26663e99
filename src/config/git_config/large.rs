//! Where large files are, as settings of Git say it.

use crate::config::git_config::{Key, Setting};

/// The address of the LFS server: `lfs.url`, or else that of the remote, which is the only one.
pub(crate) fn lfs_url(settings: &[Setting]) -> Option<&str> {
    let by = |wanted: fn(&Key<'_>) -> bool| {
        let mut found = settings.iter().filter(|setting| wanted(&setting.parts()));
        found.next_back().map(|setting| setting.value.reveal())
    };
    by(is_url).or_else(|| by(is_of_remote)).filter(|url| !url.is_empty())
}

/// Whether a setting counts.
pub(super) fn has_effect(key: &Key<'_>) -> bool {
    is_url(key) || is_of_remote(key)
}

fn is_url(key: &Key<'_>) -> bool {
    (key.section.as_str(), key.middle, key.name.as_str()) == ("lfs", None, "url")
}

fn is_of_remote(key: &Key<'_>) -> bool {
    let parts = (key.section.as_str(), key.middle, key.name.as_str());
    parts == ("remote", Some("origin"), "lfsurl")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::git_config::parse;

    #[test]
    fn the_address_of_the_server_counts_before_that_of_the_remote() {
        let found = |text: &str| {
            let settings = parse("git-config", text).unwrap();
            lfs_url(&settings).map(str::to_owned)
        };
        assert_eq!(found("remote.origin.lfsurl:https://a").as_deref(), Some("https://a"));
        let both = found("LFS.Url:https://b,remote.origin.lfsurl:https://a");
        assert_eq!(both.as_deref(), Some("https://b"));
        assert_eq!(found("lfs.x.url:https://a,lfs.concurrenttransfers:3"), None);
    }
}
