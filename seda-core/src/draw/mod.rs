//! Drawings of a graph: one [`Picture`], four ways to draw it.

pub(crate) mod arrange;
pub(crate) mod dot;
pub(crate) mod json;
pub(crate) mod label;
pub(crate) mod mermaid;
pub(crate) mod order;
pub(crate) mod picture;
pub(crate) mod rails;
pub(crate) mod ranks;
pub(crate) mod route;
pub(crate) mod sketch;
pub(crate) mod svg;

pub use picture::{Edge, EdgeLive, Node, NodeKind, NodeLive, Picture};
