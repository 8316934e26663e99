//! One table: each form of URL, with each way to say who we are, in each state that this may be in.
//!
//! The table is the product of the three. What is left out is left out by [`Row::is_one`], and what
//! is to come of a row is said by [`expected`]. A way that does not concern a form changes nothing:
//! what is broken about it is not even read.

mod setup;
mod site;

use std::any::Any;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tempfile::TempDir;

use crate::support::daemon::Root;
use crate::support::leaks::Secrets;
use crate::support::told::{failures, only_failure};
use crate::support::upstream::Upstream;
use crate::ways::matrix::site::Site;

/// How many rows are tried at the same time.
const THREADS: usize = 2;

/// The forms of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Http,
    Https,
    /// With a name and no password.
    HttpsWithUser,
    Ssh,
    Scp,
    Git,
    File,
    Path,
}

impl Form {
    fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https | Self::HttpsWithUser)
    }

    fn is_https(self) -> bool {
        matches!(self, Self::Https | Self::HttpsWithUser)
    }

    fn is_ssh(self) -> bool {
        matches!(self, Self::Ssh | Self::Scp)
    }
}

/// The ways to say who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Nothing,
    /// `username` and `password`.
    Password,
    PasswordFile,
    Credential,
    /// With `password-file` in it.
    CredentialFile,
    /// `auth-dir` with a Secret of type `kubernetes.io/basic-auth`.
    MountedLogin,
    /// The same of type `kubernetes.io/ssh-auth`.
    MountedKey,
    /// The same of type `kubernetes.io/tls`.
    MountedCertificate,
    Askpass,
    GithubApp,
    CookieFile,
    /// `client-cert` and `client-key`.
    Certificate,
    Key,
    /// A key that nobody knows, and then the one that counts.
    TwoKeys,
    /// Name and password in the URL.
    UrlUser,
}

impl Way {
    const ALL: [Self; 15] = [
        Self::Nothing,
        Self::Password,
        Self::PasswordFile,
        Self::Credential,
        Self::CredentialFile,
        Self::MountedLogin,
        Self::MountedKey,
        Self::MountedCertificate,
        Self::Askpass,
        Self::GithubApp,
        Self::CookieFile,
        Self::Certificate,
        Self::Key,
        Self::TwoKeys,
        Self::UrlUser,
    ];

    /// Says whether it says anything to a source of this form.
    fn concerns(self, form: Form) -> bool {
        match self {
            Self::Nothing => form.is_http() || form.is_ssh(),
            Self::Password
            | Self::PasswordFile
            | Self::Credential
            | Self::CredentialFile
            | Self::MountedLogin
            | Self::Askpass
            | Self::GithubApp
            | Self::CookieFile
            | Self::UrlUser => form.is_http(),
            Self::MountedCertificate | Self::Certificate => form.is_https(),
            Self::MountedKey | Self::Key | Self::TwoKeys => form.is_ssh(),
        }
    }
}

/// What it may be like: the file, where there is one, or else the value or the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Right,
    Wrong,
    Missing,
    Empty,
    Directory,
    /// Right, with a line end behind it.
    Newline,
    /// Right, with odd characters in the secret and in the names of files.
    Odd,
}

impl State {
    const ALL: [Self; 7] = [
        Self::Right,
        Self::Wrong,
        Self::Missing,
        Self::Empty,
        Self::Directory,
        Self::Newline,
        Self::Odd,
    ];
}

/// A row of the table, for some form of URL.
#[derive(Clone, Copy, Debug)]
struct Row {
    way: Way,
    state: State,
}

impl Row {
    /// Says whether there is such a row.
    fn is_one(self, form: Form) -> bool {
        let state = self.state;
        let needs_file = matches!(state, State::Missing | State::Directory);
        match self.way {
            // Nothing has no state: it is right where everybody is let in, and wrong where not.
            Way::Nothing if state == State::Right => !form.is_ssh(),
            Way::Nothing => state == State::Wrong && (form.is_http() || form.is_ssh()),
            // What is in no file lacks none; not to give it is to give nothing.
            Way::Password | Way::Credential => !needs_file,
            // The first of these have no place for a password in the URL; the last, with a
            // password, is what the form before it is.
            Way::UrlUser => {
                let left_out = [Form::Scp, Form::File, Form::Path, Form::HttpsWithUser];
                !needs_file && !left_out.contains(&form)
            }
            // A service is no directory; where one is missing, another server answers.
            Way::Askpass => state != State::Directory,
            Way::PasswordFile
            | Way::CredentialFile
            | Way::MountedLogin
            | Way::MountedKey
            | Way::MountedCertificate
            | Way::GithubApp
            | Way::CookieFile
            | Way::Certificate
            | Way::Key
            | Way::TwoKeys => true,
        }
    }
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Published,
    /// The attempt fails with this class and these words.
    Fails(&'static str, &'static str),
    /// The program does not begin, and says these words.
    Unusable(&'static str),
}

/// The server did not believe it.
const DENIED: Outcome = Outcome::Fails("auth", "authentication failed for '");

/// Says what is to come of a row.
fn expected(form: Form, row: Row) -> Outcome {
    if row.way == Way::UrlUser && form == Form::Ssh {
        return Outcome::Unusable("an ssh URL cannot carry a password; use ssh-key-file");
    }
    if !row.way.concerns(form) || matches!(row.state, State::Right | State::Odd) {
        return Outcome::Published;
    }
    match row.way {
        Way::Nothing if form.is_ssh() => Outcome::Fails("auth", "there is no key to offer"),
        Way::Password | Way::Credential | Way::UrlUser => of_value(row),
        Way::PasswordFile => of_password_file(row.state, "(password-file) "),
        Way::CredentialFile => of_password_file(row.state, "(credential) "),
        // A Secret may hold something else: then there is only the name.
        Way::MountedLogin if row.state == State::Missing => DENIED,
        Way::MountedLogin => of_password_file(row.state, "(auth-dir) "),
        Way::Askpass if row.state == State::Missing => {
            Outcome::Fails("auth", "askpass-url at 'http://127.0.0.1")
        }
        Way::Askpass if row.state == State::Empty => {
            Outcome::Fails("protocol", "holds no line 'password=…'")
        }
        Way::Askpass if row.state == State::Newline => Outcome::Published,
        Way::Nothing | Way::Askpass => DENIED,
        Way::GithubApp if row.state == State::Wrong => {
            Outcome::Fails("auth", "answered 401 Unauthorized")
        }
        Way::GithubApp => of_password_file(row.state, "(github-app-private-key-file) "),
        Way::CookieFile if row.state == State::Wrong => Outcome::Fails("auth", "403"),
        Way::CookieFile => of_password_file(row.state, "(cookie-file) "),
        Way::MountedCertificate => of_key(row.state, "it is missing; a certificate and its key"),
        // What is mounted may hold no key, as far as this is known.
        Way::MountedKey => of_key(row.state, "there is no key to offer"),
        Way::Key | Way::TwoKeys | Way::Certificate => of_key(row.state, "No such file"),
    }
}

/// What comes of a password that is in no file.
fn of_value(row: Row) -> Outcome {
    match (row.state, row.way) {
        (State::Newline, Way::Password | Way::Credential) => {
            Outcome::Fails("auth", "holds more than one line")
        }
        (State::Empty, Way::Credential) => Outcome::Fails("auth", "what credential gives is empty"),
        // An empty option is one that is not there.
        _ => DENIED,
    }
}

/// What comes of a file with a secret, after the words that tell which option names it.
fn of_password_file(state: State, option: &'static str) -> Outcome {
    match state {
        State::Missing => Outcome::Fails("auth", "could not read "),
        State::Empty | State::Directory => Outcome::Fails("auth", option),
        State::Right | State::Odd | State::Newline => Outcome::Published,
        State::Wrong => DENIED,
    }
}

/// What comes of a file with a key.
fn of_key(state: State, missing: &'static str) -> Outcome {
    match state {
        State::Missing => Outcome::Fails("auth", missing),
        State::Empty => Outcome::Fails("auth", "it is empty"),
        State::Directory => Outcome::Fails("auth", "it is a directory"),
        State::Right | State::Odd | State::Newline => Outcome::Published,
        State::Wrong => DENIED,
    }
}

/// Tries one row, and looks for secrets in all that was written.
fn check(site: &Site, form: Form, row: Row, secrets: &Secrets) {
    let (root, dir) = (Root::new(), TempDir::new().unwrap());
    let odd = "it's an \u{f6}dd \"name\" %41 $HOME";
    let dir = dir.path().join(if row.state == State::Odd { odd } else { "files" });
    fs::create_dir(&dir).unwrap();
    let finished = setup::setup(site, form, row, &root, &dir).once();
    match expected(form, row) {
        Outcome::Published => {
            finished.expect_code(0);
            assert_eq!(root.published().as_ref(), Some(&site.head));
        }
        Outcome::Fails(class, words) => {
            let failure = only_failure(&finished);
            assert_eq!(failure.class, class, "{failure:?}");
            assert!(failure.error.contains(words), "{words:?} is not in {failure:?}");
            assert!(!failure.hint.is_empty(), "{failure:?}");
            assert_eq!(root.published(), None);
        }
        Outcome::Unusable(words) => {
            finished.expect_code(2);
            assert!(failures(&finished.log).is_empty(), "{finished:?}");
            assert!(finished.log.join("\n").contains(words), "{finished:?}");
        }
    }
    secrets.assert_not_told(&finished);
    secrets.assert_not_below(&root.path());
}

/// Tries all rows of a form, and then tells of all that went wrong.
#[track_caller]
fn table(form: Form) {
    let upstream = Upstream::new();
    let site = Site::new(form, &upstream);
    let secrets = site.secrets();
    let product = Way::ALL.into_iter().flat_map(|way| State::ALL.map(|state| Row { way, state }));
    let rows: Vec<_> = product.filter(|row| row.is_one(form)).collect();
    let next = AtomicUsize::new(0);
    let try_some = || {
        let taken = std::iter::from_fn(|| rows.get(next.fetch_add(1, Ordering::SeqCst)));
        let failed = taken.filter_map(|row| {
            let one = || check(&site, form, *row, &secrets);
            let panic = catch_unwind(AssertUnwindSafe(one)).err()?;
            Some(format!("{form:?} {row:?}: {}", words(panic.as_ref())))
        });
        failed.collect::<Vec<_>>()
    };
    let wrong: Vec<_> = thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| scope.spawn(try_some));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let (count, of) = (wrong.len(), rows.len());
    assert!(wrong.is_empty(), "{count} of {of} rows:\n{}", wrong.join("\n\n"));
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked")
}

#[test]
fn every_way_in_every_state_over_http() {
    table(Form::Http);
}

#[test]
fn every_way_in_every_state_over_https() {
    table(Form::Https);
}

#[test]
fn every_way_in_every_state_over_https_with_a_name_in_the_url() {
    table(Form::HttpsWithUser);
}

#[test]
fn every_way_in_every_state_over_ssh() {
    table(Form::Ssh);
}

#[test]
fn every_way_in_every_state_in_the_form_of_scp() {
    table(Form::Scp);
}

#[test]
fn every_way_in_every_state_over_the_protocol_of_git() {
    table(Form::Git);
}

#[test]
fn every_way_in_every_state_for_the_url_of_a_file() {
    table(Form::File);
}

#[test]
fn every_way_in_every_state_for_a_path() {
    table(Form::Path);
}
