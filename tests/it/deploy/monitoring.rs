//! What the Prometheus operator is told. Its kinds have no schema here: what these files use of them
//! is written down below.

use serde_json::{Value, json};

use crate::deploy::manifests::{built, find, parsed, text};

#[test]
fn the_operator_gets_the_alerts_that_are_tried_as_a_plain_file() {
    let documents = built("monitoring");
    let rule = find(&documents, "PrometheusRule", "gitsyncd").unwrap();
    let plain = parsed(&text("prometheus/rules.yaml")).remove(0);
    assert_eq!(rule["spec"], plain, "change both, or neither");
    assert_eq!(rule["apiVersion"], "monitoring.coreos.com/v1");
    assert_eq!(keys(rule), ["apiVersion", "kind", "metadata", "spec"]);
    for group in rule["spec"]["groups"].as_array().unwrap() {
        assert_eq!(keys(group), ["name", "rules"]);
        for alert in group["rules"].as_array().unwrap() {
            let mut keys = keys(alert);
            keys.retain(|key| *key != "for");
            assert_eq!(keys, ["alert", "annotations", "expr", "labels"]);
            assert!(alert["expr"].is_string(), "{alert}");
            assert!(alert["for"].is_null() || alert["for"].is_string(), "{alert}");
        }
    }
}

#[test]
fn the_operator_scrapes_every_pod_with_the_label() {
    let documents = built("monitoring");
    let monitor = find(&documents, "PodMonitor", "gitsyncd").unwrap();
    assert_eq!(monitor["apiVersion"], "monitoring.coreos.com/v1");
    assert_eq!(keys(monitor), ["apiVersion", "kind", "metadata", "spec"]);
    let spec = json!({
        "selector": {"matchLabels": {"gitsyncd": "enabled"}},
        "podMetricsEndpoints": [{"port": "gitsyncd", "path": "/metrics", "interval": "30s"}],
    });
    assert_eq!(monitor["spec"], spec);
}

fn keys(mapping: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = mapping.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
