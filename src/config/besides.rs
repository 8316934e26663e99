//! What was said at the start besides the file: flags, variables and where the program runs. It is
//! kept so that the file can be read anew.

use crate::config::environment::Environment;
use crate::config::file::Named;
use crate::config::git_config::Setting;
use crate::config::given::{Given, Values};
use crate::config::names;
use crate::config::options::Opt;
use crate::config::{Personality, Surroundings};
use crate::model::Secret;
use std::collections::BTreeMap;

/// All of that. It holds secrets as they were given, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Besides {
    pub(super) called_as: Personality,
    /// Flags by their names without dashes.
    pub(super) flags: BTreeMap<&'static str, String>,
    /// Variables of options, by their names.
    pub(super) variables: BTreeMap<String, String>,
    /// The proxies that the environment names.
    pub(super) proxies: Vec<(String, Secret)>,
    /// The settings of Git that the environment names.
    pub(super) settings: Vec<Setting>,
    pub(super) surroundings: Surroundings,
}

impl Besides {
    /// Takes from the environment what belongs here.
    pub(super) fn new(
        called_as: Personality,
        flags: BTreeMap<&'static str, String>,
        environment: &mut Environment,
        surroundings: Surroundings,
    ) -> Self {
        Self {
            called_as,
            flags,
            variables: std::mem::take(&mut environment.variables),
            proxies: std::mem::take(&mut environment.proxies),
            settings: std::mem::take(&mut environment.settings),
            surroundings,
        }
    }

    /// Puts parts of a file behind it, the first one first.
    pub(super) fn given(&self, file: &[&Values]) -> Given {
        Given::merge(self.called_as, &self.flags, &self.variables, file)
    }

    /// Takes some of the options, and none of a file.
    pub(super) fn outside(&self, options: impl Iterator<Item = &'static Opt>) -> Given {
        Given::merge_some(options, self.called_as, (&self.flags, &self.variables), &[])
    }

    /// Finds the file that it names.
    pub(super) fn named(&self) -> Option<Named> {
        let opt = names::option("config")?;
        let given = self.outside(std::iter::once(opt));
        let shown = given.text(opt.key).filter(|text| !text.is_empty())?.to_owned();
        let place = given.place(opt);
        let cwd = self.surroundings.cwd.clone().unwrap_or_default();
        Some(Named { path: cwd.join(&shown), shown, place })
    }
}
