//! Bodies: what those of requests are said to be, and reading them, within bounds that hold for all
//! of them together.
//!
//! A small part of each body is free; what is beyond is taken from one budget, as it comes and not
//! as it is announced. So many large bodies at a time are turned away, and small ones never are.

use crate::http::places::Busy;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much of each body is not taken from the budget.
const FREE: usize = 64 * 1024;
/// What all larger bodies may take together.
const BUDGET: usize = 32 * 1024 * 1024;
/// In what pieces the budget is given.
const PIECE: usize = 1024;

/// How large a body may be, and how long it may take to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) most: usize,
    pub(super) time: Duration,
}

/// A body. It gives back what it took of the budget when it is dropped.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    taken: Option<OwnedSemaphorePermit>,
}

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is longer than it may be.
    Long,
    /// Others take all there is.
    Crowded,
    /// It took too long.
    Slow,
    /// The connection broke, or what came is no body.
    Broken,
}

/// What bodies take together.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET / PIECE)))
    }

    /// Reads a body. Nothing is read of one that is announced to be too long.
    pub(super) async fn read(
        &self,
        busy: &Busy,
        limit: Limit,
        body: Incoming,
    ) -> Result<Content, Unread> {
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > limit.most {
            return Err(Unread::Long);
        }
        let read = busy.except(tokio::time::timeout(limit.time, self.collect(limit.most, body)));
        read.await.unwrap_or(Err(Unread::Slow))
    }

    async fn collect(&self, most: usize, mut body: Incoming) -> Result<Content, Unread> {
        let mut content = Content { bytes: Vec::new(), taken: None };
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                tracing::debug!(%error, "the body of a request broke");
                Unread::Broken
            })?;
            if let Ok(data) = frame.into_data() {
                self.make_room(most, &mut content, data.len())?;
                content.bytes.extend_from_slice(&data);
            }
        }
        Ok(content)
    }

    /// Makes room for that much more: at least half as much again as there is, so that growing costs
    /// little, and never more than may come.
    fn make_room(&self, most: usize, content: &mut Content, more: usize) -> Result<(), Unread> {
        let (length, room) = (content.bytes.len(), content.bytes.capacity());
        let needed = length.saturating_add(more);
        if needed > most {
            return Err(Unread::Long);
        }
        if needed <= room {
            return Ok(());
        }
        let goal = (room + room / 2).clamp(needed, most);
        let pieces = |room: usize| room.saturating_sub(FREE).div_ceil(PIECE);
        let have = content.taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let take = u32::try_from(pieces(goal).saturating_sub(have)).unwrap_or(u32::MAX);
        if take > 0 {
            let taken = Arc::clone(&self.0).try_acquire_many_owned(take);
            let taken = taken.map_err(|_none| Unread::Crowded)?;
            match &mut content.taken {
                Some(before) => before.merge(taken),
                None => content.taken = Some(taken),
            }
        }
        content.bytes.reserve_exact(goal.saturating_sub(length));
        Ok(())
    }
}

/// Says whether the content is JSON by its header, in the one encoding that JSON has.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else {
        return false;
    };
    let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let json = parts.next() == Some("application/json");
    let charset = parts.find_map(|part| part.strip_prefix("charset="));
    json && charset.is_none_or(|charset| charset.trim_matches('"') == "utf-8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn empty() -> Content {
        Content { bytes: Vec::new(), taken: None }
    }

    fn grow(
        budget: &Budget,
        content: &mut Content,
        most: usize,
        more: usize,
    ) -> Result<(), Unread> {
        budget.make_room(most, content, more)?;
        content.bytes.resize(content.bytes.len() + more, 0);
        Ok(())
    }

    #[test]
    fn large_bodies_share_a_budget_and_small_ones_are_free() {
        let budget = Budget::new();
        let (mut large, mut other) = (empty(), empty());
        while large.bytes.len() < 25 << 20 {
            grow(&budget, &mut large, 25 << 20, 16 << 10).unwrap();
        }
        assert!(large.bytes.capacity() <= 25 << 20);
        assert_eq!(grow(&budget, &mut large, 25 << 20, 1), Err(Unread::Long));
        let ended = loop {
            if let Err(why) = grow(&budget, &mut other, 25 << 20, 16 << 10) {
                break why;
            }
        };
        assert_eq!(ended, Unread::Crowded);
        let mut small: Vec<_> = (0..100).map(|_| empty()).collect();
        assert!(small.iter_mut().all(|small| grow(&budget, small, 25 << 20, FREE).is_ok()));
        drop(large);
        assert_eq!(grow(&budget, &mut other, 25 << 20, 16 << 10), Ok(()));
        drop(other);
        assert_eq!(budget.0.available_permits(), BUDGET / PIECE);
    }

    #[test]
    fn json_is_known_by_its_header() {
        let is =
            |text| is_json(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(text))]));
        assert!(is("application/json") && is("Application/JSON; charset=UTF-8"));
        assert!(is("application/json;charset=\"utf-8\""));
        for no in ["", "text/plain", "application/jsonp", "application/json; charset=utf-16"] {
            assert!(!is(no), "{no}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
