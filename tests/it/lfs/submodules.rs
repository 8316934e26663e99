//! Files of Git LFS in submodules: the same as stock Git and git-lfs check out, and kept once for
//! all.

use std::fs;
use std::path::Path;
use tempfile::TempDir;

use crate::contract::after_more_attempts;
use crate::lfs::{kept_in, polling, settled, stat, trying, with_server};
use crate::submodules::family::{Sub, assert_equals, link, links, stores};
use crate::support::daemon::{Root, Setup};
use crate::support::git::{git, run};
use crate::support::lfs::{self, Server, git_with_lfs, kept, oid, place, pointer, settings};
use crate::support::snapshot::Snapshot;
use crate::support::told::only_failure;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// What says which files are of Git LFS.
const ATTRIBUTES: &str = "*.bin filter=lfs diff=lfs merge=lfs -text\n";

/// A repository beside another whose `*.bin` are files of Git LFS, kept where those of the other are.
fn beside(upstream: &Upstream, name: &str) -> Sub {
    let sub = Sub::beside(upstream, name);
    run(sub.git().args(["lfs", "install", "--local", "--skip-repo"]));
    run(sub.git().args(["config", "core.hooksPath", "/dev/null"]));
    run(sub.git().args(["config", "lfs.storage"]).arg(kept(upstream)));
    sub.write("x.bin", format!("large in {name}\n")).commit(".gitattributes", ATTRIBUTES);
    sub
}

/// `sub`, and `deep` in it, both with files of Git LFS.
struct Family {
    upstream: Upstream,
    sub: Sub,
    deep: Sub,
    server: Server,
}

impl Family {
    fn new() -> Self {
        let upstream = lfs::upstream();
        let (sub, deep) = (beside(&upstream, "sub"), beside(&upstream, "deep"));
        sub.has(&[link("deep", "../deep.git", &deep.head())]);
        upstream.change().file("a.bin", "large at the top\n").file("text", "plain\n").commit();
        let server = Server::start(&kept(&upstream));
        let family = Self { upstream, sub, deep, server };
        family.follow();
        family
    }

    /// Has what `sub` is at now.
    fn follow(&self) -> String {
        links(&self.upstream, &[link("mods/sub", "../sub.git", &self.sub.head())])
    }

    fn url(&self) -> String {
        self.upstream.repo().display().to_string()
    }

    fn setup(&self, setup: impl FnOnce(&str) -> Setup) -> Setup {
        with_server(setup(&self.url()), &self.server.url())
    }

    #[track_caller]
    fn assert_published(&self, root: &Root, commit: &str) {
        assert_published(root, &self.upstream.repo(), commit, &kept(&self.upstream), &[]);
    }
}

/// What stock Git with git-lfs makes of a commit, given where all files of Git LFS are.
fn checkout(repo: &Path, commit: &str, kept: &Path, also: &[(&str, &str)]) -> Snapshot {
    let dir = TempDir::new().unwrap();
    run(git(dir.path()).args(["clone", "--quiet", "--no-checkout"]).arg(repo).arg("t"));
    let tree = dir.path().join("t");
    let known = settings(kept);
    let known = known.iter().map(|(key, value)| (*key, value.as_str())).chain(also.iter().copied());
    let known: Vec<_> = known.map(|(key, value)| format!("{key}={value}")).collect();
    let call = |args: &[&str]| {
        let mut command = git(&tree);
        for setting in &known {
            command.args(["-c", setting]);
        }
        run(command.args(args));
    };
    call(&["checkout", "--quiet", "--force", "--detach", commit]);
    call(&["submodule", "--quiet", "update", "--init", "--recursive"]);
    Snapshot::whole(&tree).without_pointers()
}

/// Fails unless the link shows the same, and stock Git and git-lfs are content with all of it.
#[track_caller]
pub(super) fn assert_published(
    root: &Root,
    repo: &Path,
    commit: &str,
    kept: &Path,
    also: &[(&str, &str)],
) {
    assert_equals(root, &checkout(repo, commit, kept, also), commit);
    let link = root.link();
    let status = ["--no-optional-locks", "submodule", "status", "--recursive"];
    let listed = run(git(&link).args(status));
    let below = listed.lines().filter_map(|line| line.split_whitespace().nth(1));
    for dir in std::iter::once(link.clone()).chain(below.map(|path| link.join(path))) {
        let status = ["--no-optional-locks", "status", "--porcelain"];
        assert_eq!(run(git_with_lfs(&dir).args(status)), "", "{}", dir.display());
        assert_eq!(run(git_with_lfs(&dir).args(["lfs", "status", "--porcelain"])), "");
        // It looks for what is kept.
        assert_eq!(run(git_with_lfs(&dir).args(["lfs", "fsck", "--objects"])), "Git LFS fsck OK");
    }
    for store in stores(root) {
        assert!(!store.join("lfs/objects").exists(), "{}", store.display());
    }
}

/// The ids of files with this content.
fn oids(contents: &[&str]) -> Vec<String> {
    let mut all: Vec<_> = contents.iter().map(|content| oid(content.as_bytes())).collect();
    all.sort();
    all
}

#[test]
fn files_of_submodules_are_brought_in_the_place_of_pointers() {
    let (family, root) = (Family::new(), Root::new());
    // The same file is kept once.
    family.sub.write("same.bin", "large at the top\n").write("dir/run.bin", "a program\n").push();
    let commit = family.follow();
    family.setup(|url| trying(url, &root)).once().expect_code(0);
    family.assert_published(&root, &commit);
    let all = ["large at the top\n", "large in sub\n", "a program\n", "large in deep\n"];
    assert_eq!(kept_in(&root), oids(&all));
    assert_eq!(family.server.downloads().len(), all.len());
    let deep = fs::read_to_string(root.link().join("mods/sub/deep/x.bin")).unwrap();
    assert_eq!(deep, "large in deep\n");
}

#[test]
fn repositories_of_this_machine_have_the_files_of_submodules_themselves() {
    let (family, root) = (Family::new(), Root::new());
    let commit = family.follow();
    run(family.upstream.git().args(["lfs", "push", "--all", "origin"]));
    for sub in [&family.sub, &family.deep] {
        run(sub.git().args(["lfs", "push", "--all", "origin", "HEAD"]));
    }
    trying(&family.url(), &root).once().expect_code(0);
    family.assert_published(&root, &commit);
    let place = place(&family.upstream.dir().join("deep.git/lfs"), &oid(b"large in deep\n"));
    fs::remove_file(place).unwrap();
    let failure = only_failure(&trying(&family.url(), &Root::new()).once());
    failure.expect("not_found", "\"mods/sub/deep\"");
    failure.expect("not_found", "x.bin");
    assert!(failure.hint.contains("git lfs push --all"), "{failure:?}");
}

#[test]
fn switching_it_on_or_off_writes_submodules_anew() {
    let (family, root) = (Family::new(), Root::new());
    let commit = family.follow();
    let off = || crate::contract::trying(&family.url(), &root).once();
    let told = "some files are pointers of Git LFS and are written as they are; lfs=on brings what \
                they point to";
    assert_eq!(crate::support::daemon::events(&off().expect_code(0).log, told).len(), 1);
    let file = root.link().join("mods/sub/x.bin");
    let text = pointer(&oid(b"large in sub\n"), 13);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    family.setup(|url| trying(url, &root)).once().expect_code(0);
    family.assert_published(&root, &commit);
    off().expect_code(0);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    assert_eq!(kept_in(&root), [""; 0]);
    for store in stores(&root) {
        assert!(!fs::read_to_string(store.join("config")).unwrap().contains("lfs"));
    }
}

/// Makes changes, and looks what was asked for each.
fn changes_bring_only_what_changed(mode: &str) {
    let (family, root) = (Family::new(), Root::new());
    let first = family.follow();
    let setup = family.setup(|url| polling(url, &root)).flag(format!("--trees={mode}"));
    let daemon = setup.flag("--stale-worktree-timeout=0").start();
    settled(&daemon, &root, &first);
    let same = ["a.bin", "mods/sub/deep/x.bin"];
    let times = || same.map(|path| stat(&root.link().join(path))).map(|(s, ns, _)| (s, ns));
    let before = times();
    let mut last = first;
    for number in 0..2 {
        let count = family.server.asked().len();
        last = family.upstream.commit("text", format!("change {number}\n"));
        settled(&daemon, &root, &last);
        assert_eq!(family.server.asked().len(), count, "nothing to bring");
        if mode == "prepared" {
            root.eventually_prepares();
        }
        family.sub.commit("dir/changed.bin", format!("change {number}\n"));
        last = family.follow();
        settled(&daemon, &root, &last);
        family.assert_published(&root, &last);
        assert_eq!(family.server.asked().len(), count + 2, "a question and a file");
        assert_eq!(times(), before);
    }
    let count = family.server.asked().len();
    family.deep.commit("x.bin", "another\n");
    family.sub.has(&[link("deep", "../deep.git", &family.deep.head())]);
    let id = family.follow();
    settled(&daemon, &root, &id);
    family.assert_published(&root, &id);
    assert_eq!(family.server.asked().len(), count + 2, "nested");
    family.upstream.reset(&last);
    settled(&daemon, &root, &last);
    family.assert_published(&root, &last);
    assert_eq!(family.server.asked().len(), count + 2, "back");
}

#[test]
fn a_change_brings_only_what_changed_to_a_prepared_tree_and_a_rollback_nothing() {
    changes_bring_only_what_changed("prepared");
}

#[test]
fn a_change_brings_only_what_changed_to_a_tree_that_is_used_again() {
    changes_bring_only_what_changed("reused");
}

#[test]
fn a_change_brings_only_what_changed_to_a_fresh_tree() {
    changes_bring_only_what_changed("fresh");
}

#[test]
fn what_no_submodule_needs_any_more_goes() {
    let (family, root) = (Family::new(), Root::new());
    let first = family.follow();
    let daemon = family.setup(|url| polling(url, &root)).start();
    settled(&daemon, &root, &first);
    family.deep.commit("x.bin", "another\n");
    family.sub.has(&[link("deep", "../deep.git", &family.deep.head())]);
    let second = family.follow();
    settled(&daemon, &root, &second);
    let third = family.upstream.commit("text", "another\n");
    settled(&daemon, &root, &third);
    let left = oids(&["large at the top\n", "large in sub\n", "another\n"]);
    eventually("the file is gone", SOON, || (kept_in(&root) == left).then_some(()));
    let fourth = links(&family.upstream, &[]);
    settled(&daemon, &root, &fourth);
    let fifth = family.upstream.commit("text", "yet another\n");
    settled(&daemon, &root, &fifth);
    let left = oids(&["large at the top\n"]);
    eventually("they are gone", SOON, || (kept_in(&root) == left).then_some(()));
}

#[test]
fn what_a_reader_writes_to_in_a_submodule_is_brought_or_copied_again() {
    let damages: [fn(&Path); 3] = [
        |file| fs::write(file, "something else\n").unwrap(),
        |file| fs::write(file, "LARGE IN DEEP\n").unwrap(),
        |file| fs::remove_file(file).unwrap(),
    ];
    for mode in ["prepared", "fresh"] {
        let (family, root) = (Family::new(), Root::new());
        let commit = family.follow();
        let setup = family.setup(|url| polling(url, &root)).flag(format!("--trees={mode}"));
        let daemon = setup.start();
        settled(&daemon, &root, &commit);
        for (number, damage) in damages.iter().enumerate() {
            println!("{mode}, damage {number}");
            damage(&root.link().canonicalize().unwrap().join("mods/sub/deep/x.bin"));
            eventually("it is seen", SOON, || {
                (daemon.events("the published tree was changed").len() > number).then_some(())
            });
            after_more_attempts(&daemon, 2);
            settled(&daemon, &root, &commit);
            family.assert_published(&root, &commit);
        }
    }
}

#[test]
fn a_submodule_outside_of_the_rules_brings_nothing() {
    let (family, root) = (Family::new(), Root::new());
    let other = beside(&family.upstream, "other");
    let both = [
        link("mods/sub", "../sub.git", &family.sub.head()),
        link("else/other", "../other.git", &other.head()),
    ];
    let commit = links(&family.upstream, &both);
    let setup = family.setup(|url| trying(url, &root)).flag("--sparse-path=mods");
    setup.once().expect_code(0);
    assert_eq!(root.published(), Some(commit));
    let all = ["large at the top\n", "large in sub\n", "large in deep\n"];
    assert_eq!(kept_in(&root), oids(&all));
    let content = fs::read_to_string(root.link().join("mods/sub/x.bin")).unwrap();
    assert_eq!(content, "large in sub\n");
    assert!(!root.link().join("else").exists());
}
