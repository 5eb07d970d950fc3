//! The guide and the README as doc tests: every Rust block in them compiles and runs.
//!
//! `http.md` and `io.md` are missing: they are about seda-io, which tests them.

#[doc = include_str!("../../README.md")]
struct Readme;

#[doc = include_str!("../../docs/guide/first-graph.md")]
struct FirstGraph;

#[doc = include_str!("../../docs/guide/handlers.md")]
struct Handlers;

#[doc = include_str!("../../docs/guide/overload.md")]
struct Overload;

#[doc = include_str!("../../docs/guide/loops.md")]
struct Loops;

#[doc = include_str!("../../docs/guide/plans.md")]
struct Plans;

#[doc = include_str!("../../docs/guide/ending.md")]
struct Ending;

#[doc = include_str!("../../docs/guide/testing.md")]
struct Testing;

#[doc = include_str!("../../docs/guide/looking-inside.md")]
struct LookingInside;
