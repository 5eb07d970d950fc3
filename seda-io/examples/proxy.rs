//! A reverse proxy: passes requests on to another server, and its answers back.
//!
//! `proxy [ADDRESS [ORIGIN]]`, such as `proxy 127.0.0.1:8080 http://localhost:3000`,
//! serves until SIGINT or SIGTERM. Without an origin it passes on to a server of its
//! own, which sends every request's body back. Long bodies are passed on as they come.

use std::time::Duration;

use seda_core::{BoxError, Graph, Plan};
use seda_io::Reactor;
use seda_io::http::{
    Answered, CallError, ClientLimits, Exchange, HopError, HttpClient, HttpServer, Limits, Method,
    Opening, Origin, Refused, Reply, Request, Response, StatusCode,
};
use seda_io::net::Names;
use seda_io::signal;
use seda_io::tls::TlsClient;

/// What this proxy calls itself to both sides (RFC 9110 §7.6.3).
const VIA: &str = "seda";
/// Bytes, 64 KiB: a body that is longer is passed on before all of it is there.
const GATHERED: usize = 64 * 1024;

/// Adds a server to pass requests on to.
fn backend(graph: &mut Graph) -> Result<Origin, BoxError> {
    let echo = graph.stage("echo").each(|exchange: Exchange| {
        let (request, reply) = exchange.split();
        reply.respond(Response::new(StatusCode::OK).with_body(request.into_body()));
        Ok(())
    });
    let server = HttpServer::bind("127.0.0.1:0", Limits::default())?;
    let origin = format!("http://{}", server.local_address());
    server.attach(graph, "backend", &echo);
    Ok(Origin::parse(&origin).ok_or("no origin")?)
}

/// Says to the peer why there is no answer.
fn explain(error: &CallError) -> Response {
    let status = match error {
        CallError::Busy => return Response::busy(None),
        CallError::Abandoned => StatusCode::BAD_REQUEST,
        CallError::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    };
    Response::text(status, format!("{error}\n"))
}

/// Answers a request that may not be passed on any more (RFC 9110 §7.6.2).
fn answer_here(request: &Request) -> Response {
    match request.method() {
        Method::Options => Response::new(StatusCode::NO_CONTENT),
        _ => Response::text(StatusCode::NOT_IMPLEMENTED, "this is the last proxy\n"),
    }
}

/// Gives the peer what has become of its request, and the body as it comes.
fn answer(answered: Answered<Reply>) -> Result<(), BoxError> {
    let reply = answered.token;
    match (answered.result, answered.inflow) {
        (Ok(response), None) => reply.respond(response.for_next_hop(VIA)?),
        (Ok(response), Some(body)) => body.pour(reply.stream(response.for_next_hop(VIA)?)),
        (Err(error), _) => reply.respond(explain(&error)),
    }
    Ok(())
}

fn main() -> Result<(), BoxError> {
    let mut words = std::env::args().skip(1);
    let address = words.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let mut graph = Graph::new("proxy");
    Reactor::install(&mut graph);
    let origin = match words.next() {
        Some(text) => Origin::parse(&text).ok_or("an origin is http://host:port")?,
        None => backend(&mut graph)?,
    };
    let back = graph.stage("back").each(answer);
    let names = Names::attach(&mut graph, "names");
    let mut client = HttpClient::new(ClientLimits::default()).with_names(&names);
    if origin.is_secure() {
        client = client.with_tls(TlsClient::system()?);
    }
    let caller = client.attach(&mut graph, "client", &back);
    let caller = caller.streaming_above(GATHERED);
    let tallies = caller.tallies();
    println!("passes on to {origin}");
    let forth = graph.stage("forth").each(move |mut exchange: Exchange| {
        let body = exchange.take_inflow();
        let (request, reply) = exchange.split();
        let request = match request.for_next_hop(VIA) {
            Err(HopError::Last(request)) => {
                reply.respond(answer_here(&request));
                return Ok(());
            }
            other => other?,
        };
        let sent = match body {
            None => caller.send(&origin, request, reply),
            Some(body) => caller
                .stream(&origin, Opening::from(request).for_body(&body), reply)
                .map(|flow| body.pour(flow)),
        };
        if let Err(Refused { token: reply, .. }) = sent {
            reply.respond(Response::busy(None));
        }
        Ok(())
    });
    let limits = Limits {
        body_streams_above: GATHERED,
        ..Limits::default()
    };
    let server = HttpServer::bind(address, limits)?;
    println!("http://{}", server.local_address());
    server.attach(&mut graph, "http", &forth);

    let running = graph.start(Plan::default())?;
    signal::wait_for_end()?;
    print!("{}", running.drain(Duration::from_secs(5))?);
    println!("{:?}", tallies.read());
    Ok(())
}
