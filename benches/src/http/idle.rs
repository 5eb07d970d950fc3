//! Memory of a connection that has asked once, and now rests.

use std::io;

use crate::http::load::Load;
use crate::http::procfs;
use crate::http::shape::Shape;
use crate::http::start::Started;

/// Opens connections, asks once on each, and gives the bytes of memory that
/// the server holds for each of them while they rest.
///
/// The kernel's own memory for sockets is not in it; nor is what a server has
/// set aside at its start.
///
/// # Errors
///
/// When a connection is refused or not answered.
#[allow(
    clippy::cast_precision_loss,
    reason = "a mean needs no more than 52 bits"
)]
pub fn bytes_per_connection(server: &Started, connections: usize) -> io::Result<f64> {
    let before = procfs::memory(server.process())?;
    let _resting = Load::open(server.door.clone(), Shape::hello(connections))?;
    let after = procfs::memory(server.process())?;
    Ok(after.saturating_sub(before) as f64 / connections as f64)
}
