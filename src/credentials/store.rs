//! What settings of Git say about who to be: a user name, and files as the credential helper `store`
//! writes them (git-credential-store): URLs with user name and password, one a line.

use crate::config::{CredentialItem, CredentialSetting};
use crate::credentials::CredentialsError;
use crate::credentials::file::SecretFile;
use crate::model::{Secret, UrlPattern, UrlRank};
use url::Url;

/// A file of logins.
#[derive(Clone, Debug)]
pub(super) struct Store {
    pattern: Option<UrlPattern>,
    file: SecretFile,
}

impl Store {
    pub(super) fn all(settings: &[CredentialSetting]) -> Vec<Self> {
        let store = |setting: &CredentialSetting| match &setting.item {
            CredentialItem::Store(path) => Some(Self {
                pattern: setting.pattern.clone(),
                file: SecretFile::new(path, "git-config"),
            }),
            CredentialItem::Username(_) => None,
        };
        settings.iter().filter_map(store).collect()
    }

    pub(super) fn file(&self) -> &SecretFile {
        &self.file
    }

    /// The first login for the server of a URL, and for the user if there is one. `in_url` is the
    /// user that the URL names.
    pub(super) fn find(
        &mut self,
        url: &Url,
        in_url: Option<&str>,
        user: Option<&str>,
    ) -> Result<Option<(String, Secret)>, CredentialsError> {
        if self.pattern.as_ref().is_some_and(|pattern| pattern.rank(url, in_url).is_none()) {
            return Ok(None);
        }
        // Git does not mind either.
        let Some(text) = self.file.text()? else {
            return Ok(None);
        };
        let mut logins = text.reveal().lines().filter_map(|line| login(line, url));
        Ok(logins.find(|(name, _)| user.is_none_or(|user| user == name)))
    }
}

/// What a line says, if it is about the server of this URL.
fn login(line: &str, wanted: &Url) -> Option<(String, Secret)> {
    let url = Url::parse(line.trim()).ok().filter(|url| url.origin() == wanted.origin())?;
    let decode =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((decode(url.username()), Secret::new(decode(url.password()?))))
}

/// The user name that settings give for a URL, where it names none.
pub(super) fn username<'a>(
    settings: &'a [CredentialSetting],
    url: &Url,
    in_url: Option<&str>,
) -> Option<&'a str> {
    let worth = |setting: &'a CredentialSetting| match (&setting.item, &setting.pattern) {
        (CredentialItem::Username(name), None) => Some((UrlRank::default(), name.as_str())),
        (CredentialItem::Username(name), Some(pattern)) => {
            Some((pattern.rank(url, in_url)?, name.as_str()))
        }
        (CredentialItem::Store(_), _) => None,
    };
    // Of equals, the last.
    settings.iter().filter_map(worth).max_by_key(|(rank, _)| *rank).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_for_one_server() {
        let url: Url = "https://h/a/b.git".parse().unwrap();
        let found = |line: &str| {
            login(line, &url).map(|(user, password)| format!("{user}:{}", password.reveal()))
        };
        assert_eq!(found("https://a%40b:c%3Ad@h").as_deref(), Some("a@b:c:d"));
        assert_eq!(found("https://ada:x@h:443/other/path ").as_deref(), Some("ada:x"));
        for line in ["", "#", "https://h", "https://ada@h", "http://ada:x@h", "https://ada:x@g"] {
            assert_eq!(found(line), None, "{line}");
        }
    }

    #[test]
    fn the_name_for_the_address_that_says_most_counts() {
        let setting = |pattern: &str, name: &str| CredentialSetting {
            pattern: UrlPattern::read(pattern),
            item: CredentialItem::Username(name.to_owned()),
        };
        let settings =
            [setting("https://h/a", "one"), setting("https://h", "two"), setting("", "x")];
        let name = |url: &str| username(&settings, &url.parse().unwrap(), None);
        assert_eq!(name("https://h/a/b"), Some("one"));
        assert_eq!(name("https://h/c"), Some("two"));
        assert_eq!(name("https://g/c"), Some("x"));
    }
}
