//! A running graph with a client for tests, and servers that say exactly what they are told.
#![allow(
    dead_code,
    clippy::panic,
    clippy::unwrap_used,
    reason = "each test uses a part of it, and stops at the first thing that is not as it must be"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use seda_core::{Graph, Plan, Running, Sink};
use seda_io::Reactor;
use seda_io::http::{
    Answered, CallError, Caller, ClientFigures, ClientLimits, Flow, FlowEvent, HttpClient, Inflow,
    InflowEvent, InflowFault, Method, Opening, Origin, Piece, Request, Response, Target, Trailers,
};

/// What nothing in a test takes, unless it never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The end of one request: its number, and the status and body of the answer or why there is none.
pub(crate) type Told = (u32, Result<Response, CallError>);

/// A graph with a client, with one worker, whose answers come to the test.
pub(crate) struct Calling {
    pub(crate) running: Running,
    pub(crate) caller: Caller<u32>,
    pub(crate) told: Receiver<Told>,
}

pub(crate) fn calling(limits: ClientLimits) -> Calling {
    calling_by(|_| HttpClient::new(limits))
}

pub(crate) fn calling_by(client: impl FnOnce(&mut Graph) -> HttpClient) -> Calling {
    let mut graph = Graph::new("test");
    Reactor::install(&mut graph);
    let (tell, told) = channel();
    let answers = graph
        .stage("answers")
        .each(move |answered: Answered<u32>| Ok(tell.send((answered.token, answered.result))?));
    let caller = client(&mut graph).attach(&mut graph, "client", &answers);
    let running = graph.start(Plan::default().workers(1)).unwrap();
    Calling {
        running,
        caller,
        told,
    }
}

/// An answer whose body comes as it is wanted, and the stage that tells the test of it.
pub(crate) struct Begun {
    pub(crate) response: Response,
    pub(crate) inflow: Inflow,
    pub(crate) sink: Sink<InflowEvent>,
}

/// The end of one request, up to the body of the answer.
pub(crate) type Headed = (
    u32,
    Result<Response, CallError>,
    Option<Box<Inflow>>,
    Sink<InflowEvent>,
);

/// A client that gathers no body, and what its stages have heard.
pub(crate) struct Pouring {
    pub(crate) calling: Calling,
    pub(crate) headed: Receiver<Headed>,
    pub(crate) events: Receiver<InflowEvent>,
}

/// Makes one whose stage of pieces waits for the test when it has told so many.
pub(crate) fn pouring(limits: ClientLimits, queue: usize) -> Pouring {
    let mut graph = Graph::new("test");
    Reactor::install(&mut graph);
    let (tell, headed) = channel();
    let (hear, events) = sync_channel(queue);
    let pieces = graph.stage("pieces").queue(1).blocking(1..=1);
    let pieces = pieces.each(move |event: InflowEvent| Ok(hear.send(event)?));
    let answers = graph.stage("answers").each_with(|wire| {
        let pieces = wire.to(&pieces);
        let tell = tell.clone();
        move |it: Answered<u32>| Ok(tell.send((it.token, it.result, it.inflow, pieces.clone()))?)
    });
    let caller = HttpClient::new(limits).attach(&mut graph, "client", &answers);
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let calling = Calling {
        running,
        caller: caller.streaming_above(0),
        told: channel().1,
    };
    Pouring {
        calling,
        headed,
        events,
    }
}

impl Pouring {
    pub(crate) fn head(&self) -> Headed {
        self.headed.recv_timeout(PATIENCE).unwrap()
    }

    /// Gives the next answer, whose body must still be to come.
    pub(crate) fn begun(&self) -> Begun {
        let (_, response, inflow, sink) = self.head();
        Begun {
            response: response.unwrap(),
            inflow: *inflow.unwrap(),
            sink,
        }
    }

    pub(crate) fn hear(&self) -> InflowEvent {
        self.events.recv_timeout(PATIENCE).unwrap()
    }

    pub(crate) fn piece(&self) -> Piece {
        match self.hear() {
            InflowEvent::Data(_, piece) => piece,
            other => panic!("no piece but {other:?}"),
        }
    }

    /// Gives the rest of a body, and its trailers or why it is not whole.
    pub(crate) fn rest(&self) -> (Vec<u8>, Result<Trailers, InflowFault>) {
        let mut bytes = Vec::new();
        loop {
            match self.hear() {
                InflowEvent::Data(_, piece) => bytes.extend_from_slice(&piece),
                InflowEvent::End(_, trailers) => return (bytes, Ok(trailers)),
                InflowEvent::Failed(_, why) => return (bytes, Err(why)),
            }
        }
    }

    /// Drains; nothing may be told that the test has not heard.
    pub(crate) fn end(&self) -> ClientFigures {
        let figures = self.calling.end();
        assert_eq!(self.events.try_iter().count(), 0, "an event too many");
        assert_eq!(figures.flows_undelivered, 0, "{figures:?}");
        figures
    }
}

/// A client whose requests are sent as they are made, and what its stages have heard.
pub(crate) struct Flowing {
    pub(crate) calling: Calling,
    pub(crate) heard: Sink<FlowEvent>,
    pub(crate) events: Receiver<FlowEvent>,
}

pub(crate) fn flowing(limits: ClientLimits) -> Flowing {
    let mut graph = Graph::new("test");
    Reactor::install(&mut graph);
    let (tell, told) = channel();
    let (hear, events) = channel();
    let (give, given) = channel();
    let heard = graph.stage("heard");
    let heard = heard.each(move |event: FlowEvent| Ok(hear.send(event)?));
    let answers = graph.stage("answers").each_with(|wire| {
        give.send(wire.to(&heard)).unwrap();
        let tell = tell.clone();
        move |it: Answered<u32>| Ok(tell.send((it.token, it.result))?)
    });
    let caller = HttpClient::new(limits).attach(&mut graph, "client", &answers);
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let heard = given.recv().unwrap();
    Flowing {
        calling: Calling {
            running,
            caller,
            told,
        },
        heard,
        events,
    }
}

impl Flowing {
    /// Begins a request of that many bytes, if they are said.
    pub(crate) fn begin(&self, origin: &Origin, length: Option<u64>) -> Flow {
        let opening = Opening::from(request(Method::Post, "/")).telling(&self.heard);
        let opening = match length {
            None => opening,
            Some(length) => opening.with_length(length),
        };
        self.calling.caller.stream(origin, opening, 1).unwrap()
    }

    pub(crate) fn hear(&self) -> FlowEvent {
        self.events.recv_timeout(PATIENCE).unwrap()
    }

    /// Drains; every body must be accounted for, and all be heard by now.
    pub(crate) fn end(&self) -> ClientFigures {
        let figures = self.calling.end();
        assert_eq!(self.events.try_iter().count(), 0, "an event too many");
        figures
    }
}

pub(crate) fn request(method: Method, path: &str) -> Request {
    Request::new(method, Target::parse(path).unwrap())
}

impl Calling {
    pub(crate) fn get(&self, origin: &Origin, token: u32) {
        let get = request(Method::Get, &format!("/{token}"));
        self.caller.send(origin, get, token).unwrap();
    }

    pub(crate) fn post(&self, origin: &Origin, token: u32, body: Vec<u8>) {
        let post = request(Method::Post, &format!("/{token}")).with_body(body);
        self.caller.send(origin, post, token).unwrap();
    }

    pub(crate) fn next(&self) -> Told {
        self.told.recv_timeout(PATIENCE).unwrap()
    }

    /// Gives the next answer's token and body, which must be one of status 200.
    pub(crate) fn body(&self) -> (u32, String) {
        let (token, result) = self.next();
        let response = result.unwrap();
        assert_eq!(response.status().code(), 200);
        (token, String::from_utf8(response.into_body()).unwrap())
    }

    pub(crate) fn error(&self) -> CallError {
        self.next().1.unwrap_err()
    }

    pub(crate) fn figures(&self) -> ClientFigures {
        self.caller.tallies().read()
    }

    pub(crate) fn until(&self, what: &str, done: impl Fn(&ClientFigures) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !done(&self.figures()) {
            assert!(Instant::now() < until, "waited too long until {what}");
            thread::yield_now();
        }
    }

    /// Drains; every event, request and connection must be accounted for.
    pub(crate) fn end(&self) -> ClientFigures {
        let ledger = self.running.drain(PATIENCE).unwrap();
        assert!(ledger.balances() && ledger.is_empty(), "{ledger}");
        let figures = self.figures();
        assert_eq!(
            figures.requests,
            figures.answers + figures.failed,
            "{figures:?}"
        );
        assert_eq!(figures.dialled, figures.closed, "{figures:?}");
        let ended = figures.inflows_whole + figures.inflows_failed + figures.inflows_unwanted;
        assert_eq!(figures.inflows, ended, "{figures:?}");
        let ended = figures.flows_finished + figures.flows_abandoned + figures.flows_cut;
        assert_eq!(figures.flows, ended, "{figures:?}");
        assert_eq!(
            (figures.abandoned, figures.undelivered),
            (0, 0),
            "{figures:?}"
        );
        figures
    }
}

/// One connection of a server that does as it is told.
pub(crate) struct Line(pub(crate) BufReader<TcpStream>);

impl Line {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// Reads a request with its body; gives its head, which is empty at the end.
    pub(crate) fn request(&mut self) -> String {
        let head = self.head();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        let length = length.map_or(0, |length| length.parse().unwrap());
        self.0.read_exact(&mut vec![0; length]).unwrap();
        head
    }

    pub(crate) fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") && self.0.read_line(&mut head).unwrap() > 0 {}
        head
    }

    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Reads a chunk, without its line ends; nothing for the last, with what trails it.
    pub(crate) fn chunk(&mut self) -> Vec<u8> {
        let mut size = String::new();
        self.0.read_line(&mut size).unwrap();
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
        let mut bytes = vec![0; size];
        self.0.read_exact(&mut bytes).unwrap();
        if size > 0 {
            let mut end = [0; 2];
            self.0.read_exact(&mut end).unwrap();
            assert_eq!(&end, b"\r\n");
        }
        bytes
    }

    /// Answers 200 with this body.
    pub(crate) fn answer(&mut self, body: &str) {
        let length = body.len();
        self.say(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
        ));
    }

    /// Answers each request with its path, until the client ends.
    pub(crate) fn echo(&mut self) {
        loop {
            let head = self.request();
            match head.split(' ').nth(1) {
                None => return,
                Some(path) => self.answer(path),
            }
        }
    }

    /// Ends with a reset: it is closed while something is there to be read.
    pub(crate) fn reset(&mut self) {
        rustix::net::sockopt::set_socket_linger(self.0.get_ref(), Some(Duration::ZERO)).unwrap();
    }

    /// Waits for the end of what the client says.
    pub(crate) fn end(&mut self) {
        let _ = self.0.read_to_end(&mut Vec::new());
    }
}

/// Serves connections one after the other, each by its part of the script; then none.
pub(crate) fn serve<const N: usize>(script: [fn(&mut Line); N]) -> (Origin, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = origin_of(&listener);
    let server = thread::spawn(move || {
        for part in script {
            part(&mut Line::new(listener.accept().unwrap().0));
        }
    });
    (origin, server)
}

/// Serves any number of connections by echoing paths.
pub(crate) fn serve_all() -> Origin {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = origin_of(&listener);
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || Line::new(stream.unwrap()).echo());
        }
    });
    origin
}

pub(crate) fn origin_of(listener: &TcpListener) -> Origin {
    let address = listener.local_addr().unwrap();
    Origin::parse(&format!("http://{address}")).unwrap()
}
