//! Who we are to the source, read anew at each attempt so that a rotated password is seen.

use crate::config::PasswordSource;
use crate::model::{Login, RepoUrl, Secret};
use std::fs;
use std::io;
use std::path::PathBuf;

/// The user name sent with a password that came without one. Hosting services that take a token
/// for a password accept any name.
const ANY_USER: &str = "git";

/// The password could not be had.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file could not be read.
    #[error("could not read the password file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file has no content.
    #[error("the password file {} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// Where the login comes from: options first, then the repository's URL.
#[derive(Clone, Debug)]
pub struct Credentials {
    username: Option<String>,
    password: Option<PasswordSource>,
    repo: RepoUrl,
}

impl Credentials {
    /// Remembers where to look.
    pub fn new(username: Option<String>, password: Option<PasswordSource>, repo: RepoUrl) -> Self {
        Self { username, password, repo }
    }

    /// Reads what there is now.
    pub fn current(&self) -> Result<Login, CredentialsError> {
        let password = match &self.password {
            Some(PasswordSource::Value(secret)) => Some(secret.clone()),
            Some(PasswordSource::File(path)) => Some(read(path.clone())?),
            None => self.repo.password().cloned(),
        };
        let user = self.username.as_deref().or(self.repo.user());
        Ok(match (user, password) {
            (None, None) => Login::Anonymous,
            (user, password) => Login::Basic {
                user: user.unwrap_or(ANY_USER).to_owned(),
                password: password.unwrap_or_else(|| Secret::new("")),
            },
        })
    }
}

/// Takes the file's content without the line end that editors and `echo` leave.
fn read(path: PathBuf) -> Result<Secret, CredentialsError> {
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) => return Err(CredentialsError::File { path, source }),
    };
    match text.trim_end_matches(['\n', '\r']) {
        "" => Err(CredentialsError::Empty { path }),
        password => Ok(Secret::new(password)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(url: &str, user: Option<&str>, password: Option<PasswordSource>) -> Login {
        let repo = url.parse().unwrap();
        Credentials::new(user.map(str::to_owned), password, repo).current().unwrap()
    }

    #[test]
    fn options_come_before_the_url() {
        let secret = |text: &str| Some(PasswordSource::Value(Secret::new(text)));
        let basic = |user: &str, password: &str| Login::Basic {
            user: user.to_owned(),
            password: Secret::new(password),
        };
        assert_eq!(login("https://h/r", None, None), Login::Anonymous);
        assert_eq!(login("https://a:b@h/r", None, None), basic("a", "b"));
        assert_eq!(login("https://a:b@h/r", Some("c"), secret("d")), basic("c", "d"));
        assert_eq!(login("https://h/r", None, secret("token")), basic("git", "token"));
        assert_eq!(login("https://token@h/r", None, None), basic("token", ""));
    }

    #[test]
    fn a_password_file_may_end_with_a_line_end_and_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        let credentials = Credentials::new(
            None,
            Some(PasswordSource::File(path.clone())),
            "https://h/r".parse().unwrap(),
        );
        assert!(matches!(credentials.current(), Err(CredentialsError::File { .. })));
        fs::write(&path, "one\r\n").unwrap();
        let first = credentials.current().unwrap();
        fs::write(&path, "two").unwrap();
        let second = credentials.current().unwrap();
        let basic = |text: &str| Login::Basic { user: "git".into(), password: Secret::new(text) };
        assert_eq!((first, second), (basic("one"), basic("two")));
        fs::write(&path, "\n").unwrap();
        assert!(matches!(credentials.current(), Err(CredentialsError::Empty { .. })));
    }
}
