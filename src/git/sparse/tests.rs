//! What rules say, against what is meant and against each other.

use super::*;

fn included(sparse: &Sparse, paths: &[&str]) -> Vec<bool> {
    paths.iter().map(|path| sparse.includes(BStr::new(path), Mode::FILE)).collect()
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
    assert!(sparse.includes(BStr::new("module"), Mode::COMMIT));
    assert!(sparse.includes(BStr::new("a/module"), Mode::COMMIT));
    assert!(!sparse.includes(BStr::new("b/module"), Mode::COMMIT));
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
    assert!(!sparse.includes(BStr::new("module"), Mode::COMMIT), "it is a directory");
}
