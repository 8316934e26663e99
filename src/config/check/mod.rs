//! Texts to [`Config`], or every problem there is.

mod access;
pub(super) mod around;
mod hooks;
pub(super) mod order;
mod part;
mod past;
mod peer;
mod serving;
pub(super) mod several;
mod sources;
mod upkeep;
mod windows;

use crate::config::besides::Besides;
use crate::config::check::sources::Sources;
use crate::config::git_config;
use crate::config::git_config::{Giver, Setting};
use crate::config::given::Given;
use crate::config::names;
use crate::config::options::BETWEEN;
use crate::config::paths;
use crate::config::problem::Problem;
use crate::config::raw::Raw;
use crate::config::signals;
use crate::config::values;
use crate::config::values::Jitter;
use crate::config::{Config, LogFormat, Personality, Process, Surroundings};
use crate::model::{Reference, RepoUrl, Secret};
use std::num::{NonZeroU32, NonZeroU64};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Checks every text that is about the program as a whole, even after the first problem. After one,
/// the value it is about is a stand-in.
pub(super) fn process(besides: &Besides, raw: &Raw, given: &Given) -> (Process, Vec<Problem>) {
    let mut checker = Checker::new(besides, given);
    let process = checker.process(raw);
    (process, checker.problems)
}

/// Checks every text that is about one repository, in the same way.
pub(super) fn repository(
    besides: &Besides,
    raw: &Raw,
    given: &Given,
    process: &Process,
) -> (Option<Config>, Vec<Problem>) {
    let mut checker = Checker::new(besides, given);
    let config = checker.config(raw, process.one_time);
    (config, checker.problems)
}

struct Checker<'a> {
    called_as: Personality,
    given: &'a Given,
    surroundings: &'a Surroundings,
    /// The proxies that the environment names.
    proxies: &'a [(String, Secret)],
    /// The settings of Git that it names.
    settings: &'a [Setting],
    problems: Vec<Problem>,
}

/// The rest until the first success where neither that nor a period is given.
const INIT_PERIOD: Duration = Duration::from_secs(1);

/// What lies where.
#[derive(Default)]
struct Places {
    root: PathBuf,
    link: PathBuf,
    touch_file: Option<PathBuf>,
    error_file: Option<PathBuf>,
}

impl<'a> Checker<'a> {
    fn new(besides: &'a Besides, given: &'a Given) -> Self {
        let Besides { called_as, surroundings, proxies, settings, .. } = besides;
        let called_as = *called_as;
        Self { called_as, given, surroundings, proxies, settings, problems: Vec::new() }
    }

    /// Builds from what could be read; after a problem, the value it is about is a stand-in.
    fn config(&mut self, raw: &Raw, one_time: bool) -> Option<Config> {
        let Sources { named_repo, repo, fallback_repos, settings } = sources::sources(self, raw);
        let checkout = self.all_of(git_config::core(&settings));
        let reference = self.read("ref", raw.r#ref.as_ref(), reference);
        let depth = self.read("depth", raw.depth.as_ref(), depth);
        let part = part::part(self, raw);
        let verify = part::verify(self, raw);
        past::past(self, raw);
        let places = self.places(raw);
        let upkeep = upkeep::upkeep(self, raw);
        let (period, jitter) = self.rests(raw);
        let init_period = self.read("init-period", raw.init_period.as_ref(), init_period);
        let sync_timeout = self.read("sync-timeout", raw.sync_timeout.as_ref(), values::rest);
        let (max_failures, init_max_failures) = self.failures(raw);
        let access = access::access(self, raw, settings);
        if let (true, Some(repo)) = (self.called_as.is_peer(), &repo) {
            peer::refuse(self, raw, repo, &access);
        }
        Some(Config {
            name: None,
            personality: self.called_as,
            repo: repo?,
            named_repo: named_repo?,
            reference: reference.unwrap_or(Reference::Head),
            root: places.root,
            link: places.link,
            period,
            jitter,
            init_period: init_period.flatten().or(period).unwrap_or(INIT_PERIOD),
            sync_timeout: sync_timeout.unwrap_or_default(),
            one_time,
            max_failures,
            init_max_failures,
            depth: depth.flatten(),
            part,
            verify,
            access,
            checkout,
            fallback_repos,
            touch_file: places.touch_file,
            error_file: places.error_file,
            trees: upkeep.trees,
            durable: upkeep.durable,
            drift: upkeep.drift,
            stale_worktree_timeout: upkeep.stale,
            keep_trees: upkeep.keep,
            publish: upkeep.publish,
            garbage: upkeep.garbage,
            add_user: upkeep.add_user,
            windows: windows::windows(self, raw),
            hooks: hooks::hooks(self, raw),
        })
    }

    /// What counts for the program as a whole.
    fn process(&mut self, raw: &Raw) -> Process {
        // It was read before all others.
        self.read("config", raw.config.as_ref(), |_file| Ok(()));
        let one_time = self.read("one-time", raw.one_time.as_ref(), values::switch);
        let group_write = self.read("group-write", raw.group_write.as_ref(), values::switch);
        let signal = self.read("sync-on-signal", raw.sync_on_signal.as_ref(), signals::parse);
        let serving = serving::serving(self, raw, signal);
        let verbose = self.read("verbose", raw.verbose.as_ref(), verbose);
        let log_format = self.read("log-format", raw.log_format.as_ref(), log_format);
        Process {
            serving,
            sync_on_signal: signal,
            one_time: one_time.unwrap_or_default(),
            group_write: group_write.unwrap_or_default(),
            verbose: verbose.unwrap_or_default(),
            log_format: log_format.unwrap_or(self.default_log_format()),
        }
    }

    /// Reads one text; none if there is none or it is bad.
    fn read<T>(
        &mut self,
        key: &str,
        text: Option<&String>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = text?;
        if text.is_empty() {
            let called_as = self.called_as;
            if !names::option(key).is_some_and(|opt| opt.may_be_absent(called_as)) {
                self.complain(key, "is empty");
            }
            return None;
        }
        parse(text).map_err(|complaint| self.complain(key, complaint)).ok()
    }

    /// Reads each of several texts; none is there if the option is empty.
    fn read_many<T>(
        &mut self,
        key: &str,
        texts: Option<&String>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let texts = texts.iter().flat_map(|texts| texts.split(BETWEEN));
        let read = texts
            .filter(|text| !text.is_empty())
            .filter_map(|text| parse(text).map_err(|complaint| self.complain(key, complaint)).ok());
        read.collect()
    }

    /// Says whether there is a complaint about an option already.
    fn is_blamed(&self, key: &str) -> bool {
        let place = self.place(key);
        self.problems.iter().any(|problem| problem.is_at(&place))
    }

    fn complain(&mut self, key: &str, complaint: impl Into<String>) {
        let place = self.place(key);
        self.problems.push(Problem::new(place, complaint));
    }

    fn place(&self, key: &str) -> String {
        names::option(key).map_or_else(|| format!("--{key}"), |opt| self.given.place(opt))
    }

    /// Takes what was read of settings of Git, and complains of the rest.
    fn all_of<T>(&mut self, (read, complaints): (T, Vec<git_config::Complaint>)) -> T {
        for complaint in complaints {
            let place = match complaint.giver {
                Giver::Option(key) => self.place(key),
                giver @ (Giver::Listed(_) | Giver::Variable(_)) => giver.to_string(),
            };
            self.problems.push(Problem::new(place, complaint.words));
        }
        read
    }

    fn places(&mut self, raw: &Raw) -> Places {
        let Some(root) = self.root(raw) else {
            return Places::default();
        };
        let under_root = |text: &str| {
            let path = paths::absolute(&root, text);
            match paths::taken(&root, &path).or_else(|| paths::too_long(&path)) {
                Some(reason) => Err(format!("{text:?} {reason}")),
                None => Ok(path),
            }
        };
        let last_part = raw.repo.as_deref().map(last_part);
        let link = raw.link.clone().filter(|link| !link.is_empty()).or(last_part);
        let link = self.read("link", link.as_ref(), under_root).unwrap_or_default();
        let beside_link = |text: &str| {
            let path = under_root(text)?;
            match paths::in_the_way(&link, &path) {
                // Without a link there is nothing to compare with.
                Some(reason) if link.is_absolute() => Err(format!("{text:?} {reason}")),
                Some(_) | None => Ok(path),
            }
        };
        let touch_file = self.read("touch-file", raw.touch_file.as_ref(), beside_link);
        let error_file = self.read("error-file", raw.error_file.as_ref(), beside_link);
        if touch_file.is_some() && touch_file == error_file {
            let other = self.place("touch-file");
            self.complain("error-file", format!("is the same file as {other}"));
        }
        Places { root, link, touch_file, error_file }
    }

    fn root(&mut self, raw: &Raw) -> Option<PathBuf> {
        if raw.root.is_none() {
            self.complain("root", "is required: the working directory, as in --root=/git");
        }
        let resolve = self.resolver();
        self.read("root", raw.root.as_ref(), |text| match resolve(text)? {
            root if root.parent().is_none() => {
                Err(format!("{text:?} is the root of the file system: take a directory below it"))
            }
            root => Ok(root),
        })
    }

    /// Reads a path that counts from the current directory.
    fn file(&mut self, key: &str, text: Option<&String>) -> Option<PathBuf> {
        let resolve = self.resolver();
        self.read(key, text, resolve)
    }

    /// What makes a path absolute.
    fn resolver(&self) -> impl Fn(&str) -> Result<PathBuf, String> + use<> {
        let cwd = self.surroundings.cwd.clone();
        move |text| match &cwd {
            Some(cwd) => Ok(paths::absolute(cwd, text)),
            None if Path::new(text).is_absolute() => Ok(paths::absolute(Path::new("/"), text)),
            None => Err(format!(
                "{text:?} is relative, but the current directory cannot be found; \
                 write an absolute path"
            )),
        }
    }

    fn rests(&mut self, raw: &Raw) -> (Option<Duration>, Duration) {
        let period = self.read("period", raw.period.as_ref(), values::period);
        let jitter = match (period, self.read("jitter", raw.jitter.as_ref(), values::jitter)) {
            (Some(Some(period)), Some(Jitter::Share(share))) => {
                period.mul_f64(share).min(period.saturating_sub(Duration::from_nanos(1)))
            }
            (Some(Some(period)), Some(Jitter::Length(length))) if length >= period => {
                let (length, other) = (values::show_duration(length), self.place("period"));
                let period = values::show_duration(period);
                self.complain("jitter", format!("{length} is not less than {period} of {other}"));
                Duration::ZERO
            }
            (_, Some(Jitter::Length(length))) => length,
            (_, Some(Jitter::Share(_)) | None) => Duration::ZERO,
        };
        (period.flatten(), jitter)
    }

    fn failures(&mut self, raw: &Raw) -> (Option<NonZeroU64>, Option<NonZeroU64>) {
        let max = self.read("max-failures", raw.max_failures.as_ref(), failures);
        let init = self.read("init-max-failures", raw.init_max_failures.as_ref(), failures);
        (max.flatten(), init.or(max).flatten())
    }

    fn default_log_format(&self) -> LogFormat {
        if self.surroundings.stderr_is_terminal { LogFormat::Text } else { LogFormat::Json }
    }
}

fn repo_url(text: &str) -> Result<RepoUrl, String> {
    text.parse::<RepoUrl>().map_err(|error| error.to_string())
}

/// What git-sync calls its link: the last part of the address.
fn last_part(repo: &str) -> String {
    let repo = repo.trim_matches('/');
    repo.rsplit_once('/').map_or(repo, |(_, last)| last).to_owned()
}

fn reference(text: &str) -> Result<Reference, String> {
    text.parse::<Reference>().map_err(|error| error.to_string())
}

/// Reads a depth; none is the whole history.
fn depth(text: &str) -> Result<Option<NonZeroU32>, String> {
    match values::number(text)? {
        depth if depth < 0 => Err(format!("{text:?} is negative; 0 keeps the whole history")),
        depth => u32::try_from(depth)
            .map(NonZeroU32::new)
            .map_err(|_error| format!("{text:?} is too large; 0 keeps the whole history")),
    }
}

/// Reads a limit of failures; none is no limit.
fn failures(text: &str) -> Result<Option<NonZeroU64>, String> {
    Ok(u64::try_from(values::number(text)?)
        .ok()
        .map(|count| NonZeroU64::new(count).unwrap_or(NonZeroU64::MIN)))
}

/// Reads the rest until the first success; none is the period.
fn init_period(text: &str) -> Result<Option<Duration>, String> {
    match values::duration(text)? {
        Duration::ZERO => Ok(None),
        _ => values::rest(text).map(Some),
    }
}

fn verbose(text: &str) -> Result<u8, String> {
    Ok(u8::try_from(values::number(text)?.clamp(0, 9)).unwrap_or_default())
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("{text:?} is neither text nor json")),
    }
}
