//! What a running gitsyncd says to `gitsyncd sync`, in words.

use crate::command::ask;
use crate::command::order::{Answer, ROOM};
use crate::command::{harmless, in_our_words};
use crate::model::Cause;
use http::StatusCode;
use serde_json::Value;
use std::time::Duration;

/// Tells what came back: how the attempt of each repository ended, or that it was asked for.
pub(super) fn told(answer: ask::Answer, wait: Duration) -> Result<Answer, Cause> {
    let (status, url) = (answer.status, answer.url.clone());
    let text = answer.text(ROOM)?;
    let value: Value = serde_json::from_slice(&text).unwrap_or_default();
    if let Some(all) = value.as_array() {
        let lines: Vec<_> = all.iter().map(line).collect();
        let text = lines.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n");
        let well = lines.iter().all(|(well, _)| *well);
        return Ok(if well { Answer::Done(text) } else { Answer::Ended(text) });
    }
    if value.get("attempt").is_some() {
        let (well, text) = line(&value);
        return Ok(if well { Answer::Done(text) } else { Answer::Ended(text) });
    }
    match status {
        StatusCode::ACCEPTED if wait.is_zero() => Ok(Answer::Done(format!(
            "{url} was asked for an attempt; --wait=30s tells how it ends"
        ))),
        StatusCode::ACCEPTED => Ok(Answer::Ended(format!(
            "the attempt was not over after {wait:?}, and goes on; `gitsyncd status` tells how it ends"
        ))),
        _ => Err(refused(status, &url, &value)),
    }
}

/// Says that nobody heard it.
pub(super) fn unheard(why: &Cause) -> String {
    format!(
        "no gitsyncd can be asked: {why}; check that it runs, and that --http-bind is what it was \
         started with"
    )
}

/// Says why it was not even tried.
fn refused(status: StatusCode, url: &str, problem: &Value) -> Cause {
    let detail = problem.get("detail").and_then(Value::as_str).map(in_our_words);
    let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
    let advice = match status {
        StatusCode::UNAUTHORIZED => {
            "; check --api-token-file or --api-token: it has to be a token that this gitsyncd was \
             started with"
        }
        StatusCode::FORBIDDEN => "; start that gitsyncd with --api-token-file=FILE",
        _ => "",
    };
    Cause::new(format!("{url} answers {status}{detail}{advice}"))
}

/// How the attempt of one repository ended, and whether that is well.
fn line(one: &Value) -> (bool, String) {
    let text = |path: &str| one.pointer(path).and_then(Value::as_str).map(harmless);
    let name = text("/name").map(|name| format!("{name}: ")).unwrap_or_default();
    let Some(outcome) = text("/attempt/outcome") else {
        let told = text("/detail").unwrap_or_else(|| "not over yet, and goes on".to_owned());
        return (false, format!("{name}{told}"));
    };
    let commit = text("/commit").unwrap_or_default();
    let is_pinned = one.get("pinned").and_then(Value::as_bool) == Some(true);
    let pinned = if is_pinned { "; pinned, so the ref is not followed" } else { "" };
    let well = match outcome.as_str() {
        "published" => format!("{commit} was published"),
        "unchanged" => format!("nothing is new, {commit} is published"),
        _ => {
            let step = text("/attempt/step").map(|step| format!(" at {step}")).unwrap_or_default();
            let class = text("/attempt/error/class").map(|it| format!(" ({it})"));
            let (class, outcome) = (class.unwrap_or_default(), outcome.to_uppercase());
            let why = text("/attempt/error/message").map(|why| format!(": {why}"));
            let hint = text("/attempt/error/hint").filter(|hint| !hint.is_empty());
            let hint = hint.map(|hint| format!("\n  to check: {hint}")).unwrap_or_default();
            let why = why.unwrap_or_default();
            return (false, format!("{name}{outcome}{step}{class}{why}{hint}"));
        }
    };
    (true, format!("{name}{well}{pinned}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_end_is_told_with_what_to_check() {
        let done = |outcome: &str| {
            let attempt = json!({"number": 1, "outcome": outcome, "error": null});
            line(&json!({"attempt": attempt, "commit": "abc", "pinned": false}))
        };
        assert_eq!(done("published"), (true, "abc was published".to_owned()));
        assert_eq!(done("unchanged"), (true, "nothing is new, abc is published".to_owned()));
        let error =
            json!({"class": "auth", "message": "no\u{1b}[2J \u{202e}entry", "hint": "check it"});
        let attempt = json!({"outcome": "failed", "step": "resolve", "error": error});
        let (well, told) = line(&json!({"name": "a", "attempt": attempt}));
        assert!(!well);
        let wanted =
            "a: FAILED at resolve (auth): no\u{fffd}[2J \u{fffd}entry\n  to check: check it";
        assert_eq!(told, wanted);
        let (well, told) = line(&json!({"name": "a", "accepted": true}));
        assert!(!well && told == "a: not over yet, and goes on", "{told}");
        let pinned = json!({"attempt": {"outcome": "unchanged"}, "commit": "abc", "pinned": true});
        assert!(line(&pinned).1.ends_with("; pinned, so the ref is not followed"));
    }
}
