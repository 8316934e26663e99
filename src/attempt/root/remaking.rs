//! Making the repository of a root anew, and what each that is made or opened has to be told.

use crate::attempt::AttemptError;
use crate::attempt::root::{Root, partial};
use crate::disk::DiskError;
use crate::git::Store;
use crate::model::ObjectFormat;
use crate::publish;

impl Root {
    /// Puts an empty repository in the place of a damaged one.
    pub(in crate::attempt) fn rebuild(&mut self, damaged: Store) -> Result<Store, AttemptError> {
        drop(damaged);
        self.touch();
        self.suspect = false;
        self.lacking = true;
        let store = publish::rebuild(&self.layout, self.settings())?.within(&self.scope);
        self.equip(&store)?;
        Ok(store)
    }

    /// Puts an empty repository that names objects so in the place of one that nothing needs. Any
    /// other is given back as it is.
    pub(in crate::attempt) fn turn_to(
        &mut self,
        format: ObjectFormat,
        store: Store,
    ) -> Result<Store, AttemptError> {
        if publish::is_needed(&self.layout, &store) {
            return Ok(store);
        }
        tracing::info!(%format, "making the repository anew, as the source names objects so");
        drop(store);
        self.touch();
        let store = publish::remake(&self.layout, self.settings(), format)?.within(&self.scope);
        self.equip(&store)?;
        Ok(store)
    }

    /// Tells Git in the repository what the options say beside how files are written, and notes what
    /// the repository says of that.
    pub(super) fn equip(&mut self, store: &Store) -> Result<(), AttemptError> {
        partial::promise(self, store)?;
        if self.hold.has_user {
            publish::add_user(&self.layout)?;
        }
        self.shape = Some(store.shape());
        self.to_be_whole = partial::is_to_be_whole(self, store);
        Ok(())
    }

    /// Whether what a filter left out is to be fetched, as there is none any more.
    pub(in crate::attempt) fn is_to_be_whole(&self) -> bool {
        self.to_be_whole
    }

    /// Nothing is missing any more, which Git is told.
    pub(in crate::attempt) fn made_whole(&mut self, store: &Store) -> Result<(), DiskError> {
        self.touch();
        self.to_be_whole = false;
        partial::promise(self, store)
    }
}
