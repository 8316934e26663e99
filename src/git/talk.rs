//! A conversation with a Git server by the pack protocol, versions 0 to 2 (gitprotocol-v2,
//! gitprotocol-pack), over any transport.

use crate::git::GitError;
use crate::git::Order;
use crate::git::Resolved;
use crate::git::Store;
use crate::git::allowance::Allowance;
use crate::git::error::{UNADVERTISED, words};
use crate::git::format;
use crate::git::format::format_of;
use crate::git::partial;
use crate::git::pick;
use crate::git::pick::Tip;
use crate::model::{Cause, Class, ObjectFormat, Reference};
use crate::net::NetError;
use crate::runtime::Stop;
use gix::hash::Kind;
use gix::progress::Discard;
use gix_protocol::Handshake;
use gix_protocol::LsRefsCommand;
use gix_protocol::fetch::Arguments;
use gix_protocol::fetch::Context;
use gix_protocol::fetch::Negotiate;
use gix_protocol::fetch::Options;
use gix_protocol::fetch::Response;
use gix_protocol::fetch::Shallow;
use gix_protocol::fetch::Tags;
use gix_protocol::fetch::negotiate;
use gix_protocol::handshake::Ref;
use gix_protocol::ls_refs::RefPrefixes;
use gix_transport::Protocol;
use gix_transport::Service;
use gix_transport::client::Capabilities;
use gix_transport::client::blocking_io::Transport;
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

/// An open conversation.
pub struct Talk<T> {
    transport: T,
    handshake: Handshake,
    /// All the refs, if the protocol is so old that they are told without being asked for.
    listed: Option<Arc<[Ref]>>,
    /// By which hash the server names objects.
    kind: Kind,
    allowance: Allowance,
    url: String,
}

impl<T> std::fmt::Debug for Talk<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Talk").field("url", &self.url).finish_non_exhaustive()
    }
}

impl<T: Transport> Talk<T> {
    /// Shakes hands. A server that knows only an old version of the protocol is content too. The
    /// transport reads what the allowance allows.
    pub(super) fn over(
        mut transport: T,
        allowance: Allowance,
        url: String,
        stop: &Stop,
    ) -> Result<Self, GitError> {
        stop.check()?;
        let nobody = |_| Ok(None);
        let mut handshake = gix_protocol::handshake(
            &mut transport,
            Service::UploadPack,
            nobody,
            Vec::new(),
            &mut Discard,
        )
        .map_err(|error| GitError::of_exchange(&url, Path::new(""), &error))?;
        if handshake.server_protocol_version != Protocol::V2 {
            handshake.capabilities = without_relative_depth(&handshake.capabilities);
        }
        tracing::debug!(version = ?handshake.server_protocol_version, %url, "shook hands");
        let kind = format::told(&handshake.capabilities, &url)?;
        let listed = handshake.refs.take().map(Arc::from);
        Ok(Self { transport, handshake, listed, kind, allowance, url })
    }

    /// By which hash the server names objects.
    pub(super) fn format(&self) -> ObjectFormat {
        format_of(self.kind)
    }

    /// Says whether the server knows only an old version of the protocol.
    pub(super) fn is_old(&self) -> bool {
        self.handshake.server_protocol_version != Protocol::V2
    }

    /// Ends the conversation, and gives what the server said that it can do, if another can begin
    /// with that.
    pub(super) fn greeting(mut self) -> Option<Capabilities> {
        let over = self.is_old() || self.transport.configure(&()).is_err();
        (!over).then_some(self.handshake.capabilities)
    }

    /// Ends when this does from now on.
    pub(super) fn obey(&mut self, stop: &Stop) -> Result<(), GitError> {
        let wrong = |error| GitError::Protocol { url: self.url.clone(), source: words(&error) };
        self.transport.configure(stop).map_err(wrong)
    }

    /// Lists the refs that may be meant and takes the first in Git's order, or the newest.
    pub(super) fn resolve(&mut self, reference: &Reference) -> Result<Resolved, GitError> {
        if let Reference::Commit(commit) = reference {
            return Resolved::exactly(commit);
        }
        if let Some(prefix) = reference.prefix() {
            let tips = self.tagged(&[&prefix])?;
            let newest =
                pick::newest(reference, tips.iter().map(|(name, known)| (name.as_str(), *known)));
            return newest
                .map(|(name, (object, tag))| Resolved::chosen_tag(name, object, tag))
                .ok_or_else(|| {
                    let names: Vec<_> = tips.iter().map(|(name, _)| name.as_str()).collect();
                    self.no_such_ref(reference, pick::nothing_like(reference, &names))
                });
        }
        let candidates = reference.candidates();
        let names: Vec<_> = candidates.iter().map(String::as_str).collect();
        let listed = self.list(&names)?;
        for name in &names {
            let found = listed.iter().find(|listed| name_of(listed) == name.as_bytes());
            match found.map(pick::told) {
                Some(Some(resolved)) => return Ok(resolved),
                Some(None) => {
                    return Err(self.no_such_ref(reference, ", because the repository is empty"));
                }
                None => {}
            }
        }
        if reference.may_be_abbreviated() {
            let tips = self.tips(&pick::TIPS)?.into_iter();
            return pick::abbreviated(&reference.to_string(), tips)
                .map_err(|_ambiguous| self.no_such_ref(reference, pick::AMBIGUOUS))?
                .ok_or_else(|| self.no_such_ref(reference, ""));
        }
        Err(self.no_such_ref(reference, ""))
    }

    fn no_such_ref(&self, reference: &Reference, detail: impl Into<Cow<'static, str>>) -> GitError {
        GitError::no_such_ref(self.url.clone(), reference, detail)
    }

    /// Lists refs by the beginnings of their names, with what they come to.
    fn tips(&mut self, prefixes: &[&str]) -> Result<Vec<Tip>, GitError> {
        let tagged = self.tagged(prefixes)?.into_iter();
        Ok(tagged.map(|(name, (object, _))| (name, object)).collect())
    }

    /// The same with the annotated tags that they are at, if they are at one.
    fn tagged(&mut self, prefixes: &[&str]) -> Result<Vec<pick::Tagged>, GitError> {
        let tip = |listed: &Ref| {
            let (name, target, peeled) = listed.unpack();
            let name = std::str::from_utf8(name).ok()?;
            let asked = prefixes.iter().any(|prefix| name.starts_with(prefix));
            let object = peeled.or(target).filter(|_| asked)?.to_owned();
            Some((name.to_owned(), (object, peeled.and(target).map(ToOwned::to_owned))))
        };
        Ok(self.list(prefixes)?.iter().filter_map(tip).collect())
    }

    /// What the branches are at.
    pub(super) fn branches(&mut self) -> Result<Vec<gix::ObjectId>, GitError> {
        let mut tips: Vec<_> =
            self.tips(&["refs/heads/"])?.into_iter().map(|(_, object)| object).collect();
        tips.sort_unstable();
        tips.dedup();
        Ok(tips)
    }

    fn list(&mut self, names: &[&str]) -> Result<Arc<[Ref]>, GitError> {
        let listed = match &self.listed {
            Some(listed) => Arc::clone(listed),
            None => self.ask_for(names)?,
        };
        let strange = listed
            .iter()
            .flat_map(|listed| [listed.unpack().1, listed.unpack().2])
            .flatten()
            .find(|id| id.kind() != self.kind)
            .map(|id| format!("its object format is {}, and it sent the id {id}", self.kind));
        match strange {
            None => Ok(listed),
            Some(text) => {
                Err(GitError::Protocol { url: self.url.clone(), source: Cause::new(text) })
            }
        }
    }

    fn ask_for(&mut self, names: &[&str]) -> Result<Arc<[Ref]>, GitError> {
        self.allowance.renew();
        let mut prefixes = RefPrefixes::new();
        prefixes.extend(names.iter().map(|name| (*name).into()));
        LsRefsCommand::new(Some(prefixes), &self.handshake.capabilities, agent())
            .invoke_blocking(&mut self.transport, &mut Discard, false)
            .map(Arc::from)
            .map_err(|error| GitError::of_exchange(&self.url, Path::new(""), &error))
    }

    /// Fetches in one request, naming what the store already has.
    pub(super) fn fetch(
        &mut self,
        order: &Order,
        store: &Store,
        stop: &Stop,
    ) -> Result<(), GitError> {
        stop.check()?;
        if let Some(want) = order.wants.first() {
            format::check(want, (self.kind, &self.url), store)?;
        }
        self.allowance.lift();
        if let Some(filter) = &order.filter {
            partial::note_lack(store, filter)?;
        }
        let shallow = match order.depth {
            _ if order.exact => Shallow::NoChange,
            Some(depth) if self.can_be_shallow() => Shallow::DepthAtRemote(depth),
            Some(_) => {
                tracing::warn!(url = self.url, "the server cannot limit depth; fetching all");
                Shallow::NoChange
            }
            None if store.is_shallow() => Shallow::undo(),
            None => Shallow::NoChange,
        };
        // In version 2 gix says it with each command.
        let says_format = self.is_old() && self.kind != Kind::Sha1;
        let context = Context {
            handshake: &mut self.handshake,
            transport: &mut self.transport,
            user_agent: agent(),
            trace_packetlines: false,
        };
        // Whoever names the end of its history is believed to have the commit there with all it
        // needs, as if it claimed that.
        let unsaid = order.haves.is_empty() && store.is_partial();
        let ends = if unsaid { partial::new_ends(store)? } else { store.shallow_file() };
        let options = Options {
            shallow_file: ends,
            shallow: &shallow,
            tags: Tags::None,
            reject_shallow_remote: false,
        };
        let mut received = Ok(None);
        let thin = !order.haves.is_empty();
        let outcome = gix_protocol::fetch(
            &mut Ask { order, says_format },
            |pack, _progress, _flag| {
                received = store.receive(pack, thin, stop);
                Ok(received.is_ok())
            },
            Discard,
            stop.flag(),
            context,
            options,
        );
        received
            .and(outcome)
            .map_err(|error| match stop.check() {
                Err(stopped) => {
                    GitError::Net(NetError::Stopped { url: self.url.clone(), source: stopped })
                }
                Ok(()) => GitError::of_exchange(&self.url, store.path(), &error),
            })
            .map_err(|error| self.name_the_wanted(order, error))?;
        let whole = order.depth.is_none() && !order.exact;
        if unsaid { partial::add_ends(store, whole) } else { Ok(()) }
    }

    /// A server that does not give an object says so in words that do not always name it.
    fn name_the_wanted(&self, order: &Order, error: GitError) -> GitError {
        if error.class() != Class::Ref && !(self.is_old() && error.is_misread_refusal()) {
            return error;
        }
        let is_unlisted = matches!(
            &error,
            GitError::Refused { message, .. } if message.contains("unadvertised object")
        );
        let detail = match (self.is_old(), is_unlisted) {
            (true, _) => ": the server does not have it, or does not give it by its id",
            (false, true) => UNADVERTISED,
            (false, false) => ": the server does not have it",
        };
        GitError::NoSuchRef {
            url: self.url.clone(),
            reference: order.first(),
            detail: detail.into(),
        }
    }

    /// Says whether the server leaves out objects if it is told to, and gives them by their ids when
    /// they are asked for. In old versions of the protocol that takes a new conversation for each
    /// question, if it is not over HTTP.
    pub(super) fn filters(&self) -> bool {
        let capabilities = &self.handshake.capabilities;
        if !self.is_old() {
            return capabilities
                .capability("fetch")
                .and_then(|fetch| fetch.supports("filter"))
                .unwrap_or(false);
        }
        let by_id = ["allow-tip-sha1-in-want", "allow-reachable-sha1-in-want"];
        !self.transport.connection_persists_across_multiple_requests()
            && capabilities.contains("filter")
            && by_id.iter().all(|name| capabilities.contains(name))
    }

    fn can_be_shallow(&self) -> bool {
        let capabilities = &self.handshake.capabilities;
        match self.handshake.server_protocol_version {
            Protocol::V2 => capabilities
                .capability("fetch")
                .and_then(|fetch| fetch.supports("shallow"))
                .unwrap_or(false),
            Protocol::V0 | Protocol::V1 => capabilities.contains("shallow"),
        }
    }
}

/// Hides from gix that an old server knows depths that count from the present end of history: gix
/// asks for all that a server knows, and with this the server takes every depth so.
fn without_relative_depth(capabilities: &Capabilities) -> Capabilities {
    let mut line = vec![0];
    for capability in capabilities.iter().filter(|known| known.name() != "deepen-relative") {
        line.extend_from_slice(capability.name());
        if let Some(value) = capability.value() {
            line.push(b'=');
            line.extend_from_slice(value);
        }
        line.push(b' ');
    }
    match Capabilities::from_bytes(&line) {
        Ok((capabilities, _)) => capabilities,
        Err(_none_are_left) => capabilities.clone(),
    }
}

fn agent() -> gix_protocol::command::Feature {
    ("agent", Some(concat!("git/gitsyncd-", env!("CARGO_PKG_VERSION")).into()))
}

fn name_of(listed: &Ref) -> &[u8] {
    let (name, _, _) = listed.unpack();
    name
}

/// Asks for objects, naming what we have, in one round: no search for common history.
struct Ask<'a> {
    order: &'a Order,
    /// Whether to say by which hash objects are named.
    says_format: bool,
}

impl Negotiate for Ask<'_> {
    fn mark_complete_and_common_ref(&mut self) -> gix::error::Result<negotiate::Action> {
        Ok(negotiate::Action::MustNegotiate { remote_ref_target_known: Vec::new() })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _known: &[bool]) -> bool {
        if let Some(want) = self.order.wants.first().filter(|_| self.says_format) {
            arguments.add_feature(&format!("object-format={}", want.kind()));
        }
        for want in &self.order.wants {
            arguments.want(want);
        }
        if let Some(filter) = self.order.filter.as_ref().filter(|_| arguments.can_use_filter()) {
            arguments.filter(&filter.to_string());
        }
        true
    }

    fn one_round(
        &mut self,
        _state: &mut negotiate::one_round::State,
        arguments: &mut Arguments,
        _previous: Option<&Response>,
    ) -> gix::error::Result<(negotiate::Round, bool)> {
        for have in &self.order.haves {
            arguments.have(have);
        }
        let round = negotiate::Round {
            haves_sent: self.order.haves.len(),
            in_vain: 0,
            haves_to_send: 0,
            previous_response_had_at_least_one_in_common: false,
        };
        Ok((round, true))
    }
}
