//! Random graphs on threads, each with one stage that is too slow for the load.

pub mod drawn;
mod served;
pub mod trial;
