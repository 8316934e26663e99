//! What services told, kept for all repositories that would ask in the same way: five hundred
//! repositories of one application need one token and not as many.
//!
//! Only equal settings share, down to the way to the service.

use crate::config::{Access, GithubApp, Way};
use crate::credentials::CredentialsError;
use crate::credentials::askpass::{Askpass, OPTION};
use crate::credentials::error::GITHUB;
use crate::credentials::github_app::App;
use crate::model::{Login, RepoUrl, ServiceUrl};
use crate::net::{Client, NetError};
use crate::runtime::Stop;
use crate::runtime::registry::Registry;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{Mutex, MutexGuard};

/// Who to be, and when that ends if it was told.
pub(super) type Told = (Login, Option<Timestamp>);

/// A service that one at a time asks.
pub(super) type Shared<T> = Arc<Mutex<T>>;

/// The services that anybody asks. Copies are the same.
#[derive(Clone, Debug, Default)]
pub struct Services {
    apps: Registry<(GithubApp, Way), Mutex<App>>,
    askpass: Registry<(ServiceUrl, RepoUrl, Way), Mutex<Askpass>>,
}

impl Services {
    /// The application that the options name.
    pub(super) fn app(&self, access: &Access) -> Option<Shared<App>> {
        let app = access.github_app.clone()?;
        let key = (app, access.way_to_services());
        Some(self.apps.get(key, |(app, _)| Mutex::new(App::new(app.clone()))))
    }

    /// The service that the options name. It may tell each repository something else.
    pub(super) fn askpass(&self, access: &Access, repo: &RepoUrl) -> Option<Shared<Askpass>> {
        let url = access.askpass_url.clone()?;
        let key = (url, repo.clone(), access.way_to_services());
        Some(self.askpass.get(key, |(url, ..)| Mutex::new(Askpass::new(url.clone()))))
    }
}

/// Takes what an application has, and asks for it if nobody did in vain while we waited for that.
pub(super) fn token(
    app: &Mutex<App>,
    client: &Client,
    stop: &Stop,
) -> Result<(bool, Told), CredentialsError> {
    let begun = Instant::now();
    let mut app = lock(app, GITHUB, stop)?;
    if let Some(kept) = app.kept() {
        return kept.map(|told| (true, told));
    }
    match app.failed_since(begun) {
        Some(error) => Err(error),
        None => app.ask(client, stop).map(|told| (false, told)),
    }
}

/// The same of a service that is asked about a repository.
pub(super) fn answer(
    askpass: &Mutex<Askpass>,
    (repo, user): (&RepoUrl, &str),
    client: &Client,
    stop: &Stop,
) -> Result<(bool, Told), CredentialsError> {
    let mut askpass = lock(askpass, OPTION, stop)?;
    if let Some(kept) = askpass.kept(repo, user) {
        return kept.map(|told| (true, told));
    }
    askpass.ask(repo, user, client, stop).map(|told| (false, told))
}

/// Waits until nobody else asks the service.
fn lock<'a, T>(
    service: &'a Mutex<T>,
    option: &'static str,
    stop: &Stop,
) -> Result<MutexGuard<'a, T>, CredentialsError> {
    let url = if option == GITHUB { "the API of GitHub" } else { "the service" };
    stop.wait(service.lock()).map_err(|source| CredentialsError::Unreachable {
        option,
        source: NetError::Stopped { url: url.to_owned(), source },
    })
}
