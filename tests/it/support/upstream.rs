//! A repository to follow, and the work tree that its commits come from.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

use crate::support::git::{EPOCH, at_time, git, run};

/// A bare repository `repo.git` beside a work tree that pushes into it.
///
/// Each commit is a minute later than the one before, so equal histories have equal ids.
#[derive(Debug)]
pub(crate) struct Upstream {
    dir: TempDir,
    minutes: Cell<u64>,
}

impl Upstream {
    /// Makes a repository without commits, whose HEAD names `main`.
    pub(crate) fn empty() -> Self {
        Self::empty_by("sha1")
    }

    /// Makes such a repository that names objects by this hash.
    pub(crate) fn empty_by(hash: &str) -> Self {
        let upstream = Self { dir: TempDir::new().unwrap(), minutes: Cell::new(0) };
        let format = format!("--object-format={hash}");
        for words in [&["--bare", "repo.git"][..], &["work"]] {
            run(git(upstream.dir.path()).args(["init", "--quiet", &format]).args(words));
        }
        run(upstream.git().args(["remote", "add", "origin", "../repo.git"]));
        upstream
    }

    /// Makes a repository with one commit.
    pub(crate) fn new() -> Self {
        Self::by("sha1")
    }

    /// Makes a repository with one commit that names objects by this hash.
    pub(crate) fn by(hash: &str) -> Self {
        let upstream = Self::empty_by(hash);
        upstream.commit("README", "first\n");
        upstream
    }

    /// The directory that servers show; the repository is `repo.git` in it.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The bare repository.
    pub(crate) fn repo(&self) -> PathBuf {
        self.dir.path().join("repo.git")
    }

    /// The work tree.
    pub(crate) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// Adds so many commits, each of which changes one file, faster than one by one.
    #[track_caller]
    pub(crate) fn long_history(&self, commits: u32) -> String {
        let mut stream = Vec::new();
        for n in 0..commits {
            let content = format!("{n} of {commits}\n");
            let from = if n == 0 { "from refs/heads/main^0\n" } else { "" };
            let seconds = EPOCH + u64::from(n);
            write!(
                stream,
                "commit refs/heads/main\ncommitter C <c@example.com> {seconds} +0000\n\
                 data 1\n.\n{from}M 100644 inline counter\ndata {}\n{content}\n",
                content.len()
            )
            .unwrap();
        }
        let mut import = self.git();
        import.args(["fast-import", "--quiet"]).stdin(Stdio::piped());
        let mut child = import.spawn().unwrap();
        child.stdin.take().unwrap().write_all(&stream).unwrap();
        assert!(child.wait().unwrap().success());
        run(self.git().args(["reset", "--quiet", "--hard"]));
        run(self.git().args(["push", "--quiet", "origin", "HEAD"]));
        self.minutes.set(self.minutes.get() + u64::from(commits));
        self.head()
    }

    /// A call of Git in the work tree, at the time of the next commit.
    pub(crate) fn git(&self) -> Command {
        let mut command = git(&self.work());
        at_time(&mut command, EPOCH + 60 * self.minutes.get());
        command
    }

    /// Begins a commit on the branch that is checked out.
    pub(crate) fn change(&self) -> Change<'_> {
        Change { upstream: self }
    }

    /// Commits one file and pushes; gives the commit's id.
    pub(crate) fn commit(&self, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) -> String {
        self.change().file(name, content).commit()
    }

    /// Replaces the newest commit by another and pushes it by force.
    pub(crate) fn force_push(&self, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) -> String {
        self.change().file(name, content);
        run(self.git().args(["add", "--all"]));
        self.minutes.set(self.minutes.get() + 1);
        run(self.git().args(["commit", "--quiet", "--amend", "--reset-author", "-m", "another"]));
        run(self.git().args(["push", "--quiet", "--force", "origin", "HEAD"]));
        self.head()
    }

    /// Goes back to an earlier commit and pushes that by force.
    pub(crate) fn reset(&self, commit: &str) {
        run(self.git().args(["reset", "--quiet", "--hard", commit]));
        run(self.git().args(["push", "--quiet", "--force", "origin", "HEAD"]));
    }

    /// Goes to a branch, which begins at the commit that is checked out if it is new.
    pub(crate) fn switch(&self, branch: &str) {
        let known = format!("refs/heads/{branch}");
        let exists = self.git().args(["rev-parse", "--quiet", "--verify", &known]).output();
        let create = if exists.unwrap().status.success() { "switch" } else { "checkout" };
        let flags: &[&str] = if create == "switch" { &["--quiet"] } else { &["--quiet", "-b"] };
        run(self.git().arg(create).args(flags).arg(branch));
        run(self.git().args(["push", "--quiet", "origin", "HEAD"]));
    }

    /// Makes or moves a lightweight tag at the commit that is checked out.
    pub(crate) fn tag(&self, name: &str) {
        run(self.git().args(["tag", "--force", name]));
        self.push_tag(name);
    }

    /// Makes or moves an annotated tag; gives the id of the tag object.
    pub(crate) fn annotated_tag(&self, name: &str) -> String {
        run(self.git().args(["tag", "--force", "--annotate", "-m", "a tag", name]));
        self.push_tag(name);
        run(self.git().args(["rev-parse", &format!("refs/tags/{name}")]))
    }

    fn push_tag(&self, name: &str) {
        let tag = format!("refs/tags/{name}");
        run(self.git().args(["push", "--quiet", "--force", "origin", &tag]));
    }

    /// Deletes a ref of the repository, by its full name.
    pub(crate) fn delete_ref(&self, name: &str) {
        run(git(&self.repo()).args(["update-ref", "-d", name]));
    }

    /// Deletes a branch of the repository.
    pub(crate) fn delete_branch(&self, name: &str) {
        self.delete_ref(&format!("refs/heads/{name}"));
    }

    /// Lets HEAD of the repository name a branch, which need not exist.
    pub(crate) fn set_head(&self, branch: &str) {
        let target = format!("refs/heads/{branch}");
        run(git(&self.repo()).args(["symbolic-ref", "HEAD", &target]));
    }

    /// Sets an option of the repository, such as `uploadpack.allowFilter`.
    pub(crate) fn configure(&self, key: &str, value: &str) {
        run(git(&self.repo()).args(["config", key, value]));
    }

    /// The commit that is checked out in the work tree.
    pub(crate) fn head(&self) -> String {
        run(self.git().args(["rev-parse", "HEAD"]))
    }
}

/// Edits of the work tree, made at once, that become one commit.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    upstream: &'a Upstream,
}

impl Change<'_> {
    fn place(&self, name: impl AsRef<OsStr>) -> PathBuf {
        let place = self.upstream.work().join(name.as_ref());
        // What is no directory, and would have to be one, makes room.
        let above = place.ancestors().skip(1).take_while(|dir| *dir != self.upstream.work());
        above.filter(|dir| !dir.is_dir() || dir.is_symlink()).for_each(remove);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        remove(&place);
        place
    }

    /// Writes a file, with the directories above it.
    pub(crate) fn file(self, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.place(name), content).unwrap();
        self
    }

    /// Writes many files: `count` of them, a hundred in each directory.
    pub(crate) fn files(self, count: usize, stem: &str) -> Self {
        (0..count).fold(self, |change, n| {
            change.file(format!("{stem}/{:03}/{n:06}.txt", n / 100), format!("{stem} {n}\n"))
        })
    }

    /// Writes a file that may be executed.
    pub(crate) fn executable(self, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) -> Self {
        let place = self.place(name);
        fs::write(&place, content).unwrap();
        fs::set_permissions(place, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Makes a symlink; it may lead nowhere.
    pub(crate) fn symlink(self, name: impl AsRef<OsStr>, target: impl AsRef<OsStr>) -> Self {
        symlink(target.as_ref(), self.place(name)).unwrap();
        self
    }

    /// Deletes a file, or a directory with all in it.
    pub(crate) fn delete(self, name: impl AsRef<OsStr>) -> Self {
        let place = self.upstream.work().join(name.as_ref());
        assert!(place.symlink_metadata().is_ok(), "{} is not there to delete", place.display());
        remove(&place);
        self
    }

    /// Writes the names that are easiest to get wrong.
    pub(crate) fn odd_names(self) -> Self {
        let mut change = self.file("empty", "").executable("empty and executable", "");
        for name in odd_names() {
            change = change.file(name, "odd\n");
        }
        change
            .symlink("dangling", "nowhere/at all")
            .symlink("to a directory", "a/b")
            .symlink("spaces in its target", " leading and trailing ")
            .symlink(OsStr::from_bytes(b"link \xff"), OsStr::from_bytes(b"target \xfe"))
    }

    /// Writes `.gitattributes` and files whose content differs between repository and work tree.
    pub(crate) fn attributes(self) -> Self {
        let utf16: Vec<u8> =
            "\u{feff}sixteen\u{e9}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.file(
            ".gitattributes",
            "*.crlf text eol=crlf\n*.lf text eol=lf\n*.auto text=auto eol=crlf\n\
             *.utf16 text working-tree-encoding=UTF-16LE-BOM eol=lf\n*.ident ident\n*.bin -text\n\
             *.plain text=auto\n",
        )
        .file("dos.crlf", "one\r\ntwo\r\n")
        .file("unix.lf", "one\ntwo\n")
        .file("text.auto", "one\r\ntwo\r\n")
        .file("binary.auto", b"one\r\n\0two\n")
        .file("two.utf16", utf16)
        .file("mark.ident", "before $Id$ after\n")
        .file("kept.bin", "one\r\ntwo\n")
        .file("text.plain", "one\ntwo\n")
        .file("sub/.gitattributes", "*.crlf eol=lf\n")
        .file("sub/other.crlf", "one\ntwo\n")
    }

    /// Commits the work tree as it is and pushes the branch; gives the commit's id.
    #[track_caller]
    pub(crate) fn commit(self) -> String {
        let upstream = self.upstream;
        upstream.minutes.set(upstream.minutes.get() + 1);
        run(upstream.git().args(["add", "--all"]));
        let message = format!("change {}", upstream.minutes.get());
        run(upstream.git().args(["commit", "--quiet", "--allow-empty", "-m", &message]));
        run(upstream.git().args(["push", "--quiet", "origin", "HEAD"]));
        upstream.head()
    }
}

/// Removes whatever stands there, if anything.
fn remove(place: &Path) {
    match fs::symlink_metadata(place) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(place).unwrap(),
        Ok(_) => fs::remove_file(place).unwrap(),
        Err(_) => (),
    }
}

/// File names that are legal in Git and on Linux, and seldom seen.
fn odd_names() -> Vec<OsString> {
    let deep = "level/".repeat(40) + "bottom";
    let long = "n".repeat(255);
    let mut names: Vec<OsString> = [
        "a/b/c",
        " leading space",
        "trailing space ",
        "two\nlines",
        "tab\there",
        "back\\slash",
        "quote\"s'`",
        "*",
        "?",
        "[a-z]",
        ":colon",
        "!bang",
        "#hash",
        "-dash",
        "--flag",
        "~tilde",
        "$HOME",
        "...",
        ".gitkeep",
        "HEAD",
        "dir/.gitignore-not",
        "\u{e4}\u{f6} composed",
        "a\u{308} decomposed",
        "\u{1f980}",
        &deep,
        &long,
    ]
    .map(OsString::from)
    .into();
    names.push(OsString::from_vec(b"latin1 \xe9".to_vec()));
    names.push(OsString::from_vec(b"bytes \xff\xfe/\x80".to_vec()));
    names
}
