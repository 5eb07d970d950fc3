//! What one hop costs: the same pipeline of stages, here and in peers.

pub mod edges;
pub mod peers;
pub mod pipeline;

/// How many stages every pipeline has.
pub const STAGES: usize = 8;
/// How many events a queue holds, everywhere: what a stage has by default.
pub const QUEUE: usize = seda_core::QUEUE_DEFAULT;
