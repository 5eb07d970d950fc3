//! The server that is measured: four stages behind a source, as a service has them.
//!
//! The source parses; then `classify` knows what kind of request it is, `route`
//! what it is for, `handle` what to say, and `respond` says it. Every request is
//! an event of each of them. Files are served by the two stages of the library.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::Path;

use std::time::Duration;

use seda_core::{Adjusts, BoxError, Class, Controller, Decision, Graph, Plan, Sample, Stage, Tick};
use seda_io::Reactor;
use seda_io::http::{Exchange, HttpServer, Limits, Method, Response, StaticFiles, StatusCode};
use seda_io::tls::TlsServer;

use crate::http::answer::HELLO;
use crate::http::service::Service;
use crate::http::wire::certificate;

/// Events of each stage: a request of every connection, if all come at once.
const QUEUE: usize = CONNECTIONS_MAX;
/// Connections, as many as the peers take.
const CONNECTIONS_MAX: usize = 20_000;

/// Is a request of which it is known whether it may be answered at all.
struct Classified {
    exchange: Exchange,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Read,
    Other,
}

/// Is a request with the code that it is for.
struct Routed {
    exchange: Exchange,
    route: Route,
}

#[derive(Clone, Copy)]
enum Route {
    Hello,
    Missing,
    Refused,
}

/// Is a request with what is to be said to it.
struct Handled {
    exchange: Exchange,
    status: StatusCode,
    text: &'static str,
}

/// Serves on the port, until the process is ended.
///
/// # Errors
///
/// When the port is not to be had, there is no such directory or no
/// certificate, or the graph does not start.
pub fn serve(
    port: u16,
    workers: usize,
    service: Service,
    directory: &Path,
) -> Result<Infallible, BoxError> {
    let mut graph = Graph::new("http");
    Reactor::install(&mut graph);
    let limits = Limits {
        requests_max: u32::MAX,
        connections_max: CONNECTIONS_MAX,
        ..Limits::default()
    };
    let mut server = HttpServer::bind((Ipv4Addr::LOCALHOST, port), limits)?;
    if service == Service::Secured {
        let [chain, key] = ["server.pem", "server.key"].map(certificate);
        server = server.with_tls(TlsServer::from_pem(chain, key)?);
    }
    let stage = match service {
        Service::Files => {
            StaticFiles::of(directory)?
                .attach(&mut graph, "files")
                .stage
        }
        Service::Hello | Service::Secured => four_stages(&mut graph),
        Service::Refusals => busy_stage(&mut graph),
    };
    server.attach(&mut graph, "http", &stage);
    let _running = graph.start(Plan::default().workers(workers))?;
    loop {
        std::thread::park();
    }
}

/// Adds a stage that refuses everything, from its first look on.
fn busy_stage(graph: &mut Graph) -> Stage<Exchange> {
    let stage = graph.stage("busy").controller(Refuse);
    stage.each(|exchange: Exchange| {
        exchange.respond(Response::busy(None));
        Ok(())
    })
}

/// Sheds every class.
struct Refuse;

impl Controller for Refuse {
    fn name(&self) -> &'static str {
        "refuse"
    }

    fn adjusts(&self) -> Adjusts {
        Adjusts::Admission
    }

    fn period(&self) -> Duration {
        Duration::from_millis(10)
    }

    fn update(&mut self, _now: Tick, _sample: &Sample) -> Decision {
        Decision {
            shed_from: Some(Class(0)),
            reason: "everything is refused".to_owned(),
            ..Decision::none()
        }
    }
}

/// Adds the stages that know one word; gives the first.
fn four_stages(graph: &mut Graph) -> Stage<Exchange> {
    let respond = graph
        .stage("respond")
        .queue(QUEUE)
        .each(|handled: Handled| {
            let response = Response::text(handled.status, handled.text);
            handled.exchange.respond(response);
            Ok(())
        });
    let handle = graph.stage("handle").queue(QUEUE).each_with(|wire| {
        let respond = wire.to(&respond);
        move |routed: Routed| Ok(respond.enqueue(handle(routed))?)
    });
    let route = graph.stage("route").queue(QUEUE).each_with(|wire| {
        let handle = wire.to(&handle);
        move |classified: Classified| Ok(handle.enqueue(route(classified))?)
    });
    graph.stage("classify").queue(QUEUE).each_with(|wire| {
        let route = wire.to(&route);
        move |exchange: Exchange| Ok(route.enqueue(classify(exchange))?)
    })
}

fn classify(exchange: Exchange) -> Classified {
    let kind = match exchange.request().method() {
        Method::Get | Method::Head => Kind::Read,
        _ => Kind::Other,
    };
    Classified { exchange, kind }
}

fn route(classified: Classified) -> Routed {
    let Classified { exchange, kind } = classified;
    let route = match (kind, exchange.request().target().path()) {
        (Kind::Other, _) => Route::Refused,
        (Kind::Read, "/") => Route::Hello,
        (Kind::Read, _) => Route::Missing,
    };
    Routed { exchange, route }
}

fn handle(routed: Routed) -> Handled {
    let (status, text) = match routed.route {
        Route::Hello => (StatusCode::OK, HELLO),
        Route::Missing => (StatusCode::NOT_FOUND, "not found\n"),
        Route::Refused => (StatusCode::METHOD_NOT_ALLOWED, "only GET\n"),
    };
    Handled {
        exchange: routed.exchange,
        status,
        text,
    }
}
