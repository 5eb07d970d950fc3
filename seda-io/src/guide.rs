//! The pages of the guide about this crate as doc tests: every Rust block in them compiles and runs.

#[doc = include_str!("../../docs/guide/http.md")]
struct Http;

#[doc = include_str!("../../docs/guide/io.md")]
struct Io;
