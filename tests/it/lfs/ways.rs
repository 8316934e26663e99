//! The ways to large files: with a password over TLS, and by asking an SSH server.

use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::lfs::{assert_published, trying, with_server};
use crate::submodules::family::{link, links};
use crate::support::authority::Authority;
use crate::support::daemon::{Root, Setup};
use crate::support::http;
use crate::support::lfs::{self, Server, kept};
use crate::support::sshd::{self, Sshd};
use crate::support::told::only_failure;
use crate::support::upstream::Upstream;

#[test]
fn files_come_over_tls_with_a_password() {
    let (upstream, root, authority) = (lfs::upstream(), Root::new(), Authority::new());
    let change = upstream.change().file("a.bin", "content\n").file("b.bin", "more\n");
    let commit = change.commit();
    let server = Server::start(&kept(&upstream));
    let addr = server.addr();
    // The password is that of the whole server.
    let forward = format!(
        "auth_basic lfs; auth_basic_user_file users; location ~ /info/lfs/ {{ \
         proxy_set_header Host $http_host; proxy_set_header X-Scheme https; \
         proxy_pass http://{addr}; }}"
    );
    let git = http::over(&upstream).login("ada", "hush").tls(&authority).line(&forward).start();
    let setup = |password: &str| {
        trying(&git.url(), &root)
            .flag(format!("--ca-file={}", authority.certificate().display()))
            .flag("--username=ada")
            .variable("GITSYNC_PASSWORD", password)
    };
    setup("hush").once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    let paths: Vec<_> = git.requests().into_iter().map(|request| request.target).collect();
    let of_lfs = paths.iter().filter(|path| path.contains("/info/lfs/objects/"));
    assert_eq!(of_lfs.count(), 3, "{paths:?}");
}

/// A server whose `git-lfs-authenticate` is this script; without one, there is no such program.
struct WithScript {
    sshd: Sshd,
    setup: Box<dyn Fn(&Root) -> Setup>,
}

fn with_script(upstream: &Upstream, script: Option<&str>) -> WithScript {
    let sshd = sshd::start();
    let key = sshd.login();
    let dir = sshd.dir().join("programs");
    fs::create_dir(&dir).unwrap();
    if let Some(script) = script {
        let path = dir.join("git-lfs-authenticate");
        fs::write(&path, format!("#!/bin/sh\necho \"$@\" >>{}\n{script}\n", said(&sshd))).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let wrapper = dir.join("wrapper");
    let text = format!(
        "#!/bin/sh\nPATH={}:$PATH\nexport PATH\nexec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"\n",
        dir.display()
    );
    fs::write(&wrapper, text).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let forced = format!("ForceCommand {}", wrapper.display());
    sshd.configure(&["AcceptEnv GIT_PROTOCOL", &forced]);
    let (url, known) = (sshd.url(&upstream.repo()), sshd.known());
    let setup = move |root: &Root| {
        trying(&url, root)
            .flag(format!("--ssh-key-file={}", key.path.display()))
            .flag(format!("--ssh-known-hosts-file={}", known.display()))
    };
    WithScript { sshd, setup: Box::new(setup) }
}

/// Where a script notes how it was called.
fn said(sshd: &Sshd) -> String {
    sshd.dir().join("called").display().to_string()
}

fn calls(sshd: &Sshd) -> String {
    fs::read_to_string(Path::new(&said(sshd))).unwrap_or_default()
}

#[test]
fn an_ssh_server_says_where_files_are_and_what_to_say_there() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let commit = upstream.commit("a.bin", "content\n");
    let server = Server::start(&kept(&upstream));
    let grant = json!({"href": server.url(), "header": {"Authorization": "RemoteAuth x"},
        "expires_in": 600});
    let script = with_script(&upstream, Some(&format!("echo '{grant}'")));
    (script.setup)(&root).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    let wanted = format!("{} download\n", upstream.repo().display());
    assert_eq!(calls(&script.sshd), wanted);
    assert_eq!(script.sshd.connections(), 1, "it is asked on the connection that is open");
    let granted =
        |asked: &crate::support::service::Asked| asked.header("authorization").map(str::to_owned);
    assert!(server.asked().iter().all(|asked| granted(asked).as_deref() == Some("RemoteAuth x")));
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn the_ssh_server_of_a_submodule_says_where_its_files_are() {
    let (upstream, other, root) = (lfs::upstream(), lfs::upstream(), Root::new());
    other.commit("x.bin", "elsewhere\n");
    let server = Server::start(&kept(&other));
    let grant = json!({"href": server.url(), "header": {"Authorization": "RemoteAuth x"}});
    let script = with_script(&other, Some(&format!("echo '{grant}'")));
    let url = script.sshd.url(&other.repo());
    let commit = links(&upstream, &[link("sub", &url, &other.head())]);
    let repo = format!("--repo={}", upstream.repo().display());
    (script.setup)(&root).flag(repo).once().expect_code(0);
    assert_eq!(root.published(), Some(commit));
    assert_eq!(fs::read(root.link().join("sub/x.bin")).unwrap(), b"elsewhere\n");
    assert_eq!(calls(&script.sshd), format!("{} download\n", other.repo().display()));
    for asked in server.asked() {
        assert_eq!(asked.header("authorization"), Some("RemoteAuth x"));
    }
}

#[test]
fn an_ssh_server_that_refuses_ends_the_attempt() {
    for (script, class, words) in [
        ("echo 'Permission denied.' >&2; exit 1", "auth", "Permission denied."),
        ("echo 'ERROR: Repository not found.' >&2; exit 1", "not_found", "Repository not found"),
        ("echo 'out of order' >&2; exit 3", "protocol", "out of order"),
        ("echo welcome", "protocol", "git-lfs-authenticate: it is no JSON at line 1"),
        ("echo '{\"href\":\"ftp://me:hush@h/x?hush\"}'", "config", "ftp://h/x\" of the LFS"),
    ] {
        let (upstream, root) = (lfs::upstream(), Root::new());
        upstream.commit("a.bin", "content\n");
        let script = with_script(&upstream, Some(script));
        let failure = only_failure(&(script.setup)(&root).once());
        failure.expect(class, words);
        assert_eq!(root.published(), None);
    }
}

#[test]
fn without_the_program_files_are_where_everybody_would_guess() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    upstream.commit("a.bin", "content\n");
    let script = with_script(&upstream, None);
    // Nobody listens there, but it says where it looked.
    let failure = only_failure(&(script.setup)(&root).flag("--sync-timeout=20s").once());
    let guess = format!("https://127.0.0.1{}/info/lfs", upstream.repo().display());
    failure.expect("network", &guess);
}

#[test]
fn an_address_that_is_given_spares_the_question() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let commit = upstream.commit("a.bin", "content\n");
    let server = Server::start(&kept(&upstream));
    let script = with_script(&upstream, Some("exit 3"));
    with_server((script.setup)(&root), &server.url()).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert_eq!(calls(&script.sshd), "");
}

#[test]
fn a_repository_may_not_name_another_ssh_server() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let config = "[lfs]\n\turl = ssh://git@127.0.0.2/x\n";
    upstream.change().file(".lfsconfig", config).file("a.bin", "content\n").commit();
    let script = with_script(&upstream, Some("exit 3"));
    let failure = only_failure(&(script.setup)(&root).once());
    failure.expect("config", "may not name another SSH server");
    assert_eq!(script.sshd.connections(), 1);
}
