//! Cases as they stand in the text files: what is sent, and what must be seen.
//!
//! ```text
//! == NAME
//! rfc 9112 6.3             the paragraph
//! note TEXT                why we do otherwise than it recommends, or what the trick is
//! > LINE                   sent with a CRLF behind it, unless it ends with a backslash
//! ends                     and then the client sends no more
//! saw METHOD TARGET BODY   was handed to the stage; the body may be missing
//! with NAME: VALUE         with this field
//! < STATUS                 was answered; behind 101 the rest is its body
//! <+ NAME: VALUE           with this field, once
//! <- NAME                  without such a field
//! <= TEXT                  with this body
//! open                     a further request is answered
//! closed                   it is not
//! ```
//!
//! What is sent, bodies and values know `\r`, `\n`, `\t`, `\0`, `\\`, `\{`,
//! `\xNN`, and `{x*300}` for 300 times `x`. Requests and answers stand in order,
//! and there are no others than these.

/// The most repetitions that a case writes.
const TIMES_MAX: usize = 10_000;

/// What was sent, and what must be seen of it.
#[derive(Debug)]
pub(crate) struct Case {
    /// Where it begins: `file:line`.
    pub(crate) place: String,
    pub(crate) name: String,
    /// Number and paragraph.
    pub(crate) rfc: String,
    pub(crate) sent: Vec<u8>,
    pub(crate) behind: Behind,
    pub(crate) seen: Vec<Seen>,
    pub(crate) answers: Vec<Answered>,
}

/// How the connection goes on behind the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behind {
    /// A further request is answered.
    Open,
    /// It is not even looked at.
    Closed,
    /// There is none: the client has said that it sends no more.
    Ended,
}

/// A request that the stage must have got.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) place: String,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
}

/// An answer that the client must have got.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) place: String,
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    pub(crate) absent: Vec<String>,
    pub(crate) body: Option<Vec<u8>>,
}

/// Reads the cases of one file.
pub(crate) fn parse(file: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let place = format!("seda-io/tests/conformance/cases/{file}:{}", index + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "==" {
            cases.push(Case::new(place, rest));
        } else if let Some(case) = cases.last_mut() {
            case.take(&place, word, rest)
                .unwrap_or_else(|| panic!("{place}: not understood: {line}"));
        } else {
            panic!("{place}: no case has begun");
        }
    }
    cases
}

impl Case {
    fn new(place: String, name: &str) -> Self {
        Self {
            place,
            name: name.to_owned(),
            rfc: String::new(),
            sent: Vec::new(),
            behind: Behind::Closed,
            seen: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Takes a line of the case; nothing when it makes no sense.
    fn take(&mut self, place: &str, word: &str, rest: &str) -> Option<()> {
        match word {
            "rfc" => rest.clone_into(&mut self.rfc),
            "note" => {}
            ">" => self.sent.extend(sent(rest)?),
            "ends" => self.behind = Behind::Ended,
            "open" => self.behind = Behind::Open,
            "closed" => self.behind = Behind::Closed,
            "saw" => self.seen.push(Seen::parse(place, rest)?),
            "with" => self.seen.last_mut()?.fields.push(field(rest)?),
            "<" => self.answers.push(Answered {
                place: place.to_owned(),
                status: rest.parse().ok()?,
                fields: Vec::new(),
                absent: Vec::new(),
                body: None,
            }),
            "<+" => self.answers.last_mut()?.fields.push(field(rest)?),
            "<-" => self.answers.last_mut()?.absent.push(rest.to_owned()),
            "<=" => self.answers.last_mut()?.body = Some(unescape(rest)?),
            _ => return None,
        }
        Some(())
    }
}

impl Seen {
    fn parse(place: &str, text: &str) -> Option<Self> {
        let (method, rest) = text.split_once(' ')?;
        let (target, body) = rest.split_once(' ').unwrap_or((rest, ""));
        Some(Self {
            place: place.to_owned(),
            method: method.to_owned(),
            target: target.to_owned(),
            body: unescape(body)?,
            fields: Vec::new(),
        })
    }
}

fn field(text: &str) -> Option<(String, Vec<u8>)> {
    let (name, value) = text.split_once(':')?;
    Some((name.to_owned(), unescape(value.trim_start())?))
}

/// Gives the bytes of a line that is sent.
fn sent(line: &str) -> Option<Vec<u8>> {
    let backslashes = line.bytes().rev().take_while(|&byte| byte == b'\\').count();
    if backslashes % 2 == 1 {
        return unescape(line.get(..line.len() - 1)?);
    }
    let mut bytes = unescape(line)?;
    bytes.extend(b"\r\n");
    Some(bytes)
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let behind = rest.get(first.len_utf8()..)?;
        rest = match first {
            '\\' => escaped(behind, &mut bytes)?,
            '{' => repeated(behind, &mut bytes)?,
            _ => {
                let len = first.len_utf8();
                bytes.extend(rest.as_bytes().get(..len)?);
                behind
            }
        };
    }
    Some(bytes)
}

/// Takes what stands behind a backslash.
fn escaped<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let (byte, len) = match text.as_bytes().first()? {
        b'r' => (b'\r', 1),
        b'n' => (b'\n', 1),
        b't' => (b'\t', 1),
        b'0' => (0, 1),
        &byte @ (b'\\' | b'{') => (byte, 1),
        b'x' => (u8::from_str_radix(text.get(1..3)?, 16).ok()?, 3),
        _ => return None,
    };
    bytes.push(byte);
    text.get(len..)
}

/// Takes what stands behind an opening brace.
fn repeated<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let (what, rest) = text.split_once('*')?;
    let (times, rest) = rest.split_once('}')?;
    let times = times.parse().ok().filter(|&times| times <= TIMES_MAX)?;
    bytes.extend(unescape(what)?.repeat(times));
    Some(rest)
}
