//! What `--print-config` prints: every option as it counts, without secrets.

use crate::config::given::Given;
use crate::config::names;
use crate::config::signals;
use crate::config::values;
use crate::config::{Config, LogFormat, PasswordSource};
use std::num::{NonZeroU32, NonZeroU64};
use std::path::Path;

/// What stands for a secret.
const SECRET: &str = "[secret]";

/// Writes `key: value  # origin` for each option, and the warnings above them.
pub(super) fn print(config: &Config, given: &Given, warnings: &[String]) -> String {
    let values = values_of(config);
    let mut lines: Vec<_> =
        warnings.iter().map(|warning| format!("# warning: {warning}\n")).collect();
    for opt in names::options() {
        let value = values.iter().find(|(key, _)| *key == opt.key);
        let shown = match value.and_then(|(_, value)| value.as_deref()) {
            Some(_) if opt.secret => quote(SECRET),
            Some(value) => quote(value),
            None => String::new(),
        };
        let line = format!("{}: {shown}", opt.key);
        let origin = given.origin(opt.key).words();
        lines.push(format!("{}  # {origin}\n", line.trim_end()));
    }
    lines.concat()
}

/// Writes each value so that it would be read the same, secrets excepted.
pub(super) fn values_of(config: &Config) -> Vec<(&'static str, Option<String>)> {
    let path = |path: &Path| path.display().to_string();
    let file = |file: &Option<_>| file.as_deref().map(path);
    let limit =
        |limit: Option<NonZeroU64>| limit.map_or_else(|| "-1".to_owned(), |n| n.to_string());
    let (password, password_file) = match &config.access.password {
        Some(PasswordSource::Value(_)) => (Some(SECRET.to_owned()), None),
        Some(PasswordSource::File(file)) => (None, Some(path(file))),
        None => (None, None),
    };
    let period = config.period.map_or_else(|| "off".to_owned(), values::show_duration);
    let log_format = match config.log_format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    vec![
        ("repo", Some(config.repo.to_string())),
        ("ref", Some(config.reference.to_string())),
        ("depth", Some(config.depth.map_or(0, NonZeroU32::get).to_string())),
        ("submodules", Some("off".to_owned())),
        ("root", Some(path(&config.root))),
        ("link", Some(path(&config.link))),
        ("trees", Some(config.trees.label().to_owned())),
        ("drift", Some(config.drift.label().to_owned())),
        ("stale-worktree-timeout", Some(values::show_duration(config.stale_worktree_timeout))),
        ("git-gc", Some(config.garbage.label().to_owned())),
        ("period", Some(period)),
        ("jitter", Some(values::show_duration(config.jitter))),
        ("init-period", Some(values::show_duration(config.init_period))),
        ("sync-timeout", Some(values::show_duration(config.sync_timeout))),
        ("one-time", Some(config.one_time.to_string())),
        ("sync-on-signal", config.sync_on_signal.map(signals::show)),
        ("max-failures", Some(limit(config.max_failures))),
        ("init-max-failures", Some(limit(config.init_max_failures))),
        ("username", config.access.username.clone()),
        ("password", password),
        ("password-file", password_file),
        ("ca-file", config.access.tls.authorities.first().map(|file| path(&file.path))),
        ("touch-file", file(&config.touch_file)),
        ("error-file", file(&config.error_file)),
        ("http-bind", config.http_bind.clone()),
        ("http-metrics", Some(config.http_metrics.to_string())),
        ("verbose", Some(config.verbose.to_string())),
        ("log-format", Some(log_format.to_owned())),
    ]
}

/// Puts a text in quotes where YAML would misread it.
fn quote(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./+-@:".contains(c);
    let starts_plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    if text.starts_with(starts_plain) && text.chars().all(is_plain) && !text.ends_with(':') {
        return text.to_owned();
    }
    let escape = |letter: char| match letter {
        '"' | '\\' => format!("\\{letter}"),
        letter if letter.is_control() => format!("\\u{:04x}", u32::from(letter)),
        letter => letter.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_yaml_would_misread_is_quoted() {
        assert_eq!(quote("https://host/a.git"), "https://host/a.git");
        assert_eq!(quote(":8080"), "\":8080\"");
        assert_eq!(quote("[secret]"), "\"[secret]\"");
        assert_eq!(quote("a # b\n\"\\"), "\"a # b\\u000a\\\"\\\\\"");
    }
}
