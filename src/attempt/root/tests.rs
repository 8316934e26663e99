//! What a root remembers.

use super::*;

#[test]
fn a_tree_published_since_lacks_nothing() {
    let mut root =
        Root::new(Layout::new("/nowhere".into(), "/nowhere/link".into()), Checkout::default());
    let live = |digit: &str| Live { commit: digit.repeat(40).parse().unwrap(), tree: "/".into() };
    root.trust(live("a"));
    root.lacking = true;
    assert!(root.lacking().is_some());
    root.trust(live("b"));
    assert!(root.lacking().is_none());
}
