//! The value of an option in a file to the text that a flag would have.

use crate::config::file::yaml::{Pair, Value};
use crate::config::options::{BETWEEN, Form, Many, Opt};

/// Makes the text; none if the value says nothing. Complaints never show values.
pub(super) fn of(opt: &Opt, value: &Value) -> Result<Option<String>, String> {
    let parts = match (value, opt.form) {
        (Value::Nothing, _) => return Ok(None),
        (Value::List(items), Form::Command) => {
            let items: Result<Vec<_>, _> = items.iter().map(text).collect();
            return Ok(Some(serde_json::json!(items?).to_string()));
        }
        (Value::List(items), Form::Commas) => {
            let items: Result<Vec<_>, _> = items.iter().map(text).collect();
            return Ok(Some(items?.join(",")));
        }
        (Value::List(items), _) if opt.many != Many::No => {
            let mut parts = Vec::new();
            for item in items {
                parts.extend(self::parts(opt, item)?);
            }
            parts
        }
        (Value::List(_), _) => return Err("is a list, but there can be one value only".to_owned()),
        (Value::Text(_) | Value::Map(_), _) => parts(opt, value)?,
    };
    Ok(Some(parts.join(BETWEEN.encode_utf8(&mut [0; 4]))))
}

/// The texts that flags would have, for one value.
fn parts(opt: &Opt, value: &Value) -> Result<Vec<String>, String> {
    let Value::Map(pairs) = value else {
        return Ok(vec![text(value)?.to_owned()]);
    };
    match opt.form {
        Form::Object => object(pairs).map(|object| vec![object]),
        Form::Lines => {
            let line = |pair: &Pair| Ok(format!("{}: {}", pair.key, text(&pair.value)?));
            pairs.iter().map(line).collect()
        }
        Form::Settings => {
            let quote = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
            let setting = |pair: &Pair| {
                Ok(format!("\"{}\":\"{}\"", quote(&pair.key), quote(text(&pair.value)?)))
            };
            let settings: Result<Vec<_>, String> = pairs.iter().map(setting).collect();
            settings.map(|settings| vec![settings.join(",")])
        }
        Form::Text | Form::Command | Form::Commas => {
            Err("is a mapping, which means nothing here; if it is meant to be a text, put it in \
                 quotes"
                .to_owned())
        }
    }
}

/// An object with texts in it; what is nothing is left out.
fn object(pairs: &[Pair]) -> Result<String, String> {
    let mut object = serde_json::Map::new();
    for Pair { key, value, .. } in pairs {
        if !matches!(value, Value::Nothing) {
            object.insert(key.clone(), text(value)?.into());
        }
    }
    Ok(serde_json::Value::Object(object).to_string())
}

fn text(value: &Value) -> Result<&str, String> {
    match value {
        Value::Text(text) if text.contains(BETWEEN) => {
            Err("holds a control character that is used within this program".to_owned())
        }
        Value::Text(text) => Ok(text),
        Value::Nothing => Err("holds nothing where a text is to be".to_owned()),
        Value::List(_) | Value::Map(_) => {
            Err("holds a list or a mapping where a text is to be".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::file::yaml;
    use crate::config::names;

    fn of(line: &str) -> Result<Option<String>, String> {
        let pairs = yaml::read(line).pairs;
        super::of(names::option(&pairs[0].key).unwrap(), &pairs[0].value)
    }

    fn text(line: &str) -> String {
        of(line).unwrap().unwrap().replace(BETWEEN, "|")
    }

    #[test]
    fn values_become_what_flags_would_say() {
        assert_eq!(text("period: 30"), "30");
        assert_eq!(text("sparse-path: [a, b/c]"), "a|b/c");
        assert_eq!(text("sparse-path: a:b"), "a:b");
        assert_eq!(text("exechook-command: [./reload.sh, now, 1]"), r#"["./reload.sh","now","1"]"#);
        assert_eq!(text("exechook-command: ./reload.sh"), "./reload.sh");
        assert_eq!(text("webhook-events: [published, failed]"), "published,failed");
        assert_eq!(text("webhook-header:\n- X-A: b\n- 'X-C: d'\n"), "X-A: b|X-C: d");
        assert_eq!(text("webhook-header: {X-A: b, X-C: d}"), "X-A: b|X-C: d");
        assert_eq!(text("git-config: {user.name: 'a\"b'}"), r#""user.name":"a\"b""#);
        let credential = r#"{"password":"1","url":"https://h"}"#;
        assert_eq!(
            text("credential:\n- {url: https://h, password: 1, password-file: }\n"),
            credential
        );
        assert_eq!(text("credential: {url: https://h, password: 1}"), credential);
        assert_eq!(text(&format!("credential: '{credential}'")), credential);
        assert_eq!(of("touch-file:"), Ok(None));
        assert_eq!(of("touch-file: ''"), Ok(Some(String::new())));
        assert_eq!(of("sparse-path: []"), Ok(Some(String::new())));
    }

    #[test]
    fn values_of_the_wrong_kind_are_told_without_what_they_hold() {
        for line in [
            "password: [hunter2]",
            "password: {hunter2: hunter2}",
            "sparse-path: [[hunter2]]",
            "sparse-path: [hunter2, ]\nx: [hunter2, ~]",
            "credential: [{password: [hunter2]}]",
            "exechook-command: [hunter2, ~]",
            "password: \"hunter2\\x1f\"",
        ] {
            let Err(told) = of(line) else { continue };
            assert!(!told.contains("hunter2"), "{told}");
        }
        assert!(of("password: [hunter2]").is_err() && of("password: {a: b}").is_err());
        assert!(of("exechook-command: [a, ~]").is_err() && of("sparse-path: [~]").is_err());
        assert!(of("password: \"a\\x1fb\"").is_err());
    }
}
