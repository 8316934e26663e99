//! `/metrics`: what is counted and measured, of the program and of each repository.

use crate::http::Site;
use crate::http::answer;
use crate::http::answer::{Body, Pieces};
use crate::observe::metrics::Page;
use http::{Response, StatusCode};
use std::sync::Arc;

/// What Prometheus calls version 0.0.4 of its text format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// After how many repositories others have their turn.
const TURN: usize = 8;

/// Writes it all. Of many repositories that takes a while, so others have their turns meanwhile; and
/// it takes room until it is sent, so few may have it at a time.
pub(super) async fn answer(site: &Site) -> Response<Body> {
    let permit = if site.observed.several {
        match Arc::clone(&site.scrapes).try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_none) => {
                let words = "too many scrapes are under way\n";
                return answer::soon(answer::text(StatusCode::SERVICE_UNAVAILABLE, words));
            }
        }
    } else {
        None
    };
    let list = site.observed.list();
    let mut page = Page::new(&site.observed.metrics, list.len());
    for some in list.chunks(TURN) {
        for one in some {
            page.add(&one.metrics);
        }
        if list.len() > TURN {
            tokio::task::yield_now().await;
        }
    }
    let body = Body::Pieces(Pieces::new(page.pieces(), permit));
    answer::respond(StatusCode::OK, TEXT, body)
}
