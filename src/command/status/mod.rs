//! `gitsyncd status`: what is published and how the last attempt went, as a running gitsyncd tells
//! it, or as it stands in the root.

mod list;
mod table;

use crate::command::status::list::List;
use crate::command::status::table::Table;
use crate::command::token::token;
use crate::command::{Unanswered, ask, until_good, within};
use crate::config::StatusSource;
use crate::disk::{list, look};
use crate::model::Cause;
use crate::publish::{Layout, Lock};
use crate::runtime::Stop;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one question may take.
const TIME: Duration = Duration::from_secs(10);
/// The part of it that the API may take if there is a file besides.
const API_SHARE: u32 = 2;
/// How long a status may be.
const ROOM: u64 = 4 << 20;
/// How long the list of many may be.
const LIST_ROOM: u64 = 32 << 20;

/// A status, and where it is from.
#[derive(Debug)]
struct Found {
    text: String,
    value: Value,
    source: String,
}

/// Prints a status, and says whether all is well. As long as it is not, it is asked for again, for so
/// long.
pub fn status(
    from: StatusSource,
    wait: Duration,
    out: &mut impl Write,
) -> Result<bool, Unanswered> {
    let time = if wait.is_zero() { TIME } else { wait };
    let (well, text) = within(time, move |stop| until_good(wait, stop, |stop| once(&from, stop)))?;
    // Whether all is well is in the exit code, too.
    drop(writeln!(out, "{}", text.trim_end()));
    Ok(well)
}

/// Asks for it, and says whether all is well.
fn once(from: &StatusSource, stop: &Stop) -> (bool, String) {
    match find(from, &stop.or_sooner(TIME)) {
        Ok(found) => {
            let (well, told) = tell(&found);
            (well, if from.json { found.text } else { told })
        }
        Err(cause) => (false, format!("no status: {cause}")),
    }
}

/// Says whether all is well, and how it goes.
fn tell(found: &Found) -> (bool, String) {
    let now = Timestamp::now();
    if let Value::Array(all) = &found.value {
        let list = List::of(all, now);
        (list.is_well(), list.print(&found.source))
    } else {
        let table = Table::of(&found.value, now);
        (table.is_well(), table.print(&found.source))
    }
}

/// Asks the API, or else reads the file.
fn find(from: &StatusSource, stop: &Stop) -> Result<Found, Cause> {
    let has_files = from.root.is_some() || !from.roots.is_empty();
    let api = if from.api.urls.is_empty() {
        None
    } else if has_files {
        Some(ask_api(from, &stop.share(API_SHARE)))
    } else {
        return ask_api(from, stop);
    };
    let why = match api {
        Some(Ok(found)) => return Ok(found),
        Some(Err(why)) => Some(why),
        None => None,
    };
    let found = match (&from.root, from.roots.as_slice()) {
        (Some(root), _) | (None, [(_, root)]) => read_file(root),
        (None, []) => Err(Cause::new("there is nobody to ask")),
        (None, roots) => Ok(read_files(roots)),
    };
    match (found, why) {
        (found, None) => found,
        (Ok(found), Some(why)) => {
            Ok(Found { source: format!("{} ({why})", found.source), ..found })
        }
        (Err(cause), Some(why)) => Err(Cause::new(format!("{why}; {cause}"))),
    }
}

/// Asks the API. It gets the token only if it says that it wants one.
fn ask_api(from: &StatusSource, stop: &Stop) -> Result<Found, Cause> {
    let mut api = from.api.clone();
    if let Some(name) = &from.name {
        for url in &mut api.urls {
            url.query_pairs_mut().append_pair("repo", name);
        }
    }
    let mut answer = ask::get(&api, None, stop)?;
    if answer.status == StatusCode::UNAUTHORIZED
        && let Some(source) = &from.token
    {
        answer = ask::get(&api, Some(&token(source)?), stop)?;
    }
    if answer.status == StatusCode::UNAUTHORIZED {
        let told = format!("{}; check api-token or api-token-file", answer.line());
        return Err(Cause::new(told));
    }
    if !answer.status.is_success() {
        return Err(Cause::new(answer.line()));
    }
    let source = answer.url.clone();
    let text = answer.text(LIST_ROOM)?;
    let found = parsed(&text, &source, format!("{source}, now"))?;
    let whole = match found.value.as_array() {
        Some(all) => all.iter().all(is_status),
        None => is_status(&found.value),
    };
    if whole { Ok(found) } else { Err(no_status(&source)) }
}

/// Reads the status file of each root. What cannot be read stands in the place of a status.
fn read_files(roots: &[(String, PathBuf)]) -> Found {
    let one = |(name, root): &(String, PathBuf)| {
        let mut value = match read_file(root) {
            Ok(found) => found.value,
            Err(cause) => json!({"last_attempt": {"error": {"message": cause.to_string()}}}),
        };
        if let Some(fields) = value.as_object_mut() {
            fields.insert("name".to_owned(), json!(name));
        }
        value
    };
    let value = Value::Array(roots.iter().map(one).collect());
    Found { text: format!("{value:#}"), value, source: "the root of each".to_owned() }
}

/// Reads the status file of a root, or the file itself.
fn read_file(root: &Path) -> Result<Found, Cause> {
    let layout = Layout::new(root.to_owned(), root.join("link"));
    let path = if root.is_file() { root.to_owned() } else { layout.status() };
    let shown = path.display();
    let told = |text: &dyn std::fmt::Display| Cause::new(format!("{shown}: {text}"));
    let Some(bytes) = look::read_below(&path, ROOM).map_err(|error| told(&error))? else {
        let text = "there is no such file, so nothing has been synced there yet";
        return Err(told(&match below(root) {
            Some(one) => format!(
                "{text}; but {} is a root: name that, or --config=FILE for all that it lists",
                one.display()
            ),
            None => text.to_owned(),
        }));
    };
    let written = path.metadata().and_then(|found| found.modified()).ok();
    let written = written.and_then(|at| Timestamp::try_from(at).ok());
    let age = written.map(|at| table::since(at, Timestamp::now()));
    // It changes only when there is news, so its age says nothing of whether anybody writes it.
    let running = match Lock::is_held(path.parent().unwrap_or(root)) {
        Ok(true) => ", in use by a running gitsyncd",
        Ok(false) => ", not in use by any gitsyncd",
        Err(_) => "",
    };
    let age = age.map(|age| format!(", written {age}")).unwrap_or_default();
    let place = shown.to_string();
    let found = parsed(&bytes, &place, format!("{shown}{age}{running}"))?;
    if is_status(&found.value) { Ok(found) } else { Err(no_status(&place)) }
}

/// A root in this directory, which several have in common then.
fn below(common: &Path) -> Option<PathBuf> {
    let is_root = |root: &PathBuf| Layout::new(root.clone(), root.join("link")).status().is_file();
    list(common).ok()?.into_iter().filter(is_root).min()
}

fn parsed(text: &[u8], place: &str, source: String) -> Result<Found, Cause> {
    let text = String::from_utf8_lossy(text).into_owned();
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| Cause::new(format!("{place} holds no status: {error}")))?;
    Ok(Found { text, value, source })
}

fn is_status(value: &Value) -> bool {
    value.get("repo").is_some() && value.get("phase").is_some()
}

fn no_status(place: &str) -> Cause {
    Cause::new(format!("{place} holds no status"))
}
