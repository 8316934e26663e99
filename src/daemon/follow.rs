//! Follows the file that lists the repositories, and gives what it says when that is something else.
//!
//! A change is heard at once where the file system tells of it, and seen within ten seconds where it
//! does not. The file counts when it has stayed the same for a moment, as somebody may be writing it.
//! What is wrong with it is told once, and what it said before goes on to count.

use crate::config::{Fleet, Problem};
use crate::disk::look;
use crate::runtime::blocking::Share;
use crate::runtime::turns::Turns;
use crate::trigger;
use crate::trigger::hub::Hub;
use crate::trigger::watch;
use crate::trigger::watch::Places;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(10);
/// How long it has to stay the same before it counts.
const QUIET: Duration = Duration::from_millis(100);
/// How long is waited for that at most.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a file system may leave us without an answer before that is told.
const ANSWER: Duration = Duration::from_mins(1);
/// What is longer is no configuration.
const LIMIT: u64 = 4 << 20;

/// Reads the file, and gives warnings that were not told yet.
pub(super) type Read = Box<dyn FnMut() -> Result<(Fleet, Vec<String>), Vec<Problem>> + Send>;

/// What is in a file, if there is one, or why that cannot be known.
type Content = Result<Option<Vec<u8>>, String>;

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
        sleep(QUIET).await;
        let (back, again) = step(follower, means, Follower::content).await?;
        follower = back;
        if again == content {
            break;
        }
        content = again;
    }
    if let Err(problem) = &content {
        complain(&follower, problem);
        return Some((Follower { last: Some(content), ..follower }, Some(None)));
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
            complain(&follower, &problems.join("; "));
            None
        }
    };
    Some((follower, Some(news)))
}

fn complain(follower: &Follower, problems: &str) {
    let file = follower.file.display();
    tracing::warn!(%file, problems, "the configuration file cannot be used; what it said before goes on to count");
}

impl Follower {
    fn content(&mut self) -> Content {
        look::read(&self.file, LIMIT).map_err(|error| error.to_string())
    }
}

/// Does something on a thread that may block, and waits for it however long it takes: as long as a
/// file system does not answer, there is nothing else to do.
async fn step<T: Send + 'static>(
    mut follower: Follower,
    means: &Means,
    work: impl FnOnce(&mut Follower) -> T + Send + 'static,
) -> Option<(Follower, T)> {
    let file = follower.file.display().to_string();
    let turn = means.turns.wait(LOOK).await;
    let counted = turn.counted();
    let share = Share::default();
    let work = share.run(move || {
        let done = work(&mut follower);
        drop(counted);
        (follower, done)
    });
    let done = turn.spend(telling(&file, work)).await;
    if let Err(error) = &done {
        tracing::error!(%error, "the configuration file is not looked at any more");
    }
    done.ok()
}

/// Waits for work, and tells if it hangs and when it goes on.
async fn telling<T>(file: &str, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = sleep(ANSWER) => (),
    }
    tracing::error!(file, "the configuration file cannot be read: the file system does not answer");
    let done = work.await;
    tracing::info!(file, "the file system of the configuration file answers again");
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger::hub::Hub;
    use std::fs;

    fn means(stop: &CancellationToken) -> Means {
        let turns = Turns::new(1, Duration::from_secs(10), 1);
        Means { hub: Hub::new(turns.clone()), turns, stop: stop.clone() }
    }

    fn follower(file: PathBuf) -> Follower {
        Follower { file, read: Box::new(|| Err(Vec::new())), last: None }
    }

    #[test]
    fn only_a_file_of_reasonable_length_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        let content = || follower(file.clone()).content();
        assert_eq!(content(), Ok(None));
        fs::write(&file, "x").unwrap();
        assert_eq!(content(), Ok(Some(b"x".to_vec())));
        fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(LIMIT + 1).unwrap();
        assert!(content().unwrap_err().contains("longer"));
        assert!(follower("/dev/null".into()).content().unwrap_err().contains("regular"));
    }

    #[tokio::test]
    async fn what_hangs_is_waited_for() {
        let stop = CancellationToken::new();
        let (let_go, held) = std::sync::mpsc::channel::<()>();
        let means = means(&stop);
        let work = step(follower("/file".into()), &means, move |_| held.recv().is_err());
        let mut work = std::pin::pin!(work);
        assert!(timeout(Duration::from_millis(20), &mut work).await.is_err());
        drop(let_go);
        assert!(work.await.unwrap().1);
    }
}
