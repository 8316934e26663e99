//! The programs that follow a repository: the one to measure, and a peer with the same flags.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::support::git::{run, search_path};
use crate::support::settings;

/// A program, how it is called, and the column its figures stand in.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The column.
    pub(crate) name: String,
    /// Whether it has flags that only this project knows.
    pub(crate) is_ours: bool,
    words: Vec<OsString>,
}

impl Program {
    /// The program to measure.
    pub(crate) fn ours() -> Self {
        let words = vec![settings::program().into()];
        Self { name: "gitsyncd".to_owned(), is_ours: true, words }
    }

    /// The program that `BENCH_PEER` names. It must take the flags of git-sync 4.
    pub(crate) fn peer() -> Option<Self> {
        let path = settings::peer()?;
        let name = path.file_name().map_or("peer".into(), |name| name.to_string_lossy());
        Some(Self { name: format!("{name} (peer)"), is_ours: false, words: vec![path.into()] })
    }

    /// The program to measure, and the peer if there is one.
    pub(crate) fn all() -> Vec<Self> {
        [Some(Self::ours()), Self::peer()].into_iter().flatten().collect()
    }

    /// The program to measure, once for each way of making trees that it has.
    pub(crate) fn ways() -> Vec<Self> {
        let ours = Self::ours();
        let help = run(Command::new(settings::program()).arg("--help"));
        if !help.contains("--trees=") {
            return vec![ours];
        }
        let way = |way| {
            let flag = format!("--trees={way}");
            let mut program = ours.clone();
            program.name = format!("gitsyncd {flag}");
            program.words.push(flag.into());
            program
        };
        ["prepared", "reused", "fresh"].map(way).into()
    }

    /// The same, run by another program.
    pub(crate) fn below(mut self, runner: Vec<OsString>) -> Self {
        self.words.splice(0..0, runner);
        self
    }

    /// A call that follows `main` into a root.
    pub(crate) fn command(&self, url: &str, root: &Path) -> Command {
        let mut command = Command::new(&self.words[0]);
        command
            .args(&self.words[1..])
            .env_clear()
            .env("PATH", search_path())
            .arg(format!("--repo={url}"))
            .arg(format!("--root={}", root.display()))
            .args(["--ref=main", "--link=latest", "--depth=1"]);
        if !self.is_ours {
            // Git-sync keeps Git's settings in files of its own.
            command.env("HOME", root.with_file_name("")).env("TMPDIR", root.with_file_name(""));
        }
        command
    }
}
