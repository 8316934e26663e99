//! Who we are to sources and how they are reached, as options say it.

use crate::config::tests::samples::CREDENTIAL;
use crate::config::tests::{config, from_args, problems, request, run};
use crate::config::{Config, Request, Via, Way};
use crate::model::FileChoice;

#[test]
fn what_belongs_together_must_be_given_together() {
    let one = |args: &[&str], words: &str| {
        let told = problems(args);
        assert!(told.len() == 1 && told[0].contains(words), "{words}: {told:?}");
    };
    let app = ["--github-app-application-id=1", "--github-app-installation-id=2"];
    one(&app, "--github-app-private-key-file: is needed for a GitHub App");
    one(
        &[&app[..], &["--github-app-private-key-file=/k", "--github-app-client-id=c"]].concat(),
        "together with --github-app-application-id",
    );
    one(
        &[app[0], "--github-app-installation-id=x", "--github-app-private-key-file=/k"],
        "is not a number",
    );
    one(&["--client-key=/k"], "needs client-cert");
    let whole = config(&[&app[..], &["--github-app-private-key-file=/k"]].concat());
    let whole = whole.access.github_app.unwrap();
    assert_eq!((whole.id.as_str(), whole.installation_id.as_str()), ("1", "2"));
    assert_eq!(whole.base_url.to_string(), "https://api.github.com/");
}

#[test]
fn lists_are_read_from_flags_and_variables() {
    let keys = |config: &Config| -> Vec<_> {
        let keys = config.access.ssh.keys.iter();
        keys.map(|key| (key.path.display().to_string(), key.optional)).collect()
    };
    let owned = |text: &str| text.to_owned();
    assert_eq!(keys(&config(&[])), [(owned("/etc/git-secret/ssh"), true)]);
    let vars = [("GIT_SSH_KEY_FILE", "/a:b"), ("GITSYNC_FALLBACK_REPO", "/x  /y\n")];
    let vars = vars.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let by_variables = run(request(&["--repo=/srv/a".to_owned()], &vars)).into_only();
    let wanted = [(owned("/a"), false), (owned("/home/me/b"), false)];
    assert_eq!(keys(&by_variables), wanted);
    assert_eq!(by_variables.fallback_repos, ["/x", "/y"].map(|path| path.parse().unwrap()));
    let by_flags = ["--ssh-key-file=/a", "--ssh-key-file=b", "--auth-dir=/s"];
    let by_flags = run(request(
        &[&["--repo=/srv/a"], &by_flags[..]]
            .concat()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        &vars,
    ));
    assert_eq!(keys(&by_flags.repositories[0])[..2], wanted);
    assert_eq!(keys(&by_flags.repositories[0])[2], (owned("/s/ssh-privatekey"), true));
    let list = format!("--credential=[{CREDENTIAL},{CREDENTIAL}]");
    let one = format!("--credential={CREDENTIAL}");
    assert_eq!(config(&[&list, &one]).access.credentials.len(), 3);
    let gone = ["--repo=/srv/a", "--ssh-key-file="].map(str::to_owned);
    assert_eq!(
        keys(&run(request(&gone, &vars)).into_only()),
        [(owned("/etc/git-secret/ssh"), true)]
    );
}

#[test]
fn settings_of_git_fill_what_no_option_says() {
    let settings =
        r#"--git-config=http.extraHeader:A: 1,http.sslCAInfo:ca,http.proxy:"p:8080",core.pager:x"#;
    let with = |more: &[&str]| {
        let config = config(&[&["--repo=https://h/a", settings], more].concat());
        config.access.way(&config.repo)
    };
    let proxy = |way: Way| match way.via {
        Via::Proxy(_, url) => url.to_string(),
        other @ (Via::Environment | Via::Nothing) => panic!("{other:?}"),
    };
    let way = with(&[]);
    assert_eq!(way.headers[0].line.reveal(), "A: 1");
    assert_eq!(way.tls.authorities, [FileChoice::named("/home/me/ca")]);
    assert_eq!(proxy(way), "http://p:8080/");
    let way =
        with(&["--ca-file=/x", "--proxy=socks5h://q", "--git-config-add=http.extraHeader:\"\""]);
    assert_eq!(way.headers, []);
    assert_eq!(way.tls.authorities, [FileChoice::named("/x")]);
    assert_eq!(proxy(way), "socks5h://q");
    match from_args(&["--repo=/srv/a", settings]) {
        Ok(Request::Run { warnings, .. }) => {
            assert!(
                warnings.iter().any(|told| told == "--git-config: core.pager has no effect here")
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_variables_of_git_name_is_shown_without_its_values() {
    let vars = [
        ("GIT_SSL_CAINFO", "/ca"),
        ("GIT_CONFIG_COUNT", "1"),
        ("GIT_CONFIG_KEY_0", "http.https://me:hush@h/.extraHeader"),
        ("GIT_CONFIG_VALUE_0", "A: hush"),
    ];
    let vars = vars.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let args = ["--repo=/srv/a", "--print-config"].map(str::to_owned);
    let Ok(Request::Print(text)) = request(&args, &vars) else { panic!() };
    assert!(text.contains("# http.https://h/.extraHeader  # from GIT_CONFIG_KEY_0\n"), "{text}");
    assert!(text.contains("# http.sslCAInfo  # from GIT_SSL_CAINFO\n"), "{text}");
    assert!(!text.contains("hush"), "{text}");
}
