//! Guests: they ask now and then, wait for the answer, and note how long it took.

use std::io::{self, Read, Write};
use std::mem;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use rustls::StreamOwned;

use crate::http::answer::{Answer, HELLO};
use crate::http::wire::{Door, session};

/// What they ask for.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: guests\r\n\r\n";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Nanoseconds, a minute: what took longer is counted as that.
const LATENCY_MAX_NS: u64 = 60_000_000_000;

/// Is a kind of guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// What is said of them in figures.
    pub name: &'static str,
    /// How many there are, each with a thread.
    count: u32,
    /// How often each of them asks.
    period: Duration,
    manner: Manner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// One connection for everything.
    Kept,
    /// A connection for each request.
    Fresh,
    /// One connection for everything, under TLS.
    Secured,
}

/// All kinds of guests; together they ask 2,200 times a second.
pub const KINDS: [Kind; 3] = [
    Kind {
        name: "keep-alive",
        count: 8,
        period: Duration::from_millis(5),
        manner: Manner::Kept,
    },
    Kind {
        name: "a connection per request",
        count: 4,
        period: Duration::from_millis(20),
        manner: Manner::Fresh,
    },
    Kind {
        name: "keep-alive under TLS",
        count: 4,
        period: Duration::from_millis(10),
        manner: Manner::Secured,
    },
];

/// Others who ask as politely, 4,000 times a second, and of whom nothing is noted
/// but that they keep everybody busy.
const REGULARS: Kind = Kind {
    name: "regulars",
    count: 16,
    period: Duration::from_millis(4),
    manner: Manner::Kept,
};

/// Is what the guests of one kind have noted.
#[derive(Clone, Debug)]
pub struct Book {
    /// Nanoseconds until an answer was there, with what it took to connect
    /// where that is part of it.
    pub latency: Histogram<u64>,
    /// Nanoseconds by which they woke too late to ask: what their own processor has
    /// them wait for, and for which the server can do nothing. As much may be in the
    /// latency, since they wake for an answer as well.
    pub overslept: Histogram<u64>,
    /// Requests that were not answered as they should be.
    pub failed: u64,
    /// Why the last one of these was not.
    pub why: Option<String>,
}

impl Book {
    fn new() -> Self {
        let histogram =
            || Histogram::new_with_max(LATENCY_MAX_NS, 3).expect("three digits are allowed");
        Self {
            latency: histogram(),
            overslept: histogram(),
            failed: 0,
            why: None,
        }
    }
}

/// Is all guests.
#[derive(Debug)]
pub struct Guests {
    desk: Arc<Desk>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Desk {
    books: [Mutex<Book>; KINDS.len()],
    over: AtomicBool,
}

impl Guests {
    /// Has them come.
    pub fn invite(plain: &Door, secured: &Door) -> Self {
        Self::come(&KINDS, plain, secured)
    }

    /// Has others come who keep server and guests as busy as abusers do.
    pub fn regulars(plain: &Door, secured: &Door) -> Self {
        Self::come(&[REGULARS], plain, secured)
    }

    fn come(kinds: &[Kind], plain: &Door, secured: &Door) -> Self {
        let desk = Arc::new(Desk {
            books: KINDS.map(|_| Mutex::new(Book::new())),
            over: AtomicBool::new(false),
        });
        let mut threads = Vec::new();
        for (page, kind) in kinds.iter().copied().enumerate() {
            let door = match kind.manner {
                Manner::Secured => secured,
                Manner::Kept | Manner::Fresh => plain,
            };
            for number in 0..kind.count {
                let (desk, door) = (Arc::clone(&desk), door.clone());
                // One after the other, and not all at once.
                let first = Instant::now() + kind.period * number / kind.count;
                threads.push(thread::spawn(move || {
                    visit(kind, &door, first, (&desk, page));
                }));
            }
        }
        Self { desk, threads }
    }

    /// Gives what they have noted since the last time.
    pub fn take(&self) -> [Book; KINDS.len()] {
        let take = |book: &Mutex<Book>| mem::replace(&mut *book.lock(), Book::new());
        self.desk.books.each_ref().map(take)
    }

    /// Has them leave, and gives what they have noted since the last time.
    pub fn leave(self) -> [Book; KINDS.len()] {
        self.desk.over.store(true, Ordering::Relaxed);
        let books = self.take();
        for thread in self.threads {
            drop(thread.join());
        }
        books
    }
}

/// Asks again and again. A guest who has overslept counts from when it asks; one
/// whose last answer came too late counts from when it would have asked.
fn visit(kind: Kind, door: &Door, first: Instant, (desk, page): (&Desk, usize)) {
    let mut next = first;
    let mut talk = None;
    while !desk.over.load(Ordering::Relaxed) {
        let early = next.saturating_duration_since(Instant::now());
        thread::sleep(early);
        let mut began = if early.is_zero() {
            next
        } else {
            Instant::now()
        };
        let overslept = nanoseconds(began.saturating_duration_since(next));
        next += kind.period;
        if talk.is_none() && kind.manner != Manner::Fresh {
            talk = Talk::begin(door).ok();
            began = Instant::now();
        }
        let answered = match (kind.manner, &mut talk) {
            (Manner::Fresh, _) => Talk::begin(door).and_then(|mut talk| talk.ask()),
            (_, Some(talk)) => talk.ask(),
            (_, None) => Err(io::Error::other("no connection")),
        };
        let took = nanoseconds(began.elapsed());
        let Some(mut book) = desk.books.get(page).map(Mutex::lock) else {
            return;
        };
        book.overslept.saturating_record(overslept);
        match answered {
            Ok(()) => book.latency.saturating_record(took),
            Err(error) => {
                talk = None;
                book.failed += 1;
                book.why = Some(error.to_string());
            }
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Is a connection of a guest, who waits for what it wants.
enum Talk {
    Plain(TcpStream),
    Secured(Box<StreamOwned<rustls::ClientConnection, TcpStream>>),
}

impl Talk {
    fn begin(door: &Door) -> io::Result<Self> {
        let stream = TcpStream::connect(door.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let Some(tls) = &door.tls else {
            return Ok(Self::Plain(stream));
        };
        let mut session = session(tls)?;
        let mut stream = stream;
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        let stream = StreamOwned::new(session, stream);
        Ok(Self::Secured(Box::new(stream)))
    }

    /// Asks, and takes nothing but the right answer.
    fn ask(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => ask(stream),
            Self::Secured(stream) => ask(stream),
        }
    }
}

fn ask(stream: &mut (impl Read + Write)) -> io::Result<()> {
    stream.write_all(REQUEST)?;
    stream.flush()?;
    let mut bytes = Vec::with_capacity(512);
    let mut buffer = [0; 512];
    loop {
        let count = stream.read(&mut buffer)?;
        bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
        match Answer::read(&bytes).map_err(io::Error::other)? {
            Some(answer) if answer.bytes() == bytes.len() => {
                let right = answer.status == 200 && bytes.ends_with(HELLO.as_bytes());
                return right
                    .then_some(())
                    .ok_or_else(|| io::Error::other("another answer"));
            }
            _ if count == 0 => return Err(io::Error::other("an end instead of an answer")),
            _ => {}
        }
    }
}
