//! Where to look: the repository, and the same elsewhere for when it cannot be had there.

use crate::attempt::clients::Clients;
use crate::attempt::elsewhere::Elsewhere;
use crate::attempt::error::{AttemptError, Failed};
use crate::attempt::shared::Shared;
use crate::attempt::wanted::Wanted;
use crate::attempt::who;
use crate::attempt::who::Who;
use crate::config::{Access, Config};
use crate::credentials::CredentialsError;
use crate::git;
use crate::git::{GitError, Resolved, Session, Source};
use crate::model::{Cause, Class, CommitId, Login, Outfit, Redirects, Reference, RepoUrl, Step};
use crate::net::{Client, Traffic};
use crate::observe::metrics::Metrics;
use crate::runtime::Stop;
use crate::ssh::Ssh;
use std::sync::Arc;

/// All sources in the order in which they are tried, and how we are known to them.
#[derive(Debug)]
pub(super) struct Sources {
    reference: Reference,
    list: Vec<Source>,
    who: Who,
    clients: Clients,
    elsewhere: Elsewhere,
    ssh: Ssh,
    traffic: Arc<Traffic>,
    /// The conversation of the last attempt: with which source, who we were, and what was said.
    talk: Option<(usize, Outfit, Session)>,
    /// Which ref was chosen last, where there was a choice.
    chosen: Option<String>,
    /// Which commit a ref named last, and the full name of that ref.
    named: Option<(CommitId, String)>,
    /// Whom we asked last, and as who.
    asked: (usize, Outfit),
    /// Which source served last, and what was wrong with the one before it.
    served: (usize, Option<Class>),
}

impl Sources {
    /// Takes what the options say. No file is read yet.
    pub(super) fn new(config: &Config, shared: &Shared, metrics: &Arc<Metrics>) -> Self {
        let traffic = Arc::new(Traffic::default());
        let access = &config.access;
        let mut clients = Clients::new(access, shared, &traffic);
        let services = (clients.services.clone(), shared.services());
        let who = Who::new(config, services, metrics);
        let ssh = Ssh::over(shared.ssh(access), Arc::clone(&traffic));
        let urls = std::iter::once(&config.repo).chain(&config.fallback_repos);
        let list = urls
            .map(|url| {
                let way = access.way(url);
                let redirects = way.redirects;
                let client = clients.by(way, access);
                Source::new(url.clone(), client, ssh.clone(), Arc::clone(&traffic))
                    .with_redirects(redirects)
            })
            .collect();
        Self {
            reference: config.reference.clone(),
            list,
            who,
            clients,
            elsewhere: Elsewhere::new(config, ssh.clone()),
            ssh,
            traffic,
            talk: None,
            chosen: None,
            named: None,
            asked: (0, Login::Anonymous.into()),
            served: (0, None),
        }
    }

    /// Looks whether files of certificates and keys have changed. To be called before each attempt.
    pub(super) fn refresh(&self) {
        self.clients.refresh();
    }

    /// Asks for another ref from now on.
    pub(super) fn follow(&mut self, reference: &Reference) {
        if self.reference != *reference {
            self.reference = reference.clone();
            self.forget();
        }
    }

    /// Whether a source is asked what the ref names: it need not be about a full commit id.
    pub(super) fn are_asked(&self) -> bool {
        !matches!(self.reference, Reference::Commit(_))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    /// What went over the wire.
    pub(super) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// What the options say of the ways to sources.
    pub(super) fn access(&self) -> &Access {
        &self.elsewhere.access
    }

    /// The way to another repository than those to follow, and who we are there.
    pub(super) fn elsewhere(
        &mut self,
        url: &RepoUrl,
        stop: &Stop,
    ) -> Result<(Source, Outfit), CredentialsError> {
        let outfit = self.outfit_at(url, stop)?;
        Ok((self.elsewhere.source(url, &mut self.clients, &self.traffic), outfit))
    }

    /// The address of a source.
    pub(super) fn place(&self, place: usize) -> Option<&RepoUrl> {
        self.list.get(place).map(Source::url)
    }

    /// Where a source is.
    pub(super) fn url(&self, place: usize) -> String {
        self.place(place).map(ToString::to_string).unwrap_or_default()
    }

    /// The way to the SSH server of a repository.
    pub(super) fn ssh_to(&self, url: &RepoUrl) -> &Ssh {
        let is_known = self.list.iter().any(|source| source.url().is_beside(url));
        if is_known { &self.ssh } else { self.elsewhere.ssh() }
    }

    /// The way to another server that a source needs, and which redirects are followed there.
    pub(super) fn client_to(&mut self, url: &RepoUrl) -> (Client, Redirects) {
        let access = &self.elsewhere.access;
        let way = access.way(url);
        let redirects = way.redirects;
        (self.clients.by(way, access), redirects)
    }

    /// Who we are there.
    pub(super) fn outfit_at(
        &mut self,
        url: &RepoUrl,
        stop: &Stop,
    ) -> Result<Outfit, CredentialsError> {
        let outfit = self.who.current(url, stop)?;
        Ok(self.elsewhere.fit(url, outfit))
    }

    /// Whether our own certificate is meant for the server of a repository.
    pub(super) fn identifies_us_to(&self, url: &RepoUrl) -> bool {
        self.elsewhere.identifies_us_to(url)
    }

    /// Who we are to a source.
    pub(super) fn outfit(&mut self, place: usize, stop: &Stop) -> Result<Outfit, CredentialsError> {
        let outfit = match self.list.get(place) {
            Some(source) => self.who.current(source.url(), stop)?,
            None => Login::Anonymous.into(),
        };
        self.asked = (place, outfit.clone());
        Ok(outfit)
    }

    /// Who we were to the source that was asked last, as others may read it.
    pub(super) fn known_as(&self) -> Option<&str> {
        let (place, outfit) = &self.asked;
        who::name(self.list.get(*place)?.url(), outfit)
    }

    /// A source believed who we are.
    fn believed(&mut self) {
        let (place, outfit) = &self.asked;
        if let Some(source) = self.list.get(*place) {
            self.who.believed(source.url(), outfit);
        }
    }

    /// The server of another repository believed who we are.
    pub(super) fn believed_at(&mut self, url: &RepoUrl, outfit: &Outfit) {
        self.who.believed(url, outfit);
    }

    /// Says whether it makes sense to ask the same source once more, as somebody else than before.
    pub(super) fn was_refused(&mut self, failed: &Failed) -> bool {
        if matches!(failed.error, AttemptError::Submodule { .. }) {
            // Another repository said so, to whom we may be somebody else.
            return false;
        }
        if let AttemptError::Lfs(error) = &failed.error
            && !self.asked_is_at(error.disbelieved_at())
        {
            return false;
        }
        let (place, outfit) = &self.asked;
        if let Some(source) = self.list.get(*place) {
            self.who.disbelieved(source.url(), outfit, failed);
        }
        let refused = self.who.was_refused(failed);
        if refused {
            tracing::info!(error = %failed.chain(), "trying again with new credentials");
            self.forget();
        }
        refused
    }

    /// Says whether an address is at the server of the source that was asked last.
    fn asked_is_at(&self, address: Option<&str>) -> bool {
        let url = address.and_then(|address| address.parse::<RepoUrl>().ok());
        let source = self.list.get(self.asked.0).map(Source::url);
        source.zip(url).is_some_and(|(source, url)| source.is_beside(&url))
    }

    /// Asks a source what the ref names. A full commit id needs no asking.
    pub(super) fn resolve(
        &mut self,
        place: usize,
        outfit: Outfit,
        stop: &Stop,
    ) -> Result<Wanted, GitError> {
        if let Reference::Commit(commit) = &self.reference {
            self.named = None;
            return Ok(Wanted { object: Resolved::exactly(commit)?, place, outfit, session: None });
        }
        if let Some(mut session) = self.go_on(place, &outfit, stop) {
            match session.resolve(&self.reference) {
                Ok(object) => return Ok(self.note(object, place, outfit, session)),
                // It says what was waited for, which the stop does not.
                Err(error) if stop.check().is_err() => return Err(error),
                // Who wants to be left alone is not asked again at once.
                Err(error) if error.retry_after().is_some() => return Err(error),
                Err(error) => {
                    tracing::debug!(error = %Cause::of(&error), "beginning a new conversation");
                }
            }
        }
        let mut session = self.connect(place, &outfit, stop)?;
        let object = session.resolve(&self.reference)?;
        Ok(self.note(object, place, outfit, session))
    }

    fn note(&mut self, object: Resolved, place: usize, outfit: Outfit, session: Session) -> Wanted {
        if let Some(chosen) = object.chosen()
            && self.chosen.as_deref() != Some(chosen)
        {
            let before = self.chosen.as_deref();
            if before.is_some_and(|before| git::is_older(&self.reference, chosen, before)) {
                tracing::warn!(r#ref = %self.reference, chosen, before, "went back to an older tag");
            } else {
                tracing::info!(r#ref = %self.reference, chosen, "chose a ref");
            }
            self.chosen = Some(chosen.to_owned());
        }
        self.named = object.id().zip(object.name().map(str::to_owned));
        self.believed();
        Wanted { object, place, outfit, session: Some(session) }
    }

    /// The full name of the ref that named a commit, if the source was asked and that is so.
    pub(super) fn name_of(&self, commit: &CommitId) -> Option<&str> {
        let (named, name) = self.named.as_ref()?;
        (named == commit).then_some(name)
    }

    /// Takes up the conversation of the last attempt, if it was with this source and as the same
    /// user.
    fn go_on(&mut self, place: usize, outfit: &Outfit, stop: &Stop) -> Option<Session> {
        let (with, who, session) = self.talk.take()?;
        if with == place && who == *outfit { session.renew(stop) } else { None }
    }

    fn connect(&self, place: usize, outfit: &Outfit, stop: &Stop) -> Result<Session, GitError> {
        let source = self.list.get(place).or(self.list.first());
        // There is always the repository itself.
        let source = source.ok_or(GitError::Stopped(crate::runtime::Stopped::Asked))?;
        source.connect(outfit, stop).map_err(|error| self.explain(source, outfit, error))
    }

    /// Adds to a failure what was looked at for a login and had none, if that may be why.
    fn explain(&self, source: &Source, outfit: &Outfit, error: GitError) -> GitError {
        if outfit.login != Login::Anonymous {
            return error;
        }
        if let GitError::Net(error) = error {
            GitError::Net(error.lacking(|| self.who.lacking(source.url())))
        } else {
            error
        }
    }

    /// The conversation with the source that said what is wanted, begun if it has not been.
    pub(super) fn session<'a>(
        &mut self,
        wanted: &'a mut Wanted,
        stop: &Stop,
    ) -> Result<&'a mut Session, GitError> {
        Ok(match &mut wanted.session {
            Some(session) => session,
            none => {
                let session = self.connect(wanted.place, &wanted.outfit, stop)?;
                self.believed();
                none.insert(session)
            }
        })
    }

    /// Keeps a conversation for the next attempt, where that saves anything.
    pub(super) fn keep(&mut self, wanted: Wanted) {
        let Wanted { place, outfit, session, .. } = wanted;
        self.talk = session.and_then(Session::rest).map(|session| (place, outfit, session));
    }

    /// Begins anew in the next attempt.
    pub(super) fn forget(&mut self) {
        self.talk = None;
    }

    /// The time that asking a source may take: an equal share of what is left, or all for the last.
    pub(super) fn share(&self, place: usize, stop: &Stop) -> Stop {
        let left = u32::try_from(self.count().saturating_sub(place)).unwrap_or(1).max(1);
        stop.share(left)
    }

    /// Says whether another source is to be tried after this failure. One that answered that it has
    /// no such ref is believed.
    pub(super) fn may_help(&self, place: usize, failed: &Failed, stop: &Stop) -> bool {
        let class = failed.error.class();
        let early = matches!(failed.step, Some(Step::Credentials | Step::Resolve | Step::Fetch));
        let theirs = match class {
            Class::Ref => matches!(self.reference, Reference::Commit(_)),
            Class::Config
            | Class::Auth
            | Class::NotFound
            | Class::Network
            | Class::Tls
            | Class::Timeout
            | Class::Protocol => true,
            Class::Disk => matches!(failed.error, AttemptError::Git(GitError::Source { .. })),
            Class::Verify | Class::Gate | Class::Locked | Class::Internal => false,
        };
        early && theirs && place + 1 < self.count() && stop.check().is_ok()
    }

    /// Tells which source served, when that is news, and why not one before it.
    pub(super) fn served(&mut self, place: usize, instead_of: Option<&Failed>) {
        let now = (place, instead_of.map(|failed| failed.error.class()));
        if now == self.served {
            return;
        }
        let source = self.url(place);
        if let Some(failed) = instead_of {
            let (error, hint) = (failed.chain(), failed.hint());
            tracing::warn!(source, %error, hint, "a fallback served, as the repository did not");
        } else {
            tracing::info!(source, "the repository serves again");
        }
        self.served = now;
    }
}
