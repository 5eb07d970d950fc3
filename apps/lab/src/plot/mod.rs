//! Plots as SVG: pure functions from figures to text, light or dark, alone or inside a page.

pub(crate) mod axis;
pub(crate) mod chart;
mod ends;
pub(crate) mod frame;
pub(crate) mod ink;
pub(crate) mod markup;
pub(crate) mod numeral;
pub(crate) mod scale;
pub(crate) mod stacks;
