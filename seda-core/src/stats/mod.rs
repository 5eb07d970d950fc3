//! What a stage did, counted by the workers that did it.

pub(crate) mod class_metrics;
pub(crate) mod control_metrics;
pub(crate) mod dialled;
pub(crate) mod figure;
pub(crate) mod histogram;
pub(crate) mod meter;
pub(crate) mod page;
pub(crate) mod prometheus;
pub(crate) mod seconds;
pub(crate) mod snapshot;
pub(crate) mod survey;
