//! What counts for the program, and what for each of several repositories.

use super::*;

#[test]
fn the_start_is_told_and_stays_the_same() {
    let start = |process: &ProcessMetrics| -> f64 {
        let text = page(process, &[]);
        let found = text.lines().find_map(|line| line.strip_prefix("gitsyncd_start_time_seconds "));
        found.unwrap().parse().unwrap()
    };
    let before = unix(Timestamp::now());
    let process = ProcessMetrics::new(true).unwrap();
    let told = start(&process);
    assert!(before <= told && told <= unix(Timestamp::now()), "{told}");
    process.reloaded(Some(Timestamp::now()));
    assert!((start(&process) - told).abs() < f64::EPSILON);
}

#[test]
fn what_others_asked_counts_by_who_and_how() {
    let process = ProcessMetrics::new(false).unwrap();
    process.webhook(Provider::Forgejo, HookResult::Accepted);
    process.webhook(Provider::Forgejo, HookResult::Accepted);
    process.call(Call::Rollback, CallResult::Denied);
    compare(
        &page(&process, &[]),
        &["gitsyncd_webhooks_total{provider=\"forgejo", "gitsyncd_api_requests_total{call=\"roll"],
        expect![[r#"
            gitsyncd_api_requests_total{call="rollback",result="denied"} 1
            gitsyncd_api_requests_total{call="rollback",result="done"} 0
            gitsyncd_api_requests_total{call="rollback",result="failed"} 0
            gitsyncd_api_requests_total{call="rollback",result="invalid"} 0
            gitsyncd_webhooks_total{provider="forgejo",result="accepted"} 2
            gitsyncd_webhooks_total{provider="forgejo",result="failed"} 0
            gitsyncd_webhooks_total{provider="forgejo",result="ignored"} 0
            gitsyncd_webhooks_total{provider="forgejo",result="malformed"} 0
            gitsyncd_webhooks_total{provider="forgejo",result="refused"} 0"#]],
    );
}

#[test]
fn of_several_repositories_each_metric_is_described_once_and_each_sample_says_whose_it_is() {
    let process = ProcessMetrics::new(true).unwrap();
    let [one, two] = ["one", "t\"wo"].map(|name| Metrics::new(Some(name)).unwrap());
    one.received(3, 1);
    two.trigger(Trigger::Signal);
    publish(&two, COMMIT);
    let text = page(&process, &[&one, &two]);
    compare(
        &text,
        &[
            "gitsyncd_received",
            "# HELP gitsyncd_received",
            "gitsyncd_commit_info",
            "gitsyncd_repositories",
            "gitsyncd_config_reloads",
            "gitsyncd_triggers_total{trigger=\"si",
        ],
        expect![[r#"
            gitsyncd_commit_info{commit="0123456789abcdef0123456789abcdef01234567",ref="main",repo="t\"wo"} 1
            gitsyncd_config_reloads_total{result="error"} 0
            gitsyncd_config_reloads_total{result="success"} 0
            # HELP gitsyncd_received_bytes_total Bytes received from the source.
            gitsyncd_received_bytes_total{repo="one"} 3
            gitsyncd_received_bytes_total{repo="t\"wo"} 0
            gitsyncd_repositories 2
            gitsyncd_triggers_total{trigger="signal",repo="one"} 0
            gitsyncd_triggers_total{trigger="signal",repo="t\"wo"} 1"#]],
    );
    assert!(!text.contains("git_sync_duration_seconds"), "a histogram without anything in it");
    let described = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let described: Vec<_> = described.map(|line| line.split(' ').next().unwrap()).collect();
    assert!(described.is_sorted_by(|one, other| one < other), "{described:?}");
}

#[test]
fn a_file_that_is_read_again_counts_by_how_that_went() {
    let process = ProcessMetrics::new(true).unwrap();
    process.reloaded(None);
    process.reloaded(Timestamp::from_second(1_700_000_000).ok());
    process.reloaded(None);
    compare(
        &page(&process, &[]),
        &["gitsyncd_config", "gitsyncd_repositories"],
        expect![[r#"
            gitsyncd_config_last_reload_success_timestamp_seconds 1700000000
            gitsyncd_config_reloads_total{result="error"} 2
            gitsyncd_config_reloads_total{result="success"} 1
            gitsyncd_repositories 0"#]],
    );
    let without = page(&ProcessMetrics::new(false).unwrap(), &[]);
    assert!(!without.contains("_config_") && !without.contains("gitsyncd_repositories"));
}
