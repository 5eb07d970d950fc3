//! The page of the guide about this crate as doc tests: its Rust block compiles.

#[doc = include_str!("../../../docs/guide/laboratory.md")]
struct Laboratory;
