//! Proxies: tinyproxy, Squid and microsocks.

use std::fmt::Write;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

use crate::support::authority::Authority;
use crate::support::process::{Group, path, program};
use crate::support::wait::{SOON, pause};

/// A running proxy.
#[derive(Debug)]
pub(crate) struct Middle {
    addr: SocketAddr,
    // Ended before its directory goes.
    _group: Group,
    dir: TempDir,
}

impl Middle {
    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it wrote into its log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

/// tinyproxy, which closes connections after each answer. It may ask for a name and a password, and
/// may refuse every host.
pub(crate) fn tinyproxy(login: Option<(&str, &str)>, refuse: bool) -> Middle {
    start(&|dir, port| {
        let login = login.map(|(user, password)| format!("BasicAuth {user} {password}\n"));
        let rules = if refuse {
            format!("Filter \"{}/none\"\nFilterDefaultDeny Yes\n", dir.display())
        } else {
            String::new()
        };
        fs::write(dir.join("none"), "^nothing$\n").unwrap();
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 50\nLogLevel Connect\n\
             LogFile \"{}/log\"\n{}{rules}",
            dir.display(),
            login.unwrap_or_default()
        );
        fs::write(dir.join("conf"), text).unwrap();
        let mut command = Command::new(program("tinyproxy"));
        command.arg("-d").arg("-c").arg(dir.join("conf"));
        command
    })
}

/// Squid, which keeps connections open. It may ask for a name and a password, and may speak TLS.
pub(crate) fn squid(login: Option<(&str, &str)>, authority: Option<&Authority>) -> Middle {
    start(&|dir, port| {
        // If it is started by root, it works as somebody else.
        fs::set_permissions(dir, fs::Permissions::from_mode(0o777)).unwrap();
        let mut text = format!(
            "pid_filename none\ncache deny all\nshutdown_lifetime 0 seconds\n\
             access_log stdio:{0}/log\ncache_log {0}/cache.log\nlogfile_rotate 0\n\
             netdb_filename none\n",
            dir.display()
        );
        if let Some(authority) = authority {
            authority.issue(dir);
            for name in ["tls.crt", "tls.key"] {
                fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o644)).unwrap();
            }
            let dir = dir.display();
            writeln!(
                text,
                "https_port 127.0.0.1:{port} tls-cert={dir}/tls.crt tls-key={dir}/tls.key"
            )
            .unwrap();
        } else {
            writeln!(text, "http_port 127.0.0.1:{port}").unwrap();
        }
        if let Some((user, password)) = login {
            fs::write(dir.join("users"), hashed(user, password)).unwrap();
            writeln!(
                text,
                "auth_param basic program /usr/lib/squid/basic_ncsa_auth {}/users\n\
                 auth_param basic children 1\nacl known proxy_auth REQUIRED\n\
                 http_access allow known\nhttp_access deny all",
                dir.display()
            )
            .unwrap();
        } else {
            text += "http_access allow all\n";
        }
        fs::write(dir.join("conf"), text).unwrap();
        let mut command = Command::new(program("squid"));
        command.arg("-N").arg("-f").arg(dir.join("conf"));
        command
    })
}

/// A line of a file of passwords.
fn hashed(user: &str, password: &str) -> String {
    let output =
        Command::new(program("openssl")).args(["passwd", "-apr1", password]).output().unwrap();
    format!("{user}:{}", String::from_utf8(output.stdout).unwrap())
}

/// microsocks, which speaks SOCKS5. It may ask for a name and a password.
pub(crate) fn socks(login: Option<(&str, &str)>) -> Middle {
    start(&|_, port| {
        let mut command = Command::new(program("microsocks"));
        command.args(["-i", "127.0.0.1", "-p", &port.to_string()]);
        if let Some((user, password)) = login {
            command.args(["-u", user, "-P", password]);
        }
        command
    })
}

/// Starts a command on a port that was free a moment ago, and waits until it listens there.
fn start(command: &dyn Fn(&Path, u16) -> Command) -> Middle {
    for _ in 0..20 {
        let dir = TempDir::new().unwrap();
        let addr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let mut group = Group::start(
            command(dir.path(), addr.port())
                .env_clear()
                .env("PATH", path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(fs::File::create(dir.path().join("stderr")).unwrap()),
        );
        let end = Instant::now() + SOON;
        while group.ended().is_none() && Instant::now() < end {
            if TcpStream::connect(addr).is_ok() {
                return Middle { addr, _group: group, dir };
            }
            pause(Duration::from_millis(2));
        }
        println!("{}", fs::read_to_string(dir.path().join("stderr")).unwrap());
    }
    panic!("the proxy does not start");
}
