//! Completions for shells. They are made from the tables of options and commands by a test, which
//! compares them with the files here.

#[cfg(test)]
mod made;

use crate::config::problem::Problem;

/// The shells, and what each is to run.
const SHELLS: [(&str, &str); 3] = [
    ("bash", include_str!("gitsyncd.bash")),
    ("zsh", include_str!("gitsyncd.zsh")),
    ("fish", include_str!("gitsyncd.fish")),
];

/// Finds the completions for a shell.
pub(super) fn of(shell: Option<&str>) -> Result<String, Problem> {
    let found = SHELLS.iter().find(|(name, _)| Some(*name) == shell);
    found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| {
        let names: Vec<_> = SHELLS.iter().map(|(name, _)| *name).collect();
        Problem::new("argument 2", format!("must be one of the shells {}", names.join(", ")))
    })
}
