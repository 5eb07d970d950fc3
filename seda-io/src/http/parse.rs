//! Parses whole heads whose lines have been found sound.

use std::mem::MaybeUninit;

use httparse::{EMPTY_HEADER, Header};

use super::authority::host_of;
use super::fault::{Fault, Place, ProtocolError};
use super::framing::{self, Framing, Sequel};
use super::headers::{HEADER_BYTES_MAX, HEADERS_MAX, Headers};
use super::message::{Request, Version};
use super::method::Method;
use super::target::Target;
use super::trailers::{Trailers, may_trail};

/// The head of a request, and what it says about the bytes that follow.
#[derive(Debug)]
pub(super) struct RequestHead {
    pub(super) request: Request,
    pub(super) framing: Framing,
    /// The peer waits for a `100 Continue` before it sends the body.
    pub(super) awaits_continue: bool,
    /// How the peer wants to go on after the answer.
    pub(super) sequel: Sequel,
}

/// The head of a response.
#[derive(Debug)]
pub(super) struct ResponseHead {
    /// Interim codes too.
    pub(super) code: u16,
    pub(super) version: Version,
    pub(super) headers: Headers,
}

/// Parses a request's head, from its first byte to the empty line.
#[inline]
pub(super) fn request(bytes: &[u8], headers_max: usize) -> Result<RequestHead, ProtocolError> {
    // Not filled with empty fields first: they are 3 kB, and most requests have few.
    let mut room = [const { MaybeUninit::uninit() }; HEADERS_MAX];
    let fields = room
        .get_mut(..headers_max.min(HEADERS_MAX))
        .unwrap_or_default();
    let mut parsed = httparse::Request::new(&mut []);
    let status = parsed
        .parse_with_uninit_headers(bytes, fields)
        .map_err(|error| explain(error, bytes))?;
    let (true, Some(method), Some(target), Some(minor)) = (
        status.is_complete(),
        parsed.method,
        parsed.path,
        parsed.version,
    ) else {
        return Err(start_line(Fault::RequestLineMalformed));
    };
    let version = version(minor);
    let method = Method::parse(method).ok_or(start_line(Fault::RequestLineMalformed))?;
    let target = target_of(&method, target)?;
    let headers = copy(parsed.headers, bytes.len())?;
    check_host(version, &headers)?;
    let framing = Framing::of(version, &headers)?;
    let expects = expects_continue(version, &headers)?;
    Ok(RequestHead {
        framing,
        awaits_continue: expects && !matches!(framing, Framing::Unsaid | Framing::Length(0)),
        sequel: Sequel::of(version, &headers),
        request: Request::of_head(method, target, version, headers),
    })
}

/// Parses a response's head, from its first byte to the empty line.
pub(super) fn response(bytes: &[u8]) -> Result<ResponseHead, ProtocolError> {
    let mut fields = [EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Response::new(&mut fields);
    let outcome = parsed.parse(bytes);
    let outcome = outcome.map_err(|error| match explain(error, bytes) {
        ProtocolError {
            fault: Fault::RequestLineMalformed,
            ..
        } => start_line(Fault::StatusLineMalformed),
        other => other,
    })?;
    let (true, Some(code), Some(minor)) = (outcome.is_complete(), parsed.code, parsed.version)
    else {
        return Err(start_line(Fault::StatusLineMalformed));
    };
    Ok(ResponseHead {
        code,
        version: version(minor),
        headers: copy(parsed.headers, bytes.len())?,
    })
}

/// Refuses trailer fields that are malformed; `bytes` end with the empty line.
pub(super) fn check_trailer(bytes: &[u8]) -> Result<(), ProtocolError> {
    let mut fields = [EMPTY_HEADER; HEADERS_MAX];
    match httparse::parse_headers(bytes, &mut fields) {
        Ok(_) => Ok(()),
        Err(httparse::Error::TooManyHeaders) => Err(ProtocolError::new(
            Place::TrailerLine(HEADERS_MAX + 1),
            Fault::TrailerTooLarge,
        )),
        Err(_) => {
            let line = first_malformed(bytes, 0);
            Err(ProtocolError::new(
                Place::TrailerLine(line),
                Fault::HeaderNameMalformed,
            ))
        }
    }
}

/// Takes the fields of a trailer that was checked, but those that must not
/// stand behind a body, or are no text.
///
/// They are left out and no error, as RFC 9110 §6.5.1 wants it of a recipient.
pub(super) fn trailers(bytes: &[u8]) -> Trailers {
    let mut fields = [EMPTY_HEADER; HEADERS_MAX];
    let parsed = httparse::parse_headers(bytes, &mut fields);
    let fields = match &parsed {
        Ok(httparse::Status::Complete((_, fields))) => *fields,
        _ => &[],
    };
    let mut trailers = Trailers::new();
    for field in fields.iter().filter(|field| may_trail(field.name)) {
        if let Ok(value) = str::from_utf8(field.value) {
            trailers.push_checked(field.name, value);
        }
    }
    trailers
}

const fn version(minor: u8) -> Version {
    if minor == 0 {
        Version::Http10
    } else {
        Version::Http11
    }
}

const fn start_line(fault: Fault) -> ProtocolError {
    ProtocolError::new(Place::StartLine, fault)
}

/// Finds words and a place for what the parser refused.
fn explain(error: httparse::Error, bytes: &[u8]) -> ProtocolError {
    match error {
        httparse::Error::TooManyHeaders => ProtocolError::new(Place::Head, Fault::TooManyHeaders),
        httparse::Error::HeaderName | httparse::Error::HeaderValue => {
            let line = first_malformed(bytes, 1);
            ProtocolError::new(Place::HeaderLine(line), Fault::HeaderNameMalformed)
        }
        httparse::Error::Version if names_another_version(bytes) => {
            start_line(Fault::VersionUnsupported)
        }
        _ => start_line(Fault::RequestLineMalformed),
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&byte| byte == b'\n')
}

/// Counts, behind the lines skipped, from 1 to the first line that does not begin with a name and a colon.
fn first_malformed(bytes: &[u8], skipped: usize) -> usize {
    let well_formed = |line: &[u8]| {
        let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
        name.len() < line.len() && str::from_utf8(name).is_ok_and(super::method::is_token)
    };
    lines(bytes)
        .skip(skipped)
        .position(|line| !well_formed(line))
        .map_or(1, |index| index + 1)
}

/// Tells whether the first line has a word such as `HTTP/2.0` for its version.
fn names_another_version(bytes: &[u8]) -> bool {
    let line = lines(bytes).next().unwrap_or_default().trim_ascii_end();
    let word = line.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    let first = line.split(|&byte| byte == b' ').next().unwrap_or_default();
    [word, first]
        .iter()
        .any(|word| match word.strip_prefix(b"HTTP/") {
            Some(b"1.0" | b"1.1") => false,
            Some([major, b'.', minor]) => major.is_ascii_digit() && minor.is_ascii_digit(),
            _ => false,
        })
}

fn target_of(method: &Method, text: &str) -> Result<Target, ProtocolError> {
    if method.as_str() == "CONNECT" {
        return Err(start_line(Fault::MethodUnsupported));
    }
    let target = Target::parse(text).ok_or(start_line(Fault::TargetMalformed))?;
    if text == "*" && *method != Method::Options {
        return Err(start_line(Fault::TargetMalformed));
    }
    Ok(target)
}

fn copy(fields: &[Header<'_>], bytes: usize) -> Result<Headers, ProtocolError> {
    let taken = |field: &Header<'_>| field.name.len() + field.value.len();
    if bytes > HEADER_BYTES_MAX && fields.iter().map(taken).sum::<usize>() > HEADER_BYTES_MAX {
        return Err(ProtocolError::new(Place::Head, Fault::HeadTooLarge));
    }
    let mut headers = Headers::with_capacity(fields.len(), bytes);
    for (index, field) in fields.iter().enumerate() {
        let value = str::from_utf8(field.value).map_err(|_| {
            ProtocolError::new(Place::HeaderLine(index + 1), Fault::HeaderValueMalformed)
        })?;
        headers.push_checked(field.name, value);
    }
    Ok(headers)
}

fn check_host(version: Version, headers: &Headers) -> Result<(), ProtocolError> {
    let mut hosts = headers.all("host");
    let fault = match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::Http10 => return Ok(()),
        (None, _) => Fault::HostMissing,
        (_, Some(_)) => Fault::HostRepeated,
        (Some(host), None) if host_of(host).is_some() => return Ok(()),
        (Some(_), None) => Fault::HostMalformed,
    };
    Err(framing::at("host", headers, fault))
}

/// HTTP/1.0 knows no interim answers, so its expectations are ignored (RFC 9110 §10.1.1).
fn expects_continue(version: Version, headers: &Headers) -> Result<bool, ProtocolError> {
    if version == Version::Http10 || !headers.may_have("expect") {
        return Ok(false);
    }
    let mut expected = headers.list("expect").filter(|item| !item.is_empty());
    let known = |item: &str| item.eq_ignore_ascii_case("100-continue");
    match expected.next() {
        None => Ok(false),
        Some(first) if known(first) && expected.all(known) => Ok(true),
        Some(_) => Err(framing::at("expect", headers, Fault::ExpectationUnknown)),
    }
}
