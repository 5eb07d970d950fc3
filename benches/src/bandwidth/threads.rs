//! A server with a blocking thread for each connection.
//!
//! Its threads are as small as they can be, so that memory does not end it, and
//! read as much at once as ours.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use seda_core::BoxError;

use crate::bandwidth::burst::{ANSWER, Progress};
use crate::bandwidth::counted::tell;

/// Bytes of a stack: enough for a read and a write; the buffer is not on it.
const STACK_BYTES: usize = 32 * 1024;
/// Bytes that are read at once, as many as ours.
const READ_BYTES: usize = 64 * 1024;

/// Serves until nobody asks for its count any more.
///
/// # Errors
///
/// When there is no port.
pub fn serve() -> Result<Infallible, BoxError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    thread::spawn(move || accept(&listener, &counted));
    Ok(tell(address, &count)?)
}

fn accept(listener: &TcpListener, count: &Arc<AtomicU64>) {
    for stream in listener.incoming() {
        let count = Arc::clone(count);
        let read = move || read(stream?, &count);
        let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(read);
        thread.expect("a thread for each connection");
    }
}

fn read(mut stream: TcpStream, count: &AtomicU64) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; READ_BYTES];
    let mut progress = Progress::default();
    loop {
        let bytes = stream.read(&mut buffer)?;
        if bytes == 0 {
            return Ok(());
        }
        count.fetch_add(bytes as u64, Ordering::Relaxed);
        for _ in 0..progress.take(bytes) {
            stream.write_all(&ANSWER)?;
        }
    }
}
