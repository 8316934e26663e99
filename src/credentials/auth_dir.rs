//! A directory where a Secret of type `kubernetes.io/basic-auth` is mounted as it is.
//!
//! What else may be in it, such as keys, is not read here.

use crate::credentials::CredentialsError;
use crate::credentials::basic;
use crate::credentials::error::Problem;
use crate::credentials::file::SecretFile;
use crate::model::{Login, Secret};
use std::path::{Path, PathBuf};

const OPTION: &str = "auth-dir";

/// The two files; each may be missing.
#[derive(Clone, Debug)]
pub(super) struct AuthDir {
    path: PathBuf,
    username: SecretFile,
    password: SecretFile,
}

impl AuthDir {
    pub(super) fn new(dir: &Path) -> Self {
        let file = |name| SecretFile::new(dir.join(name), OPTION);
        Self { path: dir.to_owned(), username: file("username"), password: file("password") }
    }

    pub(super) fn files(&self) -> [&SecretFile; 2] {
        [&self.username, &self.password]
    }

    /// Why nothing was found here, given that nothing was.
    pub(super) fn lacks(&self) -> String {
        let is_there = self.path.exists();
        let why = if is_there { "holds neither username nor password" } else { "is not there" };
        format!("{OPTION} {} {why}", self.path.display())
    }

    /// Who to be, if one of the files is there. `username` goes before the file with the name, and
    /// that before `otherwise`.
    pub(super) fn login(
        &mut self,
        username: Option<&str>,
        otherwise: &str,
    ) -> Result<Option<Login>, CredentialsError> {
        let given = username;
        let (username, password) = (self.username.line()?, self.password.line()?);
        if username.is_none() && password.is_none() {
            return Ok(None);
        }
        if username.as_ref().is_some_and(|name| name.reveal().contains(':')) {
            return Err(self.username.unfit(Problem::Colon));
        }
        let user = given.or(username.as_ref().map(Secret::reveal)).unwrap_or(otherwise);
        let password = password.unwrap_or_else(|| Secret::new(""));
        basic(OPTION, user.to_owned(), password).map(Some)
    }
}
