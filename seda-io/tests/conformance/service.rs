//! What the requests of the cases are for.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use seda_core::{Graph, Stage};
use seda_io::http::{
    Exchange, Flow, InflowEvent, Representation, Request, Response, Source, StatusCode, Upgrade,
};

/// The time of the examples in RFC 9110: Sun, 06 Nov 1994 08:49:37 GMT.
const MODIFIED: u64 = 784_111_777;
/// An entity tag with a comma, which separates tags elsewhere.
const TAG: &str = "\"v,1\"";

/// Answers a request by its path:
///
/// * `/digits` is `0123456789`, `/empty` nothing, `/undated` digits without a time of change;
/// * `/status/N` is answered with that status and the body `said`;
/// * `/upgrade` sends everything back that comes, as the protocol `echo`;
/// * `/closing` asks that the connection be closed;
/// * everything else is answered with the request's own body.
pub(crate) fn answer(request: &Request) -> Response {
    let path = request.target().path();
    if let Some(code) = path.strip_prefix("/status/") {
        let status = StatusCode::new(code.parse().unwrap()).unwrap();
        return Response::text(status, "said");
    }
    match path {
        "/digits" => state(b"0123456789", Some(MODIFIED)).answer(request),
        "/empty" => state(b"", Some(MODIFIED)).answer(request),
        "/undated" => state(b"0123456789", None).answer(request),
        "/upgrade" => Response::upgrade_required("echo").unwrap(),
        "/closing" => Response::text(StatusCode::OK, "bye").closing(),
        _ => Response::new(StatusCode::OK).with_body(request.body().to_vec()),
    }
}

/// Adds the stage that answers, and the one that speaks the other protocol.
pub(crate) fn requests(graph: &mut Graph, seen: &Arc<Mutex<Vec<Request>>>) -> Stage<Exchange> {
    let flows = Arc::new(Mutex::new(HashMap::<u64, Flow>::new()));
    let spoken = Arc::clone(&flows);
    let echo = graph.stage("echo").each(move |event: InflowEvent| {
        let mut flows = spoken.lock();
        match event {
            InflowEvent::Data(number, piece) => flows[&number].send(piece.into_vec())?,
            InflowEvent::End(number, _) => flows.remove(&number).unwrap().finish()?,
            InflowEvent::Failed(_, why) => panic!("{why}"),
        }
        Ok(())
    });
    graph.stage("requests").each_with(|wire| {
        let (echo, flows, seen) = (wire.to(&echo), Arc::clone(&flows), Arc::clone(seen));
        move |exchange: Exchange| {
            seen.lock().push(exchange.request().clone());
            if exchange.request().target().path() != "/upgrade" {
                let response = answer(exchange.request());
                exchange.respond(response);
                return Ok(());
            }
            match exchange.upgrade(Upgrade::to("echo")?) {
                Ok((flow, inflow)) => {
                    flows.lock().insert(flow.number(), flow);
                    inflow.tell(&echo);
                }
                Err(exchange) => {
                    let response = answer(exchange.request());
                    exchange.respond(response);
                }
            }
            Ok(())
        }
    })
}

fn state(bytes: &[u8], modified: Option<u64>) -> Representation {
    let source = Source::Memory(bytes.into());
    Representation::new(source, "text/plain", TAG, modified).unwrap()
}
