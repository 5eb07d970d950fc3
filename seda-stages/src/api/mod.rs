//! Jobs over HTTP: what is asked for, how it is answered, how it is refused.

pub mod answer;
pub mod door;
pub mod refusal;
pub mod route;
