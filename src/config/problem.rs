//! What is wrong with the configuration, in words.

use crate::config::options::Opt;

/// One thing that is wrong with what was given, and where.
///
/// It reads `--period (from GITSYNC_PERIOD): "10 parsecs" is not a duration; …` and never shows
/// the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {complaint}")]
pub struct Problem {
    place: String,
    complaint: String,
    is_warning: bool,
}

impl Problem {
    pub(super) fn new(place: impl Into<String>, complaint: impl Into<String>) -> Self {
        Self { place: place.into(), complaint: complaint.into(), is_warning: false }
    }

    /// The same, for what would be no obstacle by itself, and is told besides what is.
    pub(super) fn into_warning(self) -> Self {
        Self { is_warning: true, ..self }
    }

    /// Says whether it would be no obstacle by itself.
    pub fn is_warning(&self) -> bool {
        self.is_warning
    }

    /// Says whether it is about this place.
    pub(super) fn is_at(&self, place: &str) -> bool {
        self.place == place
    }
}

/// Where the value of an option came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A flag, by its name without dashes.
    Flag(String),
    /// A variable of the environment.
    Variable(String),
    /// A configuration file, by its name and the line.
    File(String, usize),
    /// Nobody gave it.
    Default,
}

impl Origin {
    /// Names the option, and the place of its value where that has another name.
    pub(super) fn place(&self, opt: &Opt) -> String {
        match self {
            Self::Flag(name) if name != opt.key => format!("--{} (from --{name})", opt.key),
            Self::Variable(_) | Self::File(..) => format!("--{} (from {})", opt.key, self.name()),
            Self::Flag(_) | Self::Default => format!("--{}", opt.key),
        }
    }

    /// Names the place, as people write it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Flag(name) => format!("--{name}"),
            Self::Variable(name) => name.clone(),
            Self::File(file, line) => format!("{file}, line {line}"),
            Self::Default => "default".to_owned(),
        }
    }

    /// Says the place alone, as `--print-config` shows it.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Flag(_) | Self::Variable(_) | Self::File(..) => format!("from {}", self.name()),
            Self::Default => self.name(),
        }
    }
}
