//! A question that is asked again, word for word, in the next attempt: what refs name. If the same
//! answer comes back it means the same as before, and need not be read.
//!
//! It knows nothing of what is in question and answer. An answer that differs is kept until gix
//! asks the same question, so that it is not sent twice.

use crate::git::GitError;
use crate::net::{Client, NetError, Response};
use crate::runtime::Stop;
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a request begins that asks what refs name (gitprotocol-v2).
const QUESTION: &[u8] = b"0014command=ls-refs\n";
/// What an answer may hold to be kept. A server that heeds the names it is given sends much less.
const ROOM: usize = 16 * 1024;

/// What was asked last, and what came back.
#[derive(Clone, Debug, Default)]
pub(super) struct Echo(Arc<Mutex<Option<Said>>>);

#[derive(Debug)]
struct Said {
    question: Request<Full<Bytes>>,
    text: Bytes,
    answer: Bytes,
    /// The answer to the question when it was asked again, if that was another one.
    news: Option<Response>,
}

impl Echo {
    fn said(&self) -> MutexGuard<'_, Option<Said>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks again. The answer is whether the same came back; none if there is nothing to repeat.
    pub(super) fn repeat(&self, client: &Client, stop: &Stop) -> Result<Option<bool>, GitError> {
        let mut said = self.said();
        let Some(last) = said.as_mut() else {
            return Ok(None);
        };
        let response = client.ask(last.question.clone(), ROOM, stop).and_then(Response::success)?;
        let same = response.body.whole() == Some(&last.answer);
        last.news = (!same).then_some(response);
        Ok(Some(same))
    }

    /// Sends a request, unless its answer is here already, and remembers both if it is a question
    /// to repeat.
    pub(super) fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        text: Bytes,
        client: &Client,
        stop: &Stop,
    ) -> Result<Response, NetError> {
        *request.body_mut() = Full::new(text.clone());
        if !text.starts_with(QUESTION) {
            return client.send(request, stop).and_then(Response::success);
        }
        let mut said = self.said();
        let news = said.take().filter(|last| last.text == text).and_then(|last| last.news);
        let response = match news {
            Some(response) => response,
            None => client.ask(request.clone(), ROOM, stop).and_then(Response::success)?,
        };
        if let Some(answer) = response.body.whole() {
            // A copy, so that the room into which it was read is free again.
            let answer = Bytes::copy_from_slice(answer);
            *said = Some(Said { question: request, text, answer, news: None });
        }
        Ok(response)
    }
}
