//! Checks what the options say about whom to tell, and whom to ask first.

use crate::config::check::Checker;
use crate::config::raw::Raw;
use crate::config::values;
use crate::config::{Exec, Hooks, Web};
use crate::model::{Event, Secret, ServiceUrl, Template};
use std::time::Duration;

/// No time-out and no rest of a hook is shorter, as in git-sync.
const SHORTEST: Duration = Duration::from_secs(1);

/// An option and its text.
type Given<'a> = (&'static str, Option<&'a String>);

pub(super) fn hooks(checker: &mut Checker<'_>, raw: &Raw) -> Hooks {
    let exec = exec(
        checker,
        ("exechook-command", raw.exechook_command.as_ref()),
        ("exechook-timeout", raw.exechook_timeout.as_ref()),
        ("exechook-backoff", raw.exechook_backoff.as_ref()),
    );
    let pre_publish = self::exec(
        checker,
        ("pre-publish-exechook-command", raw.pre_publish_exechook_command.as_ref()),
        ("pre-publish-exechook-timeout", raw.pre_publish_exechook_timeout.as_ref()),
        ("pre-publish-exechook-backoff", raw.pre_publish_exechook_backoff.as_ref()),
    );
    let gate = checker.read("publish-gate", raw.publish_gate.as_ref(), values::switch);
    let gate = gate.unwrap_or_default();
    if gate && pre_publish.command.is_empty() && !checker.is_blamed("pre-publish-exechook-command")
    {
        checker.complain("publish-gate", "needs --pre-publish-exechook-command");
    }
    Hooks { exec, pre_publish, gate, web: web(checker, raw) }
}

fn exec(
    checker: &mut Checker<'_>,
    (key, text): Given<'_>,
    timeout: Given<'_>,
    backoff: Given<'_>,
) -> Exec {
    let command = checker.read(key, text, command).unwrap_or_default();
    let used = !command.is_empty();
    Exec { command, timeout: time(checker, used, timeout), backoff: time(checker, used, backoff) }
}

/// Reads a duration, which must not be too short if the hook is used.
fn time(checker: &mut Checker<'_>, used: bool, (key, text): Given<'_>) -> Duration {
    let read = checker.read(key, text, |text| match values::duration(text)? {
        time if used && time < SHORTEST => {
            Err(format!("{text:?} is too short; it must be at least 1s"))
        }
        time => Ok(time),
    });
    read.unwrap_or(SHORTEST)
}

/// Reads the name of a program, or a program with arguments as a list.
fn command(text: &str) -> Result<Vec<String>, String> {
    let list = match serde_json::from_str::<Vec<String>>(text) {
        Ok(list) => list,
        Err(error) if text.trim_start().starts_with("[\"") => {
            return Err(format!("is no JSON list of texts (column {})", error.column()));
        }
        Err(_) => vec![text.to_owned()],
    };
    match list.first() {
        None => Err("is an empty list".to_owned()),
        Some(program) if program.trim().is_empty() => Err("names no program".to_owned()),
        Some(_) if list.iter().any(|part| part.contains('\0')) => {
            Err("holds a zero byte".to_owned())
        }
        Some(_) => Ok(list),
    }
}

fn web(checker: &mut Checker<'_>, raw: &Raw) -> Web {
    let urls = checker.read_many("webhook-url", raw.webhook_url.as_ref(), url);
    let used = !urls.is_empty();
    let method = checker.read("webhook-method", raw.webhook_method.as_ref(), method);
    let success =
        checker.read("webhook-success-status", raw.webhook_success_status.as_ref(), success);
    let timeout = time(checker, used, ("webhook-timeout", raw.webhook_timeout.as_ref()));
    let backoff = time(checker, used, ("webhook-backoff", raw.webhook_backoff.as_ref()));
    let headers = checker.read_many("webhook-header", raw.webhook_header.as_ref(), header);
    let body = checker.read("webhook-body", raw.webhook_body.as_ref(), |text| {
        Template::parse(text).map_err(|error| error.to_string())
    });
    let events = checker.read("webhook-events", raw.webhook_events.as_ref(), events);
    Web {
        urls,
        method: method.unwrap_or_default(),
        success: success.flatten(),
        timeout,
        backoff,
        headers,
        body,
        events: events.unwrap_or_default(),
    }
}

/// Reads an address. It is not shown, as it may hold a secret.
fn url(text: &str) -> Result<ServiceUrl, String> {
    let url: ServiceUrl = text.parse().map_err(|error| format!("{error}"))?;
    match url.url().scheme() {
        "http" | "https" => Ok(url),
        _ => Err("its scheme is neither http nor https".to_owned()),
    }
}

fn method(text: &str) -> Result<String, String> {
    match http::Method::from_bytes(text.as_bytes()) {
        Ok(method) if method != http::Method::CONNECT => Ok(method.to_string()),
        Ok(_) | Err(_) => Err(format!("{text:?} is no method of HTTP; write POST, PUT or GET")),
    }
}

/// Reads a status; none is any.
fn success(text: &str) -> Result<Option<u16>, String> {
    match values::number(text)? {
        0 | -1 => Ok(None),
        number => match u16::try_from(number) {
            Ok(status) if (100..1000).contains(&status) => Ok(Some(status)),
            Ok(_) | Err(_) => Err(format!("{text:?} is no status of HTTP; 0 means any")),
        },
    }
}

/// Reads a line of a head. It is not shown.
fn header(text: &str) -> Result<(String, Secret), String> {
    let (name, value) = text.split_once(':').ok_or("has no colon; write NAME: VALUE")?;
    let name = http::HeaderName::from_bytes(name.trim().as_bytes())
        .map_err(|_error| "the part before the colon is no name of a header")?;
    let value = value.trim();
    if http::HeaderValue::from_str(value).is_err() {
        return Err(format!("the value of {name} holds a control character"));
    }
    if [http::header::HOST, http::header::CONTENT_LENGTH, http::header::TRANSFER_ENCODING]
        .contains(&name)
    {
        return Err(format!("{name} cannot be chosen"));
    }
    Ok((name.to_string(), Secret::new(value)))
}

fn events(text: &str) -> Result<Vec<Event>, String> {
    let one = |text: &str| {
        let known = Event::ALL.into_iter().find(|event| event.label() == text);
        known.ok_or_else(|| format!("{text:?} is none of published, failed, recovered and refused"))
    };
    let events: Result<Vec<_>, _> = text.split(',').map(|text| one(text.trim())).collect();
    let mut events = events?;
    events.sort_unstable();
    events.dedup();
    Ok(events)
}
