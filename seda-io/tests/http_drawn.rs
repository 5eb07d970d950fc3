//! The picture of a graph with a server: requests go, answers come back.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use seda_core::{EdgeKind, Graph};
use seda_io::http::{HttpServer, Limits};

#[test]
fn answers_are_drawn_dashed_beside_the_requests() {
    let mut graph = Graph::new("drawn");
    let requests = serving::echo(&mut graph);
    let server = HttpServer::bind("127.0.0.1:0", Limits::default()).unwrap();
    server.attach(&mut graph, "http", &requests);
    let picture = graph.picture();
    let place = |name| picture.nodes.iter().position(|node| &*node.name == name);
    let (http, stage) = (place("http").unwrap(), place("requests").unwrap());
    let edges = picture.edges.iter();
    let between = edges.filter(|edge| (edge.from, edge.to) == (http, stage));
    let kinds: Vec<_> = between.map(|edge| (edge.kind, edge.is_dashed())).collect();
    assert_eq!(kinds, [(EdgeKind::Flow, false), (EdgeKind::Answer, true)]);
}
