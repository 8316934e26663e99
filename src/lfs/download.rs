//! Brings files: several at once, each gone on with where it was left.

use crate::lfs::error::class_of;
use crate::lfs::partial::Partial;
use crate::lfs::patience::Patience;
use crate::lfs::server::{Errand, broken, headers, shown};
use crate::lfs::{LfsError, Objects, Offered, Server};
use crate::model::Cause;
use crate::net::{Body, NetError, Response};
use crate::runtime::Stop;
use bytes::Bytes;
use http::header::CONTENT_RANGE;
use http::{HeaderMap, Method, StatusCode};
use std::io::BufRead;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use tracing::Span;

/// How many files come at once.
const THREADS: usize = 8;

/// Brings files. After the first failure no other is begun, and what came of others is kept for the
/// next time.
pub fn bring(
    server: &Server,
    offered: &[Offered],
    objects: &Objects,
    stop: &Stop,
) -> Result<(), LfsError> {
    let visit = Visit { server, objects, stop, over: AtomicBool::new(false) };
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
    let work = || {
        while let Some(file) = offered.get(next.fetch_add(1, Ordering::Relaxed)) {
            if visit.over.load(Ordering::Relaxed) {
                return;
            }
            if let Err(error) = visit.bring(file) {
                visit.over.store(true, Ordering::Relaxed);
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        }
    };
    let span = Span::current();
    let spanned = || span.in_scope(work);
    thread::scope(|scope| {
        for _ in 1..THREADS.min(offered.len()) {
            if let Err(error) =
                thread::Builder::new().name("lfs".to_owned()).spawn_scoped(scope, spanned)
            {
                tracing::debug!(%error, "fewer files of Git LFS come at once");
                break;
            }
        }
        work();
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// What all threads share.
struct Visit<'a> {
    server: &'a Server,
    objects: &'a Objects,
    stop: &'a Stop,
    /// Whether one of them failed.
    over: AtomicBool,
}

impl Visit<'_> {
    /// Brings one file, in as many pieces as it takes.
    fn bring(&self, offered: &Offered) -> Result<(), LfsError> {
        match self.follow(offered) {
            Err(error) if offered.may_be_stale(&error) && !self.over.load(Ordering::Relaxed) => {
                tracing::debug!(%error, "asking for another link");
                let again = self.server.ask(std::slice::from_ref(&offered.file), self.stop)?;
                let again = again.first().unwrap_or(offered);
                self.follow(again).map_err(|error| again.stale(error))
            }
            ended => ended,
        }
    }

    /// Brings one file from where it is said to be.
    fn follow(&self, offered: &Offered) -> Result<(), LfsError> {
        let mut patience = Patience::new();
        // It stays open, so that it is read once only, however often the connection breaks.
        let mut partial = self.resume(offered)?;
        loop {
            self.stop.check()?;
            let before = partial.got();
            let went = self.go_on(offered, &mut partial);
            // A server that says each time that this was all has another file.
            let ended = went.is_ok();
            let error = match went {
                Ok(()) if partial.is_whole() => match partial.finish(self.objects)? {
                    Ok(()) => return Ok(()),
                    // The beginning may have been the wrong part.
                    Err(reason) if before > 0 => {
                        tracing::debug!(reason, "a file of Git LFS is brought anew");
                        partial = self.resume(offered)?;
                        continue;
                    }
                    Err(reason) => return Err(offered.unlike(reason)),
                },
                Ok(()) => {
                    let source = Cause::new("the answer ended too early");
                    offered.broke(NetError::Broken { url: shown(&offered.url), source })
                }
                Err(error) => error,
            };
            patience.came(partial.got().saturating_sub(before));
            if self.over.load(Ordering::Relaxed) {
                return Err(error);
            }
            if !patience.rest(&error, self.stop)? {
                return Err(if ended { offered.too_short(partial.got()) } else { error });
            }
        }
    }

    fn resume(&self, offered: &Offered) -> Result<Partial, LfsError> {
        Partial::resume(self.objects, &offered.file.pointer, self.stop)
    }

    fn go_on(&self, offered: &Offered, partial: &mut Partial) -> Result<(), LfsError> {
        if partial.is_whole() {
            return Ok(());
        }
        let mut response = self.request(offered, partial.got())?;
        if response.status == StatusCode::RANGE_NOT_SATISFIABLE && partial.got() > 0 {
            partial.restart()?;
            response = self.request(offered, 0)?;
        }
        if response.status == StatusCode::PARTIAL_CONTENT {
            if begins_at(&response.headers) != Some(partial.got()) {
                partial.restart()?;
                let reason = "it is not the part that was asked for".to_owned();
                return Err(offered.unlike(reason));
            }
        } else if response.status.is_success() {
            if partial.got() > 0 {
                partial.restart()?;
            }
        } else {
            return Err(offered.refused(&response));
        }
        self.take(offered, response.body, partial)
    }

    fn request(&self, offered: &Offered, from: u64) -> Result<Response, LfsError> {
        let range = format!("bytes={from}-");
        let range = (from > 0).then_some(("range", range.as_str()));
        let errand = Errand {
            method: Method::GET,
            url: &offered.url,
            headers: &offered.headers,
            common: &headers(range.into_iter()),
            body: Bytes::new(),
        };
        self.server.send(&errand, self.stop).map_err(|error| offered.broke(error))
    }

    fn take(
        &self,
        offered: &Offered,
        mut body: Body,
        partial: &mut Partial,
    ) -> Result<(), LfsError> {
        // Whoever failed says why.
        while !self.over.load(Ordering::Relaxed) {
            let piece = body.fill_buf();
            let piece =
                piece.map_err(|error| offered.broke(broken(&shown(&offered.url), &error)))?;
            if piece.is_empty() {
                break;
            }
            partial.write(piece)?.map_err(|reason| offered.unlike(reason))?;
            let count = piece.len();
            body.consume(count);
        }
        Ok(())
    }
}

impl Offered {
    /// What came is something else.
    fn unlike(&self, reason: String) -> LfsError {
        self.file.unlike(&shown(&self.url), reason)
    }

    /// The bytes did not come.
    fn broke(&self, source: NetError) -> LfsError {
        let (path, oid) = (self.file.path.clone(), self.file.pointer.oid.to_string());
        LfsError::File { path, oid, source: Box::new(source) }
    }

    /// Says whether the link may not be good any more.
    fn may_be_stale(&self, error: &LfsError) -> bool {
        self.signed && matches!(error, LfsError::Object { code: 401 | 403 | 410, .. })
    }

    /// A new link did not help either.
    fn stale(&self, error: LfsError) -> LfsError {
        if let LfsError::Object { url, path, oid, said, code: 401 | 403 | 410, .. } = &error
            && !self.at_home
        {
            let (url, path, oid, said) = (url.clone(), path.clone(), oid.clone(), said.clone());
            return LfsError::Link { url, path, oid, said };
        }
        error
    }

    fn too_short(&self, got: u64) -> LfsError {
        self.unlike(format!("only {got} of {} bytes came", self.file.pointer.size))
    }

    fn refused(&self, response: &Response) -> LfsError {
        let (url, status) = (shown(&self.url), response.status);
        let Some(wait) = response.retry_after() else {
            let reason = status.canonical_reason().unwrap_or_default();
            return self.file.refused(&url, status.as_u16(), reason);
        };
        let said = format!("{status} for the file {:?}", self.file.path);
        let class = class_of(status.as_u16(), Some(wait));
        LfsError::Refused { url, said, class, retry_after: Some(wait) }
    }
}

/// Where the part begins that an answer holds (RFC 9110, 14.4).
fn begins_at(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?.trim();
    let range = text.strip_prefix("bytes")?.trim_start();
    range.split('-').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_part_is_read() {
        let at = |text: &'static str| begins_at(&headers([("content-range", text)].into_iter()));
        assert_eq!(at("bytes 7-9/10"), Some(7));
        assert_eq!(at("bytes 0-9/*"), Some(0));
        assert_eq!(at("bytes */10"), None);
        assert_eq!(at("lines 7-9/10"), None);
    }
}
