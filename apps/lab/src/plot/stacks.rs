//! Bars that show what a whole is made of, one beside the other.

use crate::plot::frame::{self, Area, EndName};
use crate::plot::markup::{Markup, Px};
use crate::plot::numeral::percent;
use crate::plot::scale::{Ends, Kind, Scale};

/// The part of its place that a bar takes.
const WIDTH: f64 = 0.78;
const LEFT: f64 = 50.0;
const ABOVE: f64 = 30.0;
const BELOW: f64 = 42.0;

/// Is bars of parts; `plot.css` has the classes `o0` to `o3` for four parts.
#[derive(Clone, Debug)]
pub(crate) struct Stacks {
    pub(crate) name: String,
    pub(crate) heading: String,
    pub(crate) size: (f64, f64),
    pub(crate) x_title: String,
    /// What the parts are, from the bottom.
    pub(crate) parts: [&'static str; 4],
    pub(crate) bars: Vec<Bar>,
}

/// Is one bar.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    /// What stands below it.
    pub(crate) label: String,
    /// Parts of 1, from the bottom.
    pub(crate) shares: [f64; 4],
}

impl Stacks {
    /// Draws them.
    pub(crate) fn draw(&self) -> String {
        let (width, height) = self.size;
        let mut markup = frame::sheet(&self.name, self.size);
        let area = Area {
            left: LEFT,
            right: width - frame::room_for(&self.parts),
            top: ABOVE,
            bottom: height - BELOW,
        };
        let pixels = (area.bottom, area.top);
        let y = Scale::covering(Kind::Linear, Ends::Tight, [0.0, 1.0], pixels);
        frame::write(
            &mut markup,
            "heading",
            "start",
            (LEFT - 40.0, 16.0),
            &frame::cut(&self.heading),
        );
        for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let Some(at) = y.at(share) else { continue };
            let path = format!("M{} {}H{}", Px(area.left), Px(at), Px(area.right));
            markup.leaf("path", &[("class", &"grid"), ("d", &path)]);
            frame::write(
                &mut markup,
                "faint",
                "end",
                (area.left - 6.0, at + 4.0),
                &percent(share),
            );
        }
        self.paint(&mut markup, &y, area);
        let middle = f64::midpoint(area.left, area.right);
        frame::write(
            &mut markup,
            "",
            "middle",
            (middle, area.bottom + 33.0),
            &self.x_title,
        );
        markup.finish()
    }

    fn paint(&self, markup: &mut Markup, y: &Scale, area: Area) {
        let count = u32::try_from(self.bars.len().max(1)).unwrap_or(u32::MAX);
        let place = (area.right - area.left) / f64::from(count);
        // Labels that would run into each other are left out, the last one last.
        let letters = self.bars.iter().map(|bar| bar.label.chars().count()).max();
        let needed = f64::from(u32::try_from(letters.unwrap_or(0)).unwrap_or(u32::MAX)) * 7.0 + 6.0;
        let every = (needed / place).ceil().max(1.0);
        for (index, bar) in (0_u32..).zip(&self.bars) {
            let left = area.left + place * (f64::from(index) + (1.0 - WIDTH) / 2.0);
            self.bar(markup, y, bar, (left, place * WIDTH));
            if f64::from(count - 1 - index) % every == 0.0 {
                let at = (left + place * WIDTH / 2.0, area.bottom + 17.0);
                frame::write(markup, "faint", "middle", at, &bar.label);
            }
        }
        if let Some(last) = self.bars.last() {
            frame::names(markup, &self.named(y, last, area), area);
        }
    }

    fn bar(&self, markup: &mut Markup, y: &Scale, bar: &Bar, (left, width): (f64, f64)) {
        let mut below = 0.0;
        for ((index, share), part) in bar.shares.iter().enumerate().zip(self.parts) {
            let (Some(bottom), Some(top)) = (y.at(below), y.at(below + share)) else {
                continue;
            };
            below += share;
            if *share <= 0.0 {
                continue;
            }
            let class = format!("part o{index}");
            markup.open(
                "rect",
                &[
                    ("class", &class),
                    ("x", &Px(left)),
                    ("y", &Px(top)),
                    ("width", &Px(width)),
                    ("height", &Px(bottom - top)),
                ],
            );
            let said = format!("{part} {} at {}", percent(*share), bar.label);
            markup.element("title", &[], said);
            markup.close();
        }
    }

    /// Gives the names of the parts that occur, beside the last bar.
    fn named(&self, y: &Scale, last: &Bar, area: Area) -> Vec<EndName> {
        let mut below = 0.0;
        let mut names = Vec::new();
        for ((index, share), part) in last.shares.iter().enumerate().zip(self.parts) {
            let occurs = self
                .bars
                .iter()
                .any(|bar| bar.shares.get(index).is_some_and(|s| *s > 0.0));
            let middle = y.at(below + share / 2.0);
            below += share;
            if let (true, Some(middle)) = (occurs, middle) {
                names.push(EndName {
                    name: part.to_owned(),
                    classes: String::new(),
                    end: (area.right - 4.0, middle),
                });
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::{Bar, Stacks};

    #[test]
    fn only_parts_that_occur_are_drawn_and_named() {
        let bar = |label: &str, shares| Bar {
            label: label.to_owned(),
            shares,
        };
        let stacks = Stacks {
            name: "outcomes".to_owned(),
            heading: "one".to_owned(),
            size: (300.0, 200.0),
            x_title: "load".to_owned(),
            parts: ["good", "late", "rejected", "failed"],
            bars: vec![
                bar("1", [1.0, 0.0, 0.0, 0.0]),
                bar("2", [0.5, 0.0, 0.5, 0.0]),
            ],
        };
        let svg = stacks.draw();
        assert_eq!(svg.matches("<rect class=\"part").count(), 3);
        assert!(svg.contains(">rejected</text>") && !svg.contains(">failed</text>"));
        assert!(svg.contains("<title>good 50 % at 2</title>"));
    }
}
