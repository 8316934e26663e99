//! Checks what earlier versions of git-sync had.

use crate::config::check::Checker;
use crate::config::raw::Raw;
use crate::config::values;

/// Looks at it.
pub(super) fn past(checker: &mut Checker<'_>, raw: &Raw) {
    checker.read("ssh", raw.ssh.as_ref(), values::switch);
    checker.read("git", raw.git.as_ref(), |_program| Ok(()));
    checker.read("change-permissions", raw.change_permissions.as_ref(), permissions);
    if checker.given.is_given("rev") && checker.given.is_given("branch") {
        let complaint = "both --branch and --rev were given, by flag or by variable; --ref takes \
                         the place of both";
        checker.complain("ref", complaint);
    }
}

/// Reads the modes that version 3 gave to files; only none is possible.
fn permissions(text: &str) -> Result<(), String> {
    match values::number(text)? {
        0 => Ok(()),
        _ => Err("is no longer possible: modes are those of the commit; for files that the group \
                  may write use --group-write"
            .to_owned()),
    }
}
