//! Conversations with programs at SSH servers, on connections that are kept for the next ones.

use crate::model::{FileChoice, SshUrl};
use crate::net::{Dialer, Traffic};
use crate::runtime::Stop;
use crate::ssh::SshError;
use crate::ssh::files::Files;
use crate::ssh::keys;
use crate::ssh::keys::Key;
use crate::ssh::known_hosts;
use crate::ssh::known_hosts::{Host, Known};
use crate::ssh::link::{Goal, Link};
use crate::ssh::links::{Links, Slot, Terms};
use crate::ssh::trust::Trust;
use crate::ssh::{Reader, Remote, Writer};
use russh::Channel;
use russh::client::Msg;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Private keys, in the order in which they are offered.
    pub keys: Vec<FileChoice>,
    /// Whether a server must be known.
    pub strict: bool,
    /// The lists of known servers; all that exist count.
    pub known_hosts: Vec<FileChoice>,
}

/// The way to SSH servers by the same settings, which many may share with its connections.
#[derive(Debug)]
pub struct Way {
    keys: Files<Key>,
    known_hosts: Option<Files<Known>>,
    links: Links,
    warned: AtomicBool,
    dialer: Dialer,
}

impl Way {
    /// Remembers which files to look at; no connection is made yet.
    pub fn new(settings: Settings, dialer: Dialer) -> Self {
        let Settings { keys, strict, known_hosts } = settings;
        Self {
            keys: Files::new(keys),
            known_hosts: strict.then(|| Files::new(known_hosts)),
            links: Links::default(),
            warned: AtomicBool::new(false),
            dialer,
        }
    }

    /// What a connection depends on now. If that cannot be said, none of those there are is used.
    fn terms(&self, url: &SshUrl) -> Result<Terms, SshError> {
        let goal = Goal::of(url);
        let found = keys::current(&self.keys).and_then(|keys| Ok((keys, self.known_hosts()?)));
        let (keys, known) = found.inspect_err(|_error| self.links.forget_all())?;
        Ok(Terms { goal, keys, known })
    }

    /// The lists of known hosts; none if any host will do.
    fn known_hosts(&self) -> Result<Option<Arc<Vec<Known>>>, SshError> {
        let Some(files) = &self.known_hosts else {
            if !self.warned.swap(true, Ordering::Relaxed) {
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
}

/// The way to SSH servers for one who counts what goes over it.
#[derive(Clone, Debug)]
pub struct Ssh {
    way: Arc<Way>,
    traffic: Arc<Traffic>,
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
    /// Goes this way.
    pub fn over(way: Arc<Way>, traffic: Arc<Traffic>) -> Self {
        Self { way, traffic }
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
        let stopped = |source| SshError::stopped(&shown, source);
        let terms = self.way.terms(url)?;
        self.traffic.request();
        if let Some(call) = self.on_kept(&terms, (url, &command), stop)? {
            return Ok(call);
        }
        let links = &self.way.links;
        let _turn = stop.wait(links.turn(&terms.goal)).map_err(stopped)?;
        // Somebody else may have opened one meanwhile.
        if let Some(call) = self.on_kept(&terms, (url, &command), stop)? {
            return Ok(call);
        }
        let trust = Trust {
            host: Host::new(&terms.goal.host, terms.goal.port),
            known: terms.known.clone(),
            files: self.way.known_hosts.as_ref().map_or_else(Vec::new, |it| it.choices().to_vec()),
        };
        let keys = (terms.keys.as_slice(), self.way.keys.choices());
        let link = stop
            .wait(Link::open(&self.way.dialer, &terms.goal, trust, keys, &shown))
            .map_err(stopped)??;
        let slot = Arc::new(Slot::first(terms, link));
        let channel = stop.wait(slot.link().channel()).map_err(stopped)?;
        let channel = channel.map_err(|error| slot.link().failed(&shown, &error))?;
        let call = self.call(&slot, channel, (url, &command), (stop, None))?;
        links.keep(&slot);
        Ok(call)
    }

    /// Closes the connections to the server of a repository, so that the next conversation begins on a
    /// new one. Those on which others speak stay open until they have ended.
    pub fn hang_up(&self, url: &SshUrl) {
        self.way.links.forget(&Goal::of(url));
    }

    /// Runs a program on a connection that was kept. None if there is none that is of use.
    fn on_kept(
        &self,
        terms: &Terms,
        (url, command): (&SshUrl, &Command<'_>),
        stop: &Stop,
    ) -> Result<Option<Call>, SshError> {
        let shown = url.to_string();
        let links = &self.way.links;
        while let Some(slot) = links.take(terms) {
            let slot = Arc::new(slot);
            let patience = patience(stop);
            let channel = stop
                .wait(tokio::time::timeout(patience, slot.link().channel()))
                .map_err(|source| SshError::stopped(&shown, source))?;
            match channel {
                Ok(Ok(channel)) => {
                    let how = (stop, Some(patience));
                    if let Ok(call) = self.call(&slot, channel, (url, command), how) {
                        return Ok(Some(Call { kept: true, ..call }));
                    }
                }
                Ok(Err(russh::Error::ChannelOpenFailure(_))) if slot.is_too_much() => {
                    tracing::debug!("the SSH server allows no more on one connection");
                    continue;
                }
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the SSH connection is of no use any more");
                }
                Err(_elapsed) => tracing::debug!("the SSH server does not answer any more"),
            }
            links.forget(&terms.goal);
        }
        Ok(None)
    }

    /// Runs the program in a channel. `patience` is how long the first sign of life may take, if not
    /// as long as the attempt.
    fn call(
        &self,
        slot: &Arc<Slot>,
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
        let heard = (remote.clone(), slot.link().last_words().clone());
        let traffic = Arc::clone(&self.traffic);
        Ok(Call {
            reader: Reader::new(read, heard, shown.clone(), (stop.clone(), patience), traffic),
            writer: Writer::new(write, shown, stop.clone(), Arc::clone(slot)),
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
