//! Metrics, alerts and the dashboard, tried with Prometheus and its own tools.

use jiff::Timestamp;
use saphyr::{LoadableYamlNode, Yaml};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

use crate::contract::{after_more_attempts, metric, polling};
use crate::support::daemon::{Daemon, Root};
use crate::support::get::get;
use crate::support::http;
use crate::support::process::{Group, installed, program};
use crate::support::service::{Service, answer};
use crate::support::skip;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually, pause};

/// The names of kubernetes/git-sync that do not follow the conventions of Prometheus.
const ODD: [&str; 2] = ["git_sync_askpass_calls", "git_sync_refresh_github_app_token_count"];

/// A file of this package.
fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Says whether a tool is missing; a test that needs it asks here first.
fn unless_there(tool: &str, test: &str) -> bool {
    let there = installed(tool).is_some();
    if !there {
        skip::note(test, &format!("{tool} is not installed"));
    }
    !there
}

/// Runs `promtool` on a file and gives how it ended and what it said.
fn promtool(args: &[&str], input: &[u8]) -> (bool, String) {
    let mut child = Command::new(program("promtool"))
        .args(args)
        .current_dir(file("deploy/prometheus"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// A repository behind a login that a service tells, which says when the login ends.
struct Scene {
    upstream: Upstream,
    root: Root,
    _server: http::Http,
    _service: Service,
    daemon: Daemon,
}

impl Scene {
    fn start() -> Self {
        let upstream = Upstream::new();
        let server = http::over(&upstream).login("ada", "hush").start();
        let ends = Timestamp::now().as_second() + 3600;
        let told = format!("username=ada\npassword=hush\npassword_expiry_utc={ends}\n");
        let service = Service::start(move |_| answer("200 OK", &told));
        let root = Root::new();
        let setup = polling(&server.url(), &root);
        let daemon = setup.flag(format!("--askpass-url={}", service.url("/"))).start();
        root.eventually_publishes(&upstream.head());
        after_more_attempts(&daemon, 2);
        Self { upstream, root, _server: server, _service: service, daemon }
    }

    fn scrape(&self) -> String {
        self.daemon.get("/metrics").unwrap().body
    }
}

/// Every name that a scrape brings.
fn names(scrape: &str) -> BTreeSet<&str> {
    let samples = scrape.lines().filter(|line| !line.starts_with('#'));
    samples.filter_map(|line| line.split(['{', ' ']).next()).collect()
}

/// Every word in a text that looks like the name of one of our metrics.
fn mentioned(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let is_ours = |word: &&str| ["gitsyncd_", "git_"].iter().any(|start| word.starts_with(start));
    words.filter(is_ours).filter(|word| !word.ends_with('_')).collect()
}

#[test]
fn promtool_complains_of_two_names_and_of_nothing_else() {
    if unless_there("promtool", "promtool_complains_of_two_names_and_of_nothing_else") {
        return;
    }
    let scrape = Scene::start().scrape();
    let (_, said) = promtool(&["check", "metrics"], scrape.as_bytes());
    let complaints: Vec<_> = said.lines().filter(|line| !line.is_empty()).collect();
    let named: BTreeSet<_> =
        complaints.iter().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(named, BTreeSet::from(ODD), "{said}");
    let without: Vec<_> =
        scrape.lines().filter(|line| !ODD.iter().any(|odd| line.contains(odd))).collect();
    let (well, said) = promtool(&["check", "metrics"], (without.join("\n") + "\n").as_bytes());
    assert!(well, "{said}");
}

#[test]
fn alerts_fire_when_they_should_and_only_then() {
    if unless_there("promtool", "alerts_fire_when_they_should_and_only_then") {
        return;
    }
    for args in [["check", "rules", "rules.yaml"], ["test", "rules", "rules.test.yaml"]] {
        let (well, said) = promtool(&args, b"");
        assert!(well && said.contains("SUCCESS"), "{said}");
    }
}

#[test]
fn every_alert_says_what_to_do_and_is_tried_both_ways() {
    let text = fs::read_to_string(file("deploy/prometheus/rules.yaml")).unwrap();
    let tests = fs::read_to_string(file("deploy/prometheus/rules.test.yaml")).unwrap();
    let (rules, tests) =
        (Yaml::load_from_str(&text).unwrap(), Yaml::load_from_str(&tests).unwrap());
    let tests = tests[0]["tests"].as_sequence().unwrap();
    let rules = rules[0]["groups"][0]["rules"].as_sequence().unwrap();
    assert!(rules.len() >= 6);
    for rule in rules {
        let alert = rule["alert"].as_str().unwrap();
        assert!(
            ["critical", "warning", "info"].contains(&rule["labels"]["severity"].as_str().unwrap())
        );
        assert!(!rule["annotations"]["summary"].as_str().unwrap().is_empty());
        assert!(rule["annotations"]["description"].as_str().unwrap().len() > 80, "{alert}");
        let cases = tests.iter().flat_map(|test| test["alert_rule_test"].as_sequence().unwrap());
        let (silent, fires): (Vec<_>, Vec<_>) = cases
            .filter(|case| case["alertname"].as_str() == Some(alert))
            .partition(|case| case["exp_alerts"].as_sequence().unwrap().is_empty());
        assert!(!silent.is_empty() && !fires.is_empty(), "{alert}");
    }
}

#[test]
fn rules_dashboard_and_page_name_only_metrics_that_there_are() {
    let scene = Scene::start();
    let scrape = scene.scrape();
    let mut there = names(&scrape);
    let families: Vec<_> = scrape.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    there.extend(families.iter().filter_map(|line| line.split(' ').next()));
    if rustix::fs::statvfs(scene.root.path()).unwrap().f_files == 0 {
        // This file system has no such limit.
        there.extend(["gitsyncd_filesystem_files", "gitsyncd_filesystem_files_free"]);
    }
    // Only where there are hooks.
    there.insert("git_sync_hook_run_count_total");
    // Only where a file lists the repositories.
    there.extend([
        "gitsyncd_repositories",
        "gitsyncd_config_reloads_total",
        "gitsyncd_config_last_reload_success_timestamp_seconds",
    ]);
    let check = |path: &str, most_unused: usize| {
        let text = fs::read_to_string(file(path)).unwrap();
        let mentioned = mentioned(&text);
        assert!(mentioned.len() > 10, "{path}");
        let missing: Vec<_> = mentioned.difference(&there).collect();
        assert!(missing.is_empty(), "{path}: {missing:?}");
        let unused = families.iter().filter(|line| {
            let family = line.split(' ').next().unwrap();
            // What every program has belongs on the dashboards that are for all of them.
            let is_usual = family.starts_with("process_");
            !is_usual && !mentioned.iter().any(|name| name.starts_with(family))
        });
        let unused: Vec<_> = unused.collect();
        assert!(unused.len() <= most_unused, "{path} does not speak of {unused:?}");
    };
    check("deploy/prometheus/rules.yaml", usize::MAX);
    check("deploy/grafana/dashboard.json", 3);
    check("docs/metrics.md", 0);
}

/// A rectangle on the dashboard: x, y, width and height.
fn place(panel: &Value) -> [u64; 4] {
    ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap())
}

#[test]
fn the_dashboard_is_in_order() {
    let text = fs::read_to_string(file("deploy/grafana/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let variables: Vec<_> = variables.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(variables, ["datasource", "job", "instance"]);
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    for (number, panel) in panels.iter().enumerate() {
        let title = panel["title"].as_str().unwrap();
        let [x, y, w, h] = place(panel);
        assert!(w > 0 && h > 0 && x + w <= 24, "{title}");
        for other in &panels[..number] {
            let [ox, oy, ow, oh] = place(other);
            let apart = x + w <= ox || ox + ow <= x || y + h <= oy || oy + oh <= y;
            assert!(apart, "{title} is over {}", other["title"]);
        }
        if panel["type"] == "row" {
            continue;
        }
        assert!(panel["description"].as_str().unwrap().ends_with('.'), "{title}");
        assert!(!panel["fieldConfig"]["defaults"]["unit"].as_str().unwrap().is_empty(), "{title}");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        let targets = panel["targets"].as_array().unwrap();
        let refs: BTreeSet<_> = targets.iter().map(|one| one["refId"].as_str().unwrap()).collect();
        assert!(refs.len() == targets.len() && !targets.is_empty(), "{title}");
        for target in targets {
            let query = target["expr"].as_str().unwrap();
            assert!(query.contains(r#"job=~"$job", instance=~"$instance""#), "{title}: {query}");
        }
    }
}

/// A Prometheus of our own that scrapes one program and knows our rules.
struct Prometheus {
    address: SocketAddr,
    // Ended before its directory goes.
    _process: Group,
    _dir: TempDir,
}

impl Prometheus {
    fn watching(target: SocketAddr) -> Self {
        let dir = TempDir::new().unwrap();
        let rules = file("deploy/prometheus/rules.yaml");
        let config = format!(
            "global: {{scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}}\n\
             rule_files: [{}]\n\
             scrape_configs:\n  - job_name: gitsyncd\n    static_configs: [{{targets: ['{target}']}}]\n",
            rules.display()
        );
        fs::write(dir.path().join("prometheus.yml"), config).unwrap();
        let started = (0..20).find_map(|_| start(dir.path()));
        let (process, address) = started.unwrap_or_else(|| {
            panic!("{}", fs::read_to_string(dir.path().join("log")).unwrap_or_default())
        });
        Self { address, _process: process, _dir: dir }
    }

    fn ask(&self, path: &str) -> Value {
        let reply = get(self.address, path).unwrap();
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        serde_json::from_str(&reply.body).unwrap()
    }

    /// What a query finds: the labels and the value of each sample.
    fn query(&self, query: &str) -> Vec<(Value, String)> {
        let encoded: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let found = self.ask(&format!("/api/v1/query?query={encoded}"));
        let samples = found["data"]["result"].as_array().unwrap();
        let value = |sample: &Value| sample["value"][1].as_str().unwrap().to_owned();
        samples.iter().map(|sample| (sample["metric"].clone(), value(sample))).collect()
    }
}

/// Starts it on a port that was free a moment ago; nothing if somebody took it meanwhile.
fn start(dir: &Path) -> Option<(Group, SocketAddr)> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let log = fs::File::create(dir.join("log")).unwrap();
    let mut process = Group::start(
        Command::new(program("prometheus"))
            .env_clear()
            .current_dir(dir)
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log),
    );
    let end = Instant::now() + SOON;
    while process.ended().is_none() && Instant::now() < end {
        if get(address, "/-/ready").is_ok_and(|reply| reply.status == 200) {
            return Some((process, address));
        }
        pause(Duration::from_millis(5));
    }
    None
}

#[test]
fn prometheus_scrapes_it_and_evaluates_the_rules() {
    if unless_there("prometheus", "prometheus_scrapes_it_and_evaluates_the_rules") {
        return;
    }
    let scene = Scene::start();
    let prometheus = Prometheus::watching(scene.daemon.address());
    eventually("the program is scraped", SOON, || {
        let up = prometheus.query("up{job=\"gitsyncd\"}");
        (up.len() == 1 && up[0].1 == "1").then_some(())
    });
    eventually("its syncs are counted", SOON, || {
        let synced = prometheus.query("git_sync_count_total{status=\"success\"}");
        (synced.first()?.1 == "1").then_some(())
    });
    let commit = scene.upstream.commit("a", "1");
    eventually("the new commit is seen", SOON, || {
        let shown = prometheus.query("gitsyncd_commit_info");
        let is_new = |labels: &Value| labels["commit"] == *commit && labels["ref"] == "HEAD";
        shown.iter().any(|(labels, value)| is_new(labels) && value == "1").then_some(())
    });
    let rules = eventually("the rules are evaluated", SOON, || {
        let groups = prometheus.ask("/api/v1/rules");
        let rules = groups["data"]["groups"][0]["rules"].as_array()?.clone();
        rules.iter().all(|rule| rule["health"] != "unknown").then_some(rules)
    });
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule}");
        // This machine may be short of room.
        let of_the_disk = ["GitsyncdDiskFull", "GitsyncdInodesLow"].map(Value::from);
        assert!(rule["state"] == "inactive" || of_the_disk.contains(&rule["name"]), "{rule}");
    }
}

#[test]
fn the_size_of_the_repository_and_the_room_left_are_those_of_the_disk() {
    let scene = Scene::start();
    let root = scene.root.path();
    let packs = fs::read_dir(root.join(".git/objects/pack")).unwrap();
    let packs: u64 = packs.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(metric(&scene.daemon, "gitsyncd_disk_used_bytes{of=\"repository\"}"), packs);
    assert_eq!(metric(&scene.daemon, "gitsyncd_disk_used_bytes{of=\"tree\"}"), 6);
    let said = rustix::fs::statvfs(&root).unwrap();
    let size = metric(&scene.daemon, "gitsyncd_filesystem_size_bytes");
    assert_eq!(size, said.f_blocks * said.f_frsize);
    let left = metric(&scene.daemon, "gitsyncd_filesystem_avail_bytes");
    assert!(left > 0 && left <= size);
    let commit = scene.upstream.commit("large", "noise ".repeat(1000));
    scene.root.eventually_publishes(&commit);
    after_more_attempts(&scene.daemon, 1);
    assert!(metric(&scene.daemon, "gitsyncd_disk_used_bytes{of=\"repository\"}") > packs);
}
