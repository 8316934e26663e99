//! The configuration as a whole: any way in leads to the same place, and no secret leads out.

mod access;
mod file;
mod peer;
mod samples;
mod several;

use crate::config::tests::samples::SAMPLES;
use crate::config::{
    Config, Fleet, LogFormat, PasswordSource, Problem, Request, Surroundings, load, names, show,
};
use crate::model::{FileChoice, Garbage, Reference, Secret, Template};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(in crate::config) fn surroundings() -> Surroundings {
    Surroundings { cwd: Some("/home/me".into()), ..Surroundings::default() }
}

fn request(args: &[String], vars: &[(String, String)]) -> Result<Request, Vec<Problem>> {
    let program = std::iter::once(OsString::from("gitsyncd"));
    load(
        program.chain(args.iter().map(OsString::from)),
        vars.iter().map(|(name, text)| (name.into(), text.into())),
        surroundings(),
    )
}

fn from_args(args: &[&str]) -> Result<Request, Vec<String>> {
    let args: Vec<_> = args.iter().map(|&arg| arg.to_owned()).collect();
    request(&args, &[]).map_err(|told| told.iter().map(ToString::to_string).collect())
}

fn fleet(args: &[&str]) -> Fleet {
    match from_args(&[&["--repo=/srv/a"], args].concat()) {
        Ok(Request::Run { fleet, .. }) => *fleet,
        other => panic!("{args:?}: {other:?}"),
    }
}

pub(in crate::config) fn config(args: &[&str]) -> Config {
    fleet(args).into_only()
}

pub(in crate::config) fn problems(args: &[&str]) -> Vec<String> {
    from_args(&[&["--repo=/srv/a"], args].concat()).unwrap_err()
}

pub(in crate::config) fn warnings(args: &[&str]) -> Vec<String> {
    match from_args(args) {
        Ok(Request::Run { warnings, .. }) => warnings,
        other => panic!("{args:?}: {other:?}"),
    }
}

fn printed(args: &[&str]) -> String {
    match from_args(args) {
        Ok(Request::Print(text)) => text,
        other => panic!("{args:?}: {other:?}"),
    }
}

fn variable(key: &str) -> String {
    names::option(key).unwrap().variable()
}

#[test]
fn nothing_but_the_repository_must_be_said() {
    let Fleet { process, repositories, again: None } = fleet(&[]) else { panic!() };
    let [config] = &repositories[..] else { panic!("{repositories:?}") };
    assert_eq!(config.name, None);
    assert_eq!(config.reference, Reference::Head);
    assert_eq!(config.root, Path::new("/git"));
    assert_eq!(config.link, Path::new("/git/latest"));
    assert_eq!(config.period, Some(Duration::from_mins(1)));
    assert_eq!(config.jitter, Duration::from_secs(6));
    assert_eq!(config.init_period, Duration::from_secs(1));
    assert_eq!(config.sync_timeout, Duration::from_mins(2));
    assert_eq!(config.max_failures, NonZeroU64::new(5));
    assert_eq!(config.init_max_failures, NonZeroU64::new(5));
    assert_eq!(config.depth, NonZeroU32::new(1));
    assert_eq!(config.stale_worktree_timeout, Duration::from_mins(1));
    assert_eq!(config.garbage, Garbage::Auto);
    assert_eq!((config.one_time, process.serving.metrics, process.verbose), (false, false, 0));
    assert_eq!(
        (&process.serving.bind, &config.access.password, &config.access.username),
        (&None, &None, &None)
    );
    assert_eq!(process.log_format, LogFormat::Json);
}

#[test]
fn without_arguments_the_first_step_is_told() {
    let told = from_args(&[]).unwrap_err();
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("--repo: is required") && told[0].contains("--help"), "{told:?}");
}

#[test]
fn defaults_follow_what_they_depend_on() {
    assert!(fleet(&["--http-bind=8080"]).process.serving.metrics);
    assert!(!fleet(&["--http-bind=8080", "--http-metrics=false"]).process.serving.metrics);
    assert_eq!(config(&["--max-failures=-1"]).init_max_failures, None);
    assert_eq!(config(&["--max-failures=0"]).init_max_failures, NonZeroU64::new(1));
    assert_eq!(config(&["--period=off"]).jitter, Duration::ZERO);
    let on_a_terminal = Surroundings { stderr_is_terminal: true, ..surroundings() };
    let args = ["gitsyncd", "--repo=/srv/a"].map(OsString::from);
    match load(args.into_iter(), std::iter::empty(), on_a_terminal) {
        Ok(Request::Run { fleet, .. }) => assert_eq!(fleet.process.log_format, LogFormat::Text),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_problem_is_told_with_its_option_and_its_place() {
    let vars =
        [("GITSYNC_PERIOD", "10 parsecs"), ("GITOPS_BRANCH", "a b"), ("GITSYNC_REPOO", "/a")];
    let vars = vars.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let args = ["--depth=-1", "--wonder", "--timeout=soon"].map(str::to_owned);
    let told: Vec<_> = request(&args, &vars).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "--wonder: there is no such flag; --help shows all",
            "--repo: is required: the repository to follow, as in \
             --repo=https://example.org/project.git; --help shows all options",
            "--ref (from GITOPS_BRANCH): \"a b\" cannot be a ref name: it holds a space, a control \
             character or one of ~^:?*[\\",
            "--depth: \"-1\" is negative; 0 keeps the whole history",
            "--period (from GITSYNC_PERIOD): \"10 parsecs\" is not a duration; write 30s, 5m or \
             1h30m",
            "--sync-timeout (from --timeout): \"soon\" is not a duration; write 30s, 5m or 1h30m",
            "GITSYNC_REPOO: no option reads this variable; the nearest is GITSYNC_REPO",
        ]
    );
}

#[test]
fn each_bad_value_is_told_under_its_own_name() {
    let keys: BTreeSet<_> = SAMPLES.iter().map(|(key, _, _)| *key).collect();
    assert_eq!(keys, names::options().map(|opt| opt.key).collect());
    for (key, _, bad) in SAMPLES {
        let Some(bad) = bad else { continue };
        let told = problems(&[&format!("--{key}={bad}")]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(&format!("--{key}: ")), "{told:?}");
    }
}

#[test]
fn values_that_contradict_each_other_are_told() {
    let one = |args: &[&str]| {
        let told = problems(args);
        assert_eq!(told.len(), 1, "{told:?}");
        told.concat()
    };
    assert!(one(&["--password=x", "--password-file=y"]).contains("together with --password"));
    assert!(one(&["--jitter=60s"]).contains("1m is not less than 1m of --period"));
    assert!(one(&["--touch-file=x", "--error-file=./x"]).contains("same file as --touch-file"));
    assert!(one(&["--touch-file=latest/x"]).contains("inside the published tree"));
    assert!(one(&["--link=."]).contains("root itself"));
    assert!(one(&["--link=.."]).contains("above the root"));
}

#[test]
fn an_empty_flag_takes_a_variable_away_or_is_a_problem() {
    let vars = [("GITSYNC_HTTP_BIND".to_owned(), ":80".to_owned())];
    let args = ["--repo=/srv/a", "--http-bind="].map(str::to_owned);
    match request(&args, &vars) {
        Ok(Request::Run { fleet, .. }) => assert_eq!(fleet.process.serving.bind, None),
        other => panic!("{other:?}"),
    }
    assert_eq!(problems(&["--period="]), ["--period: is empty"]);
    assert_eq!(from_args(&["--repo="]).unwrap_err(), ["--repo: is empty"]);
}

#[test]
fn paths_count_from_where_they_should() {
    let config = config(&["--root=x", "--touch-file=t", "--ca-file=c", "--link=../latest"]);
    assert_eq!(config.root, Path::new("/home/me/x"));
    assert_eq!(config.link, Path::new("/home/me/latest"));
    assert_eq!(config.touch_file, Some(PathBuf::from("/home/me/x/t")));
    assert_eq!(config.access.tls.authorities, [FileChoice::named("/home/me/c")]);
    let nowhere = Surroundings::default();
    let args = ["gitsyncd", "--repo=/srv/a", "--root=x"].map(OsString::from);
    let told = load(args.into_iter(), std::iter::empty(), nowhere).unwrap_err();
    assert!(told.iter().any(|problem| problem.to_string().contains("write an absolute path")));
}

#[test]
fn texts_are_printed_even_when_other_things_are_wrong() {
    assert!(printed(&["--nonsense", "--help"]).starts_with("gitsyncd keeps"));
    assert!(printed(&["-h", "--period=x"]).contains("--repo=URL"));
    assert!(printed(&["--man"]).contains("GITOPS_SYNC_INTERVAL"));
    assert_eq!(printed(&["--version"]), "gitsyncd 0.1.0\n");
    assert!(printed(&["help", "period"]).starts_with("  --period=DURATION\n"));
    for words in [["help", "--period"], ["help", "wait"]] {
        assert_eq!(printed(&words), printed(&["help", "period"]), "{words:?}");
    }
    let told = |word| from_args(&["help", word]).unwrap_err().concat();
    assert!(told("sync-tiemout").ends_with("command or option; the nearest is --sync-timeout"));
    assert!(told("statsu").ends_with("command statsu; the nearest is status"));
    assert!(from_args(&["--print-config"]).is_err());
}

#[test]
fn the_printed_configuration_says_where_values_are_from() {
    let vars = [("GITSYNC_REF", "main"), ("GITSYNC_PASSWORD", "hunter2"), ("GITSYNC_RUT", "x")];
    let vars = vars.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let args = ["--print-config", "--repo=https://u:hunter2@host/a", "--http-bind=80"];
    let text = match request(&args.map(str::to_owned), &vars) {
        Ok(Request::Print(text)) => text,
        other => panic!("{other:?}"),
    };
    for line in [
        "# warning: GITSYNC_RUT: no option reads this variable; the nearest is GITSYNC_REF\n",
        "repo: https://host/a  # from --repo\n",
        "ref: main  # from GITSYNC_REF\n",
        "period: 1m  # default\n",
        "password: \"[secret]\"  # from GITSYNC_PASSWORD\n",
        "http-bind: \":80\"  # from --http-bind\n",
        "touch-file:  # default\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("hunter2"));
}

/// Chooses some options and a good text for each; never both forms of a secret.
fn some_options() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let all: Vec<_> = SAMPLES.iter().skip(1).map(|(key, good, _)| (*key, *good)).collect();
    let count = all.len();
    let picked = prop::sample::subsequence(all, 0..=count);
    picked.prop_flat_map(|picked| {
        let keys: Vec<_> = picked.iter().map(|(key, _)| (*key).to_owned()).collect();
        picked
            .into_iter()
            .filter(|(key, _)| !keys.contains(&format!("{key}-file")))
            // Each needs others.
            .filter(|(key, _)| {
                !key.starts_with("github-app") && !["client-key", "publish-gate"].contains(key)
            })
            .filter(|(key, _)| *key != "http-metrics" || keys.contains(&"http-bind".to_owned()))
            .filter(|(key, _)| {
                *key != "sparse-path" || !keys.contains(&"sparse-checkout-file".to_owned())
            })
            .filter(|(_, good)| !good.is_empty())
            .map(|(key, good)| (Just(key), prop::sample::select(good)))
            .collect::<Vec<_>>()
    })
}

fn flags(pairs: &[(&str, &str)], style: u128) -> Vec<String> {
    let mut args = vec!["--repo=/srv/a".to_owned()];
    for (place, (key, text)) in pairs.iter().enumerate() {
        let needs_equals = names::option(key).unwrap().alone().is_some();
        if needs_equals || style >> place & 1 == 0 {
            args.push(format!("--{key}={text}"));
        } else {
            args.extend([format!("--{key}"), (*text).to_owned()]);
        }
    }
    args
}

/// Arguments and variables.
type Given = (Vec<String>, Vec<(String, String)>);

/// Puts what is shown in the place of secrets.
fn hide(fleet: &mut Fleet) {
    let serving = &mut fleet.process.serving;
    let mut secrets = vec![&mut serving.hook_secret, &mut serving.api_token];
    secrets.extend(fleet.repositories.iter_mut().map(|config| &mut config.access.password));
    for source in secrets {
        if let Some(PasswordSource::Value(secret)) = source {
            *secret = Secret::new("[secret]");
        }
    }
    for config in &mut fleet.repositories {
        config.access.http.clear();
        for (_, value) in &mut config.hooks.web.headers {
            *value = Secret::new("[secret]");
        }
        config.hooks.web.body =
            config.hooks.web.body.as_ref().map(|_| Template::parse("[secret]").unwrap());
        for exec in [&mut config.hooks.exec, &mut config.hooks.pre_publish] {
            exec.command.iter_mut().skip(1).for_each(|argument| *argument = "[secret]".to_owned());
        }
        for setting in &mut config.access.settings {
            setting.value = Secret::new("[secret]");
        }
    }
}

fn run(request: Result<Request, Vec<Problem>>) -> Fleet {
    match request {
        Ok(Request::Run { fleet, .. }) => *fleet,
        other => panic!("{other:?}"),
    }
}

proptest! {
    // A failure becomes a named test, not a file of seeds.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn flags_and_variables_mean_the_same(pairs in some_options(), style in any::<u128>()) {
        let vars: Vec<_> = std::iter::once(&("repo", "/srv/a"))
            .chain(&pairs)
            .map(|(key, text)| (variable(key), (*text).to_owned()))
            .collect();
        let old: Vec<_> = vars
            .iter()
            .map(|(name, text)| (name.replacen("GITSYNC", "GIT_SYNC", 1), text.clone()))
            .collect();
        let hidden: Vec<_> =
            vars.iter().map(|(name, text)| format!("--__env__{name}={text}")).collect();
        let by_flags = run(request(&flags(&pairs, style), &[]));
        prop_assert_eq!(&by_flags, &run(request(&[], &vars)));
        prop_assert_eq!(&by_flags, &run(request(&[], &old)));
        prop_assert_eq!(&by_flags, &run(request(&hidden, &[])));
    }

    #[test]
    fn what_is_shown_reads_back_the_same(pairs in some_options()) {
        let mut first = run(request(&flags(&pairs, 0), &[]));
        hide(&mut first);
        let shown: Vec<_> = show::values_of_process(&first.process)
            .into_iter()
            .chain(show::values_of(&first.repositories[0]))
            .map(|(key, text)| format!("--{key}={}", text.unwrap_or_default()))
            .collect();
        let mut second = run(request(&shown, &[]));
        hide(&mut second);
        prop_assert_eq!(first, second);
    }

    #[test]
    fn no_rendering_holds_a_secret(
        secret in "[A-Z0-9]{12}[ -~]{0,4}",
        pairs in some_options(),
        breakage in prop::sample::select(vec!["--print-config", "--period=x", "--nonsense", "--ref"]),
    ) {
        let core: String = secret.chars().take(12).collect();
        let is_open = |key: &str| !["password", "hook-secret", "api-token"].iter().any(|it| key.starts_with(it));
        let open: Vec<_> = pairs.into_iter().filter(|(key, _)| is_open(key)).collect();
        let rest = flags(&open, 0);
        let quoted = serde_json::Value::from(secret.as_str());
        let ways: [Given; 16] = [
            (vec![format!(r#"--credential={{"url":"https://h","username":"u","password":{quoted}}}"#)], vec![]),
            (vec![format!(r#"--credential={{"url":"https://h","username":"u","pasword":{quoted}}}"#)], vec![]),
            (vec![format!(r#"--credential={{"url":"https://u:{core}@h","username":"u"}}"#)], vec![]),
            (vec![format!("--proxy=http://u:{core}@proxy")], vec![]),
            (vec![format!("--askpass-url=http://h/?token={core}")], vec![]),
            (vec![format!("--git-config=http.extraHeader:\"Authorization: {core}\"")], vec![]),
            (vec![], vec![("https_proxy".into(), format!("http://u:{core}@proxy"))]),
            (vec![format!("--password={secret}")], vec![]),
            (vec!["--password".into(), secret.clone()], vec![]),
            (vec![format!("--hook-secret={secret}")], vec![]),
            (vec![format!("--api-token={secret}")], vec![]),
            (vec![format!("--pasword={secret}")], vec![]),
            (vec![format!("--__env__GITSYNC_PASSWORD={secret}")], vec![]),
            (vec![format!("--repo=https://user:{core}@host/a")], vec![]),
            (vec![format!("--repo=user:{core}@https://host/a")], vec![]),
            (vec![], vec![("GITOPS_TOKEN".into(), secret.clone())]),
        ];
        for (args, vars) in ways {
            for end in [None, Some(breakage.to_owned())] {
                let args: Vec<_> = rest.iter().cloned().chain(args.clone()).chain(end).collect();
                let request = request(&args, &vars);
                let shown = match &request {
                    Ok(Request::Print(text)) => text.clone(),
                    Ok(Request::Run { warnings, .. } | Request::Check { warnings, .. }) => {
                        warnings.concat()
                    }
                    Ok(Request::Probe(..) | Request::Status(..) | Request::Order(_)) => String::new(),
                    Err(problems) => problems.iter().map(ToString::to_string).collect(),
                };
                prop_assert!(!shown.to_ascii_uppercase().contains(&core), "{}", shown);
                let debug = format!("{request:?}");
                prop_assert!(!debug.to_ascii_uppercase().contains(&core), "{}", debug);
            }
        }
    }

    #[test]
    fn no_arguments_make_it_panic(args in prop::collection::vec(any::<String>(), 0..6)) {
        drop(request(&args, &[]));
    }
}
