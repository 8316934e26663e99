//! What one document says of another is there.

use serde_json::Value;

use crate::deploy::manifests::{built, containers, everything, find, list, pods};

/// The documents in which whoever applies this directory finds what is optional.
fn with_secrets(documents: &[Value]) -> Vec<Value> {
    [documents, &built("secrets"), &built("source")].concat()
}

/// Follows a reference by name and, if it has one, by key.
#[track_caller]
fn follow(documents: &[Value], kind: &str, reference: &Value, name: &str) {
    let called = reference[name].as_str().unwrap();
    let optional = reference["optional"] == true;
    // The Secret of deploy.sh is made by hand: its manifest would be a place to leave a password.
    if optional && kind == "Secret" && called == "source-code" {
        return;
    }
    let more = with_secrets(documents);
    // No Secret is among what is applied: everybody makes their own.
    let found = find(if optional || kind == "Secret" { &more } else { documents }, kind, called);
    let found = found.unwrap_or_else(|| panic!("there is no {kind} {called}"));
    if let Some(key) = reference["key"].as_str() {
        let there = [&found["data"], &found["stringData"]].iter().any(|map| !map[key].is_null());
        assert!(there, "{kind} {called} has no {key}");
    }
}

#[test]
fn every_volume_config_map_and_secret_that_is_named_exists() {
    for (_, documents) in everything() {
        for (name, template) in pods(&documents) {
            let volumes = list(&template["spec"]["volumes"]);
            for volume in volumes {
                let used = containers(template).any(|container| {
                    list(&container["volumeMounts"]).iter().any(|one| one["name"] == volume["name"])
                });
                assert!(used, "{name}: {} is not mounted", volume["name"]);
                if let Some(reference) = volume.get("configMap") {
                    follow(&documents, "ConfigMap", reference, "name");
                }
                if let Some(reference) = volume.get("secret") {
                    follow(&documents, "Secret", reference, "secretName");
                }
            }
            for container in containers(template) {
                for mount in list(&container["volumeMounts"]) {
                    let known = volumes.iter().any(|volume| volume["name"] == mount["name"]);
                    assert!(known, "{name}: there is no volume {}", mount["name"]);
                }
                follow_variables(&documents, container);
            }
        }
    }
}

/// Follows what the variables of a container come from.
fn follow_variables(documents: &[Value], container: &Value) {
    for from in list(&container["envFrom"]) {
        follow(documents, "ConfigMap", &from["configMapRef"], "name");
    }
    for variable in list(&container["env"]) {
        let from = &variable["valueFrom"];
        for (field, kind) in [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")] {
            if let Some(reference) = from.get(field) {
                follow(documents, kind, reference, "name");
            }
        }
    }
}

/// Says whether a container has a port of this name.
fn opens(container: &Value, port: &Value) -> bool {
    list(&container["ports"]).iter().any(|open| open["name"] == *port)
}

#[test]
fn every_probe_asks_at_a_port_that_is_open_and_at_a_path_that_is_for_it() {
    for (name, template) in everything().iter().flat_map(|(_, documents)| pods(documents)) {
        for container in containers(template) {
            let probes = ["startupProbe", "readinessProbe", "livenessProbe"];
            // Nobody reaches files through the pod of many repositories, and one that is wrong is none
            // of the others' business.
            let many = name == "DaemonSet gitsyncd-node";
            let ready = if many { "/livez" } else { "/readyz" };
            let paths = [&["/livez", "/readyz"][..], &[ready], &["/livez"]];
            for (probe, paths) in probes.iter().zip(paths) {
                let Some(probe) = container.get(*probe) else { continue };
                if let Some(asked) = probe.get("httpGet") {
                    assert!(opens(container, &asked["port"]), "{name}: {asked}");
                    assert!(paths.contains(&asked["path"].as_str().unwrap()), "{name}: {asked}");
                } else {
                    assert!(opens(container, &probe["tcpSocket"]["port"]), "{name}: {probe}");
                }
            }
            let serves = opens(container, &Value::from("gitsyncd"));
            assert_eq!(serves, probes.iter().all(|probe| container.get(*probe).is_some()));
        }
    }
}

/// Every pod of everything that has the labels.
fn selected<'a>(all: &'a [(&str, Vec<Value>)], labels: &Value) -> Vec<&'a Value> {
    let has = |template: &Value| {
        let labels = labels.as_object().unwrap();
        labels.iter().all(|(key, value)| template["metadata"]["labels"][key] == *value)
    };
    let pods = all.iter().flat_map(|(_, documents)| pods(documents));
    pods.map(|(_, template)| template).filter(|template| has(template)).collect()
}

/// Fails unless some container of these pods has a port of this name.
#[track_caller]
fn some_opens(pods: &[&Value], port: &Value) {
    let open = pods.iter().any(|pod| containers(pod).any(|container| opens(container, port)));
    assert!(open, "no pod that is selected has a port {port}");
}

#[test]
fn services_policies_and_monitors_lead_to_ports_of_pods_that_they_select() {
    let all = everything();
    let mut seen = 0;
    for document in all.iter().flat_map(|(_, documents)| documents) {
        let spec = &document["spec"];
        match document["kind"].as_str().unwrap() {
            "Service" => {
                let pods = selected(&all, &spec["selector"]);
                for port in list(&spec["ports"]) {
                    some_opens(&pods, &port["targetPort"]);
                }
            }
            "NetworkPolicy" => {
                let pods = selected(&all, &spec["podSelector"]["matchLabels"]);
                for port in list(&spec["ingress"]).iter().flat_map(|rule| list(&rule["ports"])) {
                    some_opens(&pods, &port["port"]);
                }
            }
            "PodMonitor" => {
                let pods = selected(&all, &spec["selector"]["matchLabels"]);
                for endpoint in list(&spec["podMetricsEndpoints"]) {
                    some_opens(&pods, &endpoint["port"]);
                }
            }
            _ => continue,
        }
        seen += 1;
    }
    assert!(seen >= 5);
}

#[test]
fn every_workload_selects_its_own_pods_and_every_gitsyncd_has_the_label() {
    for (_, documents) in everything() {
        for document in documents.iter().filter(|one| one["spec"]["template"].is_object()) {
            let template = &document["spec"]["template"];
            let labels = &template["metadata"]["labels"];
            if let Some(selector) = document["spec"]["selector"]["matchLabels"].as_object() {
                for (key, value) in selector {
                    assert_eq!(labels[key], *value, "{document}");
                }
            }
            let has = containers(template).any(|container| container["name"] == "gitsyncd");
            assert_eq!(labels["gitsyncd"] == "enabled", has, "{document}");
        }
    }
}

#[test]
fn the_program_writes_to_its_root_only_and_readers_go_through_the_link() {
    for (name, template) in everything().iter().flat_map(|(_, documents)| pods(documents)) {
        for container in containers(template) {
            let mounts = list(&container["volumeMounts"]);
            let called = container["name"].as_str().unwrap();
            assert!(mounts.iter().all(|mount| mount["subPath"].is_null()), "{name}: {called}");
            for mount in mounts {
                let writes = match called {
                    "gitsyncd" => mount["mountPath"] == "/git",
                    "own" => true,
                    _ => mount["mountPath"] == "/tmp",
                };
                assert_eq!(mount["readOnly"] != true, writes, "{name}: {mount}");
            }
            assert!(list(&container["args"]).iter().all(|word| *word == "--one-time"), "{name}");
            let values = list(&container["env"]).iter().map(|variable| &variable["value"]);
            for path in values.filter_map(Value::as_str).filter(|value| value.starts_with('/')) {
                let mounted = |mount: &Value| {
                    let at = mount["mountPath"].as_str().unwrap();
                    path == at || path.starts_with(&format!("{at}/"))
                };
                assert!(mounts.iter().any(mounted), "{name}: {path} is not mounted");
            }
        }
    }
}
