//! Bodies of requests that arrive piece by piece, as events for a stage.

pub(super) mod inflow_event;
pub(super) mod spring;

use std::fmt;
use std::sync::Arc;

use seda_core::Sink;

use self::inflow_event::InflowEvent;
use self::spring::Spring;
use super::outbox::{Outbox, Seat};
use super::telling;

/// The body of a request that has not arrived yet, or what comes on an
/// [upgraded](super::Upgrade) connection: the right to have it.
///
/// Nothing of it is read, and a peer that waits for `100 Continue` is not told
/// to go on, until it is wanted. If it is dropped, or the request is answered
/// before all of it has come, the connection is closed behind the answer; what
/// comes on an upgraded connection is thrown away then.
///
/// # Examples
///
/// This stage counts the bytes of what is sent to it, and keeps none:
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Arc;
/// use parking_lot::Mutex;
/// use seda_core::Graph;
/// use seda_io::http::{Exchange, InflowEvent, Reply, Response, StatusCode};
///
/// let counts = Arc::new(Mutex::new(HashMap::<u64, (u64, Reply)>::new()));
/// let mut graph = Graph::new("counting");
/// let count = graph.stage("count").each({
///     let counts = Arc::clone(&counts);
///     move |event: InflowEvent| {
///         let mut counts = counts.lock();
///         match event {
///             InflowEvent::Data(number, piece) => {
///                 if let Some((bytes, _)) = counts.get_mut(&number) {
///                     *bytes += piece.len() as u64;
///                 }
///             }
///             InflowEvent::End(number, _) => {
///                 if let Some((bytes, reply)) = counts.remove(&number) {
///                     reply.respond(Response::text(StatusCode::OK, format!("{bytes}\n")));
///                 }
///             }
///             InflowEvent::Failed(number, why) => {
///                 if let Some((_, reply)) = counts.remove(&number) {
///                     reply.respond(why.into());
///                 }
///             }
///         }
///         Ok(())
///     }
/// });
/// let requests = graph.stage("requests").each_with(|wire| {
///     let count = wire.to(&count);
///     move |mut exchange: Exchange| {
///         let inflow = exchange.take_inflow();
///         let (request, reply) = exchange.split();
///         match inflow {
///             Some(inflow) => {
///                 counts.lock().insert(inflow.number(), (0, reply));
///                 inflow.tell(&count);
///             }
///             None => {
///                 let bytes = request.body().len();
///                 reply.respond(Response::text(StatusCode::OK, format!("{bytes}\n")));
///             }
///         }
///         Ok(())
///     }
/// });
/// # let _ = requests;
/// ```
#[must_use = "a body that nobody wants costs the connection"]
pub struct Inflow {
    number: u64,
    seat: Seat,
    outbox: Arc<Outbox>,
    /// Nobody has said yet what is to become of the bytes of an upgraded connection.
    open: bool,
}

impl Inflow {
    /// Makes the right to have the body of a request.
    pub(super) fn new(seat: Seat, outbox: Arc<Outbox>) -> Self {
        Self {
            number: telling::next_number(),
            seat,
            outbox,
            open: false,
        }
    }

    /// Makes the right to have what comes on an upgraded connection of that number.
    pub(super) fn upgraded(number: u64, seat: Seat, outbox: Arc<Outbox>) -> Self {
        Self {
            number,
            seat,
            outbox,
            open: true,
        }
    }

    /// Returns the number of the body, never used twice in a process, which its
    /// events bear; on an upgraded connection, that of the [`Flow`](super::Flow).
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Has the body come to a stage, as events: from now on it is wanted.
    ///
    /// What that stage refuses is kept and offered again, and nothing more is
    /// read meanwhile.
    pub fn tell<E: From<InflowEvent> + Send + 'static>(mut self, sink: &Sink<E>) {
        self.open = false;
        let spring = Spring::new(self.number, sink);
        self.outbox.want(self.seat, Arc::new(spring));
    }
}

impl Drop for Inflow {
    fn drop(&mut self) {
        if self.open {
            let spring = Spring::deaf(self.number);
            self.outbox.want(self.seat, Arc::new(spring));
        }
    }
}

impl fmt::Debug for Inflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflow")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}
