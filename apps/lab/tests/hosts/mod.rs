//! Servers that do what a test says, a thread for each connection.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test file uses its part of this, and fails by panicking"
)]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

pub const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
pub const BUSY: &[u8] = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
pub const MISSING: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
pub const GARBAGE: &[u8] = b"SSH-2.0-OpenSSH_9.9\r\n\r\n";

/// What a server does about a request.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// It answers with these bytes.
    Says(&'static [u8]),
    /// It does, and closes the connection without having said so.
    SaysAndCloses(&'static [u8]),
    /// It answers well, after that long.
    Takes(Duration),
    /// It answers well, but not in the first fifth of each second.
    Pauses,
    /// It never answers.
    Ignores,
    /// It dies when it has had so many.
    Dies(usize),
}

/// A server that runs until it is dropped.
pub struct Host {
    pub address: SocketAddr,
    state: Arc<State>,
}

struct State {
    manner: Manner,
    began: Instant,
    requests: AtomicUsize,
    accepted: AtomicUsize,
    open: AtomicUsize,
    open_max: AtomicUsize,
    streams: Mutex<Option<Vec<TcpStream>>>,
    listener: TcpListener,
}

impl Host {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            manner,
            began: Instant::now(),
            requests: AtomicUsize::new(0),
            accepted: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            open_max: AtomicUsize::new(0),
            streams: Mutex::new(Some(Vec::new())),
            listener,
        });
        let host = Self {
            address,
            state: Arc::clone(&state),
        };
        thread::spawn(move || state.accept());
        host
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// Connections on which somebody has asked.
    pub fn connections(&self) -> usize {
        self.state.accepted.load(Ordering::SeqCst)
    }

    pub fn open_max(&self) -> usize {
        self.state.open_max.load(Ordering::SeqCst)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.state.die();
    }
}

impl State {
    fn accept(self: Arc<Self>) {
        while let Ok((stream, _)) = self.listener.accept() {
            let mut streams = self.streams.lock().unwrap();
            let Some(streams) = streams.as_mut() else {
                return;
            };
            stream.set_nodelay(true).unwrap();
            streams.push(stream.try_clone().unwrap());
            let state = Arc::clone(&self);
            thread::spawn(move || state.serve(stream));
        }
    }

    /// Resets all connections, and refuses further ones.
    fn die(&self) {
        // That ends `accept` and the listening itself; it may have been done before.
        rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both).ok();
        for stream in self.streams.lock().unwrap().take().unwrap_or_default() {
            // It may have ended by itself.
            stream.shutdown(Shutdown::Both).ok();
        }
    }

    fn serve(&self, mut stream: TcpStream) {
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.open_max.fetch_max(open, Ordering::SeqCst);
        let (mut head, mut space) = (Vec::new(), [0; 4_096]);
        let mut asked = 0;
        while let Ok(count @ 1..) = stream.read(&mut space) {
            head.extend_from_slice(&space[..count]);
            while let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                let request: Vec<u8> = head.drain(..end + 4).collect();
                asked += 1;
                self.accepted
                    .fetch_add(usize::from(asked == 1), Ordering::SeqCst);
                let before = self.requests.fetch_add(1, Ordering::SeqCst);
                self.answer(&mut stream, before);
                let last = b"Connection: close";
                if request.windows(last.len()).any(|some| some == last) {
                    // The client may be the first to close.
                    stream.shutdown(Shutdown::Both).ok();
                }
            }
        }
        self.open.fetch_sub(1, Ordering::SeqCst);
    }

    fn answer(&self, stream: &mut TcpStream, before: usize) {
        let bytes = match self.manner {
            Manner::Says(bytes) | Manner::SaysAndCloses(bytes) => bytes,
            Manner::Takes(time) => {
                wait(time);
                GOOD
            }
            Manner::Pauses => {
                let phase = u64::from(self.began.elapsed().subsec_micros());
                wait(Duration::from_micros(200_000_u64.saturating_sub(phase)));
                GOOD
            }
            Manner::Ignores => return,
            Manner::Dies(after) if before >= after => return self.die(),
            Manner::Dies(_) => GOOD,
        };
        // A client that has given up is gone.
        stream.write_all(bytes).ok();
        if matches!(self.manner, Manner::SaysAndCloses(_)) {
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}

/// Takes time, as work does.
fn wait(time: Duration) {
    let (tell, told) = channel::<()>();
    // Nobody tells anything: the time passes.
    assert!(told.recv_timeout(time).is_err());
    drop(tell);
}
