//! Settings by the names that Git has for them, in the way git-sync writes several in one text:
//! `key:value,key:"value"`.

use crate::model::Secret;
use std::fmt;
use std::iter::Peekable;
use std::str::Chars;

/// One setting.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key as it was written. A URL in it may hold a password.
    pub(super) key: String,
    /// The value, which may be a secret.
    pub(super) value: Secret,
}

/// Without what may be secret.
impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting").field("key", &self.shown()).finish_non_exhaustive()
    }
}

impl Setting {
    /// The key, without the user information of a URL in it.
    pub(super) fn shown(&self) -> String {
        without_login(&self.key)
    }

    /// The key with the parts in small letters that Git does not tell apart by case: all but what is
    /// between the first and the last dot.
    fn plain_key(&self) -> String {
        match (self.key.split_once('.'), self.key.rsplit_once('.')) {
            (Some((section, _)), Some((front, name))) => {
                let middle = front.get(section.len()..).unwrap_or_default();
                format!("{}{middle}.{}", section.to_ascii_lowercase(), name.to_ascii_lowercase())
            }
            (_, _) => self.key.to_ascii_lowercase(),
        }
    }

    /// Says whether this is `http.NAME` or `http.URL.NAME`.
    pub(super) fn is_of_http(&self, name: &str) -> bool {
        let (front, last) = self.key.rsplit_once('.').unwrap_or_default();
        let section = front.split_once('.').map_or(front, |(section, _)| section);
        section.eq_ignore_ascii_case("http") && last.eq_ignore_ascii_case(name)
    }

    /// What is between the first and the last dot.
    pub(super) fn url(&self) -> Option<&str> {
        let (front, _) = self.key.rsplit_once('.')?;
        front.split_once('.').map(|(_, url)| url)
    }
}

/// The settings that count when they are about every server.
const KNOWN: [&str; 6] = [
    "http.cookiefile",
    "http.extraheader",
    "http.proxy",
    "http.sslcainfo",
    "http.sslcert",
    "http.sslkey",
];

/// The last value of a setting, by its plain key.
pub(super) fn last(settings: &[Setting], key: &str) -> Option<String> {
    let last = settings.iter().rfind(|setting| setting.plain_key() == key);
    last.map(|setting| setting.value.reveal().to_owned()).filter(|value| !value.is_empty())
}

/// The keys that change nothing here.
pub(super) fn ignored(settings: &[Setting]) -> Vec<String> {
    let counts = |setting: &&Setting| {
        KNOWN.contains(&setting.plain_key().as_str()) || setting.is_of_http("extraheader")
    };
    let keys = settings.iter().filter(|setting| !counts(setting));
    keys.map(Setting::shown).collect()
}

/// Takes away what is before the host of a URL, in whatever odd form it is written.
fn without_login(key: &str) -> String {
    match key.split_once("://") {
        Some((front, rest)) => {
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            format!("{front}://{host}")
        }
        None => key.to_owned(),
    }
}

/// Writes settings as they are read, without their values.
pub(super) fn show(settings: &[Setting], value: &str) -> Option<String> {
    let shown: Vec<_> = settings.iter().map(|it| format!("{:?}:{value:?}", it.shown())).collect();
    (!shown.is_empty()).then(|| shown.join(","))
}

/// Reads settings. Complaints name keys and never show values.
pub(super) fn parse(text: &str) -> Result<Vec<Setting>, String> {
    let mut letters = text.chars().peekable();
    let mut settings = Vec::new();
    loop {
        skip_space(&mut letters);
        if letters.peek().is_none() {
            return Ok(settings);
        }
        let number = settings.len() + 1;
        let key = part(&mut letters, ':')
            .map_err(|complaint| format!("the key of setting {number} {complaint}"))?;
        if letters.next() != Some(':') || key.is_empty() {
            return Err(format!("setting {number} is not `key:value`"));
        }
        skip_space(&mut letters);
        let value = part(&mut letters, ',')
            .map_err(|complaint| format!("the value of {} {complaint}", without_login(&key)))?;
        settings.push(Setting { key, value: Secret::new(value) });
        skip_space(&mut letters);
        if letters.next().is_some_and(|letter| letter != ',') {
            return Err(format!("there is no comma behind setting {number}"));
        }
    }
}

fn skip_space(letters: &mut Peekable<Chars<'_>>) {
    while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
}

/// Reads a key or a value, in quotes or up to what ends it.
fn part(letters: &mut Peekable<Chars<'_>>, end: char) -> Result<String, &'static str> {
    let quoted = letters.next_if_eq(&'"').is_some();
    let mut text = String::new();
    loop {
        match letters.next_if(|letter| quoted || *letter != end) {
            Some('"') if quoted => return Ok(text),
            Some('\\') => text.push(match letters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(letter @ ('"' | '\\' | ',' | ':')) => letter,
                Some(_) => return Err("has a backslash before a letter that needs none"),
                None => return Err("ends with a backslash"),
            }),
            Some(letter) => text.push(letter),
            None if quoted => return Err("has no closing quote"),
            None => return Ok(text.trim_end().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let pair = |setting: Setting| (setting.key, setting.value.reveal().to_owned());
        parse(text).unwrap().into_iter().map(pair).collect()
    }

    #[test]
    fn pairs_are_read_as_they_are_written() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(pairs(""), []);
        assert_eq!(pairs("a.b:c"), [pair("a.b", "c")]);
        assert_eq!(
            pairs(r#""a.b":"c,\"d\"\n" , e.f : g:h,"#),
            [pair("a.b", "c,\"d\"\n"), pair("e.f", "g:h")]
        );
        assert_eq!(
            pairs(r#""http.https://h/a.extraHeader":X: y"#),
            [pair("http.https://h/a.extraHeader", "X: y")]
        );
        for bad in ["a.b", ":x", "\"a.b\":\"c", "a.b:c\\", "a.b:\\z", "\"a\":\"b\" c"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_in_the_url_of_a_key_is_never_shown() {
        for url in ["https://me:hush@h/", "https://hush@h/", "https://me:hu/hush@h/"] {
            let text = format!(r#""url.{url}.insteadOf":"git@h:","http.{url}.extraHeader":"A: b""#);
            let settings = parse(&text).unwrap();
            let shown = [
                ignored(&settings).join(" "),
                show(&settings, "[secret]").unwrap(),
                format!("{settings:?}"),
                parse(&format!(r#""url.{url}.insteadOf":a\z"#)).unwrap_err(),
            ];
            for shown in shown {
                assert!(shown.contains("url.https://h/.insteadOf"), "{shown}");
                assert!(!shown.contains("hush"), "{shown}");
            }
            assert_eq!(settings[0].url(), Some(url));
        }
    }

    #[test]
    fn the_parts_of_a_key_are_told_apart() {
        let settings =
            parse(r#"HTTP.Proxy:p,"http.https://H/a.extraHeader":x,user.name:n"#).unwrap();
        assert_eq!(last(&settings, "http.proxy").as_deref(), Some("p"));
        let headers: Vec<_> = settings.iter().map(|one| one.is_of_http("extraheader")).collect();
        assert_eq!(headers, [false, true, false]);
        assert_eq!(settings[1].url(), Some("https://H/a"));
        assert_eq!(settings[0].url(), None);
        assert_eq!(ignored(&settings), ["user.name"]);
    }
}
