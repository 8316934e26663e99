//! The metrics, read as a scraper reads them.

mod several;

use super::*;
use crate::observe::metrics::attempts::OUTCOMES;
use crate::observe::metrics::work::STEPS;
use crate::observe::status::{Phase, Waiting};
use expect_test::{Expect, expect};
use prometheus::proto::LabelPair;
use std::fmt::Write;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn page(process: &ProcessMetrics, repositories: &[&Metrics]) -> String {
    let mut page = Page::new(process, repositories.len());
    for metrics in repositories {
        page.add(metrics);
    }
    String::from_utf8(page.pieces().collect::<Vec<_>>().concat()).unwrap()
}

/// One repository without a name, and the program around it.
fn text(metrics: &Metrics) -> String {
    page(&ProcessMetrics::new(false).unwrap(), &[metrics])
}

/// What there is, by name.
fn families(process: &ProcessMetrics, metrics: &Metrics) -> Vec<MetricFamily> {
    let mut families = [process.registry.gather(), metrics.gather()].concat();
    families.sort_by(|one, other| one.name().cmp(other.name()));
    families
}

/// Compares the lines whose name begins with one of these.
fn check(metrics: &Metrics, names: &[&str], expected: Expect) {
    compare(&text(metrics), names, expected);
}

fn compare(text: &str, names: &[&str], expected: Expect) {
    let wanted = |line: &&str| names.iter().any(|name| line.starts_with(name));
    let lines: Vec<_> = text.lines().filter(wanted).collect();
    expected.assert_eq(&lines.join("\n"));
}

fn publish(metrics: &Metrics, commit: &str) {
    metrics.published(&commit.parse().unwrap(), &"main".parse().unwrap(), 3, 4096);
}

#[test]
fn names_types_and_labels_are_what_dashboards_know() {
    let metrics = Metrics::new(None).unwrap();
    publish(&metrics, COMMIT);
    metrics.token_expires(Timestamp::UNIX_EPOCH);
    metrics.next_attempt(Some(Timestamp::UNIX_EPOCH));
    metrics.repository(1);
    metrics.room(Room { size: 4, available: 3, files: 2, files_free: 1 });
    let mut names = String::new();
    for family in families(&ProcessMetrics::new(false).unwrap(), &metrics) {
        let labels = family.get_metric()[0].get_label();
        let labels: Vec<_> = labels.iter().map(LabelPair::name).collect();
        let kind = format!("{:?}", family.get_field_type()).to_lowercase();
        writeln!(names, "{} {kind} {{{}}}", family.name(), labels.join(",")).unwrap();
    }
    expect![[r"
        git_fetch_count_total counter {}
        git_sync_askpass_calls counter {status}
        git_sync_count_total counter {status}
        git_sync_duration_seconds histogram {status}
        git_sync_refresh_github_app_token_count counter {status}
        gitsyncd_api_requests_total counter {call,result}
        gitsyncd_build_info gauge {version}
        gitsyncd_commit_info gauge {commit,ref}
        gitsyncd_consecutive_failures gauge {}
        gitsyncd_disk_used_bytes gauge {of}
        gitsyncd_drift_total counter {}
        gitsyncd_failures_total counter {class}
        gitsyncd_filesystem_avail_bytes gauge {}
        gitsyncd_filesystem_files gauge {}
        gitsyncd_filesystem_files_free gauge {}
        gitsyncd_filesystem_size_bytes gauge {}
        gitsyncd_last_attempt_outcome gauge {outcome}
        gitsyncd_last_success_timestamp_seconds gauge {}
        gitsyncd_next_attempt_timestamp_seconds gauge {}
        gitsyncd_pinned gauge {}
        gitsyncd_received_bytes_total counter {}
        gitsyncd_requests_total counter {}
        gitsyncd_start_time_seconds gauge {}
        gitsyncd_step_duration_seconds histogram {step}
        gitsyncd_token_expiry_timestamp_seconds gauge {}
        gitsyncd_tree_bytes gauge {}
        gitsyncd_tree_files gauge {}
        gitsyncd_triggers_total counter {trigger}
        gitsyncd_waiting gauge {}
        gitsyncd_webhooks_total counter {provider,result}
        process_cpu_seconds_total counter {}
        process_max_fds gauge {}
        process_open_fds gauge {}
        process_resident_memory_bytes gauge {}
        process_start_time_seconds gauge {}
        process_threads gauge {}
        process_virtual_memory_bytes gauge {}
    "]]
    .assert_eq(&names);
}

#[test]
fn every_label_is_there_from_the_start_and_no_tree_is_made_up() {
    let text = text(&Metrics::new(None).unwrap());
    let zero = |sample: String| {
        assert!(text.lines().any(|line| line == format!("{sample} 0")), "{sample}");
    };
    for status in ["success", "error", "noop"] {
        zero(format!("git_sync_count_total{{status=\"{status}\"}}"));
        zero(format!("git_sync_duration_seconds_count{{status=\"{status}\"}}"));
    }
    for status in ["success", "error"] {
        zero(format!("git_sync_askpass_calls{{status=\"{status}\"}}"));
        zero(format!("git_sync_refresh_github_app_token_count{{status=\"{status}\"}}"));
    }
    for class in Class::ALL {
        zero(format!("gitsyncd_failures_total{{class=\"{class}\"}}"));
    }
    for trigger in Trigger::ALL {
        zero(format!("gitsyncd_triggers_total{{trigger=\"{trigger}\"}}"));
    }
    for step in STEPS {
        zero(format!("gitsyncd_step_duration_seconds_count{{step=\"{step}\"}}"));
    }
    for outcome in OUTCOMES {
        zero(format!("gitsyncd_last_attempt_outcome{{outcome=\"{}\"}}", outcome.label()));
    }
    for provider in Provider::ALL.map(Provider::label) {
        for result in HookResult::ALL.map(HookResult::label) {
            let labels = format!("provider=\"{provider}\",result=\"{result}\"");
            zero(format!("gitsyncd_webhooks_total{{{labels}}}"));
        }
    }
    for call in Call::ALL.map(Call::label) {
        for result in CallResult::ALL.map(CallResult::label) {
            zero(format!("gitsyncd_api_requests_total{{call=\"{call}\",result=\"{result}\"}}"));
        }
    }
    zero("gitsyncd_pinned".to_owned());
    zero("gitsyncd_waiting".to_owned());
    assert!(!text.contains("gitsyncd_token_") && !text.contains("gitsyncd_next_"));
    assert!(!text.contains("gitsyncd_disk_") && !text.contains("gitsyncd_filesystem_"));
    assert!(!text.contains("gitsyncd_tree_") && !text.contains("gitsyncd_commit_info"));
}

#[test]
fn the_first_success_counts_and_later_ones_only_if_something_was_published() {
    let metrics = Metrics::new(None).unwrap();
    let took = Duration::from_millis(250);
    metrics.attempt(Outcome::Failed, false, took);
    metrics.attempt(Outcome::Unchanged, true, took);
    metrics.attempt(Outcome::Unchanged, false, took);
    metrics.attempt(Outcome::Refused, false, took);
    metrics.attempt(Outcome::Published, false, took);
    let names = [
        "git_sync_count_total",
        "git_fetch_count_total",
        "git_sync_duration_seconds_sum",
        "git_sync_duration_seconds_count",
    ];
    check(
        &metrics,
        &names,
        expect![[r#"
            git_fetch_count_total 2
            git_sync_count_total{status="error"} 1
            git_sync_count_total{status="noop"} 2
            git_sync_count_total{status="success"} 2
            git_sync_duration_seconds_sum{status="error"} 0.25
            git_sync_duration_seconds_count{status="error"} 1
            git_sync_duration_seconds_sum{status="noop"} 0.5
            git_sync_duration_seconds_count{status="noop"} 2
            git_sync_duration_seconds_sum{status="success"} 0.5
            git_sync_duration_seconds_count{status="success"} 2"#]],
    );
}

#[test]
fn a_success_ends_the_row_of_failures() {
    let metrics = Metrics::new(None).unwrap();
    let names =
        ["gitsyncd_consecutive", "gitsyncd_last_success", "gitsyncd_failures_total{class=\"tls"];
    metrics.failure(Class::Tls, 1);
    metrics.failure(Class::Tls, 2);
    check(
        &metrics,
        &names,
        expect![[r#"
            gitsyncd_consecutive_failures 2
            gitsyncd_failures_total{class="tls"} 2
            gitsyncd_last_success_timestamp_seconds 0"#]],
    );
    metrics.succeeded(Timestamp::from_millisecond(1_700_000_000_500).unwrap());
    check(
        &metrics,
        &names,
        expect![[r#"
            gitsyncd_consecutive_failures 0
            gitsyncd_failures_total{class="tls"} 2
            gitsyncd_last_success_timestamp_seconds 1700000000.5"#]],
    );
}

#[test]
fn calls_for_credentials_count_by_how_they_ended() {
    let metrics = Metrics::new(None).unwrap();
    metrics.askpass(2, 0);
    metrics.askpass(0, 1);
    metrics.github_app(1, 0);
    metrics.token_expires(Timestamp::from_second(1_700_000_000).unwrap());
    check(
        &metrics,
        &["git_sync_askpass", "git_sync_refresh", "gitsyncd_token"],
        expect![[r#"
            git_sync_askpass_calls{status="error"} 1
            git_sync_askpass_calls{status="success"} 2
            git_sync_refresh_github_app_token_count{status="error"} 0
            git_sync_refresh_github_app_token_count{status="success"} 1
            gitsyncd_token_expiry_timestamp_seconds 1700000000"#]],
    );
}

#[test]
fn one_commit_is_shown_at_a_time() {
    let metrics = Metrics::new(None).unwrap();
    publish(&metrics, &"a".repeat(40));
    publish(&metrics, COMMIT);
    metrics.received(5_000_000_000, 2);
    metrics.received(1, 1);
    let names = ["gitsyncd_commit", "gitsyncd_tree", "gitsyncd_received", "gitsyncd_requests"];
    check(
        &metrics,
        &names,
        expect![[r#"
            gitsyncd_commit_info{commit="0123456789abcdef0123456789abcdef01234567",ref="main"} 1
            gitsyncd_received_bytes_total 5000000001
            gitsyncd_requests_total 3
            gitsyncd_tree_bytes 4096
            gitsyncd_tree_files 3"#]],
    );
}

#[test]
fn steps_and_triggers_count_under_their_names() {
    let metrics = Metrics::new(None).unwrap();
    metrics.step(Step::Fetch, Duration::from_secs(1));
    metrics.trigger(Trigger::Signal);
    let names = [
        "gitsyncd_step_duration_seconds_count{step=\"fetch",
        "gitsyncd_triggers_total{trigger=\"s",
    ];
    check(
        &metrics,
        &names,
        expect![[r#"
            gitsyncd_step_duration_seconds_count{step="fetch"} 1
            gitsyncd_triggers_total{trigger="signal"} 1
            gitsyncd_triggers_total{trigger="start"} 0"#]],
    );
}

#[test]
fn one_outcome_holds_at_a_time() {
    let metrics = Metrics::new(None).unwrap();
    metrics.attempt(Outcome::Published, true, Duration::ZERO);
    metrics.attempt(Outcome::Failed, false, Duration::ZERO);
    check(
        &metrics,
        &["gitsyncd_last_attempt_outcome"],
        expect![[r#"
            gitsyncd_last_attempt_outcome{outcome="failed"} 1
            gitsyncd_last_attempt_outcome{outcome="published"} 0
            gitsyncd_last_attempt_outcome{outcome="refused"} 0
            gitsyncd_last_attempt_outcome{outcome="unchanged"} 0"#]],
    );
}

#[test]
fn the_next_attempt_is_shown_while_one_is_planned_and_a_pin_while_it_holds() {
    let metrics = Metrics::new(None).unwrap();
    let names = ["gitsyncd_next", "gitsyncd_pinned", "gitsyncd_waiting"];
    let mut status = Status {
        name: None,
        version: "1",
        repo: String::new(),
        reference: String::new(),
        ref_name: None,
        phase: Phase::Steady,
        commit: None,
        tree: None,
        published_at: None,
        previous: None,
        pinned: true,
        waiting: Some(Waiting { commit: "a".repeat(40).parse().unwrap(), until: None }),
        source: None,
        failures: 0,
        last_attempt: None,
        last_success_at: None,
        next_attempt_at: Timestamp::from_millisecond(1_700_000_000_500).ok(),
    };
    metrics.status(&status);
    check(
        &metrics,
        &names,
        expect![[r"
            gitsyncd_next_attempt_timestamp_seconds 1700000000.5
            gitsyncd_pinned 1
            gitsyncd_waiting 1"]],
    );
    status.next_attempt_at = None;
    status.pinned = false;
    status.waiting = None;
    metrics.status(&status);
    check(
        &metrics,
        &names,
        expect![[r"
            gitsyncd_pinned 0
            gitsyncd_waiting 0"]],
    );
}

/// What a metric is measured in, by its name.
fn unit(name: &str) -> &str {
    match name.trim_end_matches("_total").rsplit('_').next() {
        Some("seconds") if ["timestamp", "start_time"].iter().any(|time| name.contains(time)) => {
            "Unix time"
        }
        Some("seconds") => "seconds",
        Some("bytes") => "bytes",
        _ => "",
    }
}

#[test]
fn the_page_lists_every_metric_as_it_is() {
    let page = include_str!("../../../../docs/metrics.md");
    let metrics = Metrics::new(None).unwrap();
    publish(&metrics, COMMIT);
    metrics.token_expires(Timestamp::UNIX_EPOCH);
    metrics.next_attempt(Some(Timestamp::UNIX_EPOCH));
    metrics.room(Room { size: 4, available: 3, files: 2, files_free: 1 });
    metrics.expect_hook("webhook");
    let mut rows = Vec::new();
    for family in families(&ProcessMetrics::new(true).unwrap(), &metrics) {
        let labels = family.get_metric()[0].get_label();
        let labels: Vec<_> = labels.iter().map(|label| format!("`{}`", label.name())).collect();
        let kind = format!("{:?}", family.get_field_type()).to_lowercase();
        let (name, labels) = (family.name(), labels.join(", "));
        rows.push(format!("| `{name}` | {kind} | {labels} | {} | {} |", unit(name), family.help()));
    }
    let listed: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with("| `git") || line.starts_with("| `process_"))
        .collect();
    assert_eq!(listed, rows, "\n{}", rows.join("\n"));
}

#[test]
fn room_is_shown_as_far_as_it_has_a_limit() {
    let metrics = Metrics::new(None).unwrap();
    metrics.room(Room { size: 1 << 40, available: 5_000_000_000, files: 0, files_free: 0 });
    metrics.repository(700);
    publish(&metrics, COMMIT);
    check(
        &metrics,
        &["gitsyncd_filesystem", "gitsyncd_disk"],
        expect![[r#"
            gitsyncd_disk_used_bytes{of="repository"} 700
            gitsyncd_disk_used_bytes{of="tree"} 4096
            gitsyncd_filesystem_avail_bytes 5000000000
            gitsyncd_filesystem_size_bytes 1099511627776"#]],
    );
}

#[test]
fn hooks_are_shown_once_they_are_known_and_count_by_name() {
    let metrics = Metrics::new(None).unwrap();
    assert!(!text(&metrics).contains("git_sync_hook_run"));
    metrics.expect_hook("exechook");
    metrics.hook("webhook", true);
    metrics.hook("webhook", false);
    metrics.hook("webhook", false);
    check(
        &metrics,
        &["git_sync_hook_run"],
        expect![[r#"
            git_sync_hook_run_count_total{name="exechook",status="error"} 0
            git_sync_hook_run_count_total{name="exechook",status="success"} 0
            git_sync_hook_run_count_total{name="webhook",status="error"} 2
            git_sync_hook_run_count_total{name="webhook",status="success"} 1"#]],
    );
}
