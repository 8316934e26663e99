//! Fetches whose time is over at any moment.

use crate::contract::trying;
use crate::support::daemon::Root;
use crate::support::git::{git, run};
use crate::support::git_daemon;
use crate::support::told::failures;
use crate::support::upstream::Upstream;

#[test]
fn a_fetch_that_is_cut_off_anywhere_is_late_and_nothing_else() {
    let upstream = Upstream::new();
    // It comes in a few pieces, and each of them takes long to look through.
    upstream.commit("zeros", vec![0; 100 << 20]);
    run(git(&upstream.repo()).args(["repack", "-a", "-d", "--quiet"]));
    let server = git_daemon::serve(&upstream);
    let mut cut = 0;
    for milliseconds in (40..=200).step_by(10) {
        let timeout = format!("--sync-timeout={milliseconds}ms");
        let finished = trying(&server.url(), &Root::new()).flag(&timeout).once();
        for failure in failures(&finished.log) {
            println!("{timeout}: {failure:?}");
            assert_eq!(failure.class, "timeout", "{failure:?}");
            cut += usize::from(failure.step == "fetch");
        }
    }
    assert!(cut > 0, "no time was over in a fetch");
}
