//! What `--print-config` prints: every option as it counts, without secrets.

use crate::config::file::Named;
use crate::config::git_config;
use crate::config::given::Given;
use crate::config::names;
use crate::config::options::{GITHUB, Many, Opt, Scope};
use crate::config::problem::Origin;
use crate::config::signals;
use crate::config::values;
use crate::config::whole::{Repository, Whole};
use crate::config::{
    Access, Config, Credential, Hooks, LogFormat, PasswordSource, Process, Serving, SparseBy,
    public,
};
use crate::model::FileChoice;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::Path;

/// What stands for a secret.
const SECRET: &str = "[secret]";

/// Writes `key: value  # origin` for each option, and the warnings above them. It can be read as a
/// file of `--config`.
pub(super) fn print(whole: &Whole, named: Option<&Named>) -> String {
    let warnings = whole.warnings.iter().map(|warning| format!("# warning: {warning}\n"));
    let warnings = warnings.chain(of_environment(whole));
    let of_process = values_of_process(&whole.process);
    let [one] = whole.repositories.as_slice() else {
        return warnings.chain(several(whole, &of_process, named)).collect();
    };
    if whole.lists {
        return warnings.chain(several(whole, &of_process, named)).collect();
    }
    let values: Vec<_> = of_process.into_iter().chain(values_of(&one.config)).collect();
    let lines = names::options().map(|opt| line(opt, &values, &whole.given, named));
    warnings.chain(lines).collect()
}

/// The settings of Git that variables name, which are the same for all repositories.
fn of_environment(whole: &Whole) -> Vec<String> {
    let settings = whole.repositories.first().map(|one| &one.config.access.settings);
    let named = settings.into_iter().flatten();
    named.filter_map(git_config::from_variable).map(|text| format!("# {text}\n")).collect()
}

/// The lines for what a file lists: first what holds for the program, then each repository.
fn several(whole: &Whole, of_process: &[Shown], named: Option<&Named>) -> Vec<String> {
    let is_own = |opt: &&Opt| matches!(opt.scope, Scope::Repository | Scope::One);
    let common = names::options().filter(|opt| !is_own(opt));
    let mut lines: Vec<_> = common.map(|opt| line(opt, of_process, &whole.given, named)).collect();
    let list = if whole.repositories.is_empty() { "repositories: []\n" } else { "repositories:\n" };
    lines.push(list.to_owned());
    for Repository { config, given, named: name_from } in &whole.repositories {
        let name = quote(config.name.as_deref().unwrap_or_default());
        let origin = match name_from {
            Origin::Default => "from repo".to_owned(),
            Origin::Flag(_) | Origin::Variable(_) | Origin::File(..) => name_from.words(),
        };
        lines.push(format!("  - name: {name}  # {origin}\n"));
        let values = values_of(config);
        let own = names::options().filter(is_own);
        lines.extend(own.map(|opt| format!("    {}", line(opt, &values, given, named))));
    }
    lines
}

fn line(opt: &Opt, values: &[Shown], given: &Given, named: Option<&Named>) -> String {
    let of_it = values.iter().filter(|(key, _)| *key == opt.key);
    let shown: Vec<_> = of_it
        .filter_map(|(_, value)| value.as_deref())
        .map(|value| if opt.is_secret() { quote(SECRET) } else { quote(value) })
        .collect();
    let shown = match (opt.many, shown.as_slice()) {
        (Many::No, _) | (_, []) => shown.concat(),
        (_, _) => format!("[{}]", shown.join(", ")),
    };
    let origin = given.origin(opt.key).words();
    match named.filter(|_| opt.scope == Scope::File) {
        // As a value, it would have no place in a file.
        Some(named) => format!("{}:  # {}, {origin}\n", opt.key, quote(&named.shown)),
        None => format!("{}  # {origin}\n", format!("{}: {shown}", opt.key).trim_end()),
    }
}

/// An option and one of its values.
type Shown = (&'static str, Option<String>);

/// Writes each value of the program as a whole so that it would be read the same, secrets excepted.
pub(super) fn values_of_process(process: &Process) -> Vec<Shown> {
    let log_format = match process.log_format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    let mut shown = vec![
        // It was read already.
        ("config", None),
        ("group-write", Some(process.group_write.to_string())),
        ("one-time", Some(process.one_time.to_string())),
        ("sync-on-signal", process.sync_on_signal.map(signals::show)),
        ("verbose", Some(process.verbose.to_string())),
        ("log-format", Some(log_format.to_owned())),
        // None has an effect, whatever was said.
        ("git", None),
        ("ssh", Some("false".to_owned())),
        ("change-permissions", None),
    ];
    shown.extend(serving(&process.serving));
    shown
}

/// Writes each value of a repository in the same way.
pub(super) fn values_of(config: &Config) -> Vec<Shown> {
    let file = |file: &Option<_>| file.as_deref().map(path);
    let limit =
        |limit: Option<NonZeroU64>| limit.map_or_else(|| "-1".to_owned(), |n| n.to_string());
    let period = config.period.map_or_else(|| "off".to_owned(), values::show_duration);
    let mut shown = vec![
        ("repo", Some(config.named_repo.to_string())),
        ("ref", Some(config.reference.to_string())),
        ("depth", Some(config.depth.map_or(0, NonZeroU32::get).to_string())),
        ("filter", config.part.filter.as_ref().map(ToString::to_string)),
        ("lfs", Some(on_or_off(config.part.lfs))),
        ("submodules", Some(config.part.submodules.label().to_owned())),
        ("max-object-size", Some(config.part.limits.object.to_string())),
        ("max-pack-size", Some(config.part.limits.pack.to_string())),
        ("verify", Some(config.verify.mode.label().to_owned())),
        ("verify-key-dir", file(&config.verify.key_dir)),
        ("root", Some(path(&config.root))),
        ("link", Some(path(&config.link))),
        ("publish", Some(config.publish.label().to_owned())),
        ("trees", Some(config.trees.label().to_owned())),
        ("durable", Some(on_or_off(config.durable))),
        ("drift", Some(config.drift.label().to_owned())),
        ("stale-worktree-timeout", Some(values::show_duration(config.stale_worktree_timeout))),
        ("keep-trees", Some(config.keep_trees.to_string())),
        ("git-gc", Some(config.garbage.label().to_owned())),
        ("add-user", Some(config.add_user.to_string())),
        ("period", Some(period)),
        ("jitter", Some(values::show_duration(config.jitter))),
        ("init-period", Some(values::show_duration(config.init_period))),
        ("sync-timeout", Some(values::show_duration(config.sync_timeout))),
        ("max-failures", Some(limit(config.max_failures))),
        ("init-max-failures", Some(limit(config.init_max_failures))),
        ("touch-file", file(&config.touch_file)),
        ("error-file", file(&config.error_file)),
    ];
    shown.extend(each("sync-window", config.windows.iter().map(ToString::to_string)));
    shown.extend(each("fallback-repo", config.fallback_repos.iter().map(ToString::to_string)));
    match &config.part.sparse {
        Some(SparseBy::File(file)) => shown.push(("sparse-checkout-file", Some(path(file)))),
        Some(SparseBy::Paths(paths)) => shown.extend(each("sparse-path", paths.iter().cloned())),
        None => (),
    }
    shown.extend(login(&config.access));
    shown.extend(way(&config.access));
    shown.extend(hooks(&config.hooks));
    shown
}

fn each(key: &'static str, values: impl Iterator<Item = String>) -> impl Iterator<Item = Shown> {
    values.map(move |value| (key, Some(value)))
}

fn on_or_off(is_on: bool) -> String {
    if is_on { "on" } else { "off" }.to_owned()
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

/// The files that were named, not those that may be mounted.
fn named<'a>(
    files: impl Iterator<Item = &'a FileChoice> + 'a,
) -> impl Iterator<Item = String> + 'a {
    files.filter(|file| !file.optional).map(|file| path(&file.path))
}

/// A secret by itself, or the file it is in.
fn secret(source: Option<&PasswordSource>) -> (Option<String>, Option<String>) {
    match source {
        Some(PasswordSource::Value(_)) => (Some(SECRET.to_owned()), None),
        Some(PasswordSource::File(file)) => (None, Some(path(file))),
        None => (None, None),
    }
}

/// Who we are to the server.
fn login(access: &Access) -> Vec<Shown> {
    let (password, password_file) = secret(access.password.as_ref());
    let app = access.github_app.as_ref();
    let (key, key_file) = secret(app.map(|app| &app.private_key));
    let id = app.map(|app| app.id.clone());
    // It counts for an app only.
    let base = app.map_or_else(|| GITHUB.to_owned(), |app| app.base_url.to_string());
    let is_number = |id: &String| id.bytes().all(|byte| byte.is_ascii_digit());
    let mut shown = vec![
        ("username", access.username.clone()),
        ("password", password),
        ("password-file", password_file),
        ("askpass-url", access.askpass_url.as_ref().map(ToString::to_string)),
        ("cookie-file", access.cookie_file.as_deref().map(path)),
        ("github-app-application-id", id.clone().filter(is_number)),
        ("github-app-client-id", id.filter(|id| !is_number(id))),
        ("github-app-installation-id", app.map(|app| app.installation_id.clone())),
        ("github-app-private-key", key),
        ("github-app-private-key-file", key_file),
        ("github-base-url", Some(base)),
    ];
    shown.extend(each("credential", access.credentials.iter().map(credential)));
    shown.extend(each("auth-dir", access.auth_dirs.iter().map(|dir| path(dir))));
    shown.extend(each("ssh-key-file", named(access.ssh.keys.iter())));
    shown
}

fn credential(credential: &Credential) -> String {
    let (password, password_file) = secret(Some(&credential.password));
    let mut object = serde_json::Map::new();
    let mut put = |key: &str, value: Option<String>| {
        object.extend(value.map(|value| (key.to_owned(), value.into())));
    };
    put("url", Some(credential.url.to_string()));
    put("username", Some(credential.username.clone()));
    put("password", password);
    put("password-file", password_file);
    serde_json::Value::Object(object).to_string()
}

/// The way to the server.
fn way(access: &Access) -> Vec<Shown> {
    let tls = &access.tls;
    let (certs, keys) = (tls.identities.iter().map(|pair| &pair.0), &tls.identities);
    let cert = named(certs).next();
    let key =
        named(keys.iter().map(|pair| &pair.1)).next().filter(|key| Some(key) != cert.as_ref());
    vec![
        ("ssh-known-hosts", Some(access.ssh.strict.to_string())),
        ("ssh-known-hosts-file", named(access.ssh.known_hosts.iter()).next()),
        ("ca-file", named(tls.authorities.iter()).next()),
        ("client-cert", cert),
        ("client-key", key),
        ("proxy", access.proxy.all.as_ref().map(ToString::to_string)),
        ("git-config", git_config::show(&access.settings, "git-config", SECRET)),
        ("git-config-add", git_config::show(&access.settings, "git-config-add", SECRET)),
    ]
}

/// What others may ask.
fn serving(serving: &Serving) -> Vec<Shown> {
    let (hook_secret, hook_secret_file) = secret(serving.hook_secret.as_ref());
    let (api_token, api_token_file) = secret(serving.api_token.as_ref());
    vec![
        ("http-bind", serving.bind.clone()),
        ("http-metrics", Some(serving.metrics.to_string())),
        ("http-pprof", Some(serving.pprof.to_string())),
        ("ready-max-age", serving.ready_max_age.map(values::show_duration)),
        ("hook-bind", serving.hook_bind.clone()),
        ("hook-secret", hook_secret),
        ("hook-secret-file", hook_secret_file),
        ("api-token", api_token),
        ("api-token-file", api_token_file),
        ("api-read", Some(serving.api_read.label().to_owned())),
    ]
}

/// Whom to tell, and whom to ask first.
fn hooks(hooks: &Hooks) -> Vec<Shown> {
    let Hooks { exec, pre_publish, gate, web } = hooks;
    let time = |time| Some(values::show_duration(time));
    let events: Vec<_> = web.events.iter().map(|event| event.label()).collect();
    let mut shown = vec![
        ("exechook-command", exec.text(SECRET)),
        ("exechook-timeout", time(exec.timeout)),
        ("exechook-backoff", time(exec.backoff)),
        ("pre-publish-exechook-command", pre_publish.text(SECRET)),
        ("pre-publish-exechook-timeout", time(pre_publish.timeout)),
        ("pre-publish-exechook-backoff", time(pre_publish.backoff)),
        ("publish-gate", Some(gate.to_string())),
        ("webhook-method", Some(web.method.clone())),
        ("webhook-success-status", Some(web.success.unwrap_or_default().to_string())),
        ("webhook-timeout", time(web.timeout)),
        ("webhook-backoff", time(web.backoff)),
        ("webhook-body", web.body.as_ref().map(|_| SECRET.to_owned())),
        ("webhook-events", Some(events.join(","))),
    ];
    shown.extend(each("webhook-url", web.urls.iter().map(public)));
    let header = |(name, _): &(String, _)| format!("{name}: {SECRET}");
    shown.extend(each("webhook-header", web.headers.iter().map(header)));
    shown
}

/// Puts a text in quotes where YAML would misread it.
pub(super) fn quote(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./+-@:".contains(c);
    let starts_plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    // A dash alone begins a list, and these words are nothing.
    let behind = text.strip_prefix('-');
    let is_special = behind.is_some_and(|text| !text.starts_with(|c: char| c.is_ascii_digit()));
    let is_special = is_special || text.eq_ignore_ascii_case("null") || text.ends_with(':');
    if text.starts_with(starts_plain) && text.chars().all(is_plain) && !is_special {
        return text.to_owned();
    }
    let escape = |letter: char| match letter {
        '"' | '\\' => format!("\\{letter}"),
        letter if letter.is_control() => format!("\\u{:04x}", u32::from(letter)),
        letter => letter.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_yaml_would_misread_is_quoted() {
        assert_eq!(quote("https://host/a.git"), "https://host/a.git");
        assert_eq!(quote(":8080"), "\":8080\"");
        assert_eq!(quote("[secret]"), "\"[secret]\"");
        assert_eq!(quote("a # b\n\"\\"), "\"a # b\\u000a\\\"\\\\\"");
    }
}
