//! How names and figures are written in drawings.

use crate::draw::picture::{Edge, EdgeLive, Node, NodeKind, NodeLive};
use crate::stats::figure::{Figure, FigureKind};

/// The most characters of a name in a drawing.
pub(crate) const NAME_MAX: usize = 28;

/// Cuts a name to what a drawing has room for, and makes it one line.
pub(crate) fn shortened(name: &str) -> String {
    let line = |c: char| if c.is_control() { ' ' } else { c };
    if name.chars().count() <= NAME_MAX {
        return name.chars().map(line).collect();
    }
    let kept = name.chars().take(NAME_MAX - 1).map(line);
    kept.chain(['…']).collect()
}

/// Writes a count with three or four digits: 9999, 12.3k, 4.56M.
pub(crate) fn count(n: u64) -> String {
    const STEPS: [(u64, &str); 4] = [
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1_000, "k"),
    ];
    let step = STEPS
        .into_iter()
        .find(|(step, _)| n >= 10_000 && n >= *step);
    let Some((step, letter)) = step else {
        return n.to_string();
    };
    let (whole, hundredths) = (n / step, n % step / (step / 100));
    match whole {
        0..10 => format!("{whole}.{hundredths:02}{letter}"),
        10..100 => format!("{whole}.{}{letter}", hundredths / 10),
        _ => format!("{whole}{letter}"),
    }
}

/// Gives what a drawing says of a node below its name.
pub(crate) fn lines(node: &Node) -> Vec<String> {
    let mut lines = Vec::new();
    match (&node.live, node.capacity) {
        (Some(live), _) => {
            lines.push(format!(
                "{} of {} wait",
                count(live.queued),
                count(live.limit as u64)
            ));
            lines.push(format!("{} handled", count(live.handled)));
            lines.extend(losses(live));
        }
        (None, Some(capacity)) => lines.push(format!("queue {}", count(capacity as u64))),
        (None, None) if node.kind == NodeKind::Source => {
            lines.push("source".to_owned());
            let figures = node.figures.iter();
            let gauges = figures.filter(|figure| figure.kind == FigureKind::Gauge);
            lines.extend(gauges.map(Figure::to_string));
        }
        (None, None) => {}
    }
    lines.extend(marks(node));
    lines
}

/// Tells how many accepted events were not handled, if there are any.
pub(crate) fn losses(live: &NodeLive) -> Option<String> {
    (live.lost() > 0).then(|| format!("{} lost", count(live.lost())))
}

/// Gives what is special about a node.
pub(crate) fn marks(node: &Node) -> Option<String> {
    let quarantined = node.live.is_some_and(|live| live.quarantined);
    let marks = [
        (quarantined, "quarantined"),
        (node.solo, "solo"),
        (node.blocking, "blocking"),
    ];
    let marks: Vec<_> = marks
        .iter()
        .filter(|(set, _)| *set)
        .map(|(_, mark)| *mark)
        .collect();
    (!marks.is_empty()).then(|| marks.join(", "))
}

/// Gives what a drawing says on an edge: its policy, what passed, what did not.
pub(crate) fn on_edge(edge: &Edge) -> Vec<String> {
    let policy = edge.overflow.map(|overflow| overflow.to_string());
    let passed = edge.live.and_then(|live| passed(edge, live));
    let refused = edge.live.and_then(refused);
    [policy, passed, refused].into_iter().flatten().collect()
}

/// Tells what passed. Failures that did not happen are not worth a word.
pub(crate) fn passed(edge: &Edge, live: EdgeLive) -> Option<String> {
    (live.accepted > 0 || !edge.is_dashed()).then(|| count(live.accepted))
}

/// Tells what did not pass, if anything.
pub(crate) fn refused(live: EdgeLive) -> Option<String> {
    let given_back = live.rejected.saturating_sub(live.dropped);
    let words = [(given_back, "rejected"), (live.dropped, "dropped")];
    let words = words.iter().filter(|(n, _)| *n > 0);
    let words: Vec<_> = words
        .map(|(n, what)| format!("{} {what}", count(*n)))
        .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{NAME_MAX, count, refused, shortened};
    use crate::draw::picture::EdgeLive;

    #[test]
    fn long_names_are_cut_by_characters_and_lines_are_joined() {
        assert_eq!(shortened("parse\nhead"), "parse head");
        let cut = shortened(&"ä".repeat(NAME_MAX + 1));
        assert_eq!(cut.chars().count(), NAME_MAX);
        assert!(cut.ends_with('…'));
        assert_eq!(shortened(&"x".repeat(NAME_MAX)), "x".repeat(NAME_MAX));
    }

    #[test]
    fn counts_keep_three_digits() {
        let written = [0, 9_999, 10_000, 123_456, 4_567_890, u64::MAX].map(count);
        assert_eq!(
            written,
            ["0", "9999", "10.0k", "123k", "4.56M", "18446744T"]
        );
    }

    #[test]
    fn dropped_events_are_not_counted_as_rejected_too() {
        let live = EdgeLive {
            accepted: 9,
            rejected: 5,
            dropped: 2,
        };
        assert_eq!(refused(live).as_deref(), Some("3 rejected, 2 dropped"));
        assert_eq!(refused(EdgeLive::default()), None);
    }
}
