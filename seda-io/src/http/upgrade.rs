//! How a connection goes on by another protocol.

use seda_core::Sink;

use super::flow::Opening;
use super::flow::flow_event::FlowEvent;
use super::flow::line::{Line, Marks, Muteness};
use super::headers::{HeaderError, Headers};
use super::limits::Limits;
use super::message::Response;
use super::status::StatusCode;

/// How a connection goes on by another protocol: its name, the fields of the
/// answer, and who hears what happens to what is sent.
///
/// [`Exchange::upgrade`](super::Exchange::upgrade) makes two halves of it. The
/// [`Flow`](super::Flow) sends bytes, as they are: it is bounded, tells when
/// there is room again, and `finish` ends this direction alone. The
/// [`Inflow`](super::Inflow) has a stage told what the peer sends, what it sent
/// together with its request first: one piece is in the graph at a time, and none
/// is read while more than [`Limits::flow_low_mark_bytes`] are unsent. Its `End`
/// says that the peer sends nothing more. The connection ends when both
/// directions have. Both halves have the same number, so the events of both are
/// handled in order and one at a time where they go to the same stage.
///
/// # Bounds
///
/// The peer must take what it is sent in [`Timeouts::write`](super::Timeouts),
/// and [`Timeouts::upgraded`](super::Timeouts) bounds a silence of both sides: a
/// protocol in which that is usual has pings, or a longer timeout. There is no
/// bound for how much is sent, and none for how long it takes the stages.
///
/// A drain tells the stage that it is [`Ending`](FlowEvent::Ending); a connection
/// whose flow is finished then has a second to end its side, and one on which
/// nothing is sent for a second is reset. Under TLS a peer says farewell when it
/// is done; a connection that ends without that may have been cut short, and has
/// failed.
///
/// # Examples
///
/// A protocol in which everything comes back:
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Arc;
///
/// use parking_lot::Mutex;
/// use seda_core::Graph;
/// use seda_io::http::{Exchange, Flow, InflowEvent, Response, Upgrade};
///
/// let flows = Arc::new(Mutex::new(HashMap::<u64, Flow>::new()));
/// let mut graph = Graph::new("echoes");
/// let echo = graph.stage("echo").each({
///     let flows = Arc::clone(&flows);
///     move |event: InflowEvent| {
///         let flow = flows.lock().remove(&event.number());
///         match (event, flow) {
///             (InflowEvent::Data(number, piece), Some(flow)) => {
///                 flow.send(piece.into_vec())?;
///                 flows.lock().insert(number, flow);
///             }
///             (_, Some(flow)) => flow.finish()?,
///             (_, None) => {}
///         }
///         Ok(())
///     }
/// });
/// let requests = graph.stage("requests").each_with(|wire| {
///     let echo = wire.to(&echo);
///     move |exchange: Exchange| {
///         match exchange.upgrade(Upgrade::to("echo")?) {
///             Ok((flow, inflow)) => {
///                 flows.lock().insert(flow.number(), flow);
///                 inflow.tell(&echo);
///             }
///             Err(exchange) => exchange.respond(Response::upgrade_required("echo")?),
///         }
///         Ok(())
///     }
/// });
/// # let _ = requests;
/// ```
///
/// # Sources
///
/// RFC 9110 §7.8.
#[derive(Debug)]
pub struct Upgrade {
    protocol: Box<str>,
    opening: Opening,
}

impl Upgrade {
    /// Names the protocol, as the client has in its `Upgrade`, in any case.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] when the name holds a control character.
    pub fn to(protocol: &str) -> Result<Self, HeaderError> {
        let response = Response::new(StatusCode::OK).with_header("Upgrade", protocol)?;
        Ok(Self {
            protocol: protocol.into(),
            opening: response.into(),
        })
    }

    /// Adds a header field to the answer.
    ///
    /// # Errors
    ///
    /// [`HeaderError`] when the field is malformed, or one that the connection
    /// writes itself.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Self, HeaderError> {
        if name.eq_ignore_ascii_case("upgrade") {
            return Err(HeaderError::Reserved);
        }
        self.opening.head = self.opening.head.with_header(name, value)?;
        Ok(self)
    }

    /// Has a stage told what happens to what is sent, as
    /// [`Opening::telling`] does.
    #[must_use]
    pub fn telling<E: From<FlowEvent> + Send + 'static>(mut self, sink: &Sink<E>) -> Self {
        self.opening = self.opening.telling(sink);
        self
    }

    pub(super) fn protocol(&self) -> &str {
        &self.protocol
    }

    /// Makes the fields of the answer, and the line of what is sent behind them.
    pub(super) fn open(mut self, limits: &Limits) -> (Headers, Line) {
        let line = self.opening.line(Marks::of(limits), Muteness::Spoken);
        (self.opening.head.headers().clone(), line)
    }
}

impl Response {
    /// Makes the answer to a request that should have asked for another
    /// protocol: 426, with its name in `Upgrade` (RFC 9110 §15.5.22).
    ///
    /// # Errors
    ///
    /// [`HeaderError`] when the name holds a control character.
    pub fn upgrade_required(protocol: &str) -> Result<Self, HeaderError> {
        let text = "this is spoken by another protocol; ask for it in `Upgrade`\n";
        Self::text(StatusCode::UPGRADE_REQUIRED, text)
            .with_trusted("Connection", "upgrade")
            .with_header("Upgrade", protocol)
    }
}
