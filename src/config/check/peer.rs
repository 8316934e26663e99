//! What kubernetes/git-sync refuses and this program would understand: called by that name, it is
//! refused too, so that a mistake shows where it always did.

use crate::config::Access;
use crate::config::check::Checker;
use crate::config::raw::Raw;
use crate::model::RepoUrl;

/// Complains about logins that contradict each other.
pub(super) fn refuse(checker: &mut Checker<'_>, raw: &Raw, repo: &RepoUrl, access: &Access) {
    let is_given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let passwords = [("password", &raw.password), ("password-file", &raw.password_file)];
    if access.username.is_some() {
        if access.password.is_none() && !checker.is_blamed("password-file") {
            let complaint = "needs --password-file or the variable GITSYNC_PASSWORD besides it";
            checker.complain("username", complaint);
        }
        if repo.user().is_some() {
            let other = checker.place("username");
            checker.complain("repo", format!("holds a user name, and so does {other}"));
        }
    } else {
        for (key, _) in passwords.iter().filter(|(_, text)| is_given(text)) {
            checker.complain(key, "needs --username besides it");
        }
    }
    if access.github_app.is_none() {
        return;
    }
    let logins = [("username", &raw.username)].into_iter().chain(passwords);
    for (key, _) in logins.filter(|(_, text)| is_given(text)) {
        checker.complain(key, "cannot be given together with a GitHub App");
    }
}
