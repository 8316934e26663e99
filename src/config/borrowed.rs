//! The variables of Git itself, which git-sync hands on to the `git` that it runs.
//!
//! What they say of servers and settings counts here as well. Others name programs and files of Git,
//! none of which is run or read: where that may matter, a warning says what does it instead.

use crate::config::git_config;
use crate::config::git_config::{Giver, Setting};
use crate::config::problem::Problem;
use crate::model::Secret;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// Those that take the place of a setting, whatever is said of that elsewhere.
const COUNTING: [(&str, &str); 8] = [
    ("GIT_HTTP_LOW_SPEED_LIMIT", "http.lowSpeedLimit"),
    ("GIT_HTTP_LOW_SPEED_TIME", "http.lowSpeedTime"),
    ("GIT_HTTP_USER_AGENT", "http.userAgent"),
    ("GIT_SSL_CAINFO", "http.sslCAInfo"),
    ("GIT_SSL_CAPATH", "http.sslCAPath"),
    ("GIT_SSL_CERT", "http.sslCert"),
    ("GIT_SSL_KEY", "http.sslKey"),
    (NO_VERIFY, "http.sslVerify"),
];

/// What this says does not matter to Git; that it is there does.
const NO_VERIFY: &str = "GIT_SSL_NO_VERIFY";

/// How many settings are listed, and what the names of each begin with.
const COUNT: &str = "GIT_CONFIG_COUNT";
const KEY: &str = "GIT_CONFIG_KEY_";
const VALUE: &str = "GIT_CONFIG_VALUE_";

/// Those that change nothing here although somebody may expect it, and what does.
const IDLE: [(&str, &str); 16] = [
    ("GIT_ALLOW_PROTOCOL", "use --git-config=protocol.allow:never,protocol.https.allow:always"),
    ("GIT_ASKPASS", "use --username with --password-file, --credential or --askpass-url"),
    ("GIT_CONFIG_GLOBAL", FILES),
    ("GIT_CONFIG_PARAMETERS", FILES),
    ("GIT_CONFIG_SYSTEM", FILES),
    ("GIT_HTTP_PROXY_AUTHMETHOD", PROXY),
    ("GIT_PROXY_COMMAND", "use --proxy"),
    ("GIT_PROXY_SSL_CAINFO", "use --ca-file, which counts for proxies as well"),
    ("GIT_PROXY_SSL_CERT", PROXY),
    ("GIT_PROXY_SSL_KEY", PROXY),
    ("GIT_SSH", SSH),
    ("GIT_SSH_COMMAND", SSH),
    ("GIT_SSL_CERT_PASSWORD_PROTECTED", "use --client-key with a key that has no passphrase"),
    ("GIT_SSL_CIPHER_LIST", TLS),
    ("GIT_SSL_VERSION", TLS),
    ("GIT_TEMPLATE_DIR", "use --exechook-command for what its hooks do"),
];
const FILES: &str = "use --git-config or GIT_CONFIG_COUNT for the settings";
const PROXY: &str = "use a user and a password in --proxy, for basic authentication";
const SSH: &str = "use --ssh-key-file, --ssh-known-hosts-file, --ssh-known-hosts and --proxy";
const TLS: &str = "TLS 1.2 and 1.3 are spoken, with the ciphers that are safe";

/// What they come to.
#[derive(Default)]
pub(super) struct Borrowed {
    /// In the order in which they count, behind all that options say.
    pub(super) settings: Vec<Setting>,
    pub(super) problems: Vec<Problem>,
    /// Those that change nothing.
    pub(super) idle: Vec<Problem>,
}

/// Says whether a variable is one of them.
pub(super) fn is_one(name: &str) -> bool {
    let is_named = |list: &[(&str, &str)]| list.iter().any(|(known, _)| *known == name);
    is_listing(name) || is_named(&COUNTING) || is_named(&IDLE)
}

/// Says whether a variable is about the settings that are listed.
pub(super) fn is_listing(name: &str) -> bool {
    name == COUNT || name.starts_with(KEY) || name.starts_with(VALUE)
}

/// Says whether a variable lists a setting whose value may be a secret, or that names one.
pub(super) fn lists_secret(name: &str, value: &str) -> bool {
    let section = value.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let harmless = ["advice", "core", "gc", "init", "pack", "safe", "user"];
    name.starts_with(KEY) && !harmless.contains(&section.as_str())
}

/// Reads all of them. Those that are empty say nothing, save as values of what is listed.
pub(super) fn read(vars: &BTreeMap<String, OsString>) -> Borrowed {
    let mut found = Borrowed::default();
    found.list(vars);
    for (name, key) in COUNTING {
        let Some(value) = found.text(vars, name).filter(|text| !text.is_empty()) else { continue };
        let value = if name == NO_VERIFY { "false".to_owned() } else { value };
        let (giver, value) = (Giver::Variable(name), Secret::new(value));
        found.settings.push(Setting { giver, key: key.to_owned(), value });
    }
    // An empty file is named to say that there is to be none.
    let is_set =
        |name: &str| vars.get(name).is_some_and(|value| !value.is_empty() && value != "/dev/null");
    for (name, advice) in IDLE.into_iter().filter(|(name, _)| is_set(name)) {
        let words = format!("has no effect here, as no git program is run; {advice}");
        found.idle.push(Problem::new(name, words));
    }
    found
}

impl Borrowed {
    /// A variable that must be UTF-8 if it is there.
    fn text(&mut self, vars: &BTreeMap<String, OsString>, name: &str) -> Option<String> {
        let text = vars.get(name)?.to_str().map(str::to_owned);
        if text.is_none() {
            self.problems.push(Problem::new(name, "the value is not UTF-8"));
        }
        text
    }

    /// Takes the settings that are listed, up to the first that is not as Git would have it.
    fn list(&mut self, vars: &BTreeMap<String, OsString>) {
        let Some(count) = self.text(vars, COUNT).filter(|text| !text.is_empty()) else { return };
        let Ok(count) = count.parse::<u32>() else {
            return self.problems.push(Problem::new(COUNT, "the value is not a number"));
        };
        for number in 0..count {
            let (key, value) = (format!("{KEY}{number}"), format!("{VALUE}{number}"));
            if let Some(lacking) = [&key, &value].into_iter().find(|name| !vars.contains_key(*name))
            {
                let complaint = format!("says {count}, and {lacking} is missing");
                return self.problems.push(Problem::new(COUNT, complaint));
            }
            let (Some(text), Some(said)) = (self.text(vars, &key), self.text(vars, &value)) else {
                return;
            };
            match git_config::listed(key.clone(), text, said) {
                Ok(setting) => self.settings.push(setting),
                Err(complaint) => return self.problems.push(Problem::new(key, complaint)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(vars: &[(&str, &str)]) -> Borrowed {
        read(&vars.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect())
    }

    fn told(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_listed_comes_in_its_order_and_variables_behind_it() {
        let found = of(&[
            ("GIT_CONFIG_COUNT", "2"),
            ("GIT_CONFIG_KEY_0", "http.extraHeader"),
            ("GIT_CONFIG_VALUE_0", "A: b"),
            ("GIT_CONFIG_KEY_1", "core.eol"),
            ("GIT_CONFIG_VALUE_1", ""),
            ("GIT_CONFIG_KEY_2", "not counted"),
            ("GIT_SSL_CAINFO", "/ca"),
            ("GIT_SSL_NO_VERIFY", "0"),
            ("GIT_SSL_KEY", ""),
        ]);
        let one = |it: &Setting| format!("{}: {}={}", it.giver, it.key, it.value.reveal());
        assert_eq!(
            found.settings.iter().map(one).collect::<Vec<_>>(),
            [
                "GIT_CONFIG_KEY_0: http.extraHeader=A: b",
                "GIT_CONFIG_KEY_1: core.eol=",
                "GIT_SSL_CAINFO: http.sslCAInfo=/ca",
                "GIT_SSL_NO_VERIFY: http.sslVerify=false",
            ]
        );
        assert!(found.problems.is_empty() && found.idle.is_empty());
    }

    #[test]
    fn what_git_would_refuse_is_refused() {
        for (vars, wanted) in [
            (&[("GIT_CONFIG_COUNT", "x")][..], "GIT_CONFIG_COUNT: the value is not a number"),
            (
                &[("GIT_CONFIG_COUNT", "4000000000")],
                "GIT_CONFIG_COUNT: says 4000000000, and GIT_CONFIG_KEY_0 is missing",
            ),
            (
                &[("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "a.b")],
                "GIT_CONFIG_COUNT: says 1, and GIT_CONFIG_VALUE_0 is missing",
            ),
            (
                &[
                    ("GIT_CONFIG_COUNT", "1"),
                    ("GIT_CONFIG_KEY_0", "url.https://me:hush@h/x"),
                    ("GIT_CONFIG_VALUE_0", "y"),
                ],
                "GIT_CONFIG_KEY_0: \"url.https://h/x\" is no key of Git: its name",
            ),
        ] {
            let told = told(&of(vars).problems);
            assert!(told.len() == 1 && told[0].starts_with(wanted), "{told:?}");
        }
    }

    #[test]
    fn what_has_no_effect_is_told_once_with_what_has_one() {
        let found = of(&[("GIT_SSH_COMMAND", "ssh -i /key"), ("GIT_ASKPASS", "")]);
        let told = told(&found.idle);
        assert!(told.len() == 1 && told[0].starts_with("GIT_SSH_COMMAND: "), "{told:?}");
        assert!(told[0].contains("--ssh-key-file") && !told[0].contains("/key"), "{told:?}");
    }
}
