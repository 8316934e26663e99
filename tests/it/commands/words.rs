//! The words themselves: known, mistyped, and their help.

use crate::commands::{command, text};
use crate::support::daemon::{Root, bare};

const WORDS: [&str; 6] = ["check", "probe", "status", "sync", "completions", "help"];

#[test]
fn every_command_is_in_the_help_and_has_one_of_its_own() {
    let help = bare().flag("--help").finish();
    let same = command(&["help"]).finish();
    same.expect_code(0);
    assert_eq!(help.stdout, same.stdout);
    for word in WORDS {
        let listed = help.stdout.iter().any(|line| line.starts_with(&format!("  {word} ")));
        assert!(listed, "{word} is not in\n{}", text(&help));
        let own = command(&[word, "--help"]).finish();
        own.expect_code(0);
        assert!(own.stdout[1].contains(&format!("gitsyncd {word}")), "{}", text(&own));
        assert_eq!(own.stdout, command(&["help", word]).finish().stdout);
    }
}

#[test]
fn a_mistyped_command_is_told_with_the_nearest_one() {
    let root = Root::new();
    let flag = format!("--root={}", root.path().display());
    let finished = command(&["chekc"]).flag("--repo=/a").flag(&flag).finish();
    finished.expect_code(2);
    assert!(finished.log[0].contains("the nearest is check"), "{:?}", finished.log);
    let finished = command(&["hunter2"]).flag("--repo=/a").flag(&flag).finish();
    finished.expect_code(2);
    let told = finished.log.join("\n");
    assert!(told.contains("there are check, probe") && !told.contains("hunter2"), "{told}");
    let finished = command(&["check", "/git"]).flag("--repo=/a").flag(&flag).finish();
    finished.expect_code(2);
    command(&["help", "chekc"]).finish().expect_code(2);
    assert!(!root.path().exists());
}

#[test]
fn a_check_needs_a_whole_configuration() {
    let finished = command(&["check"]).flag("--root=/nowhere").flag("--period=x").finish();
    finished.expect_code(2);
    let told = finished.log.join("\n");
    assert!(told.contains("--repo") && told.contains("--period"), "{told}");
}
