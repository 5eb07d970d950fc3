//! Pictures as SVG that stands alone or inside a page, light or dark.
//!
//! Source: W3C, "Scalable Vector Graphics (SVG) 1.1" and "Extensible Markup
//! Language (XML) 1.0", section 2.2 for the characters that may stand in it.

use std::fmt::Write;

use crate::draw::arrange::{Area, Sheet};
use crate::draw::label::{count, lines, losses, marks, on_edge, passed, refused, shortened};
use crate::draw::picture::{Edge, Node, NodeKind, NodeLive, Picture};
use crate::draw::route::{Anchor, Route, TIP, routes};
use crate::edge::EdgeKind;

const STYLE: &str = include_str!("picture.css");
/// The space between a box and what stands in it.
const INSET: f64 = 12.0;
/// How full a queue is when its bar changes colour.
const HALF_FULL: f64 = 0.5;
const NEARLY_FULL: f64 = 0.9;

impl Picture {
    /// Draws the picture as SVG, nodes in columns from left to right.
    ///
    /// It needs nothing from elsewhere: put it into a file, or as it is into a
    /// page. Colours follow the viewer's light or dark scheme.
    ///
    /// ```
    /// # use seda_core::Graph;
    /// let mut graph = Graph::new("greetings");
    /// graph.stage("greet").queue(8).each(|_: String| Ok(()));
    /// let svg = graph.picture().to_svg();
    /// assert!(svg.starts_with("<svg ") && svg.contains(">greet</text>"));
    /// ```
    pub fn to_svg(&self) -> String {
        let sheet = Sheet::of(self);
        let name = escaped(&shortened(&self.name));
        let (width, height) = (sheet.width.ceil(), sheet.height.ceil());
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"seda\" role=\"img\" aria-label=\"{name}\" \
             width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n<style>\n{STYLE}</style>\n\
             <rect class=\"paper\" width=\"100%\" height=\"100%\" rx=\"8\"/>\n\
             <text class=\"title\" x=\"20\" y=\"30\">{name}</text>\n"
        );
        let routes = routes(self, &sheet);
        let edges = self.edges.iter().zip(&routes);
        edges
            .clone()
            .for_each(|(edge, route)| draw_line(&mut text, edge, route));
        for (node, area) in self.nodes.iter().zip(&sheet.areas) {
            draw_node(&mut text, node, area);
        }
        // Labels last, so that no line runs through them.
        edges.for_each(|(edge, route)| draw_label(&mut text, edge, route));
        self.draw_legend(&mut text, sheet.height - 20.0);
        text.push_str("</svg>\n");
        text
    }

    /// Says what dashed lines mean, where there are any.
    fn draw_legend(&self, text: &mut String, y: f64) {
        let mut x = 20.0;
        for (kind, what) in [
            (EdgeKind::Failure, "failures"),
            (EdgeKind::Answer, "answers"),
        ] {
            if self.edges.iter().any(|edge| edge.kind == kind) {
                let (from, to, line) = (x + 30.0, x + 38.0, y - 3.5);
                let _ = writeln!(
                    text,
                    "<g class=\"dashed {}\"><path class=\"line\" d=\"M{x} {line} h24\"/>\
                     <text class=\"small faint\" x=\"{from}\" y=\"{y}\">{what}</text></g>",
                    kind.name()
                );
                x = to + 60.0;
            }
        }
    }
}

fn draw_line(text: &mut String, edge: &Edge, route: &Route) {
    let _ = write!(
        text,
        "<g class=\"edge {}\" data-from=\"{}\" data-to=\"{}\"><path class=\"line\" d=\"{}\"/>",
        classes(edge, route),
        edge.from,
        edge.to,
        route.path
    );
    if let Some((x, y)) = route.tip {
        let half = TIP / 2.0;
        let _ = write!(
            text,
            "<path class=\"tip\" d=\"M{x:.1} {y:.1} l-{TIP} -{half} v{TIP} z\"/>"
        );
    }
    let _ = writeln!(
        text,
        "<title>{}</title></g>",
        escaped(&on_edge(edge).join(", "))
    );
}

fn classes(edge: &Edge, route: &Route) -> String {
    let dashed = if edge.is_dashed() { " dashed" } else { "" };
    let back = edge.kind == EdgeKind::Flow && route.anchor != Anchor::Middle;
    format!(
        "{}{dashed}{}",
        edge.kind.name(),
        if back { " back" } else { "" }
    )
}

fn draw_label(text: &mut String, edge: &Edge, route: &Route) {
    let policy = edge.overflow.map(|overflow| overflow.to_string());
    // How many failed is said in the node.
    let live = edge.live.filter(|_| edge.kind != EdgeKind::Failure);
    let counted = live.and_then(|live| passed(edge, live));
    let said: Vec<_> = [counted, policy].into_iter().flatten().collect();
    let refused = edge.live.and_then(refused);
    let (x, y) = route.label;
    match route.anchor {
        // Above and below the curve.
        Anchor::Middle => {
            draw_halo(text, (x, y - 5.0), ("middle", ""), &said.join(" · "));
            draw_halo(
                text,
                (x, y + 12.0),
                ("middle", "bad"),
                &refused.unwrap_or_default(),
            );
        }
        Anchor::Start | Anchor::End => {
            let anchor = if route.anchor == Anchor::Start {
                "start"
            } else {
                "end"
            };
            let class = if refused.is_some() { "bad" } else { "" };
            let said: Vec<_> = said.into_iter().chain(refused).collect();
            draw_halo(text, (x, y), (anchor, class), &said.join(" · "));
        }
    }
}

/// Writes on an edge, if there is anything to say.
fn draw_halo(text: &mut String, (x, y): (f64, f64), (anchor, class): (&str, &str), what: &str) {
    if !what.is_empty() {
        let _ = writeln!(
            text,
            "<text class=\"small halo {class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{what}</text>"
        );
    }
}

fn draw_node(text: &mut String, node: &Node, area: &Area) {
    let kind = match node.kind {
        NodeKind::Outside => "outside",
        NodeKind::Source => "source",
        NodeKind::Stage => "stage",
    };
    let quarantined = node.live.is_some_and(|live| live.quarantined);
    let quarantined = if quarantined { " quarantined" } else { "" };
    let radius = if node.kind == NodeKind::Stage {
        8.0
    } else {
        area.height / 2.0
    };
    let Area {
        x,
        y,
        width,
        height,
    } = *area;
    let _ = write!(
        text,
        "<g class=\"node {kind}{quarantined}\"><title>{}</title><rect class=\"box\" x=\"{x:.1}\" y=\"{y:.1}\" \
         width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{radius}\"/>",
        escaped(&tooltip(node))
    );
    let name = escaped(&shortened(&node.name));
    if node.kind == NodeKind::Stage {
        let (x, y) = (x + INSET, y + 20.0);
        let _ = write!(text, "<text x=\"{x:.1}\" y=\"{y:.1}\">{name}</text>");
        match &node.live {
            Some(live) => draw_live(text, node, live, area),
            None => draw_small(text, (x, y + 17.0), "faint", &lines(node).join(", ")),
        }
    } else {
        let (x, y) = (x + width / 2.0, area.middle() + 4.5);
        let _ = write!(
            text,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{name}</text>"
        );
    }
    text.push_str("</g>\n");
}

fn tooltip(node: &Node) -> String {
    let mut said = vec![node.name.to_string()];
    said.extend(lines(node));
    if let Some(live) = &node.live {
        said.push(format!("{} in hand", live.in_hand));
        said.push(format!(
            "{} of {} workers busy",
            live.workers_busy, live.workers
        ));
        said.push(format!("{} rejected", live.rejected));
        let lost = [
            (live.failed, "failed"),
            (live.expired, "expired"),
            (live.dead_lettered, "dead-lettered"),
        ];
        said.extend(
            lost.iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, what)| format!("{n} {what}")),
        );
    }
    said.extend(
        node.domain
            .as_ref()
            .map(|domain| format!("domain {domain}")),
    );
    said.join(", ")
}

fn draw_live(text: &mut String, node: &Node, live: &NodeLive, area: &Area) {
    let Area { x, y, width, .. } = *area;
    let (left, right) = (x + INSET, x + width - INSET);
    let inner = width - 2.0 * INSET;
    let share = filled(live);
    let class = match share {
        share if share >= NEARLY_FULL => "full",
        share if share >= HALF_FULL => "half",
        _ => "free",
    };
    let _ = write!(
        text,
        "<g class=\"{class}\"><rect class=\"bar\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{inner:.1}\" height=\"5\" rx=\"2.5\"/>\
         <rect class=\"fill\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"5\" rx=\"2.5\"/></g>",
        y + 28.0,
        y + 28.0,
        inner * share
    );
    let busy = format!("{}/{} busy", live.workers_busy, live.workers);
    draw_end(
        text,
        (right, y + 20.0),
        "faint",
        marks(node).as_deref().unwrap_or_default(),
    );
    draw_small(
        text,
        (left, y + 48.0),
        "",
        &format!(
            "{} of {} wait",
            count(live.queued),
            count(live.limit as u64)
        ),
    );
    draw_end(text, (right, y + 48.0), "faint", &busy);
    draw_small(
        text,
        (left, y + 63.0),
        "faint",
        &format!("{} handled", count(live.handled)),
    );
    draw_end(
        text,
        (right, y + 63.0),
        "bad",
        &losses(live).unwrap_or_default(),
    );
}

/// Gives how full the queue is, from 0 to 1.
#[allow(
    clippy::cast_precision_loss,
    reason = "a bar is some hundred pixels wide"
)]
fn filled(live: &NodeLive) -> f64 {
    (live.queued as f64 / live.limit.max(1) as f64).min(1.0)
}

fn draw_small(text: &mut String, (x, y): (f64, f64), class: &str, what: &str) {
    let what = escaped(what);
    let _ = write!(
        text,
        "<text class=\"small {class}\" x=\"{x:.1}\" y=\"{y:.1}\">{what}</text>"
    );
}

/// Writes something that ends at a point, if there is anything to say.
fn draw_end(text: &mut String, (x, y): (f64, f64), class: &str, what: &str) {
    if !what.is_empty() {
        let what = escaped(what);
        let _ = write!(
            text,
            "<text class=\"small {class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{what}</text>"
        );
    }
}

/// Escapes text for content and attributes of XML, and replaces what may not
/// stand in XML at all.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\r' | '\t' => safe.push(' '),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            c if c.is_control() => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_that_is_said_can_become_markup() {
        let said = escaped("<a href=\"x\">&'\n\u{0}\u{ffff}");
        assert_eq!(
            said,
            "&lt;a href=&quot;x&quot;&gt;&amp;&#39; \u{fffd}\u{fffd}"
        );
    }
}
