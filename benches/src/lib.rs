//! Measurements, named by the question they answer; `src/bin/` holds the summaries.
#![forbid(unsafe_code)]
