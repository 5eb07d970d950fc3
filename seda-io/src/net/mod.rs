//! What sockets of every kind share: addresses, listeners, a bound on connections.

pub(crate) mod address;
pub(crate) mod calls;
pub(crate) mod entrance;
pub(crate) mod listen;
pub(crate) mod path;
pub(crate) mod quota;
pub(crate) mod socket;

pub use address::Address;
