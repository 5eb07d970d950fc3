//! Messages whose body is sent piece by piece: answers of a server, requests of a client.

pub(super) mod flow_event;
pub(super) mod line;
pub(super) mod news;
pub(super) mod unsent;

use std::fmt;
use std::sync::Arc;

use seda_core::Sink;

use self::flow_event::FlowEvent;
use self::line::{Call, Line, Marks, Muteness, Stop};
use self::unsent::{Short, Unsendable, Unsent};
use super::carrier::{Carrier, Seat};
use super::content::Content;
use super::inflow::inflow_event::Piece;
use super::message::{Request, Response};
use super::telling;
use super::trailers::Trailers;
use crate::net::address::Address;

/// How a streamed message begins: its head, its length if that is known, and who
/// hears what happens to it.
///
/// A [`Response`] or a [`Request`] alone is an opening of unknown length of which
/// nobody hears; the body of it is not sent. An answer of another server whose
/// body is [streamed](super::Answered::inflow) has the length that server has said.
#[derive(Debug)]
pub struct Opening<H = Response> {
    pub(super) head: H,
    pub(super) length: Option<u64>,
    hearer: Hearer,
}

/// Is who is told, if somebody is.
struct Hearer(Option<line::Hearer>);

impl fmt::Debug for Hearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "somebody"
        } else {
            "nobody"
        })
    }
}

impl From<Response> for Opening {
    fn from(response: Response) -> Self {
        let length = match response.content() {
            Content::Flowing(later) => later.length,
            _ => None,
        };
        Self::new(response, length)
    }
}

impl From<Request> for Opening<Request> {
    fn from(request: Request) -> Self {
        Self::new(request, None)
    }
}

impl<H> Opening<H> {
    const fn new(head: H, length: Option<u64>) -> Self {
        Self {
            head,
            length,
            hearer: Hearer(None),
        }
    }

    /// Says how many bytes the body will have: the peer is told, and no more
    /// and no fewer may be sent.
    #[must_use]
    pub const fn with_length(mut self, bytes: u64) -> Self {
        self.length = Some(bytes);
        self
    }

    /// Has a stage told what happens to the body: that there is room again,
    /// that the peer or the graph ends, and its end.
    ///
    /// What that stage refuses is kept and offered again.
    #[must_use]
    pub fn telling<E: From<FlowEvent> + Send + 'static>(mut self, sink: &Sink<E>) -> Self {
        let sink = sink.clone();
        self.hearer = Hearer(Some(Box::new(move |number| telling::teller(&sink, number))));
        self
    }

    /// Makes the line of this body.
    pub(super) fn line(&mut self, marks: Marks, mute: Muteness) -> Line {
        Line::new(marks, self.length, mute, self.hearer.0.take())
    }
}

/// An answer whose body is sent piece by piece, by any stage, on any thread: the
/// duty to send it to its end.
///
/// One that is dropped without [`finish`](Self::finish) is broken off: its
/// connection is closed such that the peer sees that the body is not whole, and
/// it is counted. None of the methods blocks.
///
/// The peer gets chunks, or bytes up to the end of the connection if it speaks
/// HTTP/1.0, or as many bytes as were [said](Opening::with_length) before. To a
/// `HEAD` nothing is sent, and what is made of it is thrown away. Requests that
/// the peer has sent meanwhile are answered behind it.
///
/// The same is the duty to send a request of a client that was begun by
/// [`Caller::stream`](super::Caller::stream): in chunks, or of the length that was said.
///
/// On a connection that was [upgraded](super::Upgrade) it sends the bytes of the
/// other protocol, as they are; `finish` ends this direction alone, and one that
/// is dropped resets the connection, so that what was sent last may be lost.
///
/// # Examples
///
/// ```
/// use seda_core::Graph;
/// use seda_io::http::{Exchange, Flow, Response, StatusCode};
///
/// let mut graph = Graph::new("counting");
/// let count = graph.stage("count").each(|flow: Flow| {
///     for n in 1..=10 {
///         flow.send(format!("{n}\n"))?;
///     }
///     flow.finish()?;
///     Ok(())
/// });
/// let begin = graph.stage("begin").each_with(|wire| {
///     let count = wire.to(&count);
///     move |exchange: Exchange| {
///         count.enqueue(exchange.stream(Response::new(StatusCode::OK)))?;
///         Ok(())
///     }
/// });
/// # let _ = begin;
/// ```
#[must_use = "an answer that is dropped is broken off"]
pub struct Flow {
    line: Arc<Line>,
    peer: Address,
    seat: Seat,
    carrier: Arc<dyn Carrier>,
}

impl Flow {
    pub(super) fn new(
        line: Arc<Line>,
        peer: Address,
        seat: Seat,
        carrier: Arc<dyn Carrier>,
    ) -> Self {
        Self {
            line,
            peer,
            seat,
            carrier,
        }
    }

    /// Returns the number of the answer, never used twice in a process, which
    /// its events bear.
    pub fn number(&self) -> u64 {
        self.line.number()
    }

    /// Returns the address of who gets the answer.
    pub const fn peer(&self) -> &Address {
        &self.peer
    }

    /// Sends a piece behind all that were sent before. It is written when the
    /// server has its turn; several pieces may leave as one.
    ///
    /// # Errors
    ///
    /// Gives the piece back when it would exceed the high mark
    /// ([`flow_high_mark_bytes`](super::Limits::flow_high_mark_bytes)) or the length that was said, and when
    /// the answer is over.
    pub fn send(&self, piece: impl Into<Content>) -> Result<(), Unsent> {
        let (sent, call) = self.line.offer(piece.into());
        self.follow(call);
        if let Err(unsent) = &sent
            && unsent.reason == Unsendable::Clogged
        {
            self.carrier.count_clogged();
        }
        sent
    }

    /// Sends a piece of a body that comes in, which asks for the next one when there
    /// is room for that; false if it is not wanted any more.
    pub(super) fn relay(&self, piece: Piece) -> bool {
        let (wanted, call) = self.line.relay(piece);
        self.follow(call);
        wanted
    }

    /// Says who is told when nothing more can be sent.
    pub(super) fn stop_by(&self, stop: Stop) {
        self.line.stop_by(stop);
    }

    /// Says that the body is whole.
    ///
    /// # Errors
    ///
    /// [`Short`] when bytes are missing from the length that was said; the
    /// answer is broken off then. It is no error that the peer has gone.
    pub fn finish(self) -> Result<(), Short> {
        self.finish_with(Trailers::new())
    }

    /// Says that the body is whole, with fields behind it. They are sent only
    /// where there are chunks: not to a peer that speaks HTTP/1.0, nor when the
    /// length was said.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish).
    pub fn finish_with(self, trailers: Trailers) -> Result<(), Short> {
        let (finished, call) = self.line.finish(trailers);
        self.follow(call);
        finished
    }

    /// Returns how many bytes were sent here and not yet taken by the operating system.
    pub fn unsent(&self) -> usize {
        self.line.unsent()
    }

    /// Tells whether anything of the body reaches the peer: not when it has
    /// asked for the head alone.
    pub fn wants_body(&self) -> bool {
        !self.line.is_mute()
    }

    /// Tells whether the answer is over, so that nothing more can be sent.
    pub fn has_ended(&self) -> bool {
        self.line.is_over()
    }

    fn follow(&self, call: Call) {
        if call == Call::Yes {
            self.carrier.call(self.seat);
        }
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.follow(self.line.abandon());
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow")
            .field("number", &self.number())
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}
