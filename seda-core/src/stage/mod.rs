//! A stage's shared state: what its enqueuers and its workers meet at.

pub(crate) mod conditions;
pub(crate) mod core;
pub(crate) mod placement;
pub(crate) mod untyped;
