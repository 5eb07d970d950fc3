//! Controllers of threads and batches on real threads and a real disk.

pub mod journal;
pub mod offer;
pub mod pools;
