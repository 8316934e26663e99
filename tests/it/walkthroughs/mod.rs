//! The pages that hold commands: each is gone through as it is written.
//!
//! How a page is run, and what a page may hold, is in `support::walk`.

use crate::support::walk::{pages, walk};

/// A test for each page, and the list of all of them.
macro_rules! walks {
    ($($name:ident: $page:literal,)*) => {
        $(
            #[test]
            fn $name() {
                walk($page);
            }
        )*

        const WALKED: &[&str] = &[$($page),*];
    };
}

walks! {
    readers_get_what_they_are_promised: "docs/consumers.md",
    failures_look_as_they_are_shown: "docs/operations.md",
    from_staging_to_production: "docs/promotion.md",
    a_directory_follows_a_ref_in_ten_minutes: "docs/start.md",
    behind_a_proxy_with_an_own_authority: "docs/walkthroughs/air-gapped.md",
    airflow_reads_through_the_link: "docs/walkthroughs/airflow-dags.md",
    a_secret_is_mounted_as_it_is: "docs/walkthroughs/basic-auth-secret.md",
    a_gate_and_the_way_back: "docs/walkthroughs/gate-and-rollback.md",
    a_directory_of_this_machine_is_mirrored: "docs/walkthroughs/local-mirror.md",
    from_git_sync_to_gitsyncd: "docs/walkthroughs/migrate-from-git-sync.md",
    models_by_two_addresses: "docs/walkthroughs/models.md",
    a_program_reloads: "docs/walkthroughs/reload-hook.md",
    releases_are_followed: "docs/walkthroughs/semver-tags.md",
    a_site_is_served_through_the_link: "docs/walkthroughs/static-site.md",
    one_hears_a_webhook_and_tells_all: "docs/scaling.md",
}

#[test]
fn every_page_that_holds_commands_to_run_is_run() {
    let mut walked = WALKED.to_vec();
    walked.sort_unstable();
    assert_eq!(pages(), walked, "pages that hold `sh run` blocks, and those that have a test here");
}
