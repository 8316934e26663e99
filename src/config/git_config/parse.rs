//! Reads settings of Git as git-sync writes several in one text: `key:value,"key":"value"`.
//!
//! White space counts everywhere. A key that begins with a quote ends with one; so does a value. A
//! backslash is read before `n`, `t`, `"`, `\` and `,`, in quotes and in values, but not as the first
//! letter of a value without quotes. That first letter, and that of a key, may be anything, be it a
//! comma or a colon. Complaints name keys and never show values.

use crate::config::git_config::{Giver, Setting, without_login};
use crate::model::Secret;
use std::str::Chars;

/// Reads settings that an option gave.
pub(crate) fn parse(option: &'static str, text: &str) -> Result<Vec<Setting>, String> {
    let mut letters = text.chars();
    let mut settings = Vec::new();
    while let Some(first) = letters.next() {
        let number = settings.len() + 1;
        let key = key(first, &mut letters)
            .map_err(|complaint| format!("the key of setting {number} {complaint}"))?;
        let shown = without_login(&key);
        if let Some(complaint) = unfit(&key) {
            return Err(format!("setting {number}: {shown:?} {complaint}"));
        }
        let value = match letters.next() {
            None => return Err(format!("{shown} has no value; it is to be `{shown}:value`")),
            Some(first) => value(first, &mut letters),
        };
        let value = value.map_err(|complaint| format!("the value of {shown} {complaint}"))?;
        let giver = Giver::Option(option);
        settings.push(Setting { giver, key, value: Secret::new(value) });
    }
    Ok(settings)
}

/// Takes a setting whose parts were given by themselves, the key by this variable.
pub(crate) fn listed(variable: String, key: String, value: String) -> Result<Setting, String> {
    match unfit(&key) {
        Some(complaint) => Err(format!("{:?} {complaint}", without_login(&key))),
        None => Ok(Setting { giver: Giver::Listed(variable), key, value: Secret::new(value) }),
    }
}

fn key(first: char, letters: &mut Chars<'_>) -> Result<String, &'static str> {
    if first == '"' {
        let key = quoted(letters)?;
        return match letters.next() {
            Some(':') => Ok(key),
            Some(_) | None => Err("has no colon behind its closing quote"),
        };
    }
    let mut key = String::from(first);
    loop {
        match letters.next() {
            Some(':') => return Ok(key),
            Some(letter) => key.push(letter),
            None => return Err("has no colon behind it; settings are `key:value,key:value`"),
        }
    }
}

fn value(first: char, letters: &mut Chars<'_>) -> Result<String, &'static str> {
    if first == '"' {
        let value = quoted(letters)?;
        return match letters.next() {
            Some(',') | None => Ok(value),
            Some(_) => Err("has no comma behind its closing quote"),
        };
    }
    let mut value = String::from(first);
    loop {
        match letters.next() {
            Some('\\') => value.push(escaped(letters)?),
            Some(',') | None => return Ok(value),
            Some(letter) => value.push(letter),
        }
    }
}

fn quoted(letters: &mut Chars<'_>) -> Result<String, &'static str> {
    let mut text = String::new();
    loop {
        match letters.next() {
            Some('\\') => text.push(escaped(letters)?),
            Some('"') => return Ok(text),
            Some(letter) => text.push(letter),
            None => return Err("has no closing quote"),
        }
    }
}

fn escaped(letters: &mut Chars<'_>) -> Result<char, &'static str> {
    match letters.next() {
        Some('n') => Ok('\n'),
        Some('t') => Ok('\t'),
        Some(letter @ ('"' | ',' | '\\')) => Ok(letter),
        Some(_) => Err("has a backslash before a letter that needs none"),
        None => Err("ends with a backslash"),
    }
}

/// Says what keeps a text from being a key, as Git sees it.
fn unfit(key: &str) -> Option<&'static str> {
    let is_of_key = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let Some((front, name)) = key.rsplit_once('.') else {
        return Some("is no key of Git: it has no section, as in `section.name`");
    };
    let (section, middle) = front.split_once('.').unwrap_or((front, ""));
    if section.is_empty() || !section.chars().all(is_of_key) {
        return Some("is no key of Git: its section may hold letters, digits and dashes only");
    }
    if !name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        || !name.chars().all(is_of_key)
    {
        return Some(
            "is no key of Git: its name is to begin with a letter, and may hold letters, digits \
             and dashes only",
        );
    }
    middle.contains('\n').then_some("is no key of Git: it holds a line break")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read, or that it is refused.
    fn read(text: &str) -> Option<Vec<(String, String)>> {
        let pair = |setting: Setting| (setting.key, setting.value.reveal().to_owned());
        Some(parse("git-config", text).ok()?.into_iter().map(pair).collect())
    }

    #[test]
    fn what_git_sync_takes_is_read_as_it_reads_it() {
        for (text, expected) in [
            ("", &[][..]),
            ("a.b:c", &[("a.b", "c")]),
            ("a.b:c,", &[("a.b", "c")]),
            ("a.b:c,d.e:f", &[("a.b", "c"), ("d.e", "f")]),
            ("a.b:c:d", &[("a.b", "c:d")]),
            ("a.b: c ", &[("a.b", " c ")]),
            (r#""a.b":"c""#, &[("a.b", "c")]),
            (r#""a.b":"c","d.e":f"#, &[("a.b", "c"), ("d.e", "f")]),
            (r#""a.b":"","#, &[("a.b", "")]),
            (r#"a.b:"c,d""#, &[("a.b", "c,d")]),
            (r#"a.b:c"d"#, &[("a.b", "c\"d")]),
            (r"a.b:c\,d\n\t\\", &[("a.b", "c,d\n\t\\")]),
            (r#""a.x\"y.b":"\"\\\n\t\,""#, &[("a.x\"y.b", "\"\\\n\t,")]),
            // The first letter of a value is taken as it is.
            ("a.b:,c.d:e", &[("a.b", ",c.d:e")]),
            (r"a.b:\n", &[("a.b", r"\n")]),
            (r"a.b:\,c.d:e", &[("a.b", "\\"), ("c.d", "e")]),
            ("a.b::", &[("a.b", ":")]),
            ("a. x,y .b:c", &[("a. x,y .b", "c")]),
            (r#""http.https://h/a.extraHeader":X: y"#, &[("http.https://h/a.extraHeader", "X: y")]),
        ] {
            let expected: Vec<_> =
                expected.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
            assert_eq!(read(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn what_git_sync_or_git_refuses_is_refused() {
        for text in [
            // By git-sync.
            "a.b",
            "a.b:",
            "a.b:c,d",
            "a.b:c,d.e:",
            r#""a.b":"#,
            r#""a.b""#,
            r#""a.b" :c"#,
            r#""a.b"c"#,
            r#""a.b:c"#,
            r#"a.b:"c"#,
            r#"a.b:"c" ,d.e:f"#,
            r#"a.b:"c"d"#,
            r"a.b:c\",
            r"a.b:c\z",
            r#"a.b:"\z""#,
            r#"a.b:"c\"#,
            r#""a.b\z":c"#,
            // By `git config`.
            "a:b",
            ":a.b:c",
            ",a.b:c",
            "a.b:c, d.e:f",
            " a.b:c",
            "a.b :c",
            ".a:b",
            "a.:b",
            "a.1:b",
            "a_b.c:d",
            "a.b_c:d",
            "a.x\ny.b:c",
            "https://h.b:c",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_complaint_shows_no_value() {
        for text in ["a.b:hush\\", "a.b:\"hush", "a.b:\"hush\"x", "a.b:c,hush"] {
            let complaint = parse("git-config", text).unwrap_err();
            assert!(!complaint.contains("hush"), "{complaint}");
        }
    }
}
