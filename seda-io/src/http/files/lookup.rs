//! The stage that answers what is cached, and passes on what is not.

use std::sync::Arc;

use seda_core::{Batch, BoxError, Handler, Sink, Tick};

use super::cache::{Cache, count};
use super::fetch::Fetching;
use super::file_path::{FilePath, Misplaced};
use crate::http::exchange::Exchange;
use crate::http::message::Response;
use crate::http::method::Method;
use crate::http::status::StatusCode;

/// Looks into the cache.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    pub(super) misses: Sink<Fetching>,
    pub(super) cache: Arc<Cache>,
}

impl Handler for Lookup {
    type Event = Exchange;

    fn handle(&mut self, batch: &mut Batch<Exchange>) -> Result<(), BoxError> {
        let now = batch.now();
        for exchange in batch {
            self.look(exchange, now);
        }
        Ok(())
    }
}

impl Lookup {
    fn look(&self, exchange: Exchange, now: Tick) {
        let request = exchange.request();
        if !matches!(request.method(), Method::Get | Method::Head) {
            return exchange.respond(not_allowed());
        }
        let place = match FilePath::parse(request.target().path()) {
            Ok(place) => place,
            Err(error) => return exchange.respond(misplaced(error)),
        };
        if let Some(entry) = self.cache.fresh(&place, now) {
            count(&self.cache.tally.hits);
            let response = entry.opened.representation.answer(request);
            return exchange.respond(response);
        }
        count(&self.cache.tally.misses);
        if let Err(rejected) = self.misses.enqueue(Fetching { exchange, place }) {
            count(&self.cache.tally.refused);
            let response = Response::busy(rejected.retry_after);
            rejected.event.exchange.respond(response);
        }
    }
}

fn not_allowed() -> Response {
    let response = Response::text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    response.with_trusted("Allow", "GET, HEAD")
}

fn misplaced(error: Misplaced) -> Response {
    let status = match error {
        Misplaced::Malformed => StatusCode::BAD_REQUEST,
        Misplaced::NotFound => StatusCode::NOT_FOUND,
    };
    Response::text(status, format!("{error}\n"))
}
