//! The variables of Git itself: those that count, and those that name programs, which are not run.

use serde_json::Value;
use std::fs;
use tempfile::TempDir;

use crate::contract::assert_published;
use crate::faults::course::{fails, single, succeeds};
use crate::support::authority::{Authority, Leaf};
use crate::support::daemon::{Finished, Root, Setup};
use crate::support::http;
use crate::support::upstream::Upstream;

const NAMES: [&str; 2] = ["git-sync", "gitsyncd"];

/// Has settings listed as Git reads them.
fn listing(setup: Setup, settings: &[(&str, &str)]) -> Setup {
    let setup = setup.variable("GIT_CONFIG_COUNT", settings.len().to_string());
    settings.iter().enumerate().fold(setup, |setup, (number, (key, value))| {
        setup
            .variable(&format!("GIT_CONFIG_KEY_{number}"), key)
            .variable(&format!("GIT_CONFIG_VALUE_{number}"), value)
    })
}

/// What the log says of a variable.
fn told(finished: &Finished, name: &str) -> Vec<String> {
    let messages = finished.log.iter().filter_map(|line| {
        let event: Value = serde_json::from_str(line).ok()?;
        Some(event["message"].as_str()?.to_owned())
    });
    messages.filter(|message| message.starts_with(name)).collect()
}

#[test]
fn certificates_are_found_where_variables_of_git_say() {
    let (upstream, authority, dir) = (Upstream::new(), Authority::new(), TempDir::new().unwrap());
    let server = http::over(&upstream).tls(&authority).clients_of(&authority).start();
    let leaf = Leaf { subject: "ada".to_owned(), ..Leaf::default() };
    authority.certify(&leaf, dir.path());
    let here = server.url().replace("/repo.git", "/");
    for name in NAMES {
        let setup = single(&server.url(), &Root::new())
            .called(name)
            // Variables count before what is said of the address.
            .flag(format!("--git-config=\"http.{here}.sslCAInfo\":\"/nowhere\""))
            .variable("GIT_SSL_CAINFO", authority.certificate())
            .variable("GIT_SSL_CERT", dir.path().join("tls.crt"))
            .variable("GIT_SSL_KEY", dir.path().join("tls.key"));
        succeeds(setup);
    }
    assert!(server.requests().iter().all(|request| request.client == "CN=ada"));
}

#[test]
fn a_server_is_believed_without_proof_if_a_variable_of_git_says_so() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let server = http::over(&upstream).tls(&authority).start();
    for name in NAMES {
        let setup = || single(&server.url(), &Root::new()).called(name);
        fails(setup().variable("GIT_SSL_NO_VERIFY", "")).expect("tls", "certificate");
        let finished = setup().variable("GIT_SSL_NO_VERIFY", "1").once();
        finished.expect_code(0);
        let told = told(&finished, "GIT_SSL_NO_VERIFY: ").concat();
        assert!(told.contains("any server is believed"), "{told}");
    }
}

#[test]
fn settings_that_git_finds_in_variables_count() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let (base, secret) = (server.url().replace("repo.git", ""), "hush-hush");
    for name in NAMES {
        let setup = single("https://example.org/repo.git", &root).called(name).flag("-v9");
        let finished = listing(
            setup,
            &[
                (&format!("url.{base}.insteadOf"), "https://example.org/"),
                ("http.extraHeader", &format!("X-Extra: {secret}")),
                ("pack.deltaCacheSize", "1"),
            ],
        )
        .once();
        finished.expect_code(0);
        let told = told(&finished, "GIT_CONFIG_");
        assert_eq!(told, ["GIT_CONFIG_KEY_2: pack.deltaCacheSize has no effect here"]);
        assert!(!finished.log.concat().contains(secret));
    }
    assert_published(&root, &upstream, &upstream.head());
    assert!(server.requests().iter().all(|request| request.extra == secret));
    let wrong = single(&server.url(), &Root::new()).variable("GIT_CONFIG_COUNT", "1").once();
    wrong.expect_code(2);
    assert!(wrong.log.concat().contains("GIT_CONFIG_KEY_0 is missing"), "{:?}", wrong.log);
}

#[test]
fn variables_that_name_programs_of_git_bring_a_warning_each() {
    let (upstream, dir) = (Upstream::new(), TempDir::new().unwrap());
    let (server, proof) = (http::serve(&upstream), dir.path().join("proof"));
    let program = format!("touch {}", proof.display());
    for name in NAMES {
        let setup = single(&server.url(), &Root::new())
            .called(name)
            .variable("GIT_SSH_COMMAND", &program)
            .variable("GIT_ASKPASS", &program)
            .variable("GIT_CONFIG_GLOBAL", "/dev/null")
            .variable("GIT_TERMINAL_PROMPT", "0")
            .variable("GIT_TRACE", "1");
        let finished = setup.once();
        finished.expect_code(0);
        let [askpass, ssh] = &told(&finished, "GIT_")[..] else { panic!("{:?}", finished.log) };
        assert!(askpass.starts_with("GIT_ASKPASS: ") && askpass.contains("--askpass-url"));
        assert!(ssh.starts_with("GIT_SSH_COMMAND: ") && ssh.contains("--ssh-key-file"));
        assert!(!finished.log.concat().contains(&program));
    }
    assert!(fs::metadata(proof).is_err());
}
