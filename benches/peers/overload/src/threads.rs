//! A blocking thread for each connection: as many as come, or so many and no more.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use plain::{Pages, parse};

use crate::burn::Work;

/// How long a connection may be idle under a cap: Apache's `KeepAliveTimeout`.
const IDLE: Duration = Duration::from_secs(5);
/// Requests of a connection under a cap: Apache's `MaxKeepAliveRequests`.
const REQUESTS_MAX: u32 = 100;

/// Says how long a connection may stay.
#[derive(Clone, Copy, Debug)]
struct Stay {
    requests_max: u32,
    idle: Option<Duration>,
}

/// Gives a thread to every connection that comes.
///
/// # Errors
///
/// When a connection cannot be accepted, or there is no thread for it.
pub fn serve_all(listener: &TcpListener, work: &Arc<Work>) -> io::Result<()> {
    let stay = Stay {
        requests_max: u32::MAX,
        idle: None,
    };
    loop {
        let (stream, _) = listener.accept()?;
        let work = Arc::clone(work);
        // A peer that is gone is no news.
        thread::Builder::new().spawn(move || serve(stream, stay, &work))?;
    }
}

/// Gives a thread to `limit` connections at a time; others wait in the operating
/// system, as with Apache's `MaxRequestWorkers`.
///
/// # Errors
///
/// When a connection cannot be accepted, or there is no thread for it.
pub fn serve_some(listener: &TcpListener, limit: usize, work: &Arc<Work>) -> io::Result<()> {
    let stay = Stay {
        requests_max: REQUESTS_MAX,
        idle: Some(IDLE),
    };
    let places = Arc::new(Places {
        free: Mutex::new(limit),
        freed: Condvar::new(),
    });
    loop {
        let place = Places::take(&places);
        let (stream, _) = listener.accept()?;
        let work = Arc::clone(work);
        let serve = move || {
            let _place = place;
            serve(stream, stay, &work)
        };
        thread::Builder::new().spawn(serve)?;
    }
}

/// Counts the connections that there may still be.
struct Places {
    free: Mutex<usize>,
    freed: Condvar,
}

/// Is the place of one connection, which is free again when this is dropped.
struct Place(Arc<Places>);

impl Places {
    fn take(places: &Arc<Self>) -> Place {
        let free = places.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = places.freed.wait_while(free, |free| *free == 0);
        *waited.unwrap_or_else(PoisonError::into_inner) -= 1;
        Place(Arc::clone(places))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Self(places) = self;
        *places.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        places.freed.notify_one();
    }
}

fn serve(mut stream: TcpStream, stay: Stay, work: &Work) -> io::Result<()> {
    stream.set_read_timeout(stay.idle)?;
    let mut pages = Pages::default();
    let mut input = vec![0; plain::HEAD_BYTES_MAX];
    let mut filled = 0;
    let mut output = Vec::new();
    let mut served = 0;
    loop {
        match stream.read(&mut input[filled..])? {
            0 => return Ok(()),
            count => filled += count,
        }
        let mut taken = 0;
        while let Some((len, mut ask)) = parse(&input[taken..filled]) {
            taken += len;
            served += 1;
            ask.closes |= served == stay.requests_max;
            if ask.is_hello() {
                work.run();
            }
            pages.tick();
            pages.answer(ask, &mut output);
            stream.write_all(&output)?;
            output.clear();
            if ask.closes {
                return Ok(());
            }
        }
        input.copy_within(taken..filled, 0);
        filled -= taken;
    }
}
