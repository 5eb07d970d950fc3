//! The door by which a run changes the world of a server: a port of its own.
//!
//! The same for all servers, and not through any of them: an order must arrive
//! while the server refuses, queues or stands still.
//!
//! `POST /control?factor=4` has work take four times as long from now on,
//! `POST /control?pause=200ms` has all handlers wait; both may come together.
//! The answer, as that of `GET /control`, is a line of JSON: the factor, how
//! many requests were worked on, and the CPU time meant for them, in
//! microseconds.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::burn::Work;

/// Bytes of a request, at most.
const HEAD_BYTES_MAX: usize = 4 * 1024;
/// Header fields of a request, at most.
const HEADERS_MAX: usize = 32;
/// How long a client may take, since it keeps others waiting.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest pause: more is rather a mistake.
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// How slow or fast work may become.
const FACTORS: std::ops::RangeInclusive<f64> = 0.01..=1_000.0;

/// Opens the door on a port, or on one that is free for 0; a thread of its own minds it.
///
/// # Errors
///
/// When the port is not to be had.
pub fn open(port: u16, work: Arc<Work>) -> io::Result<SocketAddr> {
    let listener = plain::listen_on(port)?;
    let address = listener.local_addr()?;
    let mind = move || {
        for stream in listener.incoming().flatten() {
            // Who goes away without the answer does not need it.
            let _ = serve(stream, &work);
        }
    };
    thread::Builder::new().name("control".into()).spawn(mind)?;
    Ok(address)
}

fn serve(mut stream: TcpStream, work: &Work) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut bytes = vec![0; HEAD_BYTES_MAX];
    let mut filled = 0;
    loop {
        let answer = target(&bytes[..filled]).and_then(|target| match target {
            Some(target) => obey(&target, work).map(Some),
            None if filled == HEAD_BYTES_MAX => Err("a shorter head, please".to_owned()),
            None => Ok(None),
        });
        let (status, body) = match answer {
            Ok(Some(body)) => ("200 OK", body),
            Err(complaint) => ("400 Bad Request", complaint),
            Ok(None) => {
                match stream.read(&mut bytes[filled..])? {
                    0 => return Ok(()),
                    count => filled += count,
                }
                continue;
            }
        };
        let length = body.len() + 1;
        return write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}\n"
        );
    }
}

/// Reads the target of a request, when its head is whole.
fn target(bytes: &[u8]) -> Result<Option<String>, String> {
    let mut fields = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(httparse::Status::Partial) => Ok(None),
        Ok(httparse::Status::Complete(_)) => {
            let target = request.path.unwrap_or_default();
            match (request.method, target.contains('?')) {
                (Some("POST"), _) | (Some("GET"), false) => Ok(Some(target.to_owned())),
                _ => Err("`POST /control?factor=4`, or `GET /control`".to_owned()),
            }
        }
        Err(error) => Err(format!("no request: {error}")),
    }
}

/// Does what a target says, all of it or nothing; tells how things are then.
fn obey(target: &str, burner: &Work) -> Result<String, String> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != "/control" {
        return Err(format!("no `{path}` here, only `/control`"));
    }
    let (mut factor, mut pause) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("factor", word)) => factor = Some(factor_of(word)?),
            Some(("pause", word)) => pause = Some(pause_of(word)?),
            _ => return Err(format!("`{pair}`: say `factor=4` or `pause=200ms`")),
        }
    }
    if let Some(factor) = factor {
        burner.world().slow(factor);
    }
    if let Some(pause) = pause {
        burner.world().pause(pause);
    }
    let (done, burnt) = burner.done();
    let (factor, burnt) = (burner.world().factor(), burnt.as_micros());
    Ok(format!(
        r#"{{"factor":{factor},"done":{done},"burnt_us":{burnt}}}"#
    ))
}

fn factor_of(word: &str) -> Result<f64, String> {
    let factor = word.parse().ok().filter(|factor| FACTORS.contains(factor));
    factor.ok_or_else(|| {
        let (least, most) = (FACTORS.start(), FACTORS.end());
        format!("factor `{word}`: give a number from {least} to {most}")
    })
}

fn pause_of(word: &str) -> Result<Duration, String> {
    let pause = humantime::parse_duration(word).ok();
    pause.filter(|pause| *pause <= PAUSE_MAX).ok_or_else(|| {
        let most = humantime::format_duration(PAUSE_MAX);
        format!("pause `{word}`: give a time such as `200ms`, up to {most}")
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{obey, target};
    use crate::burn::{Spread, Work};
    use crate::world::World;

    fn work() -> Work {
        let world = Arc::new(World::new());
        Work::new(Duration::from_millis(1), Spread::Fixed, 7, world)
    }

    #[test]
    fn a_factor_is_obeyed_and_told() {
        let told = obey("/control?factor=4", &work()).unwrap();
        assert_eq!(told, r#"{"factor":4,"done":0,"burnt_us":0}"#);
    }

    #[test]
    fn nothing_is_done_when_a_part_is_wrong() {
        let work = work();
        for wrong in [
            "factor=4&pause=long",
            "factor=4&pause=2h",
            "factor=4&factor=0",
            "factor=4&factor=NaN",
            "factor=4&speed=1",
        ] {
            assert!(
                obey(&format!("/control?{wrong}"), &work).is_err(),
                "{wrong}"
            );
        }
        assert!(obey("/else?factor=4", &work).is_err());
        assert!((work.world().factor() - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_get_changes_nothing() {
        let head = |line: &str| target(format!("{line} HTTP/1.1\r\n\r\n").as_bytes());
        assert_eq!(head("GET /control"), Ok(Some("/control".into())));
        assert!(head("GET /control?factor=4").is_err());
        assert_eq!(target(b"POST /control?factor=4 HT"), Ok(None));
    }
}
