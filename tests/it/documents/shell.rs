//! Blocks of commands: whether a shell can read them, and whether the program understands the
//! options that they give it. Nothing is run.

use std::io::Write;
use std::process::{Command, Stdio};

use super::program;
use crate::support::process;

/// What is wrong with a block.
pub(super) fn complaints(language: &str, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(check(Command::new(process::program(language)).arg("-n"), code));
    // Its own complaints about what is well meant in an example: variables that come from elsewhere,
    // words that hold no blanks, and a `cd` that cannot fail.
    let look = ["--severity=warning", "--exclude=SC2034,SC2154,SC2164,SC1090,SC1091,SC2046,SC2155"];
    if process::installed("shellcheck").is_some() {
        let mut shellcheck = Command::new("shellcheck");
        found
            .extend(check(shellcheck.args(look).arg(format!("--shell={language}")).arg("-"), code));
    }
    for call in calls(code) {
        let said = program::complaint(call.called, &call.arguments, &call.variables);
        found.extend(said.map(|said| format!("{}: {said}", call.arguments.join(" "))));
    }
    found
}

/// Shows a program the code, and gives what it says if it is not content with it.
fn check(command: &mut Command, code: &str) -> Vec<String> {
    let quiet = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = quiet.spawn().unwrap();
    child.stdin.take().unwrap().write_all(code.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    if output.status.success() {
        return Vec::new();
    }
    vec![format!("{}\n{code}", String::from_utf8_lossy(&said))]
}

/// A call of the program.
#[derive(Debug, PartialEq)]
struct Call {
    called: &'static str,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
}

/// Words that another command follows.
const BEFORE: [&str; 16] = [
    "!", "command", "do", "elif", "else", "env", "exec", "if", "nice", "nohup", "sudo", "then",
    "time", "timeout", "until", "while",
];

/// Says whether a word sets a variable.
fn sets(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// How many words there are before a command: variables, and words that it follows with their options.
fn before(words: &[String]) -> usize {
    let mut at = 0;
    let mut behind = "";
    while let Some(word) = words.get(at) {
        let number = word.starts_with(|c: char| c.is_ascii_digit());
        match word.as_str() {
            word if BEFORE.contains(&word) => behind = word,
            "-u" | "-g" | "-n" | "-k" | "-s" if !behind.is_empty() => at += 1,
            word if word.starts_with('-') && !behind.is_empty() => (),
            _ if number && behind == "timeout" => (),
            word if sets(word) => (),
            _ => break,
        }
        at += 1;
    }
    at.min(words.len())
}

/// The calls of the program in a block: at the beginning of a command or behind words that a command
/// follows, behind `--` of a command that runs another one in a container, or as the image that is run.
fn calls(code: &str) -> Vec<Call> {
    let mut found = Vec::new();
    for words in commands(code) {
        let (before, rest) = words.split_at(before(&words));
        let variables = before.iter().filter(|word| sets(word));
        let runs = rest.first().is_some_and(|word| word == "docker" || word == "podman")
            && rest.iter().any(|word| word == "run");
        let at = rest.iter().enumerate().position(|(at, word)| {
            let behind = at > 0 && rest[at - 1] == "--";
            ours(word).is_some() && (at == 0 || behind || (runs && !rest[at - 1].starts_with('-')))
        });
        let Some(at) = at else { continue };
        let arguments = rest[at + 1..].iter().filter_map(|word| argument(word));
        let variables = variables.filter_map(|word| word.split_once('='));
        let variables = variables.filter(|(name, _)| name.starts_with("GIT"));
        found.push(Call {
            called: ours(&rest[at]).unwrap_or("gitsyncd"),
            arguments: arguments.collect(),
            variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        });
    }
    found
}

/// An argument as it can be tried: a number, which can be a port, a time or the name of a file, in the
/// place of what only a shell knows. None if it is nothing but that.
fn argument(word: &str) -> Option<String> {
    let mut parts = word.split('$');
    let mut tried = parts.next().unwrap_or_default().to_owned();
    if word == "…" || (tried.is_empty() && word.starts_with('$')) {
        return None;
    }
    for part in parts {
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let rest = match part.chars().next() {
            Some('{') => part.split_once('}').map_or("", |(_, rest)| rest),
            Some('(') => part.split_once(')').map_or("", |(_, rest)| rest),
            _ => part.trim_start_matches(name),
        };
        tried.push_str("8080");
        tried.push_str(rest);
    }
    Some(tried)
}

/// Says whether this is the program or its image.
fn ours(word: &str) -> Option<&'static str> {
    let last = word.rsplit('/').next()?;
    match last.split(':').next()? {
        "gitsyncd" => Some("gitsyncd"),
        "git-sync" => Some("git-sync"),
        _ => None,
    }
}

/// The commands of a block, each as its words, as far as that can be said without a shell.
fn commands(code: &str) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = code.chars().peekable();
    let end = |word: &mut Option<String>, over: bool, all: &mut Vec<Vec<String>>| {
        if let (Some(word), Some(last)) = (word.take(), all.last_mut()) {
            last.push(word);
        }
        if over {
            all.push(Vec::new());
        }
    };
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => match letters.next() {
                Some('\n') | None => (),
                Some(next) => word.get_or_insert_default().push(next),
            },
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (_, Some(mark)) if letter == mark => quote = None,
            ('#', None) if word.is_none() => {
                while letters.next_if(|letter| *letter != '\n').is_some() {}
            }
            ('>' | '<', None) => {
                // Where something goes is no argument, and neither is the number before it.
                if word.as_ref().is_some_and(|it| it.chars().all(|c| c.is_ascii_digit())) {
                    word = None;
                }
                end(&mut word, false, &mut all);
                while letters.next_if(|letter| matches!(letter, '>' | '<' | '&' | ' ')).is_some() {}
                while letters.next_if(|letter| !letter.is_whitespace() && *letter != ')').is_some()
                {
                }
            }
            ('\n' | ';' | '|' | '&' | '(' | ')' | '{' | '}' | '`', None)
                if letter != '{' && letter != '}' || word.is_none() =>
            {
                end(&mut word, true, &mut all);
            }
            (' ' | '\t', None) => end(&mut word, false, &mut all),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    end(&mut word, true, &mut all);
    all.retain(|words| !words.is_empty());
    all
}

#[test]
fn calls_are_found_with_their_arguments() {
    let of = |code: &str| {
        let calls = calls(code).into_iter();
        calls.map(|call| call.arguments.join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(
        of("gitsyncd --repo=a \\\n  --ref='semver:^1' 2>log & # why\n"),
        ["--repo=a --ref=semver:^1"]
    );
    assert_eq!(of("x=$(gitsyncd status /git | head -1)"), ["status /git"]);
    assert_eq!(of("kubectl exec P -c gitsyncd -- /gitsyncd check"), ["check"]);
    assert_eq!(of("docker run --rm -v a:/git me/gitsyncd:1 --repo=a"), ["--repo=a"]);
    assert_eq!(of("gitsyncd … --root=\"$PWD/root\" \"$@\""), ["--root=8080/root"]);
    assert_eq!(of("kubectl delete secret gitsyncd"), [""; 0]);
    assert_eq!(of("until gitsyncd probe; do sleep 1; done"), ["probe"]);
    assert_eq!(of("if ! sudo -u gitsyncd gitsyncd check; then exec gitsyncd; fi"), ["check", ""]);
    assert_eq!(of("timeout 5s env A=b -i git-sync --one-time"), ["--one-time"]);
    assert_eq!(of("sudo install gitsyncd /usr/local/bin"), [""; 0]);
    assert_eq!(calls("GITSYNC_REF=a gitsyncd")[0].variables.len(), 1);
}
