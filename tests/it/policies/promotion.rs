//! docs/promotion.md: its options are those of the program. Its commands are run by `walkthroughs`.

use crate::support::daemon::bare;

const PAGE: &str = include_str!("../../../docs/promotion.md");

#[test]
fn the_variables_of_the_table_are_understood() {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `GITSYNC_"));
    let mut setup = bare().flag("--repo=/srv/shop.git").flag("--http-bind=:8080");
    setup = setup.flag("--print-config");
    let mut count = 0;
    for row in rows {
        let mut cells = row.split('|').map(str::trim);
        let name = format!("GITSYNC_{}", cells.next().unwrap().trim_end_matches('`'));
        setup = setup.variable(&name, cells.nth(1).unwrap().trim_matches('`'));
        count += 1;
    }
    assert_eq!(count, 5);
    let finished = setup.finish();
    finished.expect_code(0);
    let shown = finished.stdout.join("\n");
    for line in ["publish-gate: true", "ref: \"semver:>=1.0.0, <2\"", "sync-window: [\"allow 0 9"] {
        assert!(shown.contains(line), "{line}:\n{shown}");
    }
    assert!(!shown.contains("warning"), "{shown}");
}
