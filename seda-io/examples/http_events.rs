//! An HTTP server that tells every listener what anybody says.
//!
//! `GET /` listens, as server-sent events; `POST /` says something. It serves until
//! SIGINT or SIGTERM, and lets its listeners go.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use seda_core::{BoxError, Graph, Plan, Stage};
use seda_io::Reactor;
use seda_io::http::{
    Exchange, Flow, FlowEvent, HttpServer, Limits, Method, Opening, Response, Routes, ServerSent,
    StatusCode,
};
use seda_io::signal;

/// What happens in the room.
enum Heard {
    Joined(Flow),
    Said(String),
    Flowed(FlowEvent),
}

impl From<FlowEvent> for Heard {
    fn from(event: FlowEvent) -> Self {
        Self::Flowed(event)
    }
}

/// Adds the stage where those who listen are kept.
fn room(graph: &mut Graph) -> Stage<Heard> {
    // All workers speak to the same listeners.
    let listeners = Arc::new(Mutex::new(HashMap::new()));
    graph.stage("room").queue(1_024).each(move |heard| {
        let mut listeners = listeners.lock();
        match heard {
            Heard::Joined(flow) => drop(listeners.insert(flow.number(), flow)),
            Heard::Said(text) => {
                let event: Arc<[u8]> = ServerSent::data(&text).as_str().as_bytes().into();
                // Who is slow misses something; who has gone is told of below.
                listeners.retain(|_, flow: &mut Flow| {
                    let _ = flow.send(Arc::clone(&event));
                    !flow.has_ended()
                });
            }
            Heard::Flowed(FlowEvent::Drained(_)) => {}
            Heard::Flowed(event) => {
                if let Some(flow) = listeners.remove(&event.number()) {
                    flow.finish()?;
                }
            }
        }
        Ok(())
    })
}

fn main() -> Result<(), BoxError> {
    let mut graph = Graph::new("http_events");
    Reactor::install(&mut graph);

    let room = room(&mut graph);
    let listen = graph.stage("listen").each_with(|wire| {
        let room = wire.to(&room);
        move |exchange: Exchange| {
            let opening = Opening::from(ServerSent::head()).telling(&room);
            room.enqueue(Heard::Joined(exchange.stream(opening)))?;
            Ok(())
        }
    });
    let say = graph.stage("say").each_with(|wire| {
        let room = wire.to(&room);
        move |exchange: Exchange| {
            let (request, reply) = exchange.split();
            room.enqueue(Heard::Said(String::from_utf8(request.into_body())?))?;
            reply.respond(Response::new(StatusCode::NO_CONTENT));
            Ok(())
        }
    });
    let requests = Routes::new()
        .to(Method::Get, "/", &listen)?
        .to(Method::Post, "/", &say)?
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
