//! The servers of the table, with all that opens them and all that does not.

use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

use crate::support::authority::{Authority, Leaf};
use crate::support::git_daemon::{self, GitDaemon};
use crate::support::github::{github, token};
use crate::support::http::{self, Http};
use crate::support::leaks::Secrets;
use crate::support::rsa::{self, Kind};
use crate::support::service::{Asked, Reply, Service, answer};
use crate::support::sshd::{self, KeyPair, Sshd};
use crate::support::upstream::Upstream;
use crate::ways::matrix::{Form, Row, State, Way};

/// Whom the servers know.
pub(super) const USER: &str = "ada";

/// What is wrong everywhere: as a password, as the value of a cookie.
pub(super) const WRONG: &str = "hunter2/hunter2";

/// What GitHub's tokens are a password of.
const TOKENS: &str = "x-access-token";

/// The right password, and one with odd characters.
pub(super) fn password(odd: bool) -> &'static str {
    if odd { "p@ss: w\u{f6}rd/%2F \u{1f511}\"'" } else { "correct-horse" }
}

/// The value of the right cookie, and one with odd characters.
pub(super) fn cookie(odd: bool) -> &'static str {
    if odd { "1//0 h=\u{f6}%2F'sh" } else { "right-cookie" }
}

/// What a server over HTTP asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lock {
    Open,
    Login,
    Token,
    Cookie,
    Certificate,
}

/// All of it, for one form of URL.
#[derive(Debug)]
pub(super) struct Site {
    form: Form,
    repo: PathBuf,
    /// The commit to publish.
    pub(super) head: String,
    servers: Vec<(Lock, bool, Http)>,
    daemon: GitDaemon,
    sshd: Sshd,
    /// An authority for servers and clients.
    pub(super) authority: PathBuf,
    /// Directories with a certificate that counts and with one that does not.
    pub(super) certificates: [TempDir; 2],
    /// A key for SSH that counts, and two that do not.
    pub(super) keys: [KeyPair; 3],
    /// A list of known hosts.
    pub(super) known_hosts: PathBuf,
    /// A key of the app, and one of another.
    pub(super) pems: [String; 2],
    /// GitHub's API.
    pub(super) api: Service,
    /// What tells who to be; the path says how.
    pub(super) askpass: Service,
    _authorities: [Authority; 2],
}

impl Site {
    pub(super) fn new(form: Form, upstream: &Upstream) -> Self {
        let authorities = [Authority::new(), Authority::new()];
        let certificates = [&authorities[0], &authorities[1]].map(|authority| {
            let dir = TempDir::new().unwrap();
            authority.certify(&Leaf { subject: USER.to_owned(), ..Leaf::default() }, dir.path());
            dir
        });
        let sshd = sshd::start();
        let keys = ["right", "wrong", "other"]
            .map(|name| KeyPair::make(sshd.dir(), name, &["-t", "ed25519"]));
        sshd.authorize(&[&keys[0]]);
        let pems = [rsa::key(Kind::Pkcs1), rsa::key(Kind::Pkcs8)];
        let known = pems[0].clone();
        Self {
            form,
            repo: upstream.repo(),
            head: upstream.head(),
            servers: if form.is_http() { servers(form, upstream, &authorities[0]) } else { vec![] },
            daemon: git_daemon::serve(upstream),
            known_hosts: sshd.known(),
            sshd,
            authority: authorities[0].certificate(),
            certificates,
            keys,
            pems,
            api: Service::start(move |asked| github(asked, &known, 1, 3600)),
            askpass: Service::start(tell),
            _authorities: authorities,
        }
    }

    /// Where the repository is for a row: behind a lock that what the row has may open, if there is
    /// one of that kind.
    pub(super) fn url(&self, row: Row) -> String {
        let (user, addr, repo) = (Sshd::user(), self.sshd.addr(), self.repo.display());
        match self.form {
            Form::Http | Form::Https => self.server(row).url(),
            Form::HttpsWithUser => self.server(row).url().replace("://", &format!("://{USER}@")),
            Form::Ssh => self.sshd.url(&self.repo),
            Form::Scp => format!("[{user}@{}:{}]:{repo}", addr.ip(), addr.port()),
            Form::Git => self.daemon.url(),
            Form::File => format!("file://{repo}"),
            Form::Path => repo.to_string(),
        }
    }

    fn server(&self, row: Row) -> &Http {
        let lock = match row.way {
            _ if !row.way.concerns(self.form) => Lock::Open,
            Way::Nothing if row.state == State::Right => Lock::Open,
            Way::GithubApp => Lock::Token,
            Way::CookieFile => Lock::Cookie,
            Way::Certificate | Way::MountedCertificate => Lock::Certificate,
            Way::Nothing
            | Way::Password
            | Way::PasswordFile
            | Way::Credential
            | Way::CredentialFile
            | Way::MountedLogin
            | Way::Askpass
            | Way::UrlUser
            | Way::MountedKey
            | Way::Key
            | Way::TwoKeys => Lock::Login,
        };
        let odd = matches!(lock, Lock::Login | Lock::Cookie) && row.state == State::Odd;
        let fits = |(its, is_odd, _): &&(Lock, bool, Http)| *its == lock && *is_odd == odd;
        &self.servers.iter().find(fits).expect("a server with this lock").2
    }

    /// All that nobody may see.
    pub(super) fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::of(USER, &[password(false), password(true), WRONG]);
        for text in [cookie(false), cookie(true), &token(1)] {
            secrets.add(text);
        }
        let keys = self.keys.iter().map(|key| key.path.clone());
        let of_tls = self.certificates.iter().map(|dir| dir.path().join("tls.key"));
        let files = keys.chain(of_tls).map(|path| fs::read_to_string(path).unwrap());
        for pem in files.chain(self.pems.clone()) {
            pem.lines().filter(|line| !line.starts_with("---")).for_each(|line| secrets.add(line));
        }
        // How every statement to GitHub begins.
        secrets.add("eyJhbGciOiJSUzI1NiIs");
        secrets
    }
}

/// Starts a server for each lock.
fn servers(form: Form, upstream: &Upstream, authority: &Authority) -> Vec<(Lock, bool, Http)> {
    let new = || {
        let setup = http::over(upstream);
        if form == Form::Http { setup } else { setup.tls(authority) }
    };
    let mut servers = vec![
        (Lock::Open, false, new().start()),
        (Lock::Token, false, new().login(TOKENS, &token(1)).start()),
    ];
    for odd in [false, true] {
        let guard = format!("if ($cookie_o != \"{}\") {{ return 403; }}", cookie(odd));
        servers.push((Lock::Login, odd, new().login(USER, password(odd)).start()));
        servers.push((Lock::Cookie, odd, new().says(&guard).start()));
    }
    if form != Form::Http {
        servers.push((Lock::Certificate, false, new().clients_of(authority).start()));
    }
    servers
}

/// What the service of `askpass-url` answers.
fn tell(asked: &Asked) -> Reply {
    let told = |password: &str| format!("username={USER}\npassword={password}");
    let path = asked.line.split(' ').nth(1).unwrap();
    let body = match path {
        "/Right" => told(password(false)),
        "/Wrong" => told(WRONG),
        "/Empty" => String::new(),
        "/Newline" => told(password(false)) + "\r\n\r\n",
        "/Odd" => told(password(true)),
        _ => return answer("404 Not Found", "hush"),
    };
    answer("200 OK", &body)
}
