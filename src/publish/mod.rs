//! What readers see: the root, its link, and the trees that the link has named.
//!
//! Everything that appears in the root appears under its final name whole, by one rename. What is
//! no longer needed leaves the same way, into the trash, and is deleted from there.

mod copied;
mod error;
mod imprint;
mod layout;
mod link;
mod lock;
mod marks;
mod modules;
mod owner;
mod placed;
mod promises;
mod root;
mod settings;
mod sweep;
mod takeover;
mod turning;
mod unseen;

pub use copied::{Copied, Halted, Round, accept, copy, round, shown};
pub use error::RootError;
pub use imprint::Imprint;
pub use layout::Layout;
pub use link::{Live, admin_of, complete, lay, live, name, named, publish, since};
pub use lock::{Lock, LockError};
pub use marks::Marks;
pub use modules::{
    follow_modules, give_up, kept_module, kept_of_module, module_store, module_stores, renew_module,
};
pub use owner::{Owner, owner};
pub use placed::home;
pub use promises::promise;
pub use root::{
    abandon, check_link, discard_prepared, fingerprint, follow, forget, is_needed, is_sound, kept,
    make_root, prepare, rebuild, remake, was_published,
};
pub use settings::{Settings, add_user};
pub use sweep::{Retired, empty_trash, has_trash, release, sweep, withdraw};
pub use takeover::old_live;
