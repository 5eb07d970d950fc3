//! Pictures in the language of Graphviz.
//!
//! Source: Graphviz, "DOT Language" and "escString".

use std::fmt::Write;

use crate::draw::label::{lines, on_edge, shortened};
use crate::draw::picture::{Edge, Node, NodeKind, Picture};
use crate::edge::EdgeKind;

impl Picture {
    /// Draws the picture in DOT, for `dot -Tsvg`.
    ///
    /// ```
    /// # use seda_core::Graph;
    /// let mut graph = Graph::new("greetings");
    /// graph.stage("greet").queue(8).each(|_: String| Ok(()));
    /// let dot = graph.picture().to_dot();
    /// assert!(dot.starts_with("digraph \"greetings\" {"));
    /// assert!(dot.contains("n0 [label=\"greet\\nqueue 8\"];"));
    /// ```
    pub fn to_dot(&self) -> String {
        let name = quoted([shortened(&self.name)]);
        let mut text = format!(
            "digraph {name} {{\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n"
        );
        for (place, node) in self.nodes.iter().enumerate() {
            let _ = writeln!(
                text,
                "  n{place} [label={}{}];",
                labelled(node),
                shape(node)
            );
        }
        for edge in &self.edges {
            let _ = writeln!(
                text,
                "  n{} -> n{}{};",
                edge.from,
                edge.to,
                attributes(edge)
            );
        }
        text.push_str("}\n");
        text
    }
}

fn labelled(node: &Node) -> String {
    quoted([shortened(&node.name)].into_iter().chain(lines(node)))
}

fn shape(node: &Node) -> &'static str {
    match node.kind {
        NodeKind::Outside => ", shape=plaintext",
        NodeKind::Source => ", shape=cds",
        NodeKind::Stage if node.live.is_some_and(|live| live.quarantined) => ", color=red",
        NodeKind::Stage => "",
    }
}

fn attributes(edge: &Edge) -> String {
    let mut attributes = Vec::new();
    if edge.is_dashed() {
        attributes.push("style=dashed".to_owned());
    }
    match edge.kind {
        EdgeKind::Failure => attributes.push("color=firebrick".to_owned()),
        // An answer goes back and must not turn the order around.
        EdgeKind::Answer => attributes.push("constraint=false".to_owned()),
        EdgeKind::Flow | EdgeKind::Inlet => {}
    }
    let label = on_edge(edge);
    if !label.is_empty() {
        attributes.push(format!("label={}", quoted(label)));
    }
    if attributes.is_empty() {
        String::new()
    } else {
        format!(" [{}]", attributes.join(", "))
    }
}

/// Quotes lines of text. A backslash would begin an escape such as `\N`.
fn quoted(lines: impl IntoIterator<Item = String>) -> String {
    let escape = |line: String| line.replace('\\', r"\\").replace('"', "\\\"");
    let lines: Vec<_> = lines.into_iter().map(escape).collect();
    format!("\"{}\"", lines.join(r"\n"))
}
