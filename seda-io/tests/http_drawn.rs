//! The picture of a graph with a server: requests go, answers come back.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod serving;

use seda_core::{EdgeKind, Graph};
use seda_io::http::{HttpServer, Limits};
use serving::{echo, serve};

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

#[test]
fn what_the_server_counts_is_in_snapshots_pictures_and_metrics() {
    let serving = serve(Limits::default(), echo);
    let mut clients = [serving.connect(), serving.connect()];
    for client in &mut clients {
        client.post("hello");
        assert_eq!(client.answer().status, 200);
    }
    let snapshot = serving.running.snapshot();
    let figures = &snapshot.source("http").unwrap().figures;
    let figure = |name| figures.iter().find(|figure| figure.name == name).unwrap();
    assert_eq!(figure("requests").value, 2);
    assert_eq!(figure("connections_open").value, 2);
    let text = snapshot.to_prometheus();
    let line = "seda_source_requests_total{graph=\"test\",source=\"http\"} 2\n";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("# TYPE seda_source_connections_open gauge\n"));
    assert!(snapshot.picture().to_svg().contains("2 connections open"));
    drop(clients);
    serving.end();
    let snapshot = serving.running.snapshot();
    let figures = &snapshot.source("http").unwrap().figures;
    let open = figures
        .iter()
        .find(|figure| figure.name == "connections_open");
    assert_eq!(open.unwrap().value, 0);
}
