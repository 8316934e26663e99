//! Several repositories in a file: what holds for whom, what cannot be together, and reading it anew.

use crate::config::options::Scope;
use crate::config::show::quote;
use crate::config::tests::file::{fleet, load_file, loaded, problems, short, written};
use crate::config::tests::{hide, run, some_options};
use crate::config::{Again, Fleet, Request, names};
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::time::Duration;

const SAMPLE: &str = "\
# what holds for all
period: 30s
http-bind: \":8080\"
repositories:
  - name: dags
    repo: https://git.example.org/data/dags.git
    ref: main
    root: /srv/dags
    exechook-command: [./reload.sh, now]
  - repo: git@git.example.org:web/site.git
    ref: \"semver:^2\"
    period: 5s
    link: /srv/site
    credential:
      - {url: https://git.example.org, username: ci, password-file: /run/token}
";

#[test]
fn each_repository_has_its_own_options_and_those_of_all() {
    let Fleet { process, repositories, again } = fleet(SAMPLE, &[]);
    assert_eq!(process.serving.bind.as_deref(), Some(":8080"));
    let [dags, site] = &repositories[..] else { panic!("{repositories:?}") };
    assert_eq!([dags.name.as_deref(), site.name.as_deref()], [Some("dags"), Some("site")]);
    assert_eq!(dags.period, Some(Duration::from_secs(30)));
    assert_eq!(site.period, Some(Duration::from_secs(5)));
    assert_eq!(
        (dags.root.as_path(), dags.link.as_path()),
        (Path::new("/srv/dags"), Path::new("/srv/dags/latest"))
    );
    assert_eq!(
        (site.root.as_path(), site.link.as_path()),
        (Path::new("/git/site"), Path::new("/srv/site"))
    );
    assert_eq!(dags.hooks.exec.command, ["./reload.sh", "now"]);
    assert_eq!(site.access.credentials.len(), 1);
    assert!(again.is_some());
}

#[test]
fn a_flag_counts_for_all_of_them_but_their_own_root_stays() {
    let with = fleet(SAMPLE, &["--period=1s", "--root=/data/"]);
    let periods: Vec<_> = with.repositories.iter().map(|one| one.period).collect();
    assert_eq!(periods, [Some(Duration::from_secs(1)); 2]);
    assert_eq!(with.repositories[0].root, Path::new("/srv/dags"));
    assert_eq!(with.repositories[1].root, Path::new("/data/site"));
    let vars = [("GITOPS_LOCAL_PATH", "/srv")];
    let with = run(loaded("root: /elsewhere\nrepositories: [{repo: /a}]\n", &[], &vars));
    assert_eq!(with.repositories[0].root, Path::new("/srv/a"));
}

#[test]
fn what_is_wrong_for_all_is_told_once_and_the_rest_with_its_place() {
    let told = problems(
        "period: soon\nrepositories:\n- repo: /a\n  depth: -1\n- ref: main\n- repo: /b\n",
        &["--drift=maybe"],
        &[],
    );
    assert_eq!(
        told,
        [
            "--drift: \"maybe\" is none of repair, report and off",
            "--period (from gitsyncd.yaml, line 1): \"soon\" is not a duration; write 30s, 5m or \
             1h30m",
        ]
        .into_iter()
        .map(str::to_owned)
        .fold(told.clone(), |told, wanted| {
            assert_eq!(told.iter().filter(|told| **told == wanted).count(), 1, "{told:?}");
            told
        })
    );
    let all = told.join("\n");
    assert!(all.contains("--depth (from gitsyncd.yaml, line 4): \"-1\" is negative"), "{all}");
    assert!(all.contains("gitsyncd.yaml, line 5: no name can be made"), "{all}");
    assert!(
        all.contains("--repo of the repository in gitsyncd.yaml, line 5: is required"),
        "{all}"
    );
}

#[test]
fn what_can_be_of_one_only_does_not_come_from_outside() {
    let told = problems(
        "repositories: [{repo: /a}, {repo: /b}]\n",
        &["--link=x", "--touch-file="],
        &[("GITOPS_BASE_REPO_URL", "/c"), ("GITSYNC_ERROR_FILE", "e")],
    );
    assert_eq!(told.len(), 3, "{told:?}");
    for (told, place) in told.iter().zip([
        "--repo (from GITOPS_BASE_REPO_URL): ",
        "--link: ",
        "--error-file (from GITSYNC_ERROR_FILE): ",
    ]) {
        assert!(told.starts_with(&format!("{place}can be of one repository only")), "{told}");
    }
}

#[test]
fn names_are_unique() {
    let told = problems(
        "repositories:\n- repo: /x/a.git\n- repo: /y/a\n- name: a\n  repo: /b\n- name: a/b\n  \
         repo: /c\n",
        &[],
        &[],
    );
    let all = told.join("\n");
    assert!(
        all.contains(
            "gitsyncd.yaml, line 3: is called a as is the repository in gitsyncd.yaml, line 2; its \
             name is the last part of `repo`"
        ),
        "{all}"
    );
    assert!(all.contains("gitsyncd.yaml, line 4: is called a as is"), "{all}");
    assert!(all.contains("gitsyncd.yaml, line 6: the name \"a/b\" holds something else"), "{all}");
}

#[test]
fn nothing_is_in_the_way_of_another() {
    let told = |one: &str, other: &str| {
        let content = format!("repositories:\n- {{repo: /a, {one}}}\n- {{repo: /b, {other}}}\n");
        match loaded(&content, &[], &[]) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(|one| short(&one.to_string())).collect(),
        }
    };
    for (one, other, wanted) in [
        (
            "root: /r",
            "root: /r",
            "--root (from gitsyncd.yaml, line 3): \"/r\" is the same as the root of a",
        ),
        ("root: /r", "root: /r/x", "line 3): \"/r/x\" is inside the root of a"),
        ("root: /r/x", "root: /r", "line 2): \"/r/x\" is inside the root of b"),
        ("link: /l", "link: /l", "line 3): \"/l\" is the same as the link of a"),
        ("link: /l", "link: /l/x", "line 3): \"/l/x\" is inside the published tree of a"),
        ("link: /l", "root: /l/x", "line 3): \"/l/x\" is inside the published tree of a"),
        ("root: /r", "link: /r/.git/x", "keeps for itself, in the root of a"),
        ("root: /r", "link: /r", "is the same as the root of a"),
        ("touch-file: /t", "touch-file: /t", "line 3): \"/t\" is the same as the touch-file of a"),
        ("touch-file: /t", "error-file: /t", "line 3): \"/t\" is the same as the touch-file of a"),
        ("link: /l", "error-file: /l", "is the same as the link of a"),
        ("touch-file: /t", "link: /t/l", "is below the touch-file, which is a file, of a"),
    ] {
        let told = told(one, other);
        assert!(told.iter().any(|told| told.contains(wanted)), "{one} {other}: {told:?}");
    }
    for (one, other) in [
        ("link: /l/a", "link: /l/b"),
        ("root: /r", "link: /r/other"),
        ("root: /r/a", "root: /r/ab"),
        ("touch-file: t", "touch-file: t"),
    ] {
        assert_eq!(told(one, other), [""; 0], "{one} {other}");
    }
}

#[test]
fn no_other_way_to_the_same_place_hides_that_one_is_in_the_way() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    fs::create_dir(at("real")).unwrap();
    std::os::unix::fs::symlink("real", at("link")).unwrap();
    for (one, other) in [("real", "link"), ("link/a/b", "real/a"), ("real/x", "link/x/y")] {
        let (one, other) = (at(one), at(other));
        let content =
            format!("repositories: [{{repo: /a, root: {one}}}, {{repo: /b, root: {other}}}]\n");
        assert!(loaded(&content, &[], &[]).is_err(), "{content}");
    }
}

#[test]
fn a_list_must_not_be_empty_at_the_start() {
    let told = problems("repositories: []\n", &[], &[]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("gitsyncd.yaml, line 1: `repositories` is empty"), "{told:?}");
}

#[test]
fn json_works_too() {
    let content =
        r#"{"period": "30s", "repositories": [{"repo": "/a", "depth": 0}, {"repo": "/b"}]}"#;
    let fleet = fleet(content, &[]);
    assert_eq!(fleet.repositories.len(), 2);
    assert_eq!(fleet.repositories[0].depth, None);
}

#[test]
fn warnings_name_the_repository_they_are_about() {
    let warnings = |content: &str| match loaded(content, &[], &[("GITSYNC_RUT", "x")]) {
        Ok(Request::Run { warnings, .. }) => warnings,
        other => panic!("{other:?}"),
    };
    let told = warnings("repositories:\n- repo: /a\n  exechook-command: a b\n- repo: /b\n");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("a: --exechook-command: "), "{told:?}");
    let told = warnings("exechook-command: a b\nrepositories: [{repo: /a}, {repo: /b}]\n");
    assert!(told[0].starts_with("--exechook-command: ") && told.len() == 2, "{told:?}");
}

/// Loads a file that can be changed, and what reads it anew.
fn again(content: &str) -> (tempfile::TempDir, std::path::PathBuf, Again) {
    let (dir, path) = written(content);
    let fleet = run(load_file(&path, &["--period=7s"], &[("GITSYNC_PASSWORD", "hunter2")]));
    let again = fleet.again.unwrap();
    assert_eq!(again.file(), path);
    assert!(!format!("{again:?}").contains("hunter2"));
    (dir, path, again)
}

#[test]
fn a_file_is_read_anew_with_the_flags_of_the_start() {
    let (_dir, path, first) = again("repositories: [{repo: /a}]\n");
    fs::write(&path, "exechook-command: a b\nrepositories: [{repo: /a}, {repo: /b}]\n").unwrap();
    let (fleet, warnings) = first.read().unwrap();
    assert_eq!(fleet.repositories.len(), 2);
    assert_eq!(fleet.repositories[1].period, Some(Duration::from_secs(7)));
    assert!(fleet.repositories[1].access.password.is_some());
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let (fleet, warnings) = fleet.again.unwrap().read().unwrap();
    assert_eq!((fleet.repositories.len(), warnings.len()), (2, 0));
    fs::write(&path, "repositories: []\n").unwrap();
    assert!(first.read().unwrap().0.repositories.is_empty());
}

#[test]
fn what_the_file_says_later_of_the_process_does_not_count_for_repositories() {
    let (_dir, path, first) = again("repositories: [{repo: /a}]\n");
    fs::write(&path, "one-time: true\nrepositories: [{repo: /a}]\n").unwrap();
    let (fleet, _) = first.read().unwrap();
    assert!(fleet.process.one_time && !fleet.repositories[0].one_time);
    let (fleet, _) = fleet.again.unwrap().read().unwrap();
    assert!(fleet.process.one_time && !fleet.repositories[0].one_time, "nor when it is read again");
}

#[test]
fn nothing_is_taken_of_a_file_that_is_wrong() {
    let (_dir, path, again) = again("repositories: [{repo: /a}]\n");
    let told = |content: &str| {
        fs::write(&path, content).unwrap();
        let told = again.read().map(|(fleet, _)| fleet.repositories.len()).unwrap_err();
        told.iter().map(|one| short(&one.to_string())).collect::<Vec<_>>().join("\n")
    };
    assert!(told("repositories: [{repo: /a}, {repo: \n").contains("is not YAML"));
    assert!(told("repositories: [{repo: /a}]\npreiod: 1s\n").contains("the nearest is period"));
    assert!(told("repositories: [{repo: /a, depth: x}]\n").contains("--depth (from"));
    assert!(told("").contains("no longer lists `repositories`"));
    assert!(told("repositories:\n").contains("is to be a list"));
    assert!(told("repo: /a\n").contains("; going back to one repository needs a restart"));
    fs::remove_file(&path).unwrap();
    assert!(again.read().unwrap_err()[0].to_string().contains("cannot be read"));
}

#[test]
fn a_half_written_file_is_no_panic_and_no_more_than_its_beginning() {
    let whole = fleet(SAMPLE, &[]);
    for end in 0..SAMPLE.len() {
        let Some(half) = SAMPLE.get(..end) else { continue };
        let Ok(request) = loaded(half, &[], &[]) else { continue };
        let read = run(Ok(request));
        assert!(read.repositories.len() <= whole.repositories.len(), "{half}");
        let first = read.repositories.first().zip(whole.repositories.first());
        assert!(
            first.is_none_or(|(one, all)| one.name == all.name || one.name.is_none()),
            "{half}"
        );
    }
}

#[test]
fn what_is_printed_says_where_each_value_is_from() {
    let printed = |content: &str, args: &[&str]| {
        let args = [args, &["--print-config"]].concat();
        match loaded(content, &args, &[]) {
            Ok(Request::Print(text)) => short(&text),
            other => panic!("{other:?}"),
        }
    };
    let text = printed(SAMPLE, &["--depth=3"]);
    for line in [
        "http-bind: \":8080\"  # from gitsyncd.yaml, line 3\n",
        "repositories:\n  - name: dags  # from gitsyncd.yaml, line 5\n",
        "    repo: https://git.example.org/data/dags.git  # from gitsyncd.yaml, line 6\n",
        "    period: 30s  # from gitsyncd.yaml, line 2\n",
        "  - name: site  # from repo\n",
        "    period: 5s  # from gitsyncd.yaml, line 12\n",
        "    root: /git/site  # default\n",
        "    depth: 3  # from --depth\n",
        "config:  # gitsyncd.yaml, from --config\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(printed("repo: /a\n", &[]).contains("\nref: HEAD  # default\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_for_several_reads_back_the_same(
        common in some_options(),
        each in prop::collection::vec(some_options(), 1..4),
    ) {
        let scope = |key: &str| names::option(key).unwrap().scope;
        let line = |(key, text): &(&str, &str)| format!("{key}: {}\n", quote(text));
        let mut content: String =
            common.iter().filter(|(key, _)| scope(key) == Scope::Process).map(line).collect();
        content.push_str("repositories:\n");
        for (place, pairs) in each.iter().enumerate() {
            content += &["- repo: /srv/", "\n  root: /root/", "\n"].join(&place.to_string());
            let own = pairs.iter().filter(|(key, _)| *key != "root" && scope(key) == Scope::Repository);
            content.extend(own.map(|pair| "  ".to_owned() + &line(pair)));
        }
        let mut first = fleet(&content, &[]);
        let printed = match loaded(&content, &["--print-config"], &[]) {
            Ok(Request::Print(text)) => text,
            other => panic!("{other:?}"),
        };
        let mut second = fleet(&printed, &[]);
        hide(&mut first);
        hide(&mut second);
        (first.again, second.again) = (None, None);
        prop_assert_eq!(first, second, "{}", printed);
    }
}
