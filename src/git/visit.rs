//! A conversation over HTTP, and what is kept of it from one attempt to the next.
//!
//! Most attempts get the same answer as before and need nothing else, and what gix holds for a
//! conversation is hundreds of times what was said in it. So that goes when an attempt ends, and with
//! it the connection becomes free for others. What the server said at the beginning is kept, and is
//! said to gix again when more than that answer is needed; the server is not asked for it again.

use crate::git::GitError;
use crate::git::Resolved;
use crate::git::allowance::Allowance;
use crate::git::echo::Echo;
use crate::git::http::Http;
use crate::git::talk::Talk;
use crate::model::{ObjectFormat, Outfit, Redirects, Reference};
use crate::net::Client;
use crate::runtime::Stop;
use gix_transport::client::Capabilities;
use gix_transport::client::blocking_io::http::Transport;
use std::time::Duration;
use url::Url;

/// How long the first answer in a conversation that is gone on with may take. After that, the
/// connection is taken for dead and a new conversation begins, which has all the time there is.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// The part of the time of an attempt that such a first answer may take at most.
const FIRST_SHARE: u32 = 3;

/// A conversation over HTTP, and what was learned in it.
#[derive(Debug)]
pub struct Visit {
    /// The conversation; none while it rests.
    talk: Option<Talk<Transport<Http>>>,
    greeted: Greeted,
    client: Client,
    url: Url,
    outfit: Outfit,
    redirects: Redirects,
    echo: Echo,
    known: Option<(Reference, Resolved)>,
    stop: Stop,
    /// In an attempt that goes on with it, the end of the first answer.
    first: Option<Stop>,
}

/// What the server said at the beginning.
#[derive(Debug)]
struct Greeted {
    old: bool,
    format: ObjectFormat,
    filters: bool,
    /// The same in its words, once the conversation has rested.
    words: Vec<u8>,
}

impl Visit {
    /// Goes there and shakes hands.
    pub(super) fn begin(
        client: Client,
        (url, outfit): (&Url, &Outfit),
        redirects: Redirects,
        stop: &Stop,
    ) -> Result<Self, GitError> {
        let (url, outfit, echo) = (url.clone(), outfit.clone(), Echo::default());
        let allowance = Allowance::for_refs();
        let to = (url.clone(), &outfit);
        let http = Http::new(client.clone(), to, stop.clone(), echo.clone(), allowance.clone())
            .with_redirects(redirects);
        let talk = Talk::over(http.transport()?, allowance, url.to_string(), stop)?;
        let greeted = Greeted {
            old: talk.is_old(),
            format: talk.format(),
            filters: talk.filters(),
            words: Vec::new(),
        };
        let (talk, known, stop, first) = (Some(talk), None, stop.clone(), None);
        Ok(Self { talk, greeted, client, url, outfit, redirects, echo, known, stop, first })
    }

    /// Ends with the attempt, if another can go on with it: the refs of an old version of the protocol
    /// are told only at the beginning, and who sent us elsewhere may send us somewhere else by then.
    pub(super) fn rest(mut self) -> Option<Self> {
        if let Some(talk) = self.talk.take() {
            self.client.settle(&self.stop);
            self.greeted.words = words(&talk.greeting()?);
        }
        Some(self)
    }

    /// Goes on in a new attempt.
    pub(super) fn renew(mut self, stop: &Stop) -> Self {
        self.first = Some(stop.share(FIRST_SHARE).or_sooner(FIRST_ANSWER));
        self.stop = stop.clone();
        self
    }

    /// Says whether the server knows only an old version of the protocol.
    pub(super) fn is_old(&self) -> bool {
        self.greeted.old
    }

    /// By which hash the server names objects.
    pub(super) fn format(&self) -> ObjectFormat {
        self.greeted.format
    }

    /// Says whether the server leaves out objects if it is told to, and gives them by their ids.
    pub(super) fn filters(&self) -> bool {
        self.greeted.filters
    }

    /// The conversation, awake.
    pub(super) fn talk(&mut self) -> Result<&mut Talk<Transport<Http>>, GitError> {
        let talk = match self.talk.take() {
            Some(talk) => talk,
            None => self.wake()?,
        };
        Ok(self.talk.insert(talk))
    }

    fn wake(&self) -> Result<Talk<Transport<Http>>, GitError> {
        let stop = self.first.as_ref().unwrap_or(&self.stop);
        let allowance = Allowance::for_refs();
        let (client, echo) = (self.client.clone(), self.echo.clone());
        let to = (self.url.clone(), &self.outfit);
        let http = Http::new(client, to, stop.clone(), echo, allowance.clone())
            .with_redirects(self.redirects)
            .greeted(self.greeted.words.clone());
        Talk::over(http.transport()?, allowance, self.url.to_string(), stop)
    }

    /// Asks what the ref names. What was asked in an earlier attempt is asked in the same words.
    pub(super) fn resolve(&mut self, reference: &Reference) -> Result<Resolved, GitError> {
        if let Some(first) = &self.first
            && let Some((asked, known)) = &self.known
            && asked == reference
            && self.echo.repeat(&self.client, first)? == Some(true)
        {
            self.first = None;
            return Ok(known.clone());
        }
        let resolved = self.talk()?.resolve(reference)?;
        if self.first.take().is_some() {
            let stop = self.stop.clone();
            self.talk()?.obey(&stop)?;
        }
        self.known = Some((reference.clone(), resolved.clone()));
        Ok(resolved)
    }
}

/// A greeting in the words of the protocol (gitprotocol-v2).
fn words(capabilities: &Capabilities) -> Vec<u8> {
    let mut words = line(b"version 2");
    for capability in capabilities.iter() {
        let mut text = capability.name().to_vec();
        if let Some(value) = capability.value() {
            text.push(b'=');
            text.extend_from_slice(value);
        }
        words.extend(line(&text));
    }
    words.extend_from_slice(b"0000");
    words
}

/// A line of it: how long it is, in four digits, and its end besides (gitprotocol-common).
fn line(text: &[u8]) -> Vec<u8> {
    [format!("{:04x}", text.len() + 5).as_bytes(), text, b"\n"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gix::bstr::BString;

    #[test]
    fn a_greeting_that_is_said_again_says_the_same() {
        let said = "version 2\nagent=git/2.47.3-Linux\nls-refs=unborn\n\
                    fetch=shallow wait-for-done filter\nserver-option\nobject-format=sha1\n";
        let told = Capabilities::from_lines(BString::from(said)).unwrap();
        assert_eq!(
            String::from_utf8(words(&told)).unwrap(),
            "000eversion 2\n001bagent=git/2.47.3-Linux\n0013ls-refs=unborn\n\
             0027fetch=shallow wait-for-done filter\n0012server-option\n\
             0017object-format=sha1\n0000"
        );
    }
}
