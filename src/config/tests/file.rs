//! The file as one more place for values: it means what flags mean, and comes behind them.

use crate::config::options::{Form, Many};
use crate::config::show::quote;
use crate::config::tests::samples::SAMPLES;
use crate::config::tests::{hide, request, run, some_options};
use crate::config::{Config, Fleet, Personality, Problem, Request, load, names};
use proptest::prelude::*;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Loads with a file of this content, and these arguments and variables besides.
pub(super) fn loaded(
    content: &str,
    args: &[&str],
    vars: &[(&str, &str)],
) -> Result<Request, Vec<Problem>> {
    let (_dir, path) = written(content);
    load_file(&path, args, vars)
}

/// Writes a file.
pub(super) fn written(content: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gitsyncd.yaml");
    fs::write(&path, content).unwrap();
    (dir, path)
}

/// Loads with this file.
pub(super) fn load_file(
    path: &Path,
    args: &[&str],
    vars: &[(&str, &str)],
) -> Result<Request, Vec<Problem>> {
    let mut args: Vec<_> = args.iter().map(|&arg| arg.to_owned()).collect();
    args.push(format!("--config={}", path.display()));
    let own = |&(name, text): &(&str, &str)| (name.to_owned(), text.to_owned());
    request(&args, &vars.iter().map(own).collect::<Vec<_>>())
}

/// What is wrong with a file, with its name cut short.
pub(super) fn problems(content: &str, args: &[&str], vars: &[(&str, &str)]) -> Vec<String> {
    let told = match loaded(content, args, vars) {
        Err(problems) => problems,
        other => panic!("{content}: {other:?}"),
    };
    told.iter().map(|problem| short(&problem.to_string())).collect()
}

/// Cuts the directory off the name of the file.
pub(super) fn short(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(end) = text.find("/gitsyncd.yaml") {
        let before = text.split_at(end).0;
        let start = before.rfind([' ', '(', '"', ':']).map_or(0, |at| at + 1);
        text.replace_range(start..=end, "");
    }
    text
}

pub(super) fn fleet(content: &str, args: &[&str]) -> Fleet {
    run(loaded(content, args, &[]))
}

fn config(content: &str, args: &[&str], vars: &[(&str, &str)]) -> Config {
    run(loaded(content, args, vars)).into_only()
}

#[test]
fn a_file_comes_behind_flags_and_variables_and_before_defaults() {
    let content = "repo: /srv/a\nref: 1.10\nperiod: 30\nlink: a\n";
    let only = config(content, &[], &[]);
    assert_eq!((only.name, only.reference.to_string()), (None, "1.10".to_owned()));
    assert_eq!(only.link, Path::new("/git/a"));
    let refs = |args: &[&str], vars: &[(&str, &str)]| config(content, args, vars).reference;
    assert_eq!(refs(&["--ref=b"], &[("GITSYNC_REF", "c")]).to_string(), "b");
    assert_eq!(refs(&[], &[("GITSYNC_REF", "c")]).to_string(), "c");
    assert_eq!(refs(&[], &[("GIT_SYNC_REV", "d")]).to_string(), "d");
    assert_eq!(refs(&[], &[("GITOPS_BRANCH", "e")]).to_string(), "e");
}

#[test]
fn the_file_may_be_named_by_variable_and_from_the_current_directory() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("f.yaml"), "repo: /srv/a\nroot: data\nperiod: soon\n").unwrap();
    for (called_as, args, vars) in [
        (Personality::Gitsyncd, vec!["gitsyncd"], vec![("GITSYNC_CONFIG", "f.yaml")]),
        (Personality::GitSync, vec!["git-sync", "--config=f.yaml"], vec![]),
    ] {
        let cwd = Some(dir.path().to_owned());
        let told = load(
            args.into_iter().map(OsString::from),
            vars.into_iter().map(|(name, text)| (name.into(), text.into())),
            crate::config::Surroundings { cwd, ..Default::default() },
        );
        let told: Vec<_> = told.unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1, "{called_as:?}: {told:?}");
        assert!(told[0].starts_with("--period (from f.yaml, line 3): \"soon\" is not a duration"));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_alone() {
    let missing = Path::new("/nowhere/at/all.yaml");
    let told = load_file(missing, &[], &[]).unwrap_err();
    assert_eq!(told.len(), 1);
    let told = told[0].to_string();
    assert!(told.starts_with("--config: \"/nowhere/at/all.yaml\" cannot be read: "), "{told}");
    let told = problems("period: [\n", &[], &[]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("gitsyncd.yaml, line 2, column 1: is not YAML: "), "{told:?}");
}

#[test]
fn an_empty_flag_takes_away_what_a_file_says() {
    let content = "repo: /srv/a\nconfig: f.yaml\n";
    assert!(problems(content, &[], &[])[0].contains("config cannot be in the file itself"));
    let content = "repo: /srv/a\nhttp-bind: ':80'\n";
    let fleet = run(loaded(content, &["--http-bind="], &[]));
    assert_eq!(fleet.process.serving.bind, None);
    assert_eq!(run(request(&["--config=".into(), "--repo=/a".into()], &[])).again, None);
}

#[test]
fn probe_and_status_take_what_they_need_of_a_file_even_of_a_wrong_one() {
    for content in [
        "http-bind: ':8081'\nrepositories:\n- repo: /srv/a\n",
        "http-bind: ':8081'\npreiod: 1s\nrepositories: []\n",
        "http-bind: ':8081'\nrepositories:\n- repo: [\n",
    ] {
        let probe = loaded_with_command("probe", content);
        let Ok(Request::Probe(probe, _)) = probe else { panic!("{content}: {probe:?}") };
        assert_eq!(probe.urls[0].as_str(), "http://127.0.0.1:8081/readyz");
        let status = loaded_with_command("status", content);
        let Ok(Request::Status(status, _)) = status else { panic!("{content}: {status:?}") };
        assert_eq!(status.api.urls[0].as_str(), "http://127.0.0.1:8081/api/v1/status");
    }
    let told = loaded_with_command("probe", "htp-bind: ':8081'\n").unwrap_err();
    assert!(told[0].to_string().ends_with("the nearest is http-bind"), "{told:?}");
    assert!(told[1].to_string().starts_with("--http-bind: is needed"), "{told:?}");
    let url = loaded_with_command("probe http://h/", "a: [\n");
    assert!(matches!(url, Ok(Request::Probe(..))), "{url:?}");
}

fn loaded_with_command(words: &str, content: &str) -> Result<Request, Vec<Problem>> {
    loaded(content, &words.split(' ').collect::<Vec<_>>(), &[])
}

#[test]
fn every_sample_means_the_same_by_file_as_by_flag() {
    for (key, good, bad) in SAMPLES {
        let base = |line: &str| {
            let more = match key {
                "repo" => "",
                _ if key.starts_with("github-app") => APP,
                "client-key" => "repo: /srv/a\nclient-cert: c\n",
                "publish-gate" => "repo: /srv/a\npre-publish-exechook-command: c\n",
                "http-metrics" | "http-pprof" => "repo: /srv/a\nhttp-bind: ':80'\n",
                _ => "repo: /srv/a\n",
            };
            let is_same = |other: &str| {
                let other = other.split(':').next().unwrap_or_default();
                key == other
                    || [key, other].contains(&"github-app-application-id")
                        && [key, other].contains(&"github-app-client-id")
                    || format!("{key}-file") == other
            };
            let others = more.lines().filter(|other| !is_same(other));
            others.chain([line]).collect::<Vec<_>>().join("\n")
        };
        for text in good {
            let flag = format!("--{key}={text}");
            let mut by_flag = fleet(&base(""), &[&flag]);
            let mut by_file = fleet(&base(&format!("{key}: {}\n", quote(text))), &[]);
            // They name different files.
            (by_flag.again, by_file.again) = (None, None);
            assert_eq!(by_flag, by_file, "{key}: {text}");
        }
        let Some(bad) = bad else { continue };
        let told = problems(&base(&format!("{key}: {}\n", quote(bad))), &[], &[]);
        let line = base("x").lines().count();
        let start = format!("--{key} (from gitsyncd.yaml, line {line}): ");
        assert!(told.iter().any(|told| told.starts_with(&start)), "{start}{told:?}");
    }
}

/// Writes options as lines of a file.
fn lines(pairs: &[(&str, &str)]) -> String {
    let lines: Vec<_> =
        pairs.iter().map(|(key, text)| format!("{key}: {}\n", quote(text))).collect();
    lines.concat()
}

/// A whole GitHub App.
const APP: &str = "repo: /srv/a\ngithub-app-client-id: a\ngithub-app-installation-id: 1\n\
                   github-app-private-key-file: k\n";

#[test]
fn an_option_that_can_be_a_list_or_a_mapping_is_in_the_table() {
    for opt in names::options() {
        let many = opt.many != Many::No;
        match opt.form {
            Form::Text | Form::Settings => (),
            Form::Command | Form::Commas => assert!(!many, "{}", opt.key),
            Form::Object | Form::Lines => assert!(many, "{}", opt.key),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files_and_flags_mean_the_same(pairs in some_options()) {
        let lines = lines(&pairs);
        let flags: Vec<_> = pairs.iter().map(|(key, text)| format!("--{key}={text}")).collect();
        let flags: Vec<_> = flags.iter().map(String::as_str).collect();
        let mut by_file = fleet(&format!("repo: /srv/a\n{lines}"), &[]);
        let mut by_flag = fleet("repo: /srv/a\n", &flags);
        (by_flag.again, by_file.again) = (None, None);
        prop_assert_eq!(&by_file, &by_flag);
    }

    #[test]
    fn what_is_printed_for_one_repository_can_be_read_as_a_file(pairs in some_options()) {
        let lines = lines(&pairs);
        let content = format!("repo: /srv/a\n{lines}");
        let mut first = fleet(&content, &[]);
        let Ok(Request::Print(printed)) = loaded(&content, &["--print-config"], &[]) else {
            panic!("{content}");
        };
        let mut second = fleet(&printed, &[]);
        hide(&mut first);
        hide(&mut second);
        (first.again, second.again) = (None, None);
        prop_assert_eq!(first, second);
    }

    #[test]
    fn a_quoted_text_is_read_as_it_was(text in any::<String>(), like in "[-~:#&*!|>%@`'\"{}\\[\\]nul 1a.,\n\t]{0,8}") {
        for text in [text, like] {
            let content = format!("a: {}\nb: [{}, {}]\n", quote(&text), quote(&text), quote(&text));
            prop_assert_eq!(crate::config::file::texts(&content), vec![text; 3], "{}", content);
        }
    }

    #[test]
    fn no_problem_of_a_file_holds_a_secret(
        core in "[A-Z]{4}[0-9]{8}",
        form in prop::sample::select(vec![
            "password: SECRET", "password: [SECRET]", "pasword: SECRET", "password: {SECRET: SECRET}",
            "repo: https://u:SECRET@h/a", "credential: {url: https://h, username: u, password: SECRET}",
            "credential: {url: https://h, pasword: SECRET}", "webhook-header: {A: SECRET}", "SECRET",
            "webhook-header: [A SECRET]", "SECRET: x", "- SECRET", "password: SECRET: SECRET",
            "password: \"SECRET", "password: *SECRET", "password: !SECRET x", "proxy: ftp://SECRET@h",
            "password: SECRET\npassword: SECRET", "git-config: {http.extraHeader: SECRET}", "hook-secret: SECRET",
        ]),
        cut in 0..80_usize,
    ) {
        let line = form.replace("SECRET", &core);
        let indented = line.replace('\n', "\n  ");
        for whole in [
            format!("repo: /srv/a\n{line}\n"),
            format!("repositories:\n- period: 1s\n  {indented}\n  link: x\n"),
        ] {
            let half: String = whole.chars().take(cut).collect();
            for content in [&whole, &half] {
                for args in [&[][..], &["--period=x"], &["--print-config"]] {
                    let request = loaded(content, args, &[]);
                    let shown = match &request {
                        Ok(Request::Print(text)) => text.clone(),
                        Ok(Request::Run { warnings, .. }) => warnings.concat(),
                        Ok(_) => String::new(),
                        Err(problems) => problems.iter().map(ToString::to_string).collect(),
                    };
                    let debug = format!("{request:?}");
                    for text in [shown, debug] {
                        prop_assert!(!text.to_ascii_uppercase().contains(&core), "{content}{text}");
                    }
                }
            }
        }
    }
}
