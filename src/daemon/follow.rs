//! Follows the file that lists the repositories, and gives what it says when that is something else.
//!
//! A change is heard at once where the file system tells of it, and seen within ten seconds where it
//! does not. The file counts when it has stayed the same for a moment, as somebody may be writing it.
//! What is wrong with it is told once, and what it said before goes on to count.

use crate::config::{Fleet, Problem};
use crate::runtime::Stop;
use crate::runtime::blocking;
use crate::runtime::turns::Turns;
use crate::trigger;
use crate::trigger::hub::Hub;
use crate::trigger::watch;
use crate::trigger::watch::Places;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(10);
/// How long it has to stay the same before it counts.
const QUIET: Duration = Duration::from_millis(100);
/// How long is waited for that at most.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a file system may leave us without an answer.
const ANSWER: Duration = Duration::from_mins(10);

/// Reads the file, and gives warnings that were not told yet.
pub(super) type Read = Box<dyn FnMut() -> Result<(Fleet, Vec<String>), Vec<Problem>> + Send>;

/// What is in a file, or why that cannot be known.
type Content = Result<Vec<u8>, String>;

/// The file, and how it was.
struct Follower {
    file: PathBuf,
    read: Read,
    /// What was in it when it was read last.
    last: Option<Content>,
}

/// Where it works, and until when.
#[derive(Clone, Debug)]
pub(super) struct Means {
    pub(super) hub: Hub,
    pub(super) turns: Turns,
    pub(super) stop: CancellationToken,
}

/// What the file says now, and how often it was read; or nothing, as something is wrong with it.
pub(super) type News = Option<Fleet>;

/// Follows the file until told to stop.
pub(super) async fn follow(file: PathBuf, read: Read, means: Means, news: mpsc::Sender<News>) {
    let (bell, mut ear) = trigger::bell();
    let watched = file.clone();
    let places = move || Places { files: vec![watched.clone()], trees: Vec::new() };
    let watching = watch::ring(places, bell, means.hub.clone(), means.stop.clone());
    let reading = async {
        let mut follower = Follower { file, read, last: None };
        loop {
            let (back, new) = apart(follower, &means).await?;
            follower = back;
            if let Some(new) = new {
                news.send(new).await.ok()?;
            }
            // What changes while nobody listens is seen at the next look.
            drop(timeout(LOOK, ear.heard()).await);
        }
    };
    let _: (Option<Option<()>>, ()) =
        tokio::join!(means.stop.run_until_cancelled(reading), watching);
}

/// Looks at the file until it stays the same, and reads it if it is not as it was. None if that came
/// to no end.
async fn apart(follower: Follower, means: &Means) -> Option<(Follower, Option<News>)> {
    let (follower, mut content) = step(follower, means, Follower::content).await?;
    if follower.last.as_ref() == Some(&content) {
        return Some((follower, None));
    }
    let end = Instant::now() + PATIENCE;
    let mut follower = follower;
    // At the start it was read a moment ago.
    while follower.last.is_some() && Instant::now() < end {
        tokio::time::sleep(QUIET).await;
        let (back, again) = step(follower, means, Follower::content).await?;
        follower = back;
        if again == content {
            break;
        }
        content = again;
    }
    let (mut follower, read) = step(follower, means, |follower| (follower.read)()).await?;
    follower.last = Some(content);
    let news = match read {
        Ok((fleet, warnings)) => {
            for warning in warnings {
                tracing::warn!("{warning}");
            }
            Some(fleet)
        }
        Err(problems) => {
            let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
            let (file, problems) = (follower.file.display(), problems.join("; "));
            tracing::error!(%file, problems, "the configuration file cannot be used; what it said before goes on to count");
            None
        }
    };
    Some((follower, Some(news)))
}

impl Follower {
    fn content(&mut self) -> Content {
        fs::read(&self.file).map_err(|error| error.to_string())
    }
}

/// Does something on a thread that may block.
async fn step<T: Send + 'static>(
    mut follower: Follower,
    means: &Means,
    work: impl FnOnce(&mut Follower) -> T + Send + 'static,
) -> Option<(Follower, T)> {
    let turn = means.turns.wait(LOOK).await;
    let limit = Stop::new(means.stop.clone(), Instant::now() + ANSWER);
    let work = blocking::run(&limit, Duration::ZERO, move || {
        let done = work(&mut follower);
        (follower, done)
    });
    let done = turn.spend(work).await;
    if let (Err(error), false) = (&done, means.stop.is_cancelled()) {
        tracing::error!(%error, "the configuration file is not looked at any more");
    }
    done.ok()
}
