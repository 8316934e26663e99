//! How the program is told of each way, with files in each state.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::fs;
use std::path::Path;

use crate::support::daemon::{Root, Setup};
use crate::support::github::app;
use crate::ways::matrix::site::{Site, USER, WRONG, cookie, password};
use crate::ways::matrix::{Form, Row, State, Way};
use crate::ways::trying;

/// Puts a file into its state.
fn put(path: &Path, state: State, right: &str, wrong: &str) {
    match state {
        State::Right | State::Odd => fs::write(path, right).unwrap(),
        State::Wrong => fs::write(path, wrong).unwrap(),
        State::Missing => (),
        State::Empty => fs::write(path, "").unwrap(),
        State::Directory => fs::create_dir(path).unwrap(),
        State::Newline => fs::write(path, format!("{right}\n")).unwrap(),
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Describes the run of a row, with files in a directory.
pub(super) fn setup(site: &Site, form: Form, row: Row, root: &Root, dir: &Path) -> Setup {
    let mut url = site.url(row);
    if row.way == Way::UrlUser {
        let user = url.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
        let user = user.map_or(USER, |(user, _)| user).to_owned();
        let password = utf8_percent_encode(&value(row.state), NON_ALPHANUMERIC).to_string();
        let bare = url.replace(&format!("://{user}@"), "://");
        url = bare.replace("://", &format!("://{user}:{password}@"));
    }
    let setup = trying(&url, root).flag("--error-file=error");
    let of_ssh = matches!(row.way, Way::Key | Way::TwoKeys | Way::MountedKey);
    let setup = match form {
        // What is mounted has its own list of authorities or hosts.
        Form::Https | Form::HttpsWithUser if row.way != Way::MountedCertificate => {
            setup.flag(format!("--ca-file={}", site.authority.display()))
        }
        Form::Ssh | Form::Scp if row.way != Way::MountedKey => {
            let setup =
                setup.flag(format!("--ssh-known-hosts-file={}", site.known_hosts.display()));
            // A server lets nobody in without a key.
            let other = !of_ssh && row.way != Way::Nothing;
            if other { key(setup, &site.keys[0].path) } else { setup }
        }
        Form::Http
        | Form::Https
        | Form::HttpsWithUser
        | Form::Ssh
        | Form::Scp
        | Form::Git
        | Form::File
        | Form::Path => setup,
    };
    tell(setup, site, row, &url, dir)
}

/// A password that is in no file.
fn value(state: State) -> String {
    match state {
        State::Wrong => WRONG.to_owned(),
        State::Empty => String::new(),
        State::Newline => format!("{}\n", password(false)),
        State::Right | State::Odd | State::Missing | State::Directory => {
            password(state == State::Odd).to_owned()
        }
    }
}

fn key(setup: Setup, path: &Path) -> Setup {
    setup.flag(format!("--ssh-key-file={}", path.display()))
}

fn tell(setup: Setup, site: &Site, row: Row, url: &str, dir: &Path) -> Setup {
    let state = row.state;
    let file = dir.join("file");
    let at_file = file.display();
    let mounted = format!("--auth-dir={}", dir.display());
    let put_password = |path: &Path| put(path, state, password(state == State::Odd), WRONG);
    match row.way {
        Way::Nothing | Way::UrlUser => setup,
        Way::Password => {
            let setup = setup.flag(format!("--username={USER}"));
            setup.variable("GITSYNC_PASSWORD", value(state))
        }
        Way::PasswordFile => {
            put_password(&file);
            setup.flag(format!("--username={USER}")).flag(format!("--password-file={at_file}"))
        }
        Way::Credential => setup.flag(credential(url, "password", &value(state))),
        Way::CredentialFile => {
            put_password(&file);
            setup.flag(credential(url, "password-file", file.to_str().unwrap()))
        }
        Way::MountedLogin => {
            fs::write(dir.join("username"), USER).unwrap();
            put_password(&dir.join("password"));
            setup.flag(mounted)
        }
        Way::Askpass => {
            let url = site.askpass.url(&format!("/{state:?}"));
            setup.flag(format!("--askpass-url={url}"))
        }
        Way::GithubApp => {
            put(&file, state, &site.pems[0], &site.pems[1]);
            app(setup, &site.api, &file)
        }
        Way::CookieFile => {
            let line = |value| format!("127.0.0.1\tFALSE\t/repo.git\tFALSE\t0\to\t{value}\n");
            put(&file, state, &line(cookie(state == State::Odd)), &line(WRONG));
            setup.flag(format!("--cookie-file={at_file}"))
        }
        Way::MountedKey | Way::MountedCertificate | Way::Certificate | Way::Key | Way::TwoKeys => {
            tell_keys(setup, site, row, dir)
        }
    }
}

/// Says who we are by a key.
fn tell_keys(setup: Setup, site: &Site, row: Row, dir: &Path) -> Setup {
    let file = dir.join("file");
    let [right, wrong, other] = &site.keys;
    let put_key = |path: &Path| put(path, row.state, &read(&right.path), &read(&wrong.path));
    let mounted = format!("--auth-dir={}", dir.display());
    if row.way == Way::MountedKey {
        put_key(&dir.join("ssh-privatekey"));
        fs::copy(&site.known_hosts, dir.join("known_hosts")).unwrap();
        setup.flag(mounted)
    } else if row.way == Way::MountedCertificate {
        certificate(site, row.state, dir);
        fs::copy(&site.authority, dir.join("ca.crt")).unwrap();
        setup.flag(mounted)
    } else if row.way == Way::Certificate {
        certificate(site, row.state, dir);
        setup
            .flag(format!("--client-cert={}", dir.join("tls.crt").display()))
            .flag(format!("--client-key={}", dir.join("tls.key").display()))
    } else {
        put_key(&file);
        let setup = if row.way == Way::TwoKeys { key(setup, &other.path) } else { setup };
        key(setup, &file)
    }
}

fn credential(url: &str, name: &str, value: &str) -> String {
    // Only servers over HTTP can be named.
    let host = url.starts_with("http").then(|| url.split("/repo.git").next().unwrap());
    let host = host.unwrap_or("https://127.0.0.1").replace(&format!("{USER}@"), "");
    let entry = serde_json::json!({"url": host, "username": USER, name: value});
    format!("--credential={entry}")
}

/// Puts our certificate into a directory, and its key in a state.
fn certificate(site: &Site, state: State, dir: &Path) {
    let [right, wrong] = &site.certificates;
    let from = if state == State::Wrong { wrong } else { right };
    fs::copy(from.path().join("tls.crt"), dir.join("tls.crt")).unwrap();
    let text = |from: &tempfile::TempDir| read(&from.path().join("tls.key"));
    put(&dir.join("tls.key"), state, &text(right), &text(wrong));
}
