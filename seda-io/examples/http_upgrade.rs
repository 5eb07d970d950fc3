//! An HTTP server that speaks WebSocket: every message comes back.
//!
//! `GET /` is a page that says something to itself, or a WebSocket for who asks for
//! one. It serves until SIGINT or SIGTERM, and says goodbye to its peers.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use seda_core::{BoxError, Graph, Plan, Sink, Stage};
use seda_io::Reactor;
use seda_io::http::{
    Exchange, Flow, FlowEvent, HttpServer, InflowEvent, Limits, Method, Response, Routes,
    StatusCode, Upgrade,
};
use seda_io::signal;
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, WebSocket};

/// Bytes, 64 KiB: so that what one read makes whole fits below the flow's high mark.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;

const PAGE: &str = r#"<!DOCTYPE html>
<meta charset="utf-8">
<title>http_upgrade</title>
<p id="heard">nothing was heard</p>
<script>
const socket = new WebSocket(location.href.replace("http", "ws"));
socket.onopen = () => socket.send("hello, socket");
socket.onmessage = (event) => {
    document.getElementById("heard").textContent = `heard: ${event.data}`;
    socket.close();
};
</script>
"#;

/// What happens on a socket.
enum Event {
    In(InflowEvent),
    Out(FlowEvent),
}

impl From<InflowEvent> for Event {
    fn from(event: InflowEvent) -> Self {
        Self::In(event)
    }
}

impl From<FlowEvent> for Event {
    fn from(event: FlowEvent) -> Self {
        Self::Out(event)
    }
}

/// Bytes between the protocol and the connection.
#[derive(Default)]
struct Pipe {
    received: VecDeque<u8>,
    written: Vec<u8>,
}

impl Read for Pipe {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match self.received.read(space)? {
            0 => Err(ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One peer.
struct Session {
    flow: Flow,
    socket: WebSocket<Pipe>,
}

impl Session {
    fn new(flow: Flow) -> Self {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let socket = WebSocket::from_raw_socket(Pipe::default(), Role::Server, Some(config));
        Self { flow, socket }
    }

    /// Sends every message back that is whole; pings are answered on the way.
    fn receive(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.socket.get_mut().received.extend(bytes);
        loop {
            let message = self.socket.read()?;
            if message.is_text() || message.is_binary() {
                self.socket.send(message)?;
            }
        }
    }

    /// Hands over what the protocol has written.
    fn send(&mut self) -> Result<(), BoxError> {
        match self.socket.flush() {
            Ok(()) | Err(Error::ConnectionClosed) => {}
            Err(error) => return Err(error.into()),
        }
        self.flow
            .send(mem::take(&mut self.socket.get_mut().written))?;
        Ok(())
    }
}

/// All peers: any worker may have the next event of each, one at a time.
type Sessions = Arc<Mutex<HashMap<u64, Session>>>;

/// Adds the stage that speaks WebSocket.
fn sockets(graph: &mut Graph, sessions: Sessions) -> Stage<Event> {
    graph.stage("sockets").queue(1_024).each(move |event| {
        let number = match &event {
            Event::In(event) => event.number(),
            Event::Out(event) => event.number(),
        };
        let Some(mut session) = sessions.lock().remove(&number) else {
            return Ok(());
        };
        let over = match event {
            Event::In(InflowEvent::Data(_, piece)) => {
                let paused = |error: &io::Error| error.kind() == ErrorKind::WouldBlock;
                let received = session.receive(&piece);
                session.send()?;
                !matches!(received, Err(Error::Io(error)) if paused(&error))
            }
            Event::Out(FlowEvent::Ending(_)) => {
                session.socket.close(None)?;
                session.send()?;
                false
            }
            Event::Out(FlowEvent::Drained(_) | FlowEvent::PeerDone(_)) => false,
            Event::In(_) | Event::Out(FlowEvent::Ended(..)) => true,
        };
        if over {
            session.flow.finish()?;
        } else {
            sessions.lock().insert(number, session);
        }
        Ok(())
    })
}

/// Answers a request by a WebSocket, if it asks for one, else by the page.
fn open(exchange: Exchange, sockets: &Sink<Event>, sessions: &Sessions) -> Result<(), BoxError> {
    let headers = exchange.request().headers();
    let versed = headers.get("Sec-WebSocket-Version") == Some("13");
    let Some(key) = headers.get("Sec-WebSocket-Key").filter(|_| versed) else {
        let page = Response::new(StatusCode::OK).with_body(PAGE);
        exchange.respond(page.with_header("Content-Type", "text/html")?);
        return Ok(());
    };
    let upgrade = Upgrade::to("websocket")?
        .with_header("Sec-WebSocket-Accept", &derive_accept_key(key.as_bytes()))?
        .telling(sockets);
    match exchange.upgrade(upgrade) {
        Ok((flow, inflow)) => {
            let number = flow.number();
            sessions.lock().insert(number, Session::new(flow));
            inflow.tell(sockets);
        }
        Err(exchange) => exchange.respond(Response::upgrade_required("websocket")?),
    }
    Ok(())
}

fn main() -> Result<(), BoxError> {
    let mut graph = Graph::new("http_upgrade");
    Reactor::install(&mut graph);

    let sessions = Sessions::default();
    let sockets = sockets(&mut graph, Arc::clone(&sessions));
    let open = graph.stage("open").each_with(|wire| {
        let (sockets, sessions) = (wire.to(&sockets), Arc::clone(&sessions));
        move |exchange: Exchange| open(exchange, &sockets, &sessions)
    });
    let requests = Routes::new()
        .to(Method::Get, "/", &open)?
        .attach(&mut graph, "route");

    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:0");
    let server = HttpServer::bind(address, Limits::default())?;
    println!("http://{}", server.local_address());
    server.attach(&mut graph, "http", &requests);

    let running = graph.start(Plan::default())?;
    signal::wait_for_end()?;
    print!("{}", running.drain(Duration::from_secs(5))?);
    Ok(())
}
