//! Everything that was given, flags, variables and file, to all that is to be done.

use crate::config::again::Again;
use crate::config::besides::Besides;
use crate::config::check;
use crate::config::file;
use crate::config::file::{Entry, File};
use crate::config::git_config;
use crate::config::given::{Given, Values};
use crate::config::names;
use crate::config::options::Scope;
use crate::config::paths;
use crate::config::problem::{Origin, Problem};
use crate::config::raw::Raw;
use crate::config::recorded;
use crate::config::serving;
use crate::config::{Config, Fleet, Process};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// All that is to be done, with where each value is from.
pub(super) struct Whole {
    pub(super) process: Process,
    /// Where the values of the program as a whole are from.
    pub(super) given: Given,
    pub(super) repositories: Vec<Repository>,
    /// Whether a file lists the repositories.
    pub(super) lists: bool,
    /// What works but should be changed.
    pub(super) warnings: Vec<String>,
}

/// One repository, with where each value is from.
pub(super) struct Repository {
    pub(super) config: Config,
    pub(super) given: Given,
    /// Where its name is from.
    pub(super) named: Origin,
}

/// When everything is checked.
#[derive(Clone, Copy, Debug)]
pub(super) enum When<'a> {
    /// At the start, when there must be a repository at least.
    Start,
    /// While a process runs that was begun with these options, which go on to count for each
    /// repository. All of those may have gone.
    Later(&'a Process),
}

impl<'a> When<'a> {
    /// The options of the process that repositories are kept by, of which these were just read.
    fn counts(self, read: &'a Process) -> &'a Process {
        match self {
            Self::Start => read,
            Self::Later(running) => running,
        }
    }
}

impl Whole {
    /// Forgets where values are from.
    pub(super) fn fleet(self, again: Option<Again>) -> Fleet {
        let repositories = self.repositories.into_iter().map(|one| one.config).collect();
        Fleet { process: self.process, repositories, again }
    }
}

/// Checks everything, or lists what is wrong.
pub(super) fn whole(
    besides: &Besides,
    file: Option<&File>,
    when: When<'_>,
) -> Result<Whole, Vec<Problem>> {
    match file {
        Some(File { top, entries: Some(entries), list }) => {
            let empty = entries.is_empty() && matches!(when, When::Start);
            let complaint = "`repositories` is empty; at the start there must be one at least";
            let empty = empty.then(|| Problem::new(list, complaint));
            several(besides, (top, entries), empty, when)
        }
        Some(File { top, entries: None, .. }) => single(besides, besides.given(&[top]), when),
        None => single(besides, besides.given(&[]), when),
    }
}

/// The same, but where nothing was given for the only repository, what an earlier run noted counts.
pub(super) fn recalled(besides: &Besides, file: Option<&File>) -> Result<Whole, Vec<Problem>> {
    let mut given = match file {
        Some(File { entries: Some(_), .. }) => return whole(besides, file, When::Start),
        Some(File { top, .. }) => besides.given(&[top]),
        None => besides.given(&[]),
    };
    recorded::recall(&mut given, &besides.surroundings);
    single(besides, given, When::Start)
}

/// Takes everything for one repository.
fn single(besides: &Besides, given: Given, when: When<'_>) -> Result<Whole, Vec<Problem>> {
    let raw = Raw::of(&given).map_err(|problem| vec![problem])?;
    let (process, process_problems) = check::process(besides, &raw, &given);
    let (config, config_problems) = check::repository(besides, &raw, &given, when.counts(&process));
    let problems = process_problems.into_iter().chain(config_problems);
    let problems = distinct(given.problems.iter().cloned().chain(problems));
    let Some(config) = config.filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    let mut warnings = warnings_of_process(&process, &given);
    warnings.extend(warnings_of(&config));
    // The same values count for both.
    let one = Repository { config, given: given.clone(), named: Origin::Default };
    Ok(Whole { process, given, repositories: vec![one], lists: false, warnings })
}

/// Takes what a file lists, and the rest for all of them.
fn several(
    besides: &Besides,
    (top, entries): (&Values, &[Entry]),
    empty: Option<Problem>,
    when: When<'_>,
) -> Result<Whole, Vec<Problem>> {
    let given = besides.given(&[top]);
    let mut problems: Vec<_> = given.problems.iter().cloned().chain(empty).collect();
    problems.extend(not_for_all(besides));
    let raw = Raw::of(&given).map_err(|problem| vec![problem])?;
    let (process, more) = check::process(besides, &raw, &given);
    problems.extend(more);
    let mut repositories = Vec::new();
    for entry in entries {
        match repository(besides, top, entry, when.counts(&process)) {
            Ok(one) => repositories.push(one),
            Err(more) => problems.extend(more),
        }
    }
    problems.extend(check::several::clashes(&repositories));
    let problems = distinct(problems.into_iter());
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut warnings = warnings_of_process(&process, &given);
    warnings.extend(common(&repositories));
    Ok(Whole { process, given, repositories, lists: true, warnings })
}

/// Where the repositories are that a file lists, by their names.
pub(super) fn roots(besides: &Besides, top: &Values, entries: &[Entry]) -> Vec<(String, PathBuf)> {
    let cwd = besides.surroundings.cwd.as_deref().unwrap_or(Path::new("/"));
    let root = |entry: &Entry| {
        let (name, _) = check::several::name(entry).ok()?;
        let given = given_for(besides, top, entry, Some(&name));
        let root = given.text("root").filter(|root| !root.is_empty())?;
        Some((name, paths::absolute(cwd, root)))
    };
    entries.iter().filter_map(root).collect()
}

/// What counts for one that a file lists.
fn given_for(besides: &Besides, top: &Values, entry: &Entry, name: Option<&str>) -> Given {
    let mut given = besides.given(&[&entry.values, top]);
    given.belongs_to(format!("the repository in {}", entry.place.name()));
    // Its own root counts before that of all, wherever this is from.
    if let Some((root, origin)) = entry.values.get("root") {
        given.put("root", root.clone(), origin.clone());
    } else if let (Some(root), Some(name)) = (given.text("root"), name)
        && !root.is_empty()
    {
        let origin = given.origin("root").clone();
        given.put("root", format!("{}/{name}", root.trim_end_matches('/')), origin);
    }
    given
}

/// Takes one that a file lists.
fn repository(
    besides: &Besides,
    top: &Values,
    entry: &Entry,
    process: &Process,
) -> Result<Repository, Vec<Problem>> {
    let name = check::several::name(entry);
    let given = given_for(besides, top, entry, name.as_ref().ok().map(|(name, _)| name.as_str()));
    let raw = Raw::of(&given).map_err(|problem| vec![problem])?;
    let (config, problems) = check::repository(besides, &raw, &given, process);
    match (config, name) {
        (Some(config), Ok((name, named))) if problems.is_empty() => {
            let config = Config { name: Some(name), ..config };
            Ok(Repository { config, given, named })
        }
        (_, Ok(_)) => Err(problems),
        (_, Err(problem)) => Err(std::iter::once(problem).chain(problems).collect()),
    }
}

/// Complains of flags and variables that can be of one repository only.
fn not_for_all(besides: &Besides) -> Vec<Problem> {
    let one = || names::options().filter(|opt| opt.scope == Scope::One);
    let given = besides.outside(one());
    let said = one().filter(|opt| {
        let said = matches!(given.origin(opt.key), Origin::Flag(_) | Origin::Variable(_));
        said && given.text(opt.key).is_some_and(|text| !text.is_empty())
    });
    said.map(|opt| Problem::new(given.place(opt), file::ONE)).collect()
}

/// Lists each problem once: what holds for all is wrong for each of them.
pub(super) fn distinct(problems: impl Iterator<Item = Problem>) -> Vec<Problem> {
    let mut known = BTreeSet::new();
    problems.filter(|problem| known.insert(problem.to_string())).collect()
}

fn warnings_of_process(process: &Process, given: &Given) -> Vec<String> {
    let mut warnings = given.warnings.clone();
    if *given.origin("ssh") != Origin::Default {
        warnings.push(format!("{} has no effect; it can go", given.origin("ssh").name()));
    }
    warnings.extend(serving::without_effect(&process.serving));
    if *given.origin("git") != Origin::Default {
        warnings.push("--git: has no effect, as no git program is run".to_owned());
    }
    warnings
}

fn warnings_of(config: &Config) -> Vec<String> {
    let mut warnings = git_config::warnings(&config.access.settings);
    warnings.extend(config.hooks.doubts(config.sync_timeout));
    let doubts = config.windows.doubts(Timestamp::now());
    warnings.extend(doubts.into_iter().map(|doubt| format!("--sync-window: {doubt}")));
    warnings
}

/// Tells once what is to be said of all repositories, and the rest with their names.
fn common(repositories: &[Repository]) -> Vec<String> {
    let each: Vec<_> = repositories
        .iter()
        .map(|one| (one.config.name.as_deref(), warnings_of(&one.config)))
        .collect();
    let (first, rest) = match each.split_first() {
        Some(((_, first), rest)) => (first.clone(), rest),
        None => return Vec::new(),
    };
    let is_common = |warning: &String| rest.iter().all(|(_, other)| other.contains(warning));
    let common: BTreeSet<_> = first.iter().filter(|it| is_common(it)).cloned().collect();
    let own = each.iter().flat_map(|(name, warnings)| {
        let own = warnings.iter().filter(|warning| !common.contains(*warning));
        own.map(|warning| format!("{}: {warning}", name.unwrap_or_default()))
    });
    common.iter().cloned().chain(own).collect()
}
