//! What others must know: the lines of an option or of a file, each of which is good.
//!
//! A file is looked at when it is needed, at most once a second, and on a thread that may block. If
//! it cannot be read, or its file system hangs, nobody is let in meanwhile.

use crate::config::PasswordSource;
use crate::disk::kept::Kept;
use crate::disk::look;
use crate::disk::look::Unread;
use crate::model::{Cause, Secret};
use crate::runtime::Stop;
use crate::runtime::blocking;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How much such a file may hold.
const ROOM: u64 = 64 * 1024;
/// How long what a file held is believed without a look at it.
const FRESH: Duration = Duration::from_secs(1);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Secrets of which each is good; there is at least one.
#[derive(Clone, Debug)]
pub(super) struct Lines(Arc<[Secret]>);

/// Why there is no secret to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The options name none.
    Unset,
    /// The file cannot be read at the moment, or holds nothing.
    Unreadable,
}

/// Where secrets come from.
#[derive(Debug)]
pub(super) struct Secrets(Source);

#[derive(Debug)]
enum Source {
    Nowhere,
    Value(Lines),
    File(File),
}

#[derive(Debug)]
struct File {
    option: &'static str,
    path: PathBuf,
    /// Held by the thread that looks, for as long as that takes.
    kept: Arc<Mutex<Kept<Option<Lines>>>>,
    /// What the last look found, and when it ended.
    last: Mutex<Option<(Instant, Result<Lines, Missing>)>>,
    /// Held by whoever waits for a look.
    turn: tokio::sync::Mutex<()>,
    /// What was complained of last, so that it is said once.
    complaint: Mutex<Option<String>>,
    stop: CancellationToken,
}

impl Lines {
    /// Takes the lines of a text that are not blank. Blanks around them do not count: nobody sees
    /// them, and HTTP takes them away from headers.
    fn of(text: &str) -> Option<Self> {
        let lines = text.split('\n').map(str::trim_ascii);
        let lines = lines.filter(|line| !line.is_empty()).map(Secret::new);
        let lines: Arc<[Secret]> = lines.collect();
        Some(Self(lines)).filter(|lines| !lines.0.is_empty())
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Secret] {
        &self.0
    }

    /// Which of them it is, counted from 1. How long this takes does not depend on what is in them,
    /// but for their lengths.
    pub(super) fn position(&self, text: &[u8]) -> Option<u64> {
        let mut found = 0_u64;
        for (number, secret) in (1_u64..).zip(self.0.iter()) {
            let same: Choice = secret.reveal().as_bytes().ct_eq(text);
            found.conditional_assign(&number, same);
        }
        (found > 0).then_some(found)
    }
}

impl Secrets {
    /// Names the option that a file is named by, for the log.
    pub(super) fn new(
        source: Option<&PasswordSource>,
        option: &'static str,
        stop: CancellationToken,
    ) -> Self {
        Self(match source {
            None => Source::Nowhere,
            Some(PasswordSource::Value(value)) => match Lines::of(value.reveal()) {
                Some(lines) => Source::Value(lines),
                None => Source::Nowhere,
            },
            Some(PasswordSource::File(path)) => Source::File(File {
                option,
                path: path.clone(),
                kept: Arc::new(Mutex::new(Kept::new(path))),
                last: Mutex::default(),
                turn: tokio::sync::Mutex::default(),
                complaint: Mutex::default(),
                stop,
            }),
        })
    }

    /// The secrets as they are now.
    pub(super) async fn current(&self) -> Result<Lines, Missing> {
        match &self.0 {
            Source::Nowhere => Err(Missing::Unset),
            Source::Value(lines) => Ok(lines.clone()),
            Source::File(file) => file.current().await,
        }
    }
}

impl File {
    async fn current(&self) -> Result<Lines, Missing> {
        if let Some(known) = self.known() {
            return known;
        }
        let Ok(_turn) = tokio::time::timeout(PATIENCE, self.turn.lock()).await else {
            return Err(Missing::Unreadable);
        };
        // Whoever had the turn before may have looked.
        if let Some(known) = self.known() {
            return known;
        }
        let found = self.look().await;
        let lines = match found {
            Ok(lines) => lines.ok_or_else(|| "it holds nothing".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        self.tell(lines.as_ref().err());
        let lines = lines.map_err(|_told| Missing::Unreadable);
        *lock(&self.last) = Some((Instant::now(), lines.clone()));
        lines
    }

    fn known(&self) -> Option<Result<Lines, Missing>> {
        let last = lock(&self.last);
        let fresh = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH);
        fresh.map(|(_, known)| known.clone())
    }

    async fn look(&self) -> Result<Option<Lines>, Cause> {
        let hangs = || Cause::new("its file system does not answer");
        if matches!(self.kept.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(hangs());
        }
        let limit = Stop::new(self.stop.clone(), Instant::now() + PATIENCE);
        let kept = Arc::clone(&self.kept);
        let looked = blocking::run(&limit, Duration::ZERO, move || {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.current(read).cloned()
        });
        match looked.await {
            Ok(Ok(lines)) => Ok(lines),
            Ok(Err(error)) => Err(Cause::of(&error)),
            Err(blocking::Cut::Abandoned(_)) => Err(hangs()),
            Err(cut) => Err(Cause::of(&cut)),
        }
    }

    /// Complains, unless that was said already.
    fn tell(&self, complaint: Option<&String>) {
        let mut last = lock(&self.complaint);
        if last.as_ref() != complaint {
            let (option, path) = (self.option, self.path.display());
            if let Some(error) = complaint {
                tracing::error!(option, %path, %error, "nobody is let in: cannot use the file");
            } else {
                tracing::info!(option, %path, "the file can be used again");
            }
            *last = complaint.cloned();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(path: &Path) -> Result<Option<Lines>, Unread> {
    let bytes = look::read(path, ROOM)?.ok_or_else(Unread::missing)?;
    // What is no text becomes characters that nobody means.
    Ok(Lines::of(&String::from_utf8_lossy(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::sync::mpsc;

    #[test]
    fn each_line_is_good_and_nothing_else() {
        let lines = Lines::of("one\n\n two \r\n\tfour five\t\n three").unwrap();
        let position = |text: &str| lines.position(text.as_bytes());
        assert_eq!(position("one"), Some(1));
        assert_eq!(position("two"), Some(2));
        assert_eq!(position("four five"), Some(3));
        assert_eq!(position("three"), Some(4));
        for wrong in ["", "on", "one\n", "onee", "One", " two ", "two ", "fourfive", "one\n\n two"]
        {
            assert_eq!(position(wrong), None, "{wrong:?}");
        }
        for nothing in ["", "\n", "\r\n", " \n\t\n"] {
            assert!(Lines::of(nothing).is_none(), "{nothing:?}");
        }
    }

    fn in_file(path: &Path) -> Secrets {
        let source = PasswordSource::File(path.to_owned());
        Secrets::new(Some(&source), "api-token-file", CancellationToken::new())
    }

    async fn later(secrets: &Secrets) -> Result<Lines, Missing> {
        if let Source::File(file) = &secrets.0 {
            *lock(&file.last) = None;
        }
        secrets.current().await
    }

    #[tokio::test]
    async fn a_file_is_read_again_when_it_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let secrets = in_file(&path);
        assert_eq!(secrets.current().await.unwrap_err(), Missing::Unreadable);
        fs::write(&path, "one").unwrap();
        assert!(secrets.current().await.is_err(), "it was looked at a moment ago");
        assert_eq!(later(&secrets).await.unwrap().position(b"one"), Some(1));
        fs::write(&path, "two\none").unwrap();
        assert_eq!(later(&secrets).await.unwrap().position(b"one"), Some(2));
        fs::write(&path, "\n").unwrap();
        assert!(later(&secrets).await.is_err());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(later(&secrets).await.is_err());
    }

    #[tokio::test]
    async fn a_file_system_that_hangs_lets_nobody_in_and_holds_one_thread() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "one").unwrap();
        let secrets = in_file(&path);
        assert!(secrets.current().await.is_ok());
        let Source::File(file) = &secrets.0 else { panic!("it is a file") };
        // As a thread does that looks for ever.
        let kept = Arc::clone(&file.kept);
        let (holds, is_held) = mpsc::channel();
        let (let_go, held) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let _guard = kept.lock().unwrap();
            holds.send(()).unwrap();
            held.recv().unwrap_err()
        });
        is_held.recv().unwrap();
        *lock(&file.last) = None;
        assert_eq!(file.look().await.unwrap_err().to_string(), "its file system does not answer");
        drop(let_go);
        thread.join().unwrap();
        assert!(later(&secrets).await.is_ok());
    }

    #[tokio::test]
    async fn without_a_secret_nothing_is_good() {
        let stop = CancellationToken::new();
        let none = Secrets::new(None, "api-token", stop.clone());
        assert_eq!(none.current().await.unwrap_err(), Missing::Unset);
        let blank = PasswordSource::Value(Secret::new(" "));
        let none = Secrets::new(Some(&blank), "api-token", stop.clone());
        assert_eq!(none.current().await.unwrap_err(), Missing::Unset);
        let value = PasswordSource::Value(Secret::new("one\ntwo"));
        let two = Secrets::new(Some(&value), "api-token", stop);
        assert_eq!(two.current().await.unwrap().position(b"two"), Some(2));
    }
}
