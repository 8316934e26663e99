//! `gitsyncd sync`, `rollback`, `pin` and `unpin`: asks a running gitsyncd to sync, or to publish
//! something else. Where none listens, it says what has to be done in the root instead.

use crate::command::ask::Unheard;
use crate::command::token::token;
use crate::command::{Unanswered, ask, harmless, in_our_words, sync, within};
use crate::config::{Fleet, Order, Probe, Problem, Recorded, Target};
use crate::disk::look;
use crate::model::Cause;
use crate::observe::status::Waiting;
use crate::publish::{Layout, Lock};
use crate::runtime::Stop;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// How much longer than the sync it asks for a call may take.
const MARGIN: Duration = Duration::from_secs(10);
/// How long an answer or a note may be.
pub(super) const ROOM: u64 = 1 << 20;

/// What became of an order.
#[derive(Debug)]
pub enum Answer {
    /// It was carried out, in words.
    Done(String),
    /// An attempt that was asked for did not end well, or not yet; in words.
    Ended(String),
    /// It was not, for this reason.
    Refused(String),
    /// Nobody can be asked; the root is free, and is to be synced once in this way.
    Free(Box<Fleet>),
    /// Nobody can be asked, and the options do not say what to do.
    Unknown(Vec<Problem>),
}

/// Which options an earlier run noted in a root; none if it did not.
pub fn recorded(root: &Path) -> Recorded {
    let layout = Layout::new(root.to_owned(), root.join("link"));
    let text = look::read_below(&layout.options(), ROOM).ok().flatten();
    text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// Carries an order out, as far as that is to ask for it.
pub fn order(order: Order) -> Result<Answer, Unanswered> {
    let time = order.time.saturating_add(MARGIN);
    within(time, move |stop| match ask_api(&order, stop) {
        Ok(answer) => answer,
        Err(Unheard::Failed(cause)) => Answer::Refused(cause.to_string()),
        Err(Unheard::Nobody(why)) => look_at_root(order, &why),
    })
}

/// Says whether the root may be changed by us.
fn look_at_root(order: Order, why: &Cause) -> Answer {
    let is_sync = order.target == Target::Now;
    let fleet = match order.whole {
        Ok(fleet) if is_sync && fleet.repositories.len() != 1 => {
            let advice = "; for the root of one that has ended, say which by --name";
            return Answer::Refused(sync::unheard(why) + advice);
        }
        Ok(fleet) => fleet,
        Err(_) if is_sync && !order.api.urls.is_empty() => {
            return Answer::Refused(sync::unheard(why));
        }
        Err(problems) => return Answer::Unknown(problems),
    };
    let own = fleet.repositories.first();
    let root = own.map(|config| config.root.clone()).unwrap_or_default();
    if let Some(keys) = own.and_then(|config| config.verify.keys()).filter(|keys| !keys.is_dir()) {
        return Answer::Refused(format!(
            "only what is signed is published there, and {} is no directory of keys here; give it \
             by --verify-key-dir=DIR",
            keys.display()
        ));
    }
    match Lock::is_held(&root) {
        Ok(false) => Answer::Free(fleet),
        Ok(true) => {
            let root = root.display();
            let advice = "ask it through its API: --http-bind=ADDRESS, with --api-token-file=FILE";
            let told = if order.api.urls.is_empty() { String::new() } else { format!(" ({why})") };
            Answer::Refused(format!("another instance is using the root {root}; {advice}{told}"))
        }
        Err(error) => Answer::Refused(Cause::of(&error).to_string()),
    }
}

fn ask_api(order: &Order, stop: &Stop) -> Result<Answer, Unheard> {
    if order.api.urls.is_empty() {
        return Err(Unheard::Nobody(Cause::new("the address of no API is known")));
    }
    let to = match &order.target {
        Target::Previous => Some("previous".to_owned()),
        Target::Current => Some("current".to_owned()),
        Target::Commit(commit) => Some(commit.to_string()),
        Target::Ref | Target::Now => None,
    };
    let posts = to.is_some() || order.target == Target::Now;
    let method = if posts { Method::POST } else { Method::DELETE };
    let said = (method, to.map(|to| json!({ "to": to }).to_string()));
    let token = order.token.as_ref().map(token).transpose().map_err(Unheard::Failed)?;
    let answer = ask::send(&addresses(order), &said, token.as_ref(), stop)?;
    if order.target == Target::Now {
        return sync::told(answer, order.time).map_err(Unheard::Failed);
    }
    let (status, url) = (answer.status, answer.url.clone());
    if status == StatusCode::UNAUTHORIZED {
        let told = format!("{}; check api-token or api-token-file", answer.line());
        return Err(Unheard::Failed(Cause::new(told)));
    }
    let text = answer.text(ROOM).map_err(Unheard::Failed)?;
    let value: Value = serde_json::from_slice(&text).unwrap_or_default();
    if status != StatusCode::OK {
        let detail = value.get("detail").and_then(Value::as_str).map(in_our_words);
        let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
        let words = match status {
            StatusCode::ACCEPTED => format!("{url} has not done it yet, and goes on"),
            status => format!("{url} answers {status}{detail}"),
        };
        return Err(Unheard::Failed(Cause::new(words)));
    }
    let commit = value.get("commit").and_then(Value::as_str).map(harmless).unwrap_or_default();
    // Instances of before did not say what waits.
    let waiting = value.get("waiting").and_then(|waiting| Waiting::deserialize(waiting).ok());
    Ok(Answer::Done(match waiting.filter(|_| order.target == Target::Ref) {
        Some(waiting) => unpinned(&commit, &waiting),
        None => done(&commit, &order.target),
    }))
}

/// Where it is asked for, and how long the answer may be waited for.
fn addresses(order: &Order) -> Probe {
    let mut api = order.api.clone();
    for url in &mut api.urls {
        let mut query = url.query_pairs_mut();
        if order.target != Target::Now || !order.time.is_zero() {
            query.append_pair("wait", &format!("{}s", order.time.as_secs().max(1)));
        }
        if let Some(name) = &order.name {
            query.append_pair("repo", name);
        }
    }
    api
}

/// Says what is published from now on.
pub fn done(commit: &str, target: &Target) -> String {
    match target {
        Target::Now => {
            format!(
                "{commit} is published; no gitsyncd was using the root, so this one synced it once"
            )
        }
        Target::Ref => format!("{commit} is published, and the ref is followed again"),
        Target::Previous | Target::Current | Target::Commit(_) => {
            format!("{commit} is published and stays until `gitsyncd unpin`")
        }
    }
}

/// Says that the ref is followed from now on, and that what it names is not published yet.
pub fn unpinned(commit: &str, waiting: &Waiting) -> String {
    let Waiting { commit: next, until } = waiting;
    let until = match until {
        Some(until) => format!("until {until}, when a window opens"),
        None => "for a window, of which none is in sight".to_owned(),
    };
    format!("unpinned: {next} waits {until}, and {commit} stays published until then")
}
