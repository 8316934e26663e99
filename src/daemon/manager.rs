//! What a service manager is told, such as systemd of a unit with `Type=notify`: that there is something
//! to read (`sd_notify(3)`). Services that are ordered after it start then.

use crate::http::Repositories;
use crate::model::Cause;
use sd_notify::NotifyState;
use std::future::pending;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Tells it once, as soon as each repository that is kept shows a commit, which an earlier run may have
/// published. Where nobody asks for it, it goes nowhere. It ends with the program.
pub(super) async fn tell(repositories: watch::Receiver<Repositories>, stop: CancellationToken) {
    if stop.run_until_cancelled(all_shown(repositories)).await.is_none() {
        return;
    }
    if let Err(error) = sd_notify::notify(&[NotifyState::Ready]) {
        let hint = "check NOTIFY_SOCKET";
        tracing::warn!(error = %Cause::of(&error), hint, "could not tell the service manager that all is ready");
    }
    stop.cancelled().await;
}

async fn all_shown(mut repositories: watch::Receiver<Repositories>) {
    loop {
        let kept = repositories.borrow_and_update().clone();
        let all = async {
            for one in kept.iter().filter(|one| !one.late) {
                let shown =
                    one.status.clone().wait_for(|status| status.tree.is_some()).await.is_ok();
                if !shown {
                    // It has gone, of which the list is about to tell.
                    pending::<()>().await;
                }
            }
        };
        tokio::select! {
            biased;
            Ok(()) = repositories.changed() => (),
            () = all => break,
        }
    }
}
