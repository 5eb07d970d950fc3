//! Readers of job descriptions: text in some language to the internal
//! description, or every fault of the text at once.

pub mod fault;
mod form;
pub mod json;
mod path;
pub mod reader;
mod spanned;
