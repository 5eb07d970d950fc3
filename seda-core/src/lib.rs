//! core
#![deny(unsafe_code)]
mod admission; mod batch; mod clock; mod domain; mod driver; mod edge; mod error; mod failure; mod gate; mod graph; mod ledger; mod plan; mod running; mod control; mod handler; mod here; mod life; mod meta; mod owned_cell; mod queue; mod ready; mod rejected; mod room; mod roster; mod sink; mod sleepers; mod slots; mod source; mod stage; mod stats; mod sync; mod trace; mod waiters; mod worker;
pub use admission::*; pub use batch::Batch; pub use clock::*; pub use driver::*; pub use edge::*; pub use error::BoxError; pub use failure::*; pub use handler::Handler; pub use meta::*; pub use queue::classes::Classes; pub use rejected::*; pub use sink::*; pub use slots::*; pub use source::*; pub use trace::Hop; pub use worker::restarts::Intensity;
pub use graph::*; pub use graph::builder::*; pub use graph::wire::*; pub use graph::sources::*; pub use graph::check::*; pub use running::*; pub use running::ending::*; pub use plan::*; pub use plan::file::*; pub use ledger::*; pub use control::*; pub use control::conductor::Decided;pub mod testing;
pub mod draw;
pub use draw::picture::Picture;
pub use stats::histogram::{Sizes, Times};
pub use stats::snapshot::{DomainFigures, EdgeFigures, Sender, Snapshot, StageFigures};
