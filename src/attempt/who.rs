//! Who we are to the source in an attempt, and what to do if the source does not believe it.

use crate::attempt::Failed;
use crate::config::Config;
use crate::credentials::{Credentials, CredentialsError};
use crate::model::{Class, Cookies, HeaderLine, Outfit, RepoUrl, Step};
use crate::net::Client;
use crate::observe::metrics::Metrics;
use crate::runtime::Stop;
use std::sync::Arc;

/// Credentials, and the way to the services that tell some of them.
#[derive(Debug)]
pub(super) struct Who {
    credentials: Credentials,
    headers: Vec<HeaderLine>,
    /// Not that of the source, so that its requests are not counted as those.
    client: Client,
    metrics: Arc<Metrics>,
}

impl Who {
    /// Remembers where to look.
    pub(super) fn new(config: &Config, client: Client, metrics: &Arc<Metrics>) -> Self {
        let credentials = Credentials::new(&config.access, &config.repo);
        Self {
            credentials,
            headers: config.access.extra_headers.clone(),
            client,
            metrics: Arc::clone(metrics),
        }
    }

    /// Finds out who to be at a repository, and counts what services were asked for that.
    pub(super) fn current(
        &mut self,
        repo: &RepoUrl,
        stop: &Stop,
    ) -> Result<Outfit, CredentialsError> {
        let login = self.credentials.current(repo, &self.client, stop);
        let news = self.credentials.take_news();
        self.metrics.askpass(news.askpass.well, news.askpass.badly);
        self.metrics.github_app(news.github_app.well, news.github_app.badly);
        if let Some(expires) = news.expires {
            self.metrics.token_expires(expires);
        }
        let login = login?;
        let jar = self.credentials.cookies(repo)?;
        Ok(Outfit {
            login,
            headers: self.headers.clone(),
            cookies: jar.map(|jar| -> Arc<dyn Cookies> { jar }),
        })
    }

    /// Says whether the source may have failed an attempt because it did not believe us, and may
    /// believe us if it is asked once more. Some say that there is no such repository to those whom
    /// they do not know.
    pub(super) fn was_refused(&mut self, failed: &Failed) -> bool {
        matches!(failed.step, Some(Step::Resolve | Step::Fetch))
            && matches!(failed.error.class(), Class::Auth | Class::NotFound)
            && self.credentials.refused()
    }
}
