//! The nouns of this program: values without input or output.
//!
//! A [`Reference`] of the repository at a [`RepoUrl`] names a [`CommitId`]. A [`Trigger`] starts an
//! attempt, which goes through [`Step`]s until it is done or fails with a [`Class`] of error.

mod cause;
mod checkout;
mod class;
mod commit;
mod event;
mod file_choice;
mod filter;
mod form;
mod garbage;
mod limits;
mod login;
mod manner;
mod object_format;
mod outfit;
mod place;
mod reference;
mod relative_url;
mod repo_url;
mod room;
mod secret;
mod service_url;
mod short;
mod size;
mod ssh_url;
mod step;
mod submodules;
mod template;
mod trigger;
mod url_pattern;
mod url_prefix;
mod url_user;
mod version;
mod window;

pub use cause::Cause;
pub use checkout::{AutoCrlf, Checkout, Eol};
pub use class::Class;
pub use commit::{CommitId, CommitIdError};
pub use event::Event;
pub use file_choice::FileChoice;
pub use filter::{Filter, FilterError};
pub use form::Form;
pub use garbage::Garbage;
pub use limits::Limits;
pub use login::Login;
pub use manner::{Redirects, Slow};
pub use object_format::ObjectFormat;
pub use outfit::{Cookies, HeaderLine, Outfit};
pub use place::Place;
pub use reference::{Reference, ReferenceError};
pub use relative_url::{TooFarUp, is_relative_url, resolve_relative_url};
pub use repo_url::{Location, RepoUrl, RepoUrlError};
pub use room::{LONGEST_NAME, Room};
pub use secret::Secret;
pub use service_url::{ServiceUrl, ServiceUrlError};
pub use short::short;
pub use size::{Size, SizeError};
pub use ssh_url::{SshUrl, SshUrlError};
pub use step::Step;
pub use submodules::Submodules;
pub use template::{Field, Template, TemplateError};
pub use trigger::Trigger;
pub use url_pattern::{UrlPattern, UrlRank};
pub use url_prefix::{UrlPrefix, UrlPrefixError};
pub use url_user::without_user;
pub use version::{VersionRange, VersionRangeError, version_of};
pub use window::{Rule, Sight, Window, WindowError, Windows, YEARS_AHEAD};

/// The longest rest that somebody who is asked too often gets by asking for it.
pub const LONGEST_REST: std::time::Duration = std::time::Duration::from_hours(1);
