//! Every pod asks for as little as it can.

use serde_json::{Value, json};

use crate::deploy::manifests::{containers, everything, list, pods};

/// The one container that is root, with one capability, in pods that write to a directory of the node.
const ROOT: &str = "own";

#[test]
fn every_pod_runs_as_a_plain_user_with_nothing_to_write_and_nothing_to_ask_for() {
    for (name, template) in everything().iter().flat_map(|(_, documents)| pods(documents)) {
        let spec = &template["spec"];
        assert_eq!(spec["automountServiceAccountToken"], false, "{name}");
        let user = json!({
            "runAsNonRoot": true, "runAsUser": 65533, "runAsGroup": 65533, "fsGroup": 65533,
            "seccompProfile": {"type": "RuntimeDefault"},
        });
        assert_eq!(spec["securityContext"], user, "{name}");
        for forbidden in ["hostNetwork", "hostPID", "hostIPC", "hostUsers"] {
            assert!(spec[forbidden].is_null(), "{name}: {forbidden}");
        }
        for container in containers(template) {
            let called = container["name"].as_str().unwrap();
            let mut expected = json!({
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                "capabilities": {"drop": ["ALL"]},
            });
            if called == ROOT {
                assert!(name.starts_with("DaemonSet "), "{name}");
                assert_eq!(container["command"], json!(["chown", "65533:65533", "/host"]));
                expected["capabilities"]["add"] = json!(["CHOWN"]);
                expected["runAsNonRoot"] = json!(false);
                expected["runAsUser"] = json!(0);
                expected["runAsGroup"] = json!(0);
            }
            assert_eq!(container["securityContext"], expected, "{name}: {called}");
        }
    }
}

#[test]
fn every_container_says_what_it_needs_and_fits_into_its_volumes() {
    for (name, template) in everything().iter().flat_map(|(_, documents)| pods(documents)) {
        for container in containers(template) {
            let resources = &container["resources"];
            let called = container["name"].as_str().unwrap();
            for asked in ["cpu", "memory"] {
                assert!(resources["requests"][asked].is_string(), "{name}: {called}: {asked}");
            }
            let memory = mebibytes(&resources["limits"]["memory"]);
            let least = if called == "gitsyncd" { 128 } else { 16 };
            assert!(memory >= least, "{name}: {called}");
            // A limit of the processor makes a sync slow and gains nobody anything.
            assert!(resources["limits"]["cpu"].is_null(), "{name}: {called}");
        }
        for volume in list(&template["spec"]["volumes"]) {
            let Some(empty) = volume.get("emptyDir") else { continue };
            let size = mebibytes(&empty["sizeLimit"]);
            for container in containers(template).filter(|one| one["name"] == "gitsyncd") {
                let stored = mebibytes(&container["resources"]["limits"]["ephemeral-storage"]);
                assert!(stored >= size, "{name}: {volume}");
            }
        }
    }
}

fn mebibytes(size: &Value) -> u32 {
    let size = size.as_str().unwrap();
    let (number, unit) = size.split_at(size.len() - 2);
    let number: u32 = number.parse().unwrap();
    match unit {
        "Gi" => number * 1024,
        "Mi" => number,
        other => panic!("{other} is no unit that is used here"),
    }
}
