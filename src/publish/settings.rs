//! The configuration of the repository: what Git is told of it. What somebody else writes there stays.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::{Durable, replace_file};
use crate::model::{Checkout, ObjectFormat};
use crate::publish::Layout;
use std::fs;
use std::path::Path;

/// The configuration of the repository. Objects are never collected behind our back. Trees may share
/// files, so that publishing one changes when the files of another were changed last.
const CONFIG: &str = "[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tlogallrefupdates = false
\ttrustctime = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
";

/// What is added where objects are named by SHA-256, which no Git may overlook (git-config,
/// "extensions.objectFormat").
const SHA256: &str = "[extensions]\n\tobjectformat = sha256\n";

/// The configuration of a new repository.
fn first(format: ObjectFormat) -> String {
    match format {
        ObjectFormat::Sha1 => CONFIG.to_owned(),
        ObjectFormat::Sha256 => CONFIG.replace("version = 0", "version = 1") + SHA256,
    }
}

/// By which hash the configuration says that objects are named, if it can be read.
pub(super) fn format(git: &Path) -> Option<ObjectFormat> {
    let text = fs::read_to_string(git.join("config")).ok().filter(|_| config_is_right(git))?;
    let says = |line: &str| {
        let (key, value) = line.split_once('=').unwrap_or_default();
        key.trim().eq_ignore_ascii_case("objectformat") && value.trim() == "sha256"
    };
    let long = text.lines().any(says);
    Some(if long { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 })
}

/// What is written to the configuration as the options say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// How files are written.
    pub checkout: Checkout,
    /// Whether Git is told things that are true of one worktree only.
    pub by_worktree: bool,
    /// Whether files of Git LFS are brought.
    pub lfs: bool,
}

/// What git-lfs writes when it is first used. If it did, we would take that for news.
const LFS: &str = "[lfs]\n\trepositoryformatversion = 0\n";
/// Where git-lfs finds the files of submodules: among those of the repository above.
const LFS_OF_MODULE: &str = "\tstorage = ../../../lfs\n";

fn knows_lfs(text: &str) -> bool {
    let mut is_within = false;
    text.lines().map(|line| line.trim().to_ascii_lowercase()).any(|line| {
        if line.starts_with('[') {
            is_within = line.starts_with("[lfs]");
        }
        is_within && line.contains("repositoryformatversion")
    })
}

/// All submodules count whose files are there, so that Git shows them for what they are.
const SUBMODULES: &str = "[submodule]\n\tactive = .\n";

/// The configuration of a repository that has the objects of submodules. Trees of it are all
/// elsewhere.
pub(super) fn config_of_module(settings: Settings, format: ObjectFormat) -> String {
    let mut text = first(format).replace("bare = false", "bare = true") + SUBMODULES;
    if settings.lfs {
        text = text + LFS + LFS_OF_MODULE;
    }
    match settings.checkout.lines() {
        lines if lines.is_empty() => text,
        lines => format!("{text}{BY_OPTIONS}\n{lines}"),
    }
}

/// Whom Git takes for the author of what somebody commits here.
const USER: &str = "[user]\n\tname = gitsyncd\n\temail = gitsyncd@localhost\n";

/// Says whether the configuration is that of a repository; it may have been added to.
pub(super) fn config_is_right(git: &Path) -> bool {
    let whole = |text: &str| text.contains("repositoryformatversion =") && text.ends_with('\n');
    fs::read_to_string(git.join("config")).is_ok_and(|text| whole(&text))
}

/// What earlier versions, and kubernetes/git-sync, did not say.
const LACKING: &str = "[core]\n\ttrustctime = false\n";

/// Our configuration, or that which is there with what it lacks, and how files are written.
pub(super) fn config(git: &Path, settings: Settings, format: ObjectFormat) -> String {
    let mut text = match fs::read_to_string(git.join("config")) {
        Ok(text) if config_is_right(git) && text.contains("trustctime") => text,
        Ok(text) if config_is_right(git) => text + LACKING,
        Ok(_) | Err(_) => first(format),
    };
    if !text.contains("[submodule]") && git.join("gitsyncd/modules").is_dir() {
        text.push_str(SUBMODULES);
    }
    let lines = settings.checkout.lines();
    text = without_options(&text);
    if !lines.is_empty() {
        text = format!("{text}{BY_OPTIONS}\n{lines}");
    }
    if settings.by_worktree && !is_by_worktree(&text) {
        text.push_str(BY_WORKTREE);
    }
    if settings.lfs && !knows_lfs(&text) {
        text.push_str(LFS);
    }
    text
}

/// Has Git read what it is told of one worktree only. It does no harm where nothing is told, so it
/// stays for trees that were published before.
const BY_WORKTREE: &str = "[extensions]\n\tworktreeConfig = true\n";

fn is_by_worktree(text: &str) -> bool {
    let value = |line: &str| {
        let (key, value) = line.split_once('=')?;
        let is_it = key.trim().eq_ignore_ascii_case("worktreeconfig");
        is_it.then(|| value.trim().eq_ignore_ascii_case("true"))
    };
    text.lines().filter_map(value).next_back() == Some(true)
}

/// The head of the section that says how files are written. What somebody else puts into it stays.
const BY_OPTIONS: &str = "[core] # as the options of gitsyncd say";

/// Takes out what an earlier run was told of how files are written.
fn without_options(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    // Whether this is our section, and whether something else is in it.
    let (mut ours, mut mixed) = (false, false);
    for line in text.split_inclusive('\n') {
        let is_head = line.trim_start().starts_with('[');
        if is_head {
            (ours, mixed) = (line.trim_end() == BY_OPTIONS, false);
        }
        let key = line.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        if ours && (is_head || Checkout::KEYS.contains(&key.as_str())) {
            continue;
        }
        if ours && !mixed {
            kept.push_str("[core]\n");
            mixed = true;
        }
        kept.push_str(line);
    }
    kept
}

/// Lets Git know a user, if the configuration names none.
pub fn add_user(layout: &Layout) -> Result<(), DiskError> {
    let path = layout.git().join("config");
    let text = fs::read_to_string(&path).at("read", &path)?;
    if text.lines().any(|line| line.trim_start().starts_with("[user]")) {
        return Ok(());
    }
    replace_file(&path, (text + USER).as_bytes(), Durable::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AutoCrlf, Eol};

    #[test]
    fn what_options_say_is_added_and_taken_away_and_all_else_stays() {
        let dir = tempfile::tempdir().unwrap();
        let write_all = |settings: Settings| {
            let text = config(dir.path(), settings, ObjectFormat::Sha1);
            fs::write(dir.path().join("config"), &text).unwrap();
            assert_eq!(config(dir.path(), settings, ObjectFormat::Sha256), text);
            text
        };
        let write = |checkout| write_all(Settings { checkout, ..Settings::default() });
        let crlf = Checkout { autocrlf: Some(AutoCrlf::True), ..Checkout::default() };
        let other = Checkout { eol: Some(Eol::Crlf), symlinks: Some(false), ..Checkout::default() };
        let nothing = Checkout::default();
        assert_eq!(write(nothing), CONFIG);
        let text = write(crlf);
        assert_eq!(text, format!("{CONFIG}{BY_OPTIONS}\n\tautocrlf = true\n"));
        let added = "\tabbrev = 9\n[user]\n\tname = Ada\n";
        fs::write(dir.path().join("config"), format!("{text}{added}")).unwrap();
        let mine = format!("{CONFIG}[core]\n{added}");
        let text = write(other);
        assert_eq!(text, format!("{mine}{BY_OPTIONS}\n\teol = crlf\n\tsymlinks = false\n"));
        assert_eq!(write(nothing), mine);
        fs::write(dir.path().join("config"), "[core]\n\trepositoryformatversion = 0\n").unwrap();
        assert!(write(crlf).ends_with("\tautocrlf = true\n"));
        assert!(write(nothing).ends_with("trustctime = false\n"));
        let text = write_all(Settings { by_worktree: true, ..Settings::default() });
        assert!(text.ends_with(BY_WORKTREE));
        assert_eq!(write(nothing), text, "trees may still need it");
        fs::write(dir.path().join("config"), text + "\tworktreeconfig = false\n").unwrap();
        let text = write_all(Settings { by_worktree: true, ..Settings::default() });
        assert!(text.ends_with(BY_WORKTREE));
    }

    #[test]
    fn git_lfs_finds_what_it_would_write_and_what_it_wrote_stays() {
        let dir = tempfile::tempdir().unwrap();
        let write = |lfs| {
            let settings = Settings { lfs, ..Settings::default() };
            let text = config(dir.path(), settings, ObjectFormat::Sha1);
            fs::write(dir.path().join("config"), &text).unwrap();
            text
        };
        assert_eq!(write(false), CONFIG);
        let ours = format!("{CONFIG}{LFS}");
        assert_eq!(write(true), ours);
        assert_eq!(write(true), ours);
        assert_eq!(write(false), ours, "it does no harm");
        let theirs =
            format!("{CONFIG}[LFS]\n\tconcurrenttransfers = 2\n\tRepositoryFormatVersion=0\n");
        fs::write(dir.path().join("config"), &theirs).unwrap();
        assert_eq!(write(true), theirs);
        let other = format!("{CONFIG}[lfs \"https://h\"]\n\taccess = basic\n");
        fs::write(dir.path().join("config"), &other).unwrap();
        assert_eq!(write(true), format!("{other}{LFS}"));
    }

    #[test]
    fn the_hash_that_names_objects_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(format(dir.path()), None);
        for wanted in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
            fs::write(dir.path().join("config"), first(wanted)).unwrap();
            assert_eq!(format(dir.path()), Some(wanted));
        }
    }
}
