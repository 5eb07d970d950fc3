//! What drawings show of a graph: every edge, live figures, and names that cannot break out.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

use std::time::Duration;

use seda_core::draw::{NodeKind, Picture};
use seda_core::{
    BoxError, DeadLetter, EdgeKind, Failure, Graph, Next, Overflow, Plan, Sink, Source, Stage, Tick,
};

struct Ticker(#[allow(dead_code, reason = "it only draws its edge")] Sink<u64>);

impl Source for Ticker {
    fn poll(&mut self, _now: Tick) -> Next {
        Next::Ended
    }
}

fn forward(graph: &mut Graph, name: &str, to: &[(&Stage<u64>, Option<Overflow>)]) -> Stage<u64> {
    graph.stage(name).queue(8).each_with(|wire| {
        let sinks: Vec<Sink<u64>> = to
            .iter()
            .map(|(stage, overflow)| match overflow {
                None => wire.to(stage),
                Some(overflow) => wire.to(stage).overflow(*overflow),
            })
            .collect();
        move |n: u64| {
            for sink in &sinks {
                sink.enqueue(n)?;
            }
            Ok(())
        }
    })
}

/// A source and an inlet, a loop, dead letters, failures and answers.
fn graph_of_all_kinds(failures_too: Option<()>) -> (Graph, Stage<u64>) {
    let mut graph = Graph::new("all kinds");
    let lost = graph.stage("lost").each(|_: DeadLetter<u64>| Ok(()));
    let server = graph.declare::<u64>("server", 8);
    let check = graph.declare::<u64>("check", 4);
    let repair = forward(&mut graph, "repair", &[(&check, Some(Overflow::Reject))]);
    graph.define(&check).dead_letters(&lost).each_with(|wire| {
        let repair = wire.to(&repair).overflow(Overflow::Defer);
        let answers = wire.answers(&server);
        move |n: u64| {
            if n == 13 {
                return Err("unlucky".into());
            }
            if n % 10 == 7 {
                return Ok(repair.enqueue(n + 1)?);
            }
            answers.enqueue_lossy(n);
            Ok(())
        }
    });
    graph.define(&server).each_with(|wire| {
        let check = wire.to(&check);
        move |n: u64| {
            if n < 100 {
                check.enqueue(n + 100)?;
            }
            Ok(())
        }
    });
    graph.source("ticker").solo(|wire| Ticker(wire.to(&server)));
    if failures_too.is_some() {
        let failures = graph.stage("failures").solo(|_| Collect);
        graph.failures_to(&failures);
    }
    (graph, server)
}

#[derive(Clone)]
struct Collect;

impl seda_core::Handler for Collect {
    type Event = Failure;
    fn handle(&mut self, failures: &mut seda_core::Batch<Failure>) -> Result<(), BoxError> {
        failures.for_each(drop);
        Ok(())
    }
}

/// Lists edges as words, sorted.
fn edges(picture: &Picture) -> Vec<String> {
    let name = |node: usize| &picture.nodes[node].name;
    let edges = picture.edges.iter();
    let mut words: Vec<_> = edges
        .map(|edge| format!("{} {} {}", name(edge.from), edge.kind.name(), name(edge.to)))
        .collect();
    words.sort();
    words
}

const EDGES: [&str; 7] = [
    "check answer server",
    "check failure lost",
    "check flow repair",
    "inlet inlet server",
    "repair flow check",
    "server flow check",
    "ticker flow server",
];

#[test]
fn there_is_an_edge_for_each_sink_and_no_other() {
    let (mut graph, server) = graph_of_all_kinds(None);
    let (_inlet, _again) = (graph.inlet(&server), graph.inlet(&server));
    assert_eq!(edges(&graph.picture()), EDGES);
    let kinds: Vec<_> = graph.picture().nodes.iter().map(|node| node.kind).collect();
    assert_eq!(kinds[..2], [NodeKind::Outside, NodeKind::Source]);
    assert_eq!(kinds[2..], [NodeKind::Stage; 4]);
}

#[test]
fn the_picture_of_the_running_graph_is_the_one_before_the_start() {
    let (mut graph, server) = graph_of_all_kinds(Some(()));
    let _inlet = graph.inlet(&server);
    let before = graph.picture();
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let after = running.picture();
    assert_eq!(edges(&after), edges(&before));
    let failing = after
        .edges
        .iter()
        .filter(|edge| edge.kind == EdgeKind::Failure);
    assert_eq!(
        failing.count(),
        5,
        "four stages fail to `failures`, one buries in `lost`"
    );
    let same = |a: &seda_core::draw::Edge, b: &seda_core::draw::Edge| {
        (a.from, a.to, a.kind, a.overflow) == (b.from, b.to, b.kind, b.overflow)
    };
    assert!(
        before
            .edges
            .iter()
            .all(|edge| after.edges.iter().any(|other| same(edge, other)))
    );
    let names = |picture: &Picture| {
        picture
            .nodes
            .iter()
            .map(|node| node.name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&after), names(&before));
}

#[test]
fn a_picture_draws_nothing_into_the_graph_itself() {
    let (mut graph, _) = graph_of_all_kinds(Some(()));
    let other = graph.stage("other failures").solo(|_| Collect);
    let _ = graph.picture();
    graph.failures_to(&other);
    let drawn = edges(&graph.picture());
    assert!(
        !drawn
            .iter()
            .any(|edge| edge.ends_with("failure failures") && !edge.starts_with("other")),
        "{drawn:?}"
    );
}

#[test]
fn live_figures_equal_the_ledger_after_a_drain() {
    let (graph, server) = graph_of_all_kinds(Some(()));
    let running = graph.start(Plan::default().workers(1)).unwrap();
    let inlet = running.inlet(&server);
    let mut refused = 0;
    for n in 0..60 {
        refused += u64::from(inlet.enqueue(n).is_err());
    }
    let ledger = running.drain(Duration::from_secs(10)).unwrap();
    let picture = running.picture();
    for (place, node) in picture.nodes.iter().enumerate() {
        let Some(account) = ledger.stage(&node.name) else {
            continue;
        };
        let live = node.live.unwrap();
        assert_eq!(
            (live.queued, live.in_hand, live.handled),
            (0, 0, account.handled)
        );
        assert_eq!(live.rejected, account.rejected.total());
        assert_eq!(
            live.lost(),
            account.failed + account.expired + account.dead_lettered
        );
        let into = picture.edges.iter().filter(|edge| edge.to == place);
        let into: Vec<_> = into.map(|edge| edge.live.unwrap()).collect();
        let accepted: u64 = into.iter().map(|edge| edge.accepted).sum();
        let rejected: u64 = into.iter().map(|edge| edge.rejected).sum();
        assert_eq!(
            (accepted, rejected),
            (account.accepted, account.rejected.total())
        );
    }
    let inlet = picture
        .edges
        .iter()
        .find(|edge| edge.kind == EdgeKind::Inlet)
        .unwrap();
    let passed = inlet.live.unwrap();
    assert_eq!((passed.accepted, passed.rejected), (60 - refused, refused));
}

#[test]
fn dot_has_a_line_for_each_node_and_edge() {
    let (graph, _) = graph_of_all_kinds(None);
    let picture = graph.picture();
    let dot = picture.to_dot();
    assert!(dot.starts_with("digraph \"all kinds\" {\n") && dot.ends_with("}\n"));
    assert!(
        dot.contains("  n0 [label=\"ticker\\nsource\", shape=cds];\n"),
        "{dot}"
    );
    assert!(dot.contains("  n3 [label=\"check\\nqueue 4\"];\n"), "{dot}");
    assert!(dot.contains("  n4 -> n3 [label=\"reject\"];\n"), "{dot}");
    assert!(
        dot.contains("  n3 -> n1 [style=dashed, color=firebrick];\n"),
        "{dot}"
    );
    assert!(
        dot.contains("  n3 -> n2 [style=dashed, constraint=false];\n"),
        "{dot}"
    );
    assert_eq!(dot.matches(" -> ").count(), picture.edges.len());
    assert_eq!(dot.matches("style=dashed").count(), 2);
}

#[test]
fn mermaid_has_a_line_for_each_node_and_edge() {
    let (graph, _) = graph_of_all_kinds(None);
    let picture = graph.picture();
    let mermaid = picture.to_mermaid();
    let mut lines = mermaid.lines();
    assert_eq!(lines.next(), Some("flowchart LR"));
    assert_eq!(lines.next(), Some("  n0([\"ticker<br/>source\"])"));
    assert_eq!(lines.count(), picture.nodes.len() - 1 + picture.edges.len());
    assert!(
        mermaid.contains("  n3[\"check<br/>queue 4\"]\n"),
        "{mermaid}"
    );
    assert!(mermaid.contains("  n3 -->|\"defer\"| n4\n"), "{mermaid}");
    assert!(
        mermaid.contains("  n3 -.-> n1\n") && mermaid.contains("  n3 -.-> n2\n"),
        "{mermaid}"
    );
}

#[test]
fn json_says_all_that_the_picture_does() {
    let (graph, _) = graph_of_all_kinds(None);
    let json: serde_json::Value = serde_json::from_str(&graph.picture().to_json()).unwrap();
    assert_eq!(json["name"], "all kinds");
    assert_eq!(json["nodes"][3]["name"], "check");
    assert_eq!(json["nodes"][3]["capacity"], 4);
    assert_eq!(json["nodes"][0]["kind"], "source");
    let edges = json["edges"].as_array().unwrap();
    let back = edges
        .iter()
        .find(|edge| edge["from"] == 4 && edge["to"] == 3)
        .unwrap();
    assert_eq!(
        (&back["kind"], &back["overflow"]),
        (&"flow".into(), &"reject".into())
    );
    assert!(back["live"].is_null());
}

#[test]
fn svg_has_a_group_for_each_node_and_edge() {
    let (mut graph, server) = graph_of_all_kinds(Some(()));
    let _inlet = graph.inlet(&server);
    let picture = graph.picture();
    let svg = picture.to_svg();
    assert_eq!(svg.matches("<g class=\"node ").count(), picture.nodes.len());
    assert_eq!(svg.matches("<g class=\"edge ").count(), picture.edges.len());
    for edge in &picture.edges {
        let group = format!(
            "data-from=\"{}\" data-to=\"{}\"><path class=\"line\" d=\"M",
            edge.from, edge.to
        );
        assert!(svg.contains(&group), "no line for {edge:?}");
    }
    assert_eq!(
        svg.matches("dashed").count() - 1,
        6 + 2,
        "edges and the legend, and once the style"
    );
    assert_eq!(svg.matches("inlet\" data-from").count(), 1);
    assert_eq!(svg.matches("<g").count(), svg.matches("</g>").count());
    assert!(!svg.contains("NaN") && !svg.contains("inf "), "{svg}");
}

const NASTY: &str = "a\"b<c>&'d\\N\n`e` | # ;]--> f\u{1}";

#[test]
fn names_cannot_break_out_of_a_drawing() {
    let mut graph = Graph::new(NASTY);
    let stage = graph.stage(NASTY).each(|_: u64| Ok(()));
    let _inlet = graph.inlet(&stage);
    let picture = graph.picture();
    let svg = picture.to_svg();
    assert!(
        svg.contains("a&quot;b&lt;c&gt;&amp;&#39;d\\N `e` | #"),
        "{svg}"
    );
    assert!(!svg.contains("b<c") && !svg.contains('\u{1}'));
    let dot = picture.to_dot();
    assert!(dot.contains("a\\\"b<c>&'d\\\\N `e` | #"), "{dot}");
    let mermaid = picture.to_mermaid();
    assert!(
        mermaid.contains("[\"a#34;b#60;c#62;#38;#39;d#92;N #96;e#96; #124; #35;"),
        "{mermaid}"
    );
    assert_eq!(mermaid.lines().count(), 4);
    let json: serde_json::Value = serde_json::from_str(&picture.to_json()).unwrap();
    assert_eq!(json["nodes"][1]["name"], NASTY);
}

#[test]
fn long_names_are_cut_in_drawings_but_not_in_json() {
    let mut graph = Graph::new("long");
    let name = "x".repeat(1_000);
    graph.stage(&name).each(|_: u64| Ok(()));
    let picture = graph.picture();
    let shown = format!("{}…", "x".repeat(27));
    assert!(picture.to_dot().contains(&format!("\"{shown}\\n")));
    assert!(picture.to_mermaid().contains(&format!("\"{shown}<br/>")));
    assert!(picture.to_svg().contains(&format!(">{shown}</text>")));
    assert!(picture.to_json().contains(&name));
}

#[test]
fn an_empty_graph_can_be_drawn() {
    let picture = Graph::new("empty").picture();
    assert_eq!((picture.nodes.len(), picture.edges.len()), (0, 0));
    assert!(picture.to_svg().ends_with("</svg>\n"));
    assert_eq!(picture.to_mermaid(), "flowchart LR\n");
}
