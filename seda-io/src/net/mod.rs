//! What sockets of every kind share: addresses, names, listeners, a bound on connections.

pub(crate) mod address;
pub(crate) mod attempts;
pub(crate) mod callers;
pub(crate) mod calls;
mod crowd;
pub(crate) mod entrance;
pub(crate) mod listen;
pub(crate) mod listeners;
pub(crate) mod names;
pub(crate) mod offices;
pub(crate) mod path;
pub(crate) mod quota;
pub(crate) mod rate;
mod reserve;
pub(crate) mod socket;

pub use address::Address;
pub use names::{NameCounts, NameError, Names};
pub use rate::Rate;
