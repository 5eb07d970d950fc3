//! What abusers do, step by step, as a seed has it.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use rustls::ClientConfig;

use crate::abuse::server::{IDLE, LARGE};
use crate::http::wire::session;

/// Is one step of an abuser.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// It sends bytes, as fast as they are taken.
    Send(Vec<u8>),
    /// It sends bytes in small pieces.
    Drip {
        bytes: Vec<u8>,
        piece: usize,
        pause: Duration,
    },
    /// It reads a little, several times.
    Sip { times: u32, pause: Duration },
    /// It reads whatever comes, until the end or for so long.
    Read(Duration),
    /// It does nothing.
    Rest(Duration),
    /// It says that it sends no more.
    HalfClose,
    /// It ends the connection with a reset.
    Reset,
}

/// Says where an abuser connects to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// To the plain server.
    Plain,
    /// To the server under TLS, without speaking it.
    Bare,
    /// To the server under TLS, with a handshake.
    Secured,
}

/// Is what an abuser does with one connection.
pub(crate) type Script = (Entry, VecDeque<Step>);

/// Is the life of a connection that does hardly anything.
pub(crate) fn idle(rng: &mut Rng) -> Script {
    let ask = || Step::Send(get("/", ""));
    let answered = |rng: &mut Rng| [ask(), Step::Read(millis(rng, 50..100))];
    let rest = |rng: &mut Rng| Step::Rest(IDLE.mul_f64(0.3 + 0.6 * rng.f64()));
    let mut steps = VecDeque::new();
    let entry = if rng.u8(..) < 16 {
        Entry::Secured
    } else {
        Entry::Plain
    };
    match rng.u8(0..10) {
        // It never says anything.
        0 => steps.push_back(Step::Rest(IDLE)),
        // It asks once, and rests until it is thrown out.
        1 => {
            steps.extend(answered(rng));
            steps.push_back(Step::Rest(IDLE * 2));
        }
        _ => {
            for _ in 0..rng.usize(2..20) {
                steps.extend(answered(rng));
                steps.push_back(rest(rng));
            }
        }
    }
    (entry, steps)
}

/// Is one of the things that abusers do with a connection.
pub(crate) fn abuse(rng: &mut Rng, tls: &Arc<ClientConfig>) -> io::Result<Script> {
    let steps = match rng.u8(0..20) {
        0..2 => slow_head(rng),
        2..4 => slow_body(rng),
        4..7 => slow_reader(rng),
        7..10 => reset_somewhere(rng),
        10..12 => half_close(rng),
        12..15 => oversize(rng),
        15..17 => garbage(rng),
        17 => {
            let entry = Entry::Secured;
            return Ok((
                entry,
                if rng.bool() {
                    slow_reader(rng)
                } else {
                    reset_somewhere(rng)
                },
            ));
        }
        _ => return Ok((Entry::Bare, no_tls(rng, tls)?)),
    };
    Ok((Entry::Plain, steps))
}

fn get(path: &str, fields: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: abuse\r\n{fields}\r\n").into_bytes()
}

fn post(length: usize) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: abuse\r\nContent-Length: {length}\r\n\r\n").into_bytes()
}

fn start(mut bytes: Vec<u8>, count: usize) -> Vec<u8> {
    bytes.truncate(count);
    bytes
}

/// Changes some bits of one byte.
fn spoil(bytes: &mut [u8], place: usize, bits: u8) {
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= bits;
    }
}

fn millis(rng: &mut Rng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(rng.u64(range))
}

fn noise(rng: &mut Rng, bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    rng.fill(&mut noise);
    noise
}

/// A head whose end comes late or never.
fn slow_head(rng: &mut Rng) -> VecDeque<Step> {
    let fields = "X-Slow: and it goes on\r\n".repeat(rng.usize(0..60));
    let drip = Step::Drip {
        bytes: get("/", &fields),
        piece: rng.usize(1..20),
        pause: millis(rng, 50..1_000),
    };
    [drip, Step::Read(millis(rng, 100..1_000))].into()
}

/// A body of which too little comes.
fn slow_body(rng: &mut Rng) -> VecDeque<Step> {
    let length = rng.usize(1_000..100_000);
    let (head, bytes) = if rng.bool() {
        (post(length), noise(rng, length))
    } else {
        let head = b"POST / HTTP/1.1\r\nHost: abuse\r\nTransfer-Encoding: chunked\r\n\r\n";
        (head.to_vec(), b"3\r\nabc\r\n".repeat(length / 8))
    };
    let drip = Step::Drip {
        bytes,
        piece: rng.usize(1..400),
        pause: millis(rng, 50..1_000),
    };
    [Step::Send(head), drip, Step::Read(millis(rng, 100..1_000))].into()
}

/// Large answers, of which little is read.
fn slow_reader(rng: &mut Rng) -> VecDeque<Step> {
    let requests = get(LARGE, "").repeat(rng.usize(1..20));
    let sip = Step::Sip {
        times: rng.u32(0..40),
        pause: millis(rng, 50..500),
    };
    let last = if rng.bool() {
        Step::Reset
    } else {
        Step::Rest(IDLE)
    };
    [Step::Send(requests), sip, last].into()
}

/// A reset before, in or behind a head, a body, or an answer.
fn reset_somewhere(rng: &mut Rng) -> VecDeque<Step> {
    let mut steps: VecDeque<Step> = match rng.u8(0..7) {
        0 => VecDeque::new(),
        1 => [Step::Send(start(get("/", ""), 20))].into(),
        2 => [Step::Send(get("/", ""))].into(),
        3 => [Step::Send(post(5_000)), Step::Send(noise(rng, 2_000))].into(),
        4 => [Step::Send(get(LARGE, ""))].into(),
        5 => [Step::Send(get("/", "").repeat(50))].into(),
        _ => [
            Step::Send(get("/", "")),
            Step::Read(millis(rng, 10..100)),
            Step::Send(get("/", "")),
        ]
        .into(),
    };
    if rng.bool() {
        steps.push_back(Step::Rest(millis(rng, 1..500)));
    }
    steps.push_back(Step::Reset);
    steps
}

/// An end of input before, in or behind a request.
fn half_close(rng: &mut Rng) -> VecDeque<Step> {
    let mut said = match rng.u8(0..5) {
        0 => Vec::new(),
        1 => start(get("/", ""), 10),
        2 => [post(1_000), noise(rng, 300)].concat(),
        3 => get(LARGE, "").repeat(3),
        _ => get("/", ""),
    };
    if rng.u8(0..4) == 0 {
        said.extend_from_slice(b"\r\n\r\n\0\0");
    }
    let last = if rng.bool() {
        Step::Read(millis(rng, 500..3_000))
    } else {
        Step::Rest(millis(rng, 500..10_000))
    };
    [Step::Send(said), Step::HalfClose, last].into()
}

/// More of everything than there may be.
fn oversize(rng: &mut Rng) -> VecDeque<Step> {
    let long = "x".repeat(rng.usize(20_000..200_000));
    let said = match rng.u8(0..8) {
        0 => get(&format!("/{long}"), ""),
        1 => get("/", &format!("X-Long: {long}\r\n")),
        2 => get("/", &"X-Many: 1\r\n".repeat(1_000)),
        3 => post(usize::MAX),
        4 => [post(2_000_000), long.into_bytes()].concat(),
        5 => {
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"
                .to_vec()
        }
        6 => get("/", "").repeat(2_000),
        _ => get("/", &format!("Range: bytes={}0-\r\n", "0-1,".repeat(2_000))),
    };
    [Step::Send(said), Step::Read(millis(rng, 100..5_000))].into()
}

/// What is no HTTP, or nearly.
fn garbage(rng: &mut Rng) -> VecDeque<Step> {
    let length = rng.usize(1..20_000);
    let said = match rng.u8(0..6) {
        0 => noise(rng, length),
        1 => b"\r\n".repeat(length),
        2 => b"GET / HTTP/9.9\r\nHost: a\r\n\r\n".to_vec(),
        3 => b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
        4 => b"GET / HTTP/1.1\nHost: a\n X: folded\r\r\n\n".to_vec(),
        _ => {
            let mut nearly = get("/", "Accept: */*\r\n");
            let place = rng.usize(..nearly.len());
            spoil(&mut nearly, place, rng.u8(1..));
            nearly
        }
    };
    [Step::Send(said), Step::Read(millis(rng, 100..3_000))].into()
}

/// What is no handshake, or a part of one.
fn no_tls(rng: &mut Rng, tls: &Arc<ClientConfig>) -> io::Result<VecDeque<Step>> {
    let mut hello = Vec::new();
    session(tls)?.write_tls(&mut hello)?;
    let half = rng.usize(1..hello.len());
    let rest = Step::Rest(millis(rng, 100..10_000));
    let last = if rng.bool() {
        Step::Reset
    } else {
        Step::Read(Duration::from_secs(1))
    };
    let said = match rng.u8(0..6) {
        0 => [Step::Send(noise(rng, half)), rest].into(),
        1 => [Step::Send(get("/", "")), rest, last].into(),
        2 => [Step::Send(start(hello, half)), rest, last].into(),
        3 => [Step::Send(hello), rest, last].into(),
        4 => {
            let (piece, pause) = (rng.usize(1..30), millis(rng, 20..300));
            [
                Step::Drip {
                    bytes: hello,
                    piece,
                    pause,
                },
                rest,
            ]
            .into()
        }
        _ => {
            spoil(&mut hello, half, 1 << rng.u8(0..8));
            let junk = [&[23, 3, 3, 255, 255][..], &noise(rng, 500)].concat();
            [Step::Send(hello), Step::Send(junk), rest, last].into()
        }
    };
    Ok(said)
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::{Entry, Step, abuse, idle};
    use crate::http::wire::Door;

    #[test]
    fn a_seed_decides_what_abusers_do_and_they_do_everything() {
        let tls = Door::secured(([127, 0, 0, 1], 1).into())
            .unwrap()
            .tls
            .unwrap();
        let mut rng = Rng::with_seed(7);
        let scripts: Vec<_> = (0..500).map(|_| abuse(&mut rng, &tls).unwrap()).collect();
        let all = || scripts.iter().flat_map(|(_, steps)| steps);
        assert!(all().any(|step| matches!(step, Step::Drip { .. })));
        assert!(all().any(|step| matches!(step, Step::Sip { .. })));
        assert!(all().any(|step| matches!(step, Step::HalfClose)));
        assert!(all().any(|step| matches!(step, Step::Reset)));
        for entry in [Entry::Plain, Entry::Bare, Entry::Secured] {
            assert!(scripts.iter().any(|(it, _)| *it == entry), "{entry:?}");
        }
        let again = idle(&mut Rng::with_seed(8));
        assert_eq!(
            format!("{again:?}"),
            format!("{:?}", idle(&mut Rng::with_seed(8)))
        );
    }
}
