//! What is published: the same as stock git-lfs checks out, brought once, and kept as long as it is
//! needed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::contract::after_more_attempts;
use crate::contract::metric;
use crate::lfs::{assert_published, at, kept_in, polling, settled, stat, trying, with_server};
use crate::support::daemon::Root;
use crate::support::git::{git, run};
use crate::support::lfs::{self, Server, kept, oid, place, pointer};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// All kinds of files in one commit.
fn varied(upstream: &Upstream) -> String {
    upstream
        .change()
        .file("a.bin", "content of a\n")
        .file("same.bin", "content of a\n")
        .file("empty.bin", "")
        .executable("run.bin", "a program\n")
        .executable("d/e/run.bin", "content of a\n")
        .file("d/text", "$Id$ plain\n")
        .file("line\nbreak.bin", b"\0\xff\r\n".repeat(999))
        .symlink("link.bin", "a.bin")
        .file("crlf/.gitattributes", "*.bin text eol=crlf\n*.raw filter=lfs -text\n")
        .file("crlf/x.raw", "one\ntwo\n")
        .file("off/.gitattributes", "*.bin -filter text\n")
        .file("off/x.bin", "not of LFS\n")
        .commit()
}

#[test]
fn files_are_brought_in_the_place_of_pointers() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let commit = varied(&upstream);
    let server = Server::start(&kept(&upstream));
    with_server(trying(&at(&upstream), &root), &server.url()).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert_eq!(fs::read(root.link().join("a.bin")).unwrap(), b"content of a\n");
    assert_eq!(server.batches().len(), 1, "{:?}", server.batches());
    let mut brought: Vec<_> =
        server.downloads().iter().map(|asked| lfs::path(asked).to_owned()).collect();
    brought.sort();
    brought.dedup();
    assert_eq!(brought.len(), server.downloads().len(), "each once");
    let batch = &server.batches()[0];
    let media = "application/vnd.git-lfs+json";
    assert_eq!(batch.header("accept"), Some(media));
    assert_eq!(batch.header("content-type"), Some(media));
    assert!(batch.line.starts_with("POST /lfs/objects/batch "), "{}", batch.line);
}

#[test]
fn a_repository_of_this_machine_has_its_files_itself() {
    for bare in [true, false] {
        let (upstream, root) = (lfs::upstream(), Root::new());
        let commit = varied(&upstream);
        let source = if bare {
            // As a push to a path leaves them.
            run(upstream.git().args(["lfs", "push", "--all", "origin"]));
            upstream.repo()
        } else {
            upstream.work()
        };
        trying(source.to_str().unwrap(), &root).once().expect_code(0);
        assert_published(&root, &upstream, &commit);
    }
}

#[test]
fn without_the_option_pointers_are_written_and_that_is_told_once() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let first = upstream.commit("a.bin", "content\n");
    let daemon = crate::contract::polling(&at(&upstream), &root).start();
    settled(&daemon, &root, &first);
    let second = upstream.commit("b.bin", "more\n");
    settled(&daemon, &root, &second);
    let text = fs::read_to_string(root.link().join("a.bin")).unwrap();
    assert_eq!(text, pointer(&oid(b"content\n"), 8));
    let told = "some files are pointers of Git LFS and are written as they are; lfs=on brings what \
                they point to";
    assert_eq!(daemon.events(told).len(), 1);
    assert!(!root.path().join(".git/lfs").exists());
}

#[test]
fn switching_it_on_or_off_writes_the_tree_anew() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let commit = upstream.commit("a.bin", "content\n");
    let server = Server::start(&kept(&upstream));
    let off = || crate::contract::trying(&at(&upstream), &root).once();
    off().expect_code(0);
    with_server(trying(&at(&upstream), &root), &server.url()).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert_eq!(kept_in(&root), [oid(b"content\n")]);
    off().expect_code(0);
    crate::contract::assert_published(&root, &upstream, &commit);
    assert_eq!(kept_in(&root), [""; 0], "nothing stays that nobody needs");
}

#[test]
fn a_change_brings_only_what_changed() {
    for mode in ["prepared", "reused", "fresh"] {
        let (upstream, root) = (lfs::upstream(), Root::new());
        let first = varied(&upstream);
        let server = Server::start(&kept(&upstream));
        let setup = polling(&at(&upstream), &root).flag(format!("--trees={mode}"));
        let daemon = with_server(setup, &server.url()).start();
        settled(&daemon, &root, &first);
        let before = stat(&root.link().join("a.bin"));
        for number in 0..3 {
            if mode == "prepared" {
                root.eventually_prepares();
            }
            let count = server.asked().len();
            let content = format!("change {number}\n");
            let id = upstream.commit("d/changed.bin", &content);
            settled(&daemon, &root, &id);
            assert_published(&root, &upstream, &id);
            assert_eq!(server.asked().len(), count + 2, "{mode}: one question and one file");
            let (seconds, nanoseconds, _) = stat(&root.link().join("a.bin"));
            assert_eq!((seconds, nanoseconds), (before.0, before.1), "{mode}");
        }
        let count = server.asked().len();
        let id = upstream.commit("d/text", "no file of LFS\n");
        settled(&daemon, &root, &id);
        assert_published(&root, &upstream, &id);
        let id = upstream.change().delete("d/changed.bin").commit();
        settled(&daemon, &root, &id);
        assert_published(&root, &upstream, &id);
        assert_eq!(server.asked().len(), count, "{mode}: nothing to bring");
    }
}

#[test]
fn other_attributes_make_files_of_pointers_and_pointers_of_files() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let content = "content of x\n";
    let first = upstream.change().file("x.bin", content).file("y.bin", "y\n").commit();
    let server = Server::start(&kept(&upstream));
    let daemon = with_server(polling(&at(&upstream), &root), &server.url()).start();
    settled(&daemon, &root, &first);
    // What is committed stays a pointer, as stock Git cleans only what seems to have changed.
    run(upstream.git().args(["rm", "-q", ".gitattributes"]));
    run(upstream.git().args(["commit", "-q", "-m", "no attributes"]));
    run(upstream.git().args(["push", "-q", "origin", "HEAD"]));
    let second = upstream.head();
    settled(&daemon, &root, &second);
    let text = fs::read_to_string(root.link().join("x.bin")).unwrap();
    assert_eq!(text, pointer(&oid(content.as_bytes()), content.len()));
    upstream.reset(&first);
    settled(&daemon, &root, &first);
    assert_published(&root, &upstream, &first);
}

#[test]
fn what_is_no_pointer_is_written_as_it_is() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let odd = [
        ("plain.bin", "version of something else\n".to_owned()),
        ("long.bin", pointer(&oid(b"x"), 1) + &" ".repeat(1024)),
        ("other.bin", pointer(&oid(b"x"), 1) + "key value\n"),
        ("upper.bin", pointer(&oid(b"x").to_uppercase(), 1)),
    ];
    // Without the filter, so that they are committed as they are.
    for (name, content) in &odd {
        fs::write(upstream.work().join(name), content).unwrap();
    }
    for key in ["filter.lfs.clean", "filter.lfs.process"] {
        run(upstream.git().args(["config", "--unset", key]));
    }
    run(upstream.git().args(["config", "filter.lfs.required", "false"]));
    let commit = upstream.change().commit();
    let server = Server::start(&kept(&upstream));
    with_server(trying(&at(&upstream), &root), &server.url()).once().expect_code(0);
    for (name, content) in &odd {
        assert_eq!(fs::read_to_string(root.link().join(name)).unwrap(), *content, "{name}");
    }
    assert!(server.asked().is_empty());
    let head = run(git(&root.link()).args(["rev-parse", "HEAD"]));
    assert_eq!(head, commit);
}

#[test]
fn the_files_of_the_commit_before_are_kept_and_a_rollback_needs_no_network() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let server = Server::start(&kept(&upstream));
    let setup = polling(&at(&upstream), &root).flag("--stale-worktree-timeout=0");
    let daemon = with_server(setup, &server.url()).flag("--api-token=hush").start();
    let mut commits = Vec::new();
    for number in 0..4 {
        let id = upstream.commit("a.bin", format!("{number}\n"));
        settled(&daemon, &root, &id);
        commits.push(id);
    }
    let mut wanted = vec![oid(b"2\n"), oid(b"3\n")];
    wanted.sort();
    eventually("only two are kept", SOON, || (kept_in(&root) == wanted).then_some(()));
    let count = server.asked().len();
    upstream.reset(&commits[2]);
    settled(&daemon, &root, &commits[2]);
    assert_published(&root, &upstream, &commits[2]);
    assert_eq!(server.asked().len(), count);
    upstream.reset(&commits[0]);
    settled(&daemon, &root, &commits[0]);
    assert_published(&root, &upstream, &commits[0]);
    assert_eq!(server.asked().len(), count + 2, "that is longer ago");
}

#[test]
fn what_a_reader_writes_to_is_brought_or_copied_again() {
    let damages: [fn(&std::path::Path); 4] = [
        |file| fs::write(file, "something else\n").unwrap(),
        |file| fs::write(file, "CONTENT OF A\n").unwrap(),
        |file| fs::remove_file(file).unwrap(),
        |file| fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap(),
    ];
    for mode in ["prepared", "fresh"] {
        let (upstream, root) = (lfs::upstream(), Root::new());
        let commit = varied(&upstream);
        let server = Server::start(&kept(&upstream));
        let setup = polling(&at(&upstream), &root).flag(format!("--trees={mode}"));
        let daemon = with_server(setup, &server.url()).start();
        settled(&daemon, &root, &commit);
        for (number, damage) in damages.iter().enumerate() {
            println!("{mode}, damage {number}");
            let live = root.link().canonicalize().unwrap();
            damage(&live.join("a.bin"));
            eventually("it is seen", SOON, || {
                (daemon.events("the published tree was changed").len() > number).then_some(())
            });
            after_more_attempts(&daemon, 2);
            settled(&daemon, &root, &commit);
            assert_published(&root, &upstream, &commit);
        }
        let id = upstream.commit("counter", "1\n");
        settled(&daemon, &root, &id);
        assert_published(&root, &upstream, &id);
    }
}

#[test]
fn files_that_git_lfs_has_put_there_are_used() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let content = b"content of a\n";
    let commit = upstream.commit("a.bin", content);
    crate::contract::trying(&at(&upstream), &root).once().expect_code(0);
    let to = place(&root.path().join(".git/lfs"), &oid(content));
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::write(&to, content).unwrap();
    let server = Server::start(&kept(&upstream));
    with_server(trying(&at(&upstream), &root), &server.url()).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert!(server.asked().is_empty());
}

#[test]
fn many_files_are_asked_for_in_few_questions() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let change = (0..230).fold(upstream.change(), |change, n| {
        change.file(format!("d{}/{n}.bin", n % 7), format!("file {n}\n"))
    });
    let commit = change.commit();
    let server = Server::start(&kept(&upstream));
    let setup = with_server(polling(&at(&upstream), &root), &server.url());
    let daemon = setup.flag("--http-metrics").start();
    settled(&daemon, &root, &commit);
    assert_published(&root, &upstream, &commit);
    let questions: Vec<_> = server.batches().iter().map(|b| lfs::wanted(b).len()).collect();
    assert_eq!(questions, [100, 100, 30]);
    let requests = metric(&daemon, "gitsyncd_requests_total");
    assert!(requests >= 233, "{requests}");
}

#[test]
fn the_first_question_may_be_too_long_for_a_server() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let change = (0..40).fold(upstream.change(), |change, n| {
        change.file(format!("{n}.bin"), format!("file {n}\n"))
    });
    let commit = change.commit();
    let server = Server::with(&kept(&upstream), |asked| {
        let many = asked.line.starts_with("POST ") && lfs::wanted(asked).len() > 10;
        many.then(|| lfs::refusal("413 Payload Too Large", "too many"))
    });
    with_server(trying(&at(&upstream), &root), &server.url()).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
}

#[test]
fn only_what_is_wanted_of_a_commit_is_brought() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    upstream.change().file("in/a.bin", "in\n").file("out/b.bin", "out\n").commit();
    let server = Server::start(&kept(&upstream));
    let setup = trying(&at(&upstream), &root).flag("--sparse-path=in");
    with_server(setup, &server.url()).once().expect_code(0);
    assert_eq!(fs::read(root.link().join("in/a.bin")).unwrap(), b"in\n");
    assert_eq!(kept_in(&root), [oid(b"in\n")]);
    assert!(!root.link().join("out/b.bin").exists());
}

#[test]
fn a_file_of_an_extension_is_refused() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let text = pointer(&oid(b"x"), 1);
    let text = text.replace("oid ", &format!("ext-0-foo sha256:{}\noid ", oid(b"y")));
    run(upstream.git().args(["config", "filter.lfs.clean", "cat"]));
    run(upstream.git().args(["config", "--unset", "filter.lfs.process"]));
    upstream.commit("x.bin", text);
    let finished = trying(&at(&upstream), &root).once();
    let failure = crate::support::told::only_failure(&finished);
    failure.expect("config", "ext-0-foo");
    assert_eq!(root.published(), None);
}
