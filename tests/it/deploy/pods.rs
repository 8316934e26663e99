//! The pods of the manifests run for real, in podman.
//!
//! podman 4.3 knows neither workloads nor sidecars among init containers: the pod of each workload is
//! run, and a sidecar as a container from the start. That the kubelet waits for the startup probe of
//! such a sidecar is not tried here; the documents are held against the schemas of Kubernetes. Secrets
//! come from podman and not from manifests: it does not decode those.

use serde_json::Value;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use tempfile::TempDir;

use crate::deploy::kustomize::Kubectl;
use crate::deploy::manifests::{QUICKSTART, built, parsed, pods, text};
use crate::deploy::plays::{Ports, container, played};
use crate::deploy::podman::Engine;
use crate::deploy::script::printed;
use crate::serving::sender::delivery_of;
use crate::support::authority::Authority;
use crate::support::http;
use crate::support::sshd::{self, Sshd};
use crate::support::upstream::Upstream;

/// Where the example repository is, as the manifests say.
const EXAMPLE: &str = "https://example.org/project.git";

/// The Secret that the manifests mount.
const AUTH: &str = "gitsyncd-auth";

/// Makes it, with a login and the authority to trust.
fn log_in(engine: &Engine, authority: &Authority) {
    let authority = fs::read_to_string(authority.certificate()).unwrap();
    let values = [("username", "ada"), ("password", "hush"), ("ca.crt", authority.as_str())];
    engine.mounted_secret(AUTH, &values);
}

/// Lets everybody read what is below a directory that was made for one test.
fn open_up(dir: &Path) {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_job_finds_the_files_that_its_init_container_fetched_over_https_with_a_secret() {
    let test = "a_job_finds_the_files_that_its_init_container_fetched_over_https_with_a_secret";
    let Some(engine) = Engine::start(test) else { return };
    let (upstream, authority) = (Upstream::new(), Authority::new());
    upstream.tag("v1.2.0");
    upstream.commit("later", "not in the tag");
    let server = http::over(&upstream).tls(&authority).login("ada", "hush").start();
    let texts = [(EXAMPLE, server.url())];
    let texts = texts.each_ref().map(|(from, to)| (*from, to.as_str()));
    let documents = built("init-container");
    log_in(&engine, &authority);
    engine.play(&played(&documents, &[AUTH], &Ports::take(), &texts));
    let app = container("Job gitsyncd-init", "app");
    let listed = || engine.log(&app);
    engine.until("the program lists the files", &[&app], || listed().contains("README"));
    assert!(!listed().contains("later"));
}

#[test]
fn a_sidecar_brings_each_commit_to_the_server_beside_it() {
    let test = "a_sidecar_brings_each_commit_to_the_server_beside_it";
    let Some(engine) = Engine::start(test) else { return };
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let server = http::over(&upstream).tls(&authority).login("ada", "hush").start();
    let ports = Ports::take();
    let tokens = "gitsyncd-tokens";
    engine.mounted_secret(tokens, &[("hook-secret", "greengage\n"), ("api-token", "t")]);
    log_in(&engine, &authority);
    let documents = built("sidecar");
    // So that it is the webhook that brings the second commit.
    let texts = [(EXAMPLE, server.url()), ("\"30s\"", "\"1h\"".to_owned())];
    let texts = texts.each_ref().map(|(from, to)| (*from, to.as_str()));
    engine.play(&played(&documents, &[AUTH, tokens], &ports, &texts));
    let names = ["gitsyncd", "web"].map(|name| container("Deployment gitsyncd-sidecar", name));
    let [program, web] = names.each_ref().map(String::as_str);

    let (_, template) = pods(&documents)[0];
    engine.until("all probes pass", &[program], || ports.well(template));
    engine.until("nginx shows a file", &[program, web], || ports.shows("/README", "first\n"));
    assert_eq!(ports.get("http", "/.git").unwrap().status, 404);

    upstream.commit("news", "second\n");
    let reply = delivery_of("forgejo").send(ports.of("gitsyncd-hooks"), "greengage");
    assert_eq!(reply.status, 202, "{}", reply.body);
    engine.until("the push is shown", &[program, web], || ports.shows("/news", "second\n"));

    for name in [program, web] {
        let about = engine.about(name);
        assert_eq!(about["HostConfig"]["ReadonlyRootfs"], true, "{name}");
        assert_eq!(about["EffectiveCaps"].as_array().map_or(0, Vec::len), 0, "{name}");
        assert_eq!(about["Config"]["User"], "65533:65533", "{name}");
        assert_eq!(about["RestartCount"], 0, "{name}");
    }
    let memory = &engine.about(program)["HostConfig"]["Memory"];
    assert_eq!(*memory, Value::from(256 * 1024 * 1024));
    let address = format!("http://{}/livez", ports.of("gitsyncd"));
    assert!(engine.exec(program, &["/gitsyncd", "probe", &address]).status.success());
    // What is said to the program is known to those that are run beside it.
    let run = |words: &[&str]| {
        let output = engine.exec(program, &[&["/gitsyncd"], words].concat());
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{words:?}: {said}");
        said
    };
    run(&["probe"]);
    assert!(run(&["check"]).contains("A run would work."));
    assert!(run(&["status"]).contains("state         steady"));
    let shown = run(&["--print-config"]);
    assert!(shown.contains("root: /git  # from GITSYNC_ROOT"), "{shown}");
    run(&["rollback"]);
    let gone = || ports.get("http", "/news").is_some_and(|reply| reply.status == 404);
    engine.until("nginx shows what was before", &[program, web], gone);
    // The reader cannot write, not even into what it reads.
    assert!(!engine.exec(web, &["sh", "-c", "echo x >/git/latest/README"]).status.success());
    assert!(!engine.log(program).contains("hush"));
}

/// Waits until the program of a deployment is well and nginx beside it shows the first file.
#[track_caller]
fn shows_a_file(engine: &Engine, deployment: &str, documents: &[Value], ports: &Ports) {
    let names = ["gitsyncd", "web"].map(|name| container(deployment, name));
    let names = names.each_ref().map(String::as_str);
    engine.until("all probes pass", &names, || ports.well(pods(documents)[0].1));
    engine.until("nginx shows a file", &names, || ports.shows("/README", "first\n"));
}

#[test]
fn a_sidecar_fetches_over_ssh_with_the_secret_of_kubernetes() {
    let test = "a_sidecar_fetches_over_ssh_with_the_secret_of_kubernetes";
    let Some(engine) = Engine::start(test) else { return };
    let (upstream, server) = (Upstream::new(), sshd::start());
    let key = fs::read_to_string(server.login().path).unwrap();
    let known = fs::read_to_string(server.known()).unwrap();
    engine.mounted_secret(AUTH, &[("ssh-privatekey", key.as_str()), ("known_hosts", &known)]);
    let ports = Ports::take();
    let documents = built("native-sidecar");
    let url = Sshd::url_at(server.addr(), &upstream.repo());
    engine.play(&played(&documents, &[AUTH], &ports, &[(EXAMPLE, &url)]));
    shows_a_file(&engine, "Deployment gitsyncd-native-sidecar", &documents, &ports);
}

#[test]
fn the_manifest_that_stands_alone_shows_a_repository() {
    let test = "the_manifest_that_stands_alone_shows_a_repository";
    let Some(engine) = Engine::start(test) else { return };
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let ports = Ports::take();
    // Two lines to edit: where the image is, and the repository.
    let manifest = text(QUICKSTART);
    assert_eq!(manifest.matches("# change this").count(), 2);
    let documents = parsed(&manifest);
    engine.play(&played(&documents, &[], &ports, &[(EXAMPLE, &server.url())]));
    shows_a_file(&engine, "Deployment gitsyncd-quickstart", &documents, &ports);
}

#[test]
fn a_daemon_keeps_the_repositories_of_its_node_for_the_pods_there() {
    let test = "a_daemon_keeps_the_repositories_of_its_node_for_the_pods_there";
    let Some(engine) = Engine::start(test) else { return };
    let (site, dags) = (Upstream::new(), Upstream::new());
    dags.tag("v2.1.0");
    let servers = [http::serve(&site), http::serve(&dags)];
    let node = TempDir::new().unwrap();
    open_up(node.path());
    let root = node.path().join("gitsyncd");
    let ports = Ports::take();
    let (first, second) = (servers[0].url(), servers[1].url());

    let path = root.to_str().unwrap();
    let texts = [
        ("/var/lib/gitsyncd", path),
        ("https://example.org/web/site.git", first.as_str()),
        ("https://example.org/data/dags.git", &second),
    ];
    let documents = built("daemonset");
    play_on_node(&engine, played(&documents, &[], &ports, &texts), &root, "site");
    let program = container("DaemonSet gitsyncd-node", "gitsyncd");
    let web = container("Deployment site", "web");
    let daemon = pods(&documents).into_iter().find(|(name, _)| name.starts_with("DaemonSet"));
    let (_, daemon) = daemon.unwrap();
    engine.until("all probes pass", &[&program], || ports.well(daemon));
    engine.until("nginx shows a file", &[&program, &web], || ports.shows("/README", "first\n"));
    assert!(root.join("dags/latest/README").is_file());
}

#[test]
fn what_deploy_sh_prints_for_git_fetches_with_the_secret() {
    let test = "what_deploy_sh_prints_for_git_fetches_with_the_secret";
    let Some(kubectl) = Kubectl::find(test) else { return };
    let Some(engine) = Engine::start(test) else { return };
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", "hush").start();
    let documents = printed(&kubectl, &["git", &server.url(), "main"]);
    let values = [("GIT_USERNAME", "ada"), ("GIT_PASSWORD", "hush")];
    engine.variable_secret("source-code", &values);
    let ports = Ports::take();
    engine.play(&played(&documents, &[], &ports, &[]));
    let names = ["gitsyncd", "web"].map(|name| container("Deployment app", name));
    let [program, web] = names.each_ref().map(String::as_str);
    engine.until("nginx shows a file", &[program, web], || ports.shows("/README", "first\n"));
    let about = engine.about(web);
    let told = about["Config"]["Env"].as_array().unwrap();
    assert!(told.contains(&Value::from("SOURCE_CODE_MODE=git")), "{told:?}");
}

#[test]
fn what_deploy_sh_prints_for_local_mirrors_a_repository_of_the_node() {
    let test = "what_deploy_sh_prints_for_local_mirrors_a_repository_of_the_node";
    let Some(kubectl) = Kubectl::find(test) else { return };
    let Some(engine) = Engine::start(test) else { return };
    let (upstream, node) = (Upstream::new(), TempDir::new().unwrap());
    open_up(upstream.dir());
    open_up(node.path());
    let root = node.path().join("gitsyncd");
    let repo = upstream.repo();
    let source = format!("--source={}", repo.display());
    let documents = printed(&kubectl, &["local", "main", &source]);
    let ports = Ports::take();
    let texts = [("/var/lib/gitsyncd", root.to_str().unwrap())];
    play_on_node(&engine, played(&documents, &[], &ports, &texts), &root, "local");
    let program = container("DaemonSet gitsyncd-local", "gitsyncd");
    let web = container("Deployment app", "web");
    engine.until("nginx shows a file", &[&program, &web], || ports.shows("/README", "first\n"));
    // The source is watched: it does not take a period of a minute.
    upstream.commit("news", "second\n");
    engine.until("a commit is shown", &[&program, &web], || ports.shows("/news", "second\n"));
}

/// Plays pods of which one writes to a directory of the node, and another reads from one below.
///
/// The init container that gives the directory away comes first and as a pod of its own: podman waits
/// long for the end of one that has ended already. Nor does podman wait, as the kubelet does, until
/// there is something to read.
fn play_on_node(engine: &Engine, mut documents: Vec<Value>, root: &Path, read: &str) {
    let writes = |document: &&mut Value| {
        document["metadata"]["name"].as_str().is_some_and(|name| name.starts_with("daemonset"))
    };
    let pod = documents.iter_mut().find(writes).unwrap();
    let mut first = pod.clone();
    first["metadata"]["name"] = "first".into();
    first["spec"]["containers"] = pod["spec"]["initContainers"].take();
    first["spec"]["initContainers"] = Value::Array(Vec::new());
    first["spec"]["restartPolicy"] = "OnFailure".into();
    let volumes = first["spec"]["volumes"].as_array_mut().unwrap();
    volumes.retain(|volume| volume["name"] == "git");
    pod["spec"]["initContainers"] = Value::Array(Vec::new());
    engine.play(&[first]);
    let is_made = || root.metadata().is_ok_and(|about| about.uid() == 65533);
    engine.until("the directory is made", &["first-own"], is_made);
    fs::create_dir(root.join(read)).unwrap();
    std::os::unix::fs::chown(root.join(read), Some(65533), Some(65533)).unwrap();
    engine.play(&documents);
}
