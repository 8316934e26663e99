//! What rules say, against what is meant and against each other.

use super::*;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

fn included(sparse: &Sparse, paths: &[&str]) -> Vec<bool> {
    paths.iter().map(|path| sparse.includes(BStr::new(path))).collect()
}

#[test]
fn directories_bring_the_files_above_them() {
    let sparse = Sparse::of_directories(&["a/b".to_owned(), "c".to_owned(), "c/d".to_owned()]);
    let paths = ["r", "a/f", "a/b/f", "a/b/x/f", "a/x/f", "b/f", "c/f", "c/d/f"];
    let expected = [true, true, true, true, false, false, true, true];
    assert_eq!(included(&sparse, &paths), expected, "{}", sparse.text());
    let check = |directory: &str, descent| {
        assert_eq!(sparse.descent(BStr::new(directory)), descent, "{directory}");
    };
    check("", Descent::Part);
    check("a", Descent::Part);
    check("a/b", Descent::Whole);
    check("a/b/x", Descent::Whole);
    check("a/x", Descent::Nothing);
    check("b", Descent::Nothing);
    check("c", Descent::Whole);
    assert!(sparse.includes(BStr::new("module")));
    assert!(sparse.includes(BStr::new("a/module")));
    assert!(!sparse.includes(BStr::new("b/module")));
}

#[test]
fn the_last_pattern_that_matches_decides() {
    let sparse = Sparse::of_patterns("# comment\n*.md\n/src/\n!/src/old/\n!secret.md\n");
    let paths = ["a.md", "d/e/a.md", "a.c", "src/a.c", "src/old/a.c", "src/old/a.md", "secret.md"];
    let expected = [true, true, false, true, false, true, false];
    assert_eq!(included(&sparse, &paths), expected);
    assert_eq!(sparse.descent(BStr::new("lib")), Descent::Part);
    let sparse = Sparse::of_patterns("/*\n!/*/\n/src/\n");
    assert_eq!(sparse.descent(BStr::new("lib")), Descent::Nothing);
    assert_eq!(sparse.descent(BStr::new("src")), Descent::Whole);
    assert_eq!(sparse.descent(BStr::new("src/deep")), Descent::Whole);
    assert!(sparse.includes(BStr::new("module")), "it is no directory yet");
}

#[test]
fn each_directory_is_looked_at_once_and_none_below_one_that_says_all() {
    let paths: Vec<String> =
        (0..100_000).map(|n| format!("d{:02}/e{:02}/f{n:05}", n / 1000, n / 100 % 10)).collect();
    let looks = |sparse: &Sparse, expected: usize| {
        let begun = std::time::Instant::now();
        let mut marker = Marker::new(sparse);
        let written = paths.iter().filter(|path| marker.includes(BStr::new(path.as_str())));
        assert_eq!(written.count(), expected);
        println!("{:?} a file", begun.elapsed() / 100_000);
        marker.entered
    };
    assert_eq!(looks(&Sparse::of_directories(&["d07/e03".to_owned()]), 100), 100 + 10);
    assert_eq!(looks(&Sparse::of_patterns("/*\n!/*/\n/d07/\n"), 1000), 100);
    assert_eq!(looks(&Sparse::of_patterns("/d07/e03/\n"), 100), 100 + 10);
    assert_eq!(looks(&Sparse::of_patterns("f*1\n"), 10_000), 100 + 1000, "it may be anywhere");
}

/// A repository of stock Git that is asked what rules say.
struct Oracle(tempfile::TempDir);

impl Oracle {
    /// Makes a commit of these paths: files, and submodules where a name ends with `m`.
    fn of(paths: &BTreeSet<String>) -> Self {
        let oracle = Self(tempfile::tempdir().unwrap());
        oracle.git(&["init", "--quiet"], "");
        let blob = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
        oracle.git(&["hash-object", "-w", "--stdin"], "");
        let line = |path: &String| {
            let (mode, id) = if is_module(path) {
                ("160000", "1".repeat(40))
            } else {
                ("100644", blob.to_owned())
            };
            format!("{mode} {id} 0\t{path}\0")
        };
        let all: String = paths.iter().map(line).collect();
        oracle.git(&["update-index", "-z", "--index-info"], &all);
        let tree = oracle.git(&["write-tree"], "");
        let commit = oracle.git(&["commit-tree", "-m", "", tree.trim_end()], "");
        oracle.git(&["update-ref", "HEAD", commit.trim_end()], "");
        oracle.git(&["config", "core.sparseCheckout", "true"], "");
        oracle
    }

    fn git(&self, args: &[&str], input: &str) -> String {
        let who = ["AUTHOR", "COMMITTER"].into_iter().flat_map(|who| {
            let name = |what| format!("GIT_{who}_{what}");
            [(name("NAME"), "a"), (name("EMAIL"), "a@b")]
        });
        let mut child = Command::new("git")
            .args(args)
            .current_dir(self.0.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs(who)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    /// The paths that stock Git writes by rules.
    fn written(&self, rules: &Sparse) -> BTreeSet<String> {
        let cone = if rules.is_cone() { "true" } else { "false" };
        self.git(&["config", "core.sparseCheckoutCone", cone], "");
        let info = self.0.path().join(".git/info");
        fs::create_dir_all(&info).unwrap();
        fs::write(info.join("sparse-checkout"), rules.text()).unwrap();
        // What was there before would count.
        let _was_there = fs::remove_file(self.0.path().join(".git/index"));
        let tree = self.0.path().join("tree");
        let _was_there = fs::remove_dir_all(&tree);
        fs::create_dir(&tree).unwrap();
        self.git(&["--work-tree=tree", "read-tree", "-mu", "HEAD"], "");
        let listed = self.git(&["ls-files", "-t", "-z"], "");
        listed.split('\0').filter_map(|line| line.strip_prefix("H ")).map(str::to_owned).collect()
    }
}

/// Whether a path is that of a submodule.
fn is_module(path: &str) -> bool {
    path.ends_with('m')
}

/// Says what is wrong with rules: what they say is not what stock Git does, or what they say of
/// directories is not true of all that is in them.
fn check(oracle: &Oracle, paths: &BTreeSet<String>, rules: &Sparse) -> Result<(), String> {
    let mut marker = Marker::new(rules);
    let ours: BTreeSet<String> =
        paths.iter().filter(|path| marker.includes(BStr::new(path.as_str()))).cloned().collect();
    let theirs = oracle.written(rules);
    if ours != theirs {
        return Err(format!("{:?} in {paths:?}: {ours:?} and not {theirs:?}", rules.text()));
    }
    for path in paths {
        let includes = rules.includes(BStr::new(path.as_str()));
        for above in ancestors(path).chain([""]) {
            let descent = rules.descent(BStr::new(above));
            if includes && descent == Descent::Nothing || !includes && descent == Descent::Whole {
                return Err(format!("{rules:?}: {above:?} is {descent:?}, but {path:?} is there"));
            }
        }
    }
    Ok(())
}

fn name() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        " a", "a ", "*", "[ab]", "\\a", "#a", "!a", "-a", "é", "**", "a\r", "?", "]", "A", "a\\",
        "\t", "\"", "\\*",
    ]);
    prop_oneof![
        6 => "[ab]{1,2}m?".prop_map(String::from),
        1 => odd.prop_map(str::to_owned),
    ]
}

/// Paths of which none is a directory of another.
fn paths() -> impl Strategy<Value = BTreeSet<String>> {
    let path = vec(name(), 1..5).prop_map(|names| names.join("/"));
    btree_set(path, 1..40).prop_map(|paths| {
        let all = paths.clone();
        let is_file = |path: &String| {
            let below = format!("{path}/");
            !all.iter().any(|other| other.starts_with(&below))
                && !ancestors(path).any(|above| is_module(above) && all.contains(above))
        };
        paths.into_iter().filter(is_file).collect()
    })
}

fn line() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => name(),
        6 => prop::sample::select(vec![
            "*", "**", "?", "a*", "*b", "a**", "**b", "[ab]", "[!a]", "[^b]*", "[a-b]b", "[[:alpha:]]",
            "[[:foo:]]", "[", "[a", "[]a]", "\\a", "\\ ", "\\", "a?", "", ".", "*m", "[a/b]", "\\*", "a\0b",
            "?*?", "[\\]]", "[a-]",
        ]).prop_map(str::to_owned),
    ];
    let before = prop::sample::select(vec![
        "", "", "", "/", "/", "!", "!/", "**/", "!**/", "\\!", "!!", "\\#", "#",
    ]);
    let after = prop::sample::select(vec![
        "", "", "", "/", "/", "/*", "/**", " ", "/ ", "\\ ", "\r", " \r", "\t",
    ]);
    (before, vec(part, 0..4), after)
        .prop_map(|(before, parts, after)| [before, &parts.join("/"), after].concat())
}

fn patterns() -> impl Strategy<Value = Sparse> {
    let usual = prop::sample::select(vec!["/*", "!/*/", "/*/", "*", "!*", "# comment", ""]);
    let lines = vec(prop_oneof![6 => line(), 1 => usual.prop_map(str::to_owned)], 0..6);
    (prop::sample::select(vec!["", "", "", "", "\u{feff}"]), lines, any::<bool>()).prop_map(
        |(mark, lines, ends)| {
            let end = if ends { "\n" } else { "" };
            Sparse::of_patterns(&[mark, &lines.join("\n"), end].concat())
        },
    )
}

fn directories() -> impl Strategy<Value = Sparse> {
    let path = vec(name(), 1..4).prop_map(|names| names.join("/"));
    vec(path, 1..4).prop_map(|paths| Sparse::of_directories(&paths))
}

/// Files whose lines mostly name directories, as Git reads them.
fn cones() -> impl Strategy<Value = Sparse> {
    let path = || vec(name(), 1..4).prop_map(|names| names.join("/"));
    let named = path().prop_map(|path| format!("/{}/\n", escaped(&path)));
    let above = path().prop_map(|path| {
        let path = escaped(&path);
        format!("/{path}/\n!/{path}/*/\n")
    });
    let usual = prop::sample::select(vec!["/*\n", "!/*/\n", "# comment\n", "\n"]);
    let line = prop_oneof![
        4 => named,
        3 => above,
        2 => usual.prop_map(str::to_owned),
        1 => line().prop_map(|line| line + "\n"),
    ];
    vec(line, 0..5).prop_map(|lines| Sparse::as_git_reads(&lines.concat()))
}

#[test]
fn files_of_directories_are_read_as_git_reads_them() {
    let read = |text: &str| Sparse::as_git_reads(text);
    let paths = ["r", "a/f", "a/b/f", "c/f"];
    assert_eq!(included(&read("/a/\n"), &paths), [true, true, true, false]);
    assert_eq!(included(&read("/a/b/\n"), &paths), [true, false, true, false]);
    assert_eq!(included(&read("/a/\n!/a/*/\n/a/b/\n"), &paths), [true, true, true, false]);
    assert!(!read("/a/\n!/a/*/\n/a/\n").is_cone());
    assert_eq!(included(&read("/a/b/f/\n"), &paths), [true, false, false, false]);
    assert_eq!(included(&read("/a/f/\n"), &paths), [true, true, false, false]);
    assert_eq!(included(&read(""), &paths), [true, false, false, false]);
    assert_eq!(included(&read("/*\n"), &paths), [true; 4]);
    assert_eq!(included(&read("a/\n"), &paths), [false, true, true, false]);
    assert!(read("/a/\n").is_cone() && !read("/a\n").is_cone() && !read("/a*/\n").is_cone());
}

fn rules_mean_what_they_mean_to_git(cases: u32) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let rules = (paths(), vec(patterns(), 12), vec(directories(), 4), vec(cones(), 6));
    TestRunner::new(config)
        .run(&rules, |(paths, patterns, directories, cones)| {
            let oracle = Oracle::of(&paths);
            for rules in patterns.iter().chain(&directories).chain(&cones) {
                check(&oracle, &paths, rules).map_err(TestCaseError::fail)?;
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn some_rules_mean_what_they_mean_to_git() {
    rules_mean_what_they_mean_to_git(6);
}

#[test]
#[ignore = "takes minutes"]
fn many_rules_mean_what_they_mean_to_git() {
    rules_mean_what_they_mean_to_git(100);
}
