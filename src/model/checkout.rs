//! What settings of Git say about how files are written, and about how they are compared with what
//! is recorded of them.

/// What was said; none where nothing was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkout {
    /// `core.autocrlf`.
    pub autocrlf: Option<AutoCrlf>,
    /// `core.eol`.
    pub eol: Option<Eol>,
    /// `core.symlinks`: without them, a file holds what the link would name.
    pub symlinks: Option<bool>,
    /// `core.fileMode`: whether a mode that somebody changed counts as a change. Files are written
    /// with their modes in any case.
    pub file_mode: Option<bool>,
}

/// Whether files that seem to be text are written with the line ends of Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoCrlf {
    /// They are.
    True,
    /// Only where attributes say so.
    False,
    /// They are not, whatever `core.eol` says.
    Input,
}

/// The line ends of files that attributes call text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eol {
    /// Those of Unix.
    Lf,
    /// Those of Windows.
    Crlf,
}

impl Checkout {
    /// The keys of Git's section `core` that this is about, in small letters.
    pub const KEYS: [&str; 4] = ["autocrlf", "eol", "symlinks", "filemode"];

    /// Writes it as lines of that section.
    pub fn lines(&self) -> String {
        let autocrlf = self.autocrlf.map(|mode| match mode {
            AutoCrlf::True => "true",
            AutoCrlf::False => "false",
            AutoCrlf::Input => "input",
        });
        let eol = self.eol.map(|eol| match eol {
            Eol::Lf => "lf",
            Eol::Crlf => "crlf",
        });
        let switch = |switch: Option<bool>| switch.map(|on| if on { "true" } else { "false" });
        let values = [autocrlf, eol, switch(self.symlinks), switch(self.file_mode)];
        let line = |(key, value): (&str, Option<&str>)| Some(format!("\t{key} = {}\n", value?));
        Self::KEYS.into_iter().zip(values).filter_map(line).collect()
    }
}
