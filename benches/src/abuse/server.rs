//! The server that is abused: one that sends bodies back, plain and under TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use seda_core::{BoxError, Graph, Ledger, Plan};
use seda_io::Reactor;
use seda_io::http::{
    Content, Exchange, Figures, HttpServer, Limits, Method, Response, StatusCode, Timeouts,
};
use seda_io::signal;
use seda_io::tls::TlsServer;

use crate::http::answer::HELLO;
use crate::http::wire::certificate;

/// Where an answer is that no socket holds.
pub(crate) const LARGE: &str = "/large";
/// Bytes of that answer, 1 MiB.
const LARGE_BYTES: usize = 1024 * 1024;
/// The stage that answers.
const STAGE: &str = "answer";
/// Events: a request of every connection, if all come at once.
const QUEUE: usize = CONNECTIONS_MAX;
/// Connections of each of the two servers.
const CONNECTIONS_MAX: usize = 16_000;
/// How long a drain may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long peers are borne with: shorter than usual, so that a few minutes
/// have many lives of abusers in them.
const TIMEOUTS: Timeouts = Timeouts {
    head: Duration::from_secs(5),
    body: Duration::from_secs(5),
    idle: IDLE,
    write: Duration::from_secs(5),
    linger: Duration::from_secs(2),
    upgraded: Duration::from_secs(5),
    request: None,
};
/// Bytes, 16 MiB, that bodies hold on their way: a quarter of the usual, as the times.
const BODIES_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long a connection may rest.
pub(crate) const IDLE: Duration = Duration::from_secs(30);

/// Serves until it is asked to end; prints where, and at the end the ledger and
/// all counters. Tells whether every event and every connection is accounted for.
///
/// # Errors
///
/// When the ports or the certificates are not to be had, or something is left
/// when the drain has taken too long.
pub fn serve() -> Result<bool, BoxError> {
    let mut graph = Graph::new("abuse");
    Reactor::install(&mut graph);
    let large: Arc<[u8]> = vec![b'x'; LARGE_BYTES].into();
    let answer = graph
        .stage(STAGE)
        .queue(QUEUE)
        .each(move |exchange: Exchange| {
            let (request, reply) = exchange.split();
            let hello = *request.method() != Method::Post;
            let body = match request.target().path() {
                LARGE => Content::Shared(Arc::clone(&large)),
                _ if hello => Content::Static(HELLO.as_bytes()),
                _ => Content::Owned(request.into_body()),
            };
            reply.respond(Response::new(StatusCode::OK).with_body(body));
            Ok(())
        });
    let [chain, key] = ["server.pem", "server.key"].map(certificate);
    let [plain, secured] = [bind()?, bind()?.with_tls(TlsServer::from_pem(chain, key)?)];
    println!("{} {}", ip(&plain)?, ip(&secured)?);
    let tallies = [
        plain.attach(&mut graph, "plain", &answer),
        secured.attach(&mut graph, "secured", &answer),
    ];
    let running = graph.start(Plan::default().workers(1))?;
    signal::wait_for_end()?;
    let ledger = running.drain(PATIENCE)?;
    let figures = tallies.map(|tallies| tallies.read());
    print!("{ledger}");
    println!("plain {:#?}\nsecured {:#?}", figures[0], figures[1]);
    Ok(is_exact(&ledger, &figures))
}

fn bind() -> Result<HttpServer, BoxError> {
    let limits = Limits {
        connections_max: CONNECTIONS_MAX,
        requests_max: u32::MAX,
        timeouts: TIMEOUTS,
        bodies_bytes_max: BODIES_BYTES_MAX,
        ..Limits::default()
    };
    Ok(HttpServer::bind((Ipv4Addr::LOCALHOST, 0), limits)?)
}

fn ip(server: &HttpServer) -> Result<SocketAddr, BoxError> {
    let address = server.local_address().ip();
    address.ok_or_else(|| "a server without a port".into())
}

/// Tells whether the ledger balances, whether what the servers count agrees
/// with it, and whether every connection has ended.
fn is_exact(ledger: &Ledger, figures: &[Figures; 2]) -> bool {
    let sum = |count: fn(&Figures) -> u64| figures.iter().map(count).sum::<u64>();
    let closed = sum(|it| it.opened) == sum(|it| it.closed);
    let offered = ledger.stage(STAGE).is_some_and(|account| {
        account.offered == sum(|it| it.requests) && account.rejected.total() == sum(|it| it.refused)
    });
    ledger.balances() && ledger.is_empty() && closed && offered
}
