//! Whether a root is as it was left.

use crate::attempt::root::Root;
use crate::publish;
use crate::publish::Imprint;

/// What is known of whether everything is in order.
#[derive(Debug, Default)]
pub(super) enum Order {
    /// Nothing.
    #[default]
    Unknown,
    /// This attempt found it in order, when it looked so.
    Found(Imprint),
    /// It was in order when it looked so; it looked the same when this attempt began, which has
    /// changed nothing since.
    Untouched(Imprint),
}

/// Looks cheaply whether everything is in order, and notes what that tells.
pub(super) fn look(root: &mut Root) -> bool {
    root.order = match std::mem::take(&mut root.order) {
        Order::Found(imprint) | Order::Untouched(imprint) if imprint.holds() => {
            Order::Untouched(imprint)
        }
        Order::Unknown | Order::Found(_) | Order::Untouched(_) => Order::Unknown,
    };
    if root.is_untouched() {
        return true;
    }
    // Taken before the look, so that what changes meanwhile shows the next time.
    let imprint = root.trusted.as_ref().map(|live| Imprint::take(&root.layout, live));
    let sound = publish::is_sound(&root.layout)
        && root.is_administered()
        && root.noted.as_ref().is_none_or(|noted| *noted == publish::fingerprint(&root.layout));
    if let Some(imprint) = imprint.filter(|_| sound && root.live().is_some()) {
        root.order = Order::Found(imprint);
    }
    sound
}
