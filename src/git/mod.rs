//! Git itself, by gix and in process: the only module besides [`trees`](crate::trees) that names it.
//!
//! A [`Source`] is asked what a ref names and gives the objects, which a [`Store`] keeps. What gix
//! is trusted with: packs, indexes, protocol lines and attributes. What it is not trusted with,
//! because it was seen not to hold: that a fetch ends when it is told to (every wait is ours, see
//! [`net`](crate::net)), that a pack holds all that was asked for ([`Store::confirm`] looks), and
//! that files are on the disk ([`Store::receive`] syncs them).

mod allowance;
mod changes;
mod checks;
mod collect;
mod copy;
mod declared;
mod dress;
mod echo;
mod error;
mod folded;
mod format;
mod gather;
mod handle;
mod history;
mod hollow;
mod http;
mod info;
mod intake;
mod kin;
mod large;
mod local;
mod missed;
mod modules;
mod order;
mod packs;
mod partial;
mod pick;
mod plan;
mod raw;
mod scope;
mod select;
mod shell;
mod small;
mod source;
mod sparse;
mod store;
mod talk;
mod tips;
mod tree;
mod visit;
mod whole;

pub use changes::Changes;
pub(crate) use changes::{Change, Leaf};
pub use collect::{Collection, Due, Packed};
pub use declared::{Declared, Use};
pub(crate) use dress::Dress;
pub use error::GitError;
pub(crate) use error::{of_the_system, words};
pub(crate) use format::kind_of;
pub use gather::Search;
pub use info::CommitInfo;
pub use intake::Excess;
pub use kin::Kin;
pub use large::{git_directory, lfs_url};
pub use local::ref_places;
pub use missed::{Missed, missed};
pub(crate) use modules::joined;
pub use modules::{Link, Module, Part, label};
pub use order::{has_history, order, order_all};
pub use packs::size as size_of_packs;
pub use pick::is_older;
pub(crate) use plan::Content;
pub use plan::{Before, Fetched, Order, Resolved};
pub use raw::raw;
pub use scope::Scope;
pub use source::{Session, Source};
pub(crate) use sparse::Marker;
pub use sparse::{Descent, Sparse};
pub use store::Store;
pub(crate) use tree::{SKIPPED, governs_any, is_attributes};
pub use whole::{has_all, make_whole, of_others};
