//! What comes of settings.

use super::*;
use crate::config::tests::{config, problems, warnings};
use crate::config::{Config, Via, Way};
use crate::model::{AutoCrlf, Eol, FileChoice, Redirects, Slow};
use std::path::Path;
use std::time::Duration;

fn read(text: &str) -> Vec<Setting> {
    settle(parse("git-config", text).unwrap())
}

fn given(repo: &str, settings: &[&str]) -> Config {
    let list = settings.iter().map(|text| format!("--git-config-add={text}"));
    let all: Vec<_> = std::iter::once(format!("--repo={repo}")).chain(list).collect();
    config(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

fn way(repo: &str, settings: &[&str]) -> Way {
    let config = given(repo, settings);
    config.access.way(&config.repo)
}

fn headers(repo: &str, settings: &[&str]) -> Vec<String> {
    let here = way(repo, settings).headers;
    here.iter().filter(|it| it.url.is_none()).map(|it| it.line.reveal().to_owned()).collect()
}

#[test]
fn settings_are_in_the_order_of_a_file_that_git_writes() {
    let order = |text: &str| -> Vec<_> {
        let one = |setting: Setting| format!("{}={}", setting.key, setting.value.reveal());
        read(text).into_iter().map(one).collect()
    };
    assert_eq!(order("a.b:1,d.e:2,a.b:3"), ["a.b=3", "d.e=2"]);
    assert_eq!(
        order("http.x:1,http.u.y:2,http.U.y:3,HTTP.X:4,http.z:5,a.b:6,http.u.Y:7"),
        ["HTTP.X=4", "http.z=5", "http.u.Y=7", "http.U.y=3", "a.b=6"]
    );
    let both =
        ["--git-config=a.b:1,c.d:2", "--git-config-add=a.b:3", "--git-config-add=x.y:4,x.z:5"];
    let keys: Vec<_> = config(&both).access.settings.iter().map(Setting::shown).collect();
    assert_eq!(keys, ["a.b", "c.d", "x.y", "x.z"]);
    let last = ["--git-config=a.b:1", "--git-config=c.d:2"];
    let keys: Vec<_> = config(&last).access.settings.iter().map(Setting::shown).collect();
    assert_eq!(keys, ["c.d"]);
}

#[test]
fn a_password_in_the_url_of_a_key_is_never_shown() {
    for url in ["https://me:hush@h/", "https://hush@h/", "https://me:hu/hush@h/"] {
        let text = format!(r#""url.{url}.other":"git@h:","http.{url}.extraHeader":"A: b""#);
        let settings = read(&text);
        let shown = [
            ignored(&settings.iter().collect::<Vec<_>>()).join(" "),
            show(&settings, "git-config", "[secret]").unwrap(),
            format!("{settings:?}"),
            parse("git-config", &format!(r#""url.{url}.other":ab\z"#)).unwrap_err(),
            parse("git-config", &format!(r#""url.{url}.other_":ab"#)).unwrap_err(),
        ];
        for shown in shown {
            assert!(shown.contains("url.https://h/.other"), "{shown}");
            assert!(!shown.contains("hush"), "{shown}");
        }
    }
}

#[test]
fn what_says_most_about_an_address_counts() {
    let url = "https://git.example.com/team/a.git";
    let [general, host, star, path, other] = [
        "http.proxy:http://general",
        r#""http.https://git.example.com.proxy":"http://host""#,
        r#""http.https://*.example.com.proxy":"http://star""#,
        r#""http.https://git.example.com/team.proxy":"http://path""#,
        r#""http.https://git.example.com/other.proxy":"http://other""#,
    ];
    for (settings, expected) in [
        (&[general][..], Some("http://general/")),
        (&[host, general], Some("http://host/")),
        (&[general, host, star], Some("http://host/")),
        (&[star, general], Some("http://star/")),
        (&[path, host, general], Some("http://path/")),
        (&[other], None),
    ] {
        let found = match way(url, settings).via {
            Via::Proxy("http.proxy", url) => Some(url.to_string()),
            Via::Environment => None,
            other @ (Via::Nothing | Via::Proxy(..)) => panic!("{other:?}"),
        };
        assert_eq!(found.as_deref(), expected, "{settings:?}");
    }
    assert_eq!(
        way(url, &[general, r#""http.https://git.example.com.proxy":"""#]).via,
        Via::Nothing
    );
}

#[test]
fn headers_add_up_as_with_git() {
    let url = "https://h/a";
    let [general, host, path] = [
        "http.extraHeader:A: 1",
        r#""http.https://h.extraHeader":B: 2"#,
        r#""http.https://h/a.extraHeader":C: 3"#,
    ];
    assert_eq!(headers(url, &[general, host, path]), ["A: 1", "B: 2", "C: 3"]);
    assert_eq!(headers(url, &[path, host, general]), ["C: 3"]);
    assert_eq!(headers(url, &[general, r#""http.https://h.extraHeader":"""#]), [""; 0]);
    assert_eq!(headers(url, &[general, r#""http.https://g.extraHeader":D: 4"#]), ["A: 1"]);
    assert_eq!(headers("git@h:a", &[general, host]), [""; 0]);
    let agent = ["http.userAgent:me/1", "http.extraHeader:User-Agent: you"];
    assert_eq!(headers(url, &agent[..1]), ["User-Agent: me/1"]);
    assert_eq!(headers(url, &agent), ["User-Agent: you"]);
}

#[test]
fn all_that_is_said_of_http_is_read() {
    let way = way(
        "https://h/a",
        &[
            "http.sslVerify:false",
            "http.sslCAInfo:ca,http.sslCAPath:/cas,http.sslCert:/c",
            "http.cookieFile:/cookies",
            "http.followRedirects:no,http.lowSpeedLimit:1k,http.lowSpeedTime:5",
        ],
    );
    assert!(way.tls.blind);
    assert_eq!(way.tls.authorities, [FileChoice::named("/home/me/ca")]);
    assert_eq!(way.tls.directories, [Path::new("/cas")]);
    assert_eq!(way.tls.identities, [(FileChoice::named("/c"), FileChoice::named("/c"))]);
    assert_eq!(way.cookie_file.as_deref(), Some(Path::new("/cookies")));
    assert_eq!(way.redirects, Redirects::Never);
    assert_eq!(way.slow, Some(Slow { limit: 1024, time: Duration::from_secs(5) }));
    for (setting, words) in [
        ("http.sslVerify:perhaps", "neither true nor false"),
        ("http.lowSpeedLimit:x", "not a whole number"),
        ("http.proxy:socks4://h", "none of http, https, socks5, socks5h"),
        ("http.extraHeader:nonsense", "it is not `Name: value`"),
        ("http.sslCAInfo:~/ca", "write the whole path"),
        ("core.autocrlf:perhaps", "none of true, false and input"),
        ("core.autocrlf:input,core.eol:crlf", "contradict"),
        ("protocol.allow:maybe", "none of always, user and never"),
        ("protocol.https.allow:never", "transport 'https' not allowed"),
        ("credential.username:a:b", "holds a colon"),
    ] {
        let told = problems(&["--repo=https://h/a", &format!("--git-config={setting}")]);
        assert!(told.len() == 1 && told[0].contains(words), "{setting}: {told:?}");
    }
}

#[test]
fn services_must_prove_who_they_are_whatever_is_said_of_servers() {
    let access = given("https://h/a", &["http.sslVerify:false,http.sslCAInfo:/ca"]).access;
    let way = access.way_to_services();
    assert!(!way.tls.blind);
    assert_eq!(way.tls.authorities, [FileChoice::named("/ca")]);
}

#[test]
fn another_base_takes_the_place_of_the_longest_beginning() {
    let rules = r#""url.https://mirror/.insteadOf":"git@h:","url.https://near/.insteadOf":"git@h:team/","url.x:.pushInsteadOf":"/"#;
    let repo = |text: &str| given(text, &[&format!("{rules}\"")]).repo.to_string();
    assert_eq!(repo("git@h:other/a.git"), "https://mirror/other/a.git");
    assert_eq!(repo("git@h:team/a.git"), "https://near/a.git");
    assert_eq!(repo("/srv/a"), "/srv/a");
    let config = given("gh:team/a", &[r#""url.https://github.com/.insteadOf":gh:"#]);
    assert_eq!(config.repo.to_string(), "https://github.com/team/a");
    let base = r#"--git-config="url.https://h/.insteadOf":"gh:""#;
    let fallback = config_of(&["--repo=/srv/a", "--fallback-repo=gh:b", base]).fallback_repos;
    assert_eq!(fallback[0].to_string(), "https://h/b");
    let config = given("/srv/a", &[r#""url./srv/b.insteadOf":"/srv/a""#]);
    assert_eq!(
        (config.named_repo.to_string(), config.repo.to_string()),
        ("/srv/a".into(), "/srv/b".into())
    );
}

fn config_of(args: &[&str]) -> Config {
    config(args)
}

#[test]
fn a_protocol_may_be_forbidden_by_its_name_or_with_all_others() {
    let told = |repo: &str, settings: &str| {
        problems(&[&format!("--repo={repo}"), &format!("--git-config={settings}")])
    };
    for (repo, settings) in [
        ("https://h/a", "protocol.allow:never"),
        ("ssh://h/a", "protocol.allow:always,protocol.ssh.allow:never"),
        ("git://h/a", "protocol.git.allow:NEVER"),
        ("/srv/a", "protocol.file.allow:never"),
        ("http://h/a", "protocol.http.allow:never"),
    ] {
        assert!(told(repo, settings)[0].contains("not allowed"), "{repo} {settings}");
    }
    for (repo, settings) in [
        ("https://h/a", "protocol.http.allow:never"),
        ("/srv/a", "protocol.allow:never,protocol.file.allow:user"),
        ("git@h:a", "protocol.allow:always"),
    ] {
        assert_eq!(given(repo, &[settings]).repo.to_string(), repo);
    }
}

#[test]
fn how_files_are_written_is_read() {
    let checkout = |text: &str| given("/srv/a", &[text]).checkout;
    let all = checkout("core.autocrlf:TRUE,core.eol:CRLF,core.symlinks:0,core.fileMode:off");
    assert_eq!((all.autocrlf, all.eol), (Some(AutoCrlf::True), Some(Eol::Crlf)));
    assert_eq!((all.symlinks, all.file_mode), (Some(false), Some(false)));
    assert_eq!(
        all.lines(),
        "\tautocrlf = true\n\teol = crlf\n\tsymlinks = false\n\tfilemode = false\n"
    );
    assert_eq!(checkout("core.autocrlf:Input").autocrlf, Some(AutoCrlf::Input));
    assert_eq!(checkout("core.eol:native,gc.auto:0").lines(), "");
}

#[test]
fn what_comes_to_nothing_is_told_in_one_line() {
    let told = |text: &str| warnings(&["--repo=/srv/a", &format!("--git-config={text}")]);
    let silent = "http.postBuffer:1,safe.directory:*,http.version:2,credential.helper:cache";
    assert_eq!(told(silent), [""; 0]);
    assert_eq!(
        told("gc.auto:0,core.pager:x,http.proxy:p,user.name:\"n\""),
        ["--git-config: gc.auto, core.pager, user.name has no effect here"]
    );
    let helper = told("credential.helper:!echo password=hush");
    assert_eq!(helper, ["--git-config: credential.helper has no effect here"]);
    let cut = told("http.https://h.proxy:p").concat();
    assert!(cut.contains("double quotes"), "{cut}");
    let blind = told("http.sslVerify:false").concat();
    assert!(blind.contains("any server is believed"), "{blind}");
}
