//! Pictures as Mermaid flowcharts, which many Markdown viewers draw.
//!
//! Source: Mermaid, "Flowcharts – basic syntax", "Entity codes to escape characters".

use std::fmt::Write;

use crate::draw::label::{lines, on_edge, shortened};
use crate::draw::picture::{Edge, Node, NodeKind, Picture};

impl Picture {
    /// Draws the picture as a Mermaid flowchart.
    ///
    /// ```
    /// # use seda_core::Graph;
    /// let mut graph = Graph::new("greetings");
    /// let greet = graph.stage("greet").queue(8).each(|_: String| Ok(()));
    /// let _inlet = graph.inlet(&greet);
    /// let mermaid = graph.picture().to_mermaid();
    /// assert!(mermaid.starts_with("flowchart LR\n"));
    /// assert!(mermaid.contains("n0 --> n1"));
    /// ```
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        for (place, node) in self.nodes.iter().enumerate() {
            let _ = writeln!(text, "  n{place}{}", shaped(node));
        }
        for edge in &self.edges {
            let _ = writeln!(text, "  n{} {} n{}", edge.from, arrow(edge), edge.to);
        }
        text
    }
}

fn shaped(node: &Node) -> String {
    let label = quoted([shortened(&node.name)].into_iter().chain(lines(node)));
    match node.kind {
        NodeKind::Outside => format!("(({label}))"),
        NodeKind::Source => format!("([{label}])"),
        NodeKind::Stage => format!("[{label}]"),
    }
}

fn arrow(edge: &Edge) -> String {
    let line = if edge.is_dashed() { "-.->" } else { "-->" };
    let label = on_edge(edge);
    if label.is_empty() {
        line.to_owned()
    } else {
        format!("{line}|{}|", quoted([label.join(", ")]))
    }
}

fn quoted(lines: impl IntoIterator<Item = String>) -> String {
    let lines: Vec<_> = lines.into_iter().map(|line| escaped(&line)).collect();
    format!("\"{}\"", lines.join("<br/>"))
}

/// Writes everything as an entity that might mean something to Mermaid, to its
/// Markdown or to the page.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || " .,:/()…".contains(c) {
            safe.push(c);
        } else {
            let _ = write!(safe, "#{};", u32::from(c));
        }
    }
    safe
}
