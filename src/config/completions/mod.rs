//! Completions for shells. They are made from the tables of options and commands by a test, which
//! compares them with the files here.

#[cfg(test)]
mod made;

use crate::config::personality::Personality;
use crate::config::problem::Problem;

/// The shells, and what each is to run.
const SHELLS: [(&str, &str); 3] = [
    ("bash", include_str!("gitsyncd.bash")),
    ("zsh", include_str!("gitsyncd.zsh")),
    ("fish", include_str!("gitsyncd.fish")),
];

/// Finds the completions for a shell. They are for the name that the program was called by.
pub(super) fn of(shell: Option<&str>, called_as: Personality) -> Result<String, Problem> {
    let found = SHELLS.iter().find(|(name, _)| Some(*name) == shell);
    found.map(|(_, text)| named(text, called_as)).ok_or_else(|| {
        let names: Vec<_> = SHELLS.iter().map(|(name, _)| *name).collect();
        Problem::new("argument 2", format!("must be one of the shells {}", names.join(", ")))
    })
}

/// Says for which program they are in the lines that tell a shell. The names of functions stay.
fn named(text: &str, called_as: Personality) -> String {
    let own = Personality::Gitsyncd.label();
    let line = |line: &str| {
        let name = called_as.label();
        // It is how zsh calls the file that it found it in.
        let line = line.replace(&format!("= \"_{own}\""), &format!("= \"_{name}\""));
        let tells = ["complete ", "compdef ", "#compdef "];
        if !tells.iter().any(|word| line.trim_start().starts_with(word)) {
            return line;
        }
        let line = line.replacen(&format!(" -c {own} "), &format!(" -c {name} "), 1);
        match line.trim_end().strip_suffix(&format!(" {own}")) {
            Some(before) => format!("{before} {name}\n"),
            None => line,
        }
    };
    text.split_inclusive('\n').map(line).collect()
}
