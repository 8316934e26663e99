//! A generated repository: the same bytes in every run, packed as on a server.

use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::git::{git, run};
use crate::support::settings;

/// How many files are in a directory.
const FILES_PER_DIRECTORY: u32 = 16;
/// How many directories are in the one above.
const DIRECTORIES: u32 = 48;
/// How many commits come after the first; each changes a hundredth of the files.
const LATER_COMMITS: u32 = 8;
/// How long a file is on average if nothing else is asked for.
const USUAL_KIBIBYTES: usize = 3;

/// A bare repository with text files of 130 bytes to 16 kilobytes, 3 kilobytes on average, or
/// longer in proportion.
#[derive(Debug)]
pub(crate) struct Origin {
    repo: PathBuf,
    files: u32,
    changes: u32,
    kibibytes: usize,
}

impl Origin {
    /// Makes it as `repo.git` in a directory.
    pub(crate) fn generate(dir: &Path, files: u32) -> Self {
        let repo = dir.join("repo.git");
        run(git(dir).args(["init", "--quiet", "--bare"]).arg(&repo));
        let kibibytes = settings::kibibytes();
        let mut origin = Self { repo, files, changes: 0, kibibytes };
        origin.import((0..files).collect());
        for number in 0..LATER_COMMITS {
            let step = usize::try_from((files / 100).clamp(1, 100)).unwrap();
            origin.import((number % files..files).step_by(step).collect());
        }
        run(git(&origin.repo).args(["repack", "-a", "-d", "--quiet"]));
        run(git(&origin.repo).args(["pack-refs", "--all"]));
        origin
    }

    /// Lets clients say what is not to be sent.
    pub(crate) fn let_filter(&self) {
        run(git(&self.repo).args(["config", "uploadpack.allowFilter", "true"]));
    }

    /// Commits a change of one file and gives the new commit's id.
    pub(crate) fn change_one_file(&mut self) -> String {
        let file = self.changes.wrapping_mul(7_919) % self.files;
        self.import(vec![file]);
        run(git(&self.repo).args(["rev-parse", "refs/heads/main"]))
    }

    /// Writes an archive of the newest commit's files.
    pub(crate) fn archive(&self, to: &Path) {
        run(git(&self.repo).args(["archive", "--format=tar", "main", "--output"]).arg(to));
    }

    /// How many bytes the files have together.
    pub(crate) fn bytes(&self) -> u64 {
        let listing = run(git(&self.repo).args(["ls-tree", "-r", "-l", "main"]));
        let size = |line: &str| line.split_ascii_whitespace().nth(3)?.parse::<u64>().ok();
        listing.lines().filter_map(size).sum()
    }

    /// Commits new contents of these files.
    fn import(&mut self, files: Vec<u32>) {
        let mut import = git(&self.repo)
            .args(["fast-import", "--quiet"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut to = BufWriter::new(import.stdin.take().unwrap());
        let time = 1_700_000_000 + 60 * self.changes;
        let message = format!("change {}\n", self.changes);
        writeln!(to, "commit refs/heads/main").unwrap();
        writeln!(to, "committer Bench <bench@example.com> {time} +0000").unwrap();
        writeln!(to, "data {}\n{message}", message.len()).unwrap();
        if self.changes > 0 {
            writeln!(to, "from refs/heads/main^0").unwrap();
        }
        for file in files {
            let text = content(file, self.changes, self.kibibytes);
            writeln!(to, "M 100644 inline {}\ndata {}", name(file), text.len()).unwrap();
            writeln!(to, "{text}").unwrap();
        }
        to.flush().unwrap();
        drop(to);
        assert!(import.wait().unwrap().success(), "git fast-import failed");
        self.changes += 1;
    }
}

fn name(file: u32) -> String {
    let directory = file / FILES_PER_DIRECTORY;
    let (outer, inner) = (directory / DIRECTORIES, directory % DIRECTORIES);
    format!("src/part_{outer:03}/module_{inner:02}/file_{:02}.txt", file % FILES_PER_DIRECTORY)
}

/// Text that compresses about as program text does.
fn content(file: u32, edition: u32, kibibytes: usize) -> String {
    let mut random = Random(u64::from(file) << 32 | u64::from(edition) | 1 << 63);
    let least = 128_usize << random.below(7);
    let length = least + usize::try_from(random.below(u32::try_from(least).unwrap())).unwrap();
    let length = length * kibibytes / USUAL_KIBIBYTES;
    let mut text = format!("file {file}, edition {edition}\n");
    while text.len() < length {
        let word = random.below(40) * random.below(40);
        let end = if random.below(9) == 0 { '\n' } else { ' ' };
        write!(text, "w{word:x}_{}{end}", word % 7).unwrap();
    }
    text.push('\n');
    text
}

/// Numbers that look random and are always the same (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 16) % u64::from(limit)).unwrap()
    }
}
