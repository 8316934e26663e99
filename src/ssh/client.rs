//! The one connection that is kept, and the conversations on it.

use crate::model::{FileChoice, SshUrl};
use crate::net::{Dialer, Traffic};
use crate::runtime::Stop;
use crate::ssh::SshError;
use crate::ssh::files::Files;
use crate::ssh::keys;
use crate::ssh::keys::Key;
use crate::ssh::known_hosts;
use crate::ssh::known_hosts::{Host, Known, PORT};
use crate::ssh::link::{Goal, Link};
use crate::ssh::trust::Trust;
use crate::ssh::{Reader, Remote, Writer};
use russh::Channel;
use russh::client::Msg;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a server may take to open a channel on a connection that was kept, and to begin to
/// speak there: after that, the connection is taken for dead. On a new one it has as long as the
/// attempt.
const KEPT: Duration = Duration::from_secs(10);
/// The part of the time of an attempt that either of them may take at most.
const KEPT_SHARE: u32 = 4;

/// What gives packs.
const UPLOAD_PACK: &str = "git-upload-pack";

/// What is run at a server.
struct Command<'a> {
    program: &'static str,
    /// What follows the path of the repository; nothing in it needs quotes.
    words: &'a [&'a str],
}

/// How to be known to servers, and to know them.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Private keys, in the order in which they are offered.
    pub keys: Vec<FileChoice>,
    /// Whether a server must be known.
    pub strict: bool,
    /// The lists of known servers; all that exist count.
    pub known_hosts: Vec<FileChoice>,
}

/// The way to SSH servers. Clones share the connection.
#[derive(Clone, Debug)]
pub struct Ssh(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    keys: Files<Key>,
    known_hosts: Option<Files<Known>>,
    open: Mutex<Option<Kept>>,
    warned: AtomicBool,
    dialer: Dialer,
    traffic: Arc<Traffic>,
}

/// A connection and all that it depends on.
#[derive(Debug)]
struct Kept {
    goal: Goal,
    keys: Arc<Vec<Key>>,
    known: Option<Arc<Vec<Known>>>,
    link: Link,
}

/// A program that runs at a server.
#[derive(Debug)]
pub struct Call {
    /// Its output.
    pub reader: Reader,
    /// Its input; the program is ended when this is dropped.
    pub writer: Writer,
    /// What becomes of it.
    pub remote: Remote,
    /// Whether it runs on a connection that was there before, and that may have been dead.
    pub kept: bool,
}

impl Ssh {
    /// Remembers which files to look at; no connection is made yet.
    pub fn new(settings: Settings, dialer: Dialer, traffic: Arc<Traffic>) -> Self {
        let Settings { keys, strict, known_hosts } = settings;
        Self(Arc::new(Shared {
            keys: Files::new(keys),
            known_hosts: strict.then(|| Files::new(known_hosts)),
            open: Mutex::default(),
            warned: AtomicBool::new(false),
            dialer,
            traffic,
        }))
    }

    /// Runs `git-upload-pack` for the repository, on the connection that is open or else on a new
    /// one.
    pub fn upload_pack(&self, url: &SshUrl, stop: &Stop) -> Result<Call, SshError> {
        self.run(url, UPLOAD_PACK, &[], stop)
    }

    /// Runs a program for the repository, with more words after its path, in the same way.
    pub fn run(
        &self,
        url: &SshUrl,
        program: &'static str,
        words: &[&str],
        stop: &Stop,
    ) -> Result<Call, SshError> {
        let command = Command { program, words };
        let shown = url.to_string();
        let goal = Goal {
            user: url.user().to_owned(),
            host: url.host().to_owned(),
            port: url.port().unwrap_or(PORT),
        };
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        // It is put back only if it was good to the end.
        let last = open.take();
        let keys = keys::current(&self.0.keys)?;
        let known = self.known_hosts()?;
        let fits = |kept: &Kept| {
            let same_known = match (&kept.known, &known) {
                (Some(before), Some(now)) => Arc::ptr_eq(before, now),
                (None, None) => true,
                (_, _) => false,
            };
            kept.goal == goal && Arc::ptr_eq(&kept.keys, &keys) && same_known && kept.link.is_open()
        };
        self.0.traffic.request();
        if let Some(kept) = last.filter(fits)
            && let Some(channel) = on_kept(&kept.link, &shown, stop)?
            && let Ok(call) =
                self.call(&kept.link, channel, (url, &command), (stop, Some(patience(stop))))
        {
            *open = Some(kept);
            return Ok(Call { kept: true, ..call });
        }
        let trust = Trust { host: Host::new(&goal.host, goal.port), known: known.clone() };
        let stopped = |source| SshError::stopped(&shown, source);
        let link = stop
            .wait(Link::open(&self.0.dialer, &goal, trust, &keys, &shown))
            .map_err(stopped)??;
        let channel = stop.wait(link.channel(&shown)).map_err(stopped)??;
        let call = self.call(&link, channel, (url, &command), (stop, None))?;
        *open = Some(Kept { goal, keys, known, link });
        Ok(call)
    }

    /// Closes the connection, so that the next conversation begins on a new one.
    pub fn hang_up(&self) {
        *self.0.open.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The lists of known hosts; none if any host will do.
    fn known_hosts(&self) -> Result<Option<Arc<Vec<Known>>>, SshError> {
        let Some(files) = &self.0.known_hosts else {
            if !self.0.warned.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "the keys of SSH servers are not checked: anybody in between can read and change what is synced; set ssh-known-hosts=true"
                );
            }
            return Ok(None);
        };
        let known = known_hosts::current(files)?;
        if known.is_empty() {
            let files = known_hosts::in_words(files.choices());
            tracing::debug!(files, "no SSH server is known");
        }
        Ok(Some(known))
    }

    /// Runs the program in a channel. `patience` is how long the first sign of life may take, if not
    /// as long as the attempt.
    fn call(
        &self,
        link: &Link,
        channel: Channel<Msg>,
        (url, command): (&SshUrl, &Command<'_>),
        (stop, patience): (&Stop, Option<Duration>),
    ) -> Result<Call, SshError> {
        let shown = url.to_string();
        let Command { program, words } = command;
        let command =
            words.iter().fold(format!("{program} {}", quoted(url.path())), |command, word| {
                command + " " + word
            });
        let run = async {
            // Most servers do not heed it, and none says so.
            channel.set_env(false, "GIT_PROTOCOL", "version=2").await?;
            channel.exec(true, command).await
        };
        stop.wait(run)
            .map_err(|source| SshError::stopped(&shown, source))?
            .map_err(|error| SshError::of(&shown, &error))?;
        let (read, write) = channel.split();
        let remote = Remote::of(program);
        let heard = (remote.clone(), link.last_words().clone());
        let traffic = Arc::clone(&self.0.traffic);
        Ok(Call {
            reader: Reader::new(read, heard, shown.clone(), (stop.clone(), patience), traffic),
            writer: Writer::new(write, shown, stop.clone()),
            remote,
            kept: false,
        })
    }
}

/// How long a connection that was kept may be silent.
fn patience(stop: &Stop) -> Duration {
    let end = stop.share(KEPT_SHARE).or_sooner(KEPT).deadline();
    end.saturating_duration_since(Instant::now())
}

/// Opens a channel on a connection that was kept. None if the connection is of no use any more.
fn on_kept(link: &Link, url: &str, stop: &Stop) -> Result<Option<Channel<Msg>>, SshError> {
    let channel = stop
        .wait(tokio::time::timeout(patience(stop), link.channel(url)))
        .map_err(|source| SshError::stopped(url, source))?;
    match channel {
        Ok(Ok(channel)) => return Ok(Some(channel)),
        Ok(Err(error)) => tracing::debug!(%error, "the SSH connection is of no use any more"),
        Err(_elapsed) => tracing::debug!("the SSH server does not answer any more"),
    }
    Ok(None)
}

/// Quotes a path for the shell of the server, as Git does: some servers understand only that.
fn quoted(path: &str) -> String {
    let mut text = String::from("'");
    for c in path.chars() {
        match c {
            '\'' | '!' => text.extend(["'\\", c.encode_utf8(&mut [0; 4]), "'"]),
            _ => text.push(c),
        }
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_is_more_than_one_word_to_a_shell() {
        assert_eq!(quoted("/a b"), "'/a b'");
        assert_eq!(quoted("it's;$(x)`y`\"!"), "'it'\\''s;$(x)`y`\"'\\!''");
        for path in ["/a b", "it's;$(x)`y`\"!\\", "-x", "~me/p", "''''", "*"] {
            let script = format!("printf %s {}", quoted(path));
            let echoed = std::process::Command::new("/bin/sh").args(["-c", &script]).output();
            assert_eq!(echoed.unwrap().stdout, path.as_bytes());
        }
    }
}
