//! What all plots have: the sheet, the axes with their grid, and names at the right edge.

use crate::plot::ends::spread;
use crate::plot::markup::{Markup, Px};
use crate::plot::scale::Scale;

/// How a plot looks, alone or inside a page.
pub(crate) const STYLE: &str = include_str!("plot.css");
/// The space between two names at the right edge.
pub(crate) const NAME_GAP: f64 = 13.0;
/// The most characters of a name beside a curve.
const NAME_MAX: usize = 20;
/// How wide a letter of a name is on average, in the widest of the fonts.
const LETTER: f64 = 7.9;
/// From the edge of the plot to a name.
const TO_NAME: f64 = 14.0;
/// Pixels for each label of an axis.
const TICK_ROOM: (f64, f64) = (62.0, 34.0);

/// Is the rectangle that the axes enclose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

/// Is a name that stands at the height at which its curve ends.
#[derive(Clone, Debug)]
pub(crate) struct EndName {
    pub(crate) name: String,
    /// The classes of its colour.
    pub(crate) classes: String,
    /// Where the curve ends.
    pub(crate) end: (f64, f64),
}

/// Begins the sheet of a plot; `name` is read out to who cannot see it.
pub(crate) fn sheet(name: &str, (width, height): (f64, f64)) -> Markup {
    let mut markup = Markup::default();
    let view = format!("0 0 {} {}", Px(width), Px(height));
    markup.open(
        "svg",
        &[
            ("xmlns", &"http://www.w3.org/2000/svg"),
            ("class", &"plot"),
            ("role", &"img"),
            ("aria-label", &name),
            ("width", &Px(width)),
            ("height", &Px(height)),
            ("viewBox", &view),
        ],
    );
    let whole: &dyn std::fmt::Display = &"100%";
    markup.leaf(
        "rect",
        &[("class", &"paper"), ("width", whole), ("height", whole)],
    );
    markup
}

/// Gives a plot its own style, so that it can leave its page.
pub(crate) fn alone(plot: &str) -> String {
    plot.replacen('>', &format!(">\n<style>\n{STYLE}</style>"), 1)
}

/// Draws the horizontal lines of the grid and the figures left of them.
pub(crate) fn y_axis(markup: &mut Markup, scale: &Scale, area: Area) {
    let wanted = labels_for(area.bottom - area.top, TICK_ROOM.1);
    for tick in scale.ticks(wanted) {
        let (Some(y), Some(label)) = (scale.at(tick.value), tick.label) else {
            continue;
        };
        let path = format!("M{} {}H{}", Px(area.left), Px(y), Px(area.right));
        markup.leaf("path", &[("class", &"grid"), ("d", &path)]);
        write(markup, "faint", "end", (area.left - 6.0, y + 4.0), &label);
    }
}

/// Draws the line at the bottom with ticks, and figures below it.
pub(crate) fn x_axis(markup: &mut Markup, scale: &Scale, area: Area, title: Option<&str>) {
    let wanted = labels_for(area.right - area.left, TICK_ROOM.0);
    let mut path = format!("M{} {}H{}", Px(area.left), Px(area.bottom), Px(area.right));
    for tick in scale.ticks(wanted) {
        let Some(x) = scale.at(tick.value) else {
            continue;
        };
        let length = if tick.label.is_some() { 5 } else { 3 };
        path.extend([format!("M{} {}v{length}", Px(x), Px(area.bottom))]);
        if let (Some(label), true) = (tick.label, title.is_some()) {
            write(markup, "faint", "middle", (x, area.bottom + 17.0), &label);
        }
    }
    markup.leaf("path", &[("class", &"axis"), ("d", &path)]);
    if let Some(title) = title {
        let middle = f64::midpoint(area.left, area.right);
        write(markup, "", "middle", (middle, area.bottom + 33.0), title);
    }
}

/// Writes names at the right edge, apart from each other, each led to by a line.
pub(crate) fn names(markup: &mut Markup, names: &[EndName], area: Area) {
    let wishes: Vec<f64> = names.iter().map(|name| name.end.1).collect();
    let placed = spread(&wishes, NAME_GAP, (area.top, area.bottom));
    for (name, y) in names.iter().zip(placed) {
        let (x, from) = name.end;
        let to = area.right + TO_NAME - 2.0;
        let from_x = x + 3.0;
        if (y - from).abs() > 2.0 || to - from_x > 12.0 {
            let bend = area.right + 4.0;
            let path = format!(
                "M{} {}H{}L{} {}",
                Px(from_x),
                Px(from),
                Px(bend.max(from_x)),
                Px(to),
                Px(y)
            );
            markup.leaf("path", &[("class", &"leader"), ("d", &path)]);
        }
        markup.open("g", &[("class", &name.classes)]);
        let class = if name.classes.is_empty() {
            "faint"
        } else {
            "name"
        };
        write(
            markup,
            class,
            "start",
            (area.right + TO_NAME, y + 4.0),
            &cut(&name.name),
        );
        markup.close();
    }
}

/// Gives the room that names need right of a plot.
pub(crate) fn room_for(names: &[&str]) -> f64 {
    let letters = names.iter().map(|name| cut(name).chars().count()).max();
    letters.map_or(14.0, |letters| float(letters) * LETTER + TO_NAME + 4.0)
}

/// Writes words at a place; `anchor` says which part of them stands there.
pub(crate) fn write(
    markup: &mut Markup,
    class: &str,
    anchor: &str,
    (x, y): (f64, f64),
    words: &str,
) {
    markup.element(
        "text",
        &[
            ("class", &class),
            ("x", &Px(x)),
            ("y", &Px(y)),
            ("text-anchor", &anchor),
        ],
        words,
    );
}

/// Cuts a name to what there is room for.
pub(crate) fn cut(name: &str) -> String {
    if name.chars().count() <= NAME_MAX {
        return name.to_owned();
    }
    name.chars().take(NAME_MAX - 1).chain(['…']).collect()
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a plot is some hundred pixels wide"
)]
fn labels_for(length: f64, each: f64) -> usize {
    (length / each).clamp(2.0, 20.0) as usize
}

#[allow(clippy::cast_precision_loss, reason = "some letters")]
const fn float(n: usize) -> f64 {
    n as f64
}
