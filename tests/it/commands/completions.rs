//! Completions, tried in the shell that they are for.

use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

use crate::commands::command;
use crate::support::process::path;
use crate::support::skip;

/// What bash offers for the last of these words, as it divides them.
fn offered(script: &Path, words: &[&str]) -> Vec<String> {
    let last = words.len() - 1;
    let words: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let quoted = words.join(" ");
    let run = format!(
        "compopt() {{ :; }}\nsource '{}'\nCOMP_WORDS=({quoted})\nCOMP_CWORD={last}\n\
         _gitsyncd gitsyncd \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    let bash = Command::new("bash")
        .args(["--norc", "-c", &run])
        .env_clear()
        .env("PATH", path())
        .current_dir(script.parent().unwrap())
        .output()
        .unwrap();
    assert!(bash.status.success(), "{}", String::from_utf8_lossy(&bash.stderr));
    let text = String::from_utf8(bash.stdout).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_values_and_files() {
    if Command::new("bash").arg("--version").output().is_err() {
        skip::note("bash_completes_commands_flags_values_and_files", "there is no bash");
        return;
    }
    let dir = TempDir::new().unwrap();
    let script = dir.path().join("gitsyncd.bash");
    fs::write(dir.path().join("some-ca.crt"), "").unwrap();
    let printed = command(&["completions", "bash"]).finish();
    printed.expect_code(0);
    fs::write(&script, printed.stdout.join("\n")).unwrap();
    let check = |words: &[&str], wanted: &[&str]| {
        let words: Vec<_> = ["gitsyncd"].iter().chain(words).copied().collect();
        assert_eq!(offered(&script, &words), wanted, "{words:?}");
    };
    check(&["--sync-on"], &["--sync-on-signal"]);
    check(&["che"], &["check"]);
    check(&["check", "--sync-on"], &["--sync-on-signal"]);
    check(&["completions", "f"], &["fish"]);
    check(&["help", "sta"], &["status"]);
    check(&["status", "--js"], &["--json"]);
    let modes = ["auto", "always", "aggressive"];
    check(&["--git-gc", "a"], &modes);
    // The equals sign is a word of its own to bash.
    check(&["--git-gc", "=", "a"], &modes);
    check(&["--git-gc", "="], &["auto", "always", "aggressive", "off"]);
    check(&["check", "--git-gc", "=", "of"], &["off"]);
    check(&["--ca-file", "=", "some"], &["some-ca.crt"]);
    check(&["probe", "--ca-file", "some"], &["some-ca.crt"]);
    check(&["--period", "=", ""], &[]);
}

#[test]
fn each_shell_has_completions_that_name_it() {
    for (shell, word) in
        [("bash", "complete -F"), ("zsh", "#compdef gitsyncd"), ("fish", "complete -c")]
    {
        let printed = command(&["completions", shell]).finish();
        printed.expect_code(0);
        let text = printed.stdout.join("\n");
        assert!(text.contains(word) && text.contains("sync-on-signal"), "{text}");
    }
    for words in [&["completions"][..], &["completions", "csh"]] {
        let finished = command(words).finish();
        finished.expect_code(2);
        assert!(finished.log[0].contains("bash, zsh, fish"), "{:?}", finished.log);
    }
}
