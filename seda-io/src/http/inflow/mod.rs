//! Bodies that arrive piece by piece, as events for a stage: of requests to a server,
//! of answers to a client.

pub(super) mod inflow_event;
pub(super) mod spring;

use std::fmt;
use std::sync::Arc;

use seda_core::Sink;

use self::inflow_event::InflowEvent;
use self::spring::Spring;
use super::carrier::{Carrier, Seat};
use super::telling::{self, Teller};

/// The body of a request or an answer that has not arrived yet, or what comes on an
/// [upgraded](super::Upgrade) connection: the right to have it.
///
/// Nothing of it is read, and a peer that waits for `100 Continue` is not told
/// to go on, until it is wanted. If that of a request is dropped, or the request
/// is answered before all of it has come, the connection is closed behind the
/// answer; that of an answer closes its connection when it is dropped, and what
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
    length: Option<u64>,
    seat: Seat,
    carrier: Arc<dyn Carrier>,
    otherwise: Otherwise,
}

/// Says what becomes of a body if nobody has said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Otherwise {
    /// Nothing: it is not asked for.
    Rests,
    /// Its connection is closed.
    Left,
    /// It comes, and is thrown away.
    Lost,
}

impl Inflow {
    /// Makes the right to have the body of a request, of that many bytes if it
    /// is known.
    pub(super) fn arriving((seat, length): (Seat, Option<u64>), carrier: Arc<dyn Carrier>) -> Self {
        Self {
            number: telling::next_number(),
            length,
            seat,
            carrier,
            otherwise: Otherwise::Rests,
        }
    }

    /// Makes the right to have the body of an answer, which has the number of
    /// its seat.
    pub(super) fn answering(
        (seat, length): (Seat, Option<u64>),
        carrier: Arc<dyn Carrier>,
    ) -> Self {
        Self {
            number: seat.serial,
            length,
            seat,
            carrier,
            otherwise: Otherwise::Left,
        }
    }

    /// Makes the right to have what comes on an upgraded connection of that number.
    pub(super) fn upgraded(number: u64, seat: Seat, carrier: Arc<dyn Carrier>) -> Self {
        Self {
            number,
            length: None,
            seat,
            carrier,
            otherwise: Otherwise::Lost,
        }
    }

    /// Returns the number of the body, never used twice in a process, which its
    /// events bear; on an upgraded connection, that of the [`Flow`](super::Flow).
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Returns how many bytes it will have, if its head says so.
    pub const fn length(&self) -> Option<u64> {
        self.length
    }

    /// Has the body come to a stage, as events: from now on it is wanted.
    ///
    /// What that stage refuses is kept and offered again, and nothing more is
    /// read meanwhile.
    pub fn tell<E: From<InflowEvent> + Send + 'static>(self, sink: &Sink<E>) {
        let spring = Spring::new(self.number, sink);
        self.want(Arc::new(spring));
    }

    /// Does the same as long as the tap that it gives is kept.
    pub fn tap<E: From<InflowEvent> + Send + 'static>(self, sink: &Sink<E>) -> Tap {
        let spring = Arc::new(Spring::new(self.number, sink));
        let tap = Tap {
            spring: Arc::clone(&spring),
            seat: self.seat,
            carrier: Arc::clone(&self.carrier),
        };
        self.want(spring);
        tap
    }

    /// Has the body come to who is told in a way of its own.
    pub(super) fn tell_by(self, teller: Teller<InflowEvent>) {
        let spring = Spring::by(self.number, Some(teller));
        self.want(Arc::new(spring));
    }

    /// Gives what says that nobody wants the rest of it.
    pub(super) fn leaver(&self) -> impl Fn() + Send + 'static {
        let (seat, carrier) = (self.seat, Arc::clone(&self.carrier));
        move || carrier.leave(seat)
    }

    fn want(mut self, spring: Arc<Spring>) {
        self.otherwise = Otherwise::Rests;
        self.carrier.want(self.seat, spring);
    }
}

impl Drop for Inflow {
    fn drop(&mut self) {
        match self.otherwise {
            Otherwise::Rests => {}
            Otherwise::Left => self.carrier.leave(self.seat),
            Otherwise::Lost => {
                let spring = Spring::deaf(self.number);
                self.carrier.want(self.seat, Arc::new(spring));
            }
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

/// Keeps a body coming to a stage; dropped, it says that nobody wants the rest.
///
/// Nothing is told of the body from then on, though what is in a queue still comes.
/// The connection of a client is closed, that of a server behind its answer;
/// what comes on an upgraded one is thrown away.
#[must_use = "a body is not wanted any more when its tap is dropped"]
pub struct Tap {
    spring: Arc<Spring>,
    seat: Seat,
    carrier: Arc<dyn Carrier>,
}

impl Tap {
    /// Returns the number of the body.
    pub fn number(&self) -> u64 {
        self.spring.number()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.spring.deafen();
        self.carrier.leave(self.seat);
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap")
            .field("number", &self.number())
            .finish_non_exhaustive()
    }
}
