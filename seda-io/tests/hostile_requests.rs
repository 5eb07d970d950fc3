//! Requests that must be refused: each with its status and the words that say what and where.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it must be"
)]

mod driver;

use driver::{drip, drive, small_limits};

/// Name, bytes, status, words.
type Row = (&'static str, &'static [u8], u16, &'static str);

const START_LINES: &[Row] = &[
    ("lower-case version", b"GET / http/1.1\r\nHost: a\r\n\r\n", 400, "start line: not a method"),
    ("no version", b"GET /\r\nHost: a\r\n\r\n", 400, "start line: not a method"),
    ("no target", b"GET HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: not a method"),
    ("two spaces", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: not a method"),
    ("a space behind the version", b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "start line: not a method"),
    ("a tab for a space", b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: not a method"),
    ("a method that is no token", b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: not a method"),
    ("empty lines without end", b"\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: not a method"),
    ("a space first", b" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: not a method"),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "start line: a version other"),
    ("HTTP/1.2", b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "start line: a version other"),
    ("HTTP/0.9 by name", b"GET / HTTP/0.9\r\n\r\n", 505, "start line: a version other"),
    ("HTTP/1.10", b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400, "start line: not a method"),
    ("connect", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501, "start line: CONNECT"),
    ("a relative target", b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: a target"),
    ("a fragment", b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: a target"),
    ("an unknown scheme", b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: a target"),
    ("a user in the target", b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: a target"),
    ("no host in the target", b"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: a target"),
    ("an asterisk for GET", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: a target"),
    ("a target that is not ASCII", b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: a target"),
    (
        "a long target",
        b"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: a\r\n\r\n",
        414,
        "start line: longer than",
    ),
    (
        "one byte too long a target",
        b"GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: a\r\n\r\n",
        414,
        "start line: longer than",
    ),
    ("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "start line: a control"),
];

const LINES: &[Row] = &[
    ("bare line feeds", b"GET / HTTP/1.1\nHost: a\n\n", 400, "start line: a line feed"),
    ("a bare line feed in the fields", b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400, "header line 1: a line feed"),
    ("a bare line feed for the empty line", b"GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "header line 2: a line feed"),
    ("a bare return in a value", b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400, "header line 1: a carriage"),
    ("a return before the line end", b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", 400, "header line 1: a carriage"),
    ("a bare return first", b"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "start line: a carriage"),
    ("a NUL in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400, "header line 2: a control"),
    ("a DEL in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400, "header line 2: a control"),
    ("a folded line", b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400, "header line 3: a line that"),
    ("a folded line with a tab", b"GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", 400, "header line 2: a line that"),
    ("a space before the first field", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "header line 1: a line that"),
    ("a space before the colon", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "header line 1: a field name"),
    ("a line without colon", b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400, "header line 2: a field name"),
    ("an empty name", b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400, "header line 2: a field name"),
    ("a name that is no token", b"GET / HTTP/1.1\r\nHost: a\r\nX@: b\r\n\r\n", 400, "header line 2: a field name"),
    ("a name that is not ASCII", b"GET / HTTP/1.1\r\nHost: a\r\n\xc3\xa4: b\r\n\r\n", 400, "header line 2: a field name"),
    ("a value that is not UTF-8", b"GET / HTTP/1.1\r\nHost: a\r\nX: \xff\r\n\r\n", 400, "header line 2: a field value"),
    (
        "too many fields",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\nA: 6\r\nA: 7\r\nA: 8\r\n\r\n",
        431,
        "head: more header fields",
    ),
    (
        "too long a field",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        431,
        "header line 2: more bytes",
    ),
    ("the end within the head", b"GET / HTTP/1.1\r\nHost: a\r\n", 400, "head: the peer stopped"),
];

const FRAMINGS: &[Row] = &[
    ("no host", b"GET / HTTP/1.1\r\n\r\n", 400, "head: no Host"),
    ("two hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "header line 1: a second Host"),
    ("a host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "header line 1: not a host"),
    ("a list of hosts", b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "header line 1: not a host"),
    ("two lengths", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "header line 2: a second"),
    ("two equal lengths", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\na", 400, "header line 2: a second"),
    ("a list of lengths", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na", 400, "header line 2: a Content-Length that"),
    ("a signed length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", 400, "header line 2: a Content-Length that"),
    ("a negative length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, "header line 2: a Content-Length that"),
    ("a hexadecimal length", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na", 400, "header line 2: a Content-Length that"),
    ("no length behind the colon", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", 400, "header line 2: a Content-Length that"),
    ("a length above the limit", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 33\r\n\r\n", 413, "body: longer"),
    ("a length above all numbers", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 413, "body: longer"),
    ("length and coding", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "header line 3: Transfer-Encoding together"),
    ("coding and length", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400, "header line 2: Transfer-Encoding together"),
    ("length and an empty coding", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\nContent-Length: 3\r\n\r\nabc", 400, "header line 2: Transfer-Encoding together"),
    ("a coding in HTTP/1.0", b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "header line 1: Transfer-Encoding in"),
    ("an unknown coding before chunked", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501, "header line 2: a transfer coding other"),
    ("an unknown coding in a line of its own", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501, "header line 2: a transfer coding other"),
    ("chunked not last", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400, "header line 2: transfer codings"),
    ("chunked twice", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400, "header line 2: transfer codings"),
    ("chunked in two lines", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "header line 2: transfer codings"),
    ("chunked with a comma", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n", 400, "header line 2: transfer codings"),
    ("chunked in quotes", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", 400, "header line 2: transfer codings"),
    ("identity", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400, "header line 2: transfer codings"),
    ("an unknown expectation", b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417, "header line 2: an expectation"),
    ("the end within a counted body", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", 400, "body: the peer stopped"),
];

/// What stands behind the head of a chunked request.
const CHUNKS: &[Row] = &[
    ("no size", b"\r\nabc\r\n", 400, "chunk 1: a size"),
    ("a size that is no number", b"x\r\n", 400, "chunk 1: a size"),
    ("a prefixed size", b"0x3\r\nabc\r\n", 400, "chunk 1: a size"),
    ("a negative size", b"-1\r\n", 400, "chunk 1: a size"),
    (
        "a space before the size",
        b" 3\r\nabc\r\n",
        400,
        "chunk 1: a size",
    ),
    (
        "a space behind the size",
        b"3 \r\nabc\r\n",
        400,
        "chunk 1: a size",
    ),
    (
        "a size of 17 digits",
        b"00000000000000003\r\nabc\r\n",
        400,
        "chunk 1: a size",
    ),
    (
        "the largest size there is",
        b"ffffffffffffffff\r\n",
        413,
        "chunk 1: longer",
    ),
    (
        "chunks above the limit",
        b"10\r\n0123456789abcdef\r\n11\r\n",
        413,
        "chunk 2: longer",
    ),
    (
        "a size ended by a line feed",
        b"3\nabc\r\n",
        400,
        "chunk 1: a size",
    ),
    (
        "a size ended by a return",
        b"3\rabc\r\n",
        400,
        "chunk 1: a carriage",
    ),
    (
        "an extension ended by a line feed",
        b"3;a=b\nabc\r\n",
        400,
        "chunk 1: a line feed",
    ),
    (
        "a NUL in an extension",
        b"3;a\0\r\nabc\r\n",
        400,
        "chunk 1: a control",
    ),
    (
        "longer data than the size",
        b"3\r\nabcd\r\n",
        400,
        "chunk 1: data",
    ),
    (
        "data ended by a line feed",
        b"3\r\nabc\n0\r\n\r\n",
        400,
        "chunk 1: data",
    ),
    (
        "data ended by a return",
        b"3\r\nabc\r0\r\n\r\n",
        400,
        "chunk 1: data",
    ),
    (
        "a trailer without colon",
        b"0\r\nX\r\n\r\n",
        400,
        "trailer line 1: a field name",
    ),
    (
        "a folded trailer",
        b"0\r\nX: 1\r\n 2\r\n\r\n",
        400,
        "trailer line 2: a line that",
    ),
    (
        "a trailer ended by a line feed",
        b"0\r\nX: 1\n\r\n",
        400,
        "trailer line 1: a line feed",
    ),
    (
        "a bare return for the end",
        b"0\r\n\rGET",
        400,
        "trailer line 1: a carriage",
    ),
    (
        "the end within the size",
        b"3",
        400,
        "body: the peer stopped",
    ),
    (
        "the end within the data",
        b"3\r\nab",
        400,
        "body: the peer stopped",
    ),
    (
        "the end within the trailer",
        b"0\r\nX: 1\r\n",
        400,
        "body: the peer stopped",
    ),
];

fn check(name: &str, bytes: &[u8], status: u16, words: &str) {
    let whole = drive(&small_limits(), &[bytes]);
    let error = whole
        .bad
        .unwrap_or_else(|| panic!("{name}: not refused: {whole:?}"));
    assert_eq!(error.fault.status().code(), status, "{name}: {error}");
    assert!(error.to_string().starts_with(words), "{name}: {error}");
    assert!(
        whole.requests.is_empty(),
        "{name}: handed out {:?}",
        whole.requests
    );
    assert!(whole.closed, "{name}: the connection stays open");
    let answer = String::from_utf8(whole.output.clone()).unwrap();
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{name}: {answer}"
    );
    assert!(
        answer.contains("\r\nConnection: close\r\n"),
        "{name}: {answer}"
    );
    assert_eq!(
        drip(&small_limits(), bytes),
        whole,
        "{name}: depends on the cuts"
    );
}

#[test]
fn hostile_heads_are_refused() {
    for &(name, bytes, status, words) in [START_LINES, LINES, FRAMINGS].into_iter().flatten() {
        check(name, bytes, status, words);
    }
}

#[test]
fn hostile_chunks_are_refused() {
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for &(name, chunks, status, words) in CHUNKS {
        check(name, &[head, chunks].concat(), status, words);
    }
}

#[test]
fn endless_chunk_extensions_and_trailers_are_refused() {
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice();
    let extension = [head, b"1;", &[b'x'; 5_000]].concat();
    check(
        "a long extension",
        &extension,
        400,
        "chunk 1: too many bytes",
    );
    let chunk = [b"1;".as_slice(), &[b'x'; 199], b"\r\nx\r\n"].concat();
    let spread = [head, &chunk.repeat(21)].concat();
    check(
        "extensions of many chunks",
        &spread,
        400,
        "chunk 21: too many bytes",
    );
    let trailer = [head, b"0\r\n", &b"A: b\r\n".repeat(1_000)].concat();
    check(
        "a long trailer",
        &trailer,
        431,
        "trailer line 683: more bytes",
    );
    let fields = [head, b"0\r\n", &b"A: b\r\n".repeat(101), b"\r\n"].concat();
    check(
        "many trailer fields",
        &fields,
        431,
        "trailer line 101: more bytes",
    );
}

#[test]
fn a_refusal_does_not_repeat_what_was_sent() {
    let record = drive(
        &small_limits(),
        &[b"GET /<script> HTTP/1.1\r\nHost: <script>\r\n\r\n"],
    );
    let answer = String::from_utf8(record.output).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(!answer.contains("script"), "{answer}");
}

#[test]
fn limits_are_exact() {
    let limits = small_limits();
    let taken = |bytes: &[u8]| {
        let record = drip(&limits, bytes);
        record.bad.map_or(Ok(record.requests.len()), |error| {
            Err(error.fault.status().code())
        })
    };
    let line = |bytes: usize| {
        format!(
            "GET /{} HTTP/1.1\r\nHost: a\r\n\r\n",
            "a".repeat(bytes - 16)
        )
    };
    assert_eq!(taken(line(64).as_bytes()), Ok(1));
    assert_eq!(taken(line(65).as_bytes()), Err(414));
    let head = |bytes: usize| {
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
            "a".repeat(bytes - 32)
        )
    };
    assert_eq!(taken(head(256).as_bytes()), Ok(1));
    assert_eq!(taken(head(257).as_bytes()), Err(431));
    let fields = |count: usize| {
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
            "A: b\r\n".repeat(count - 1)
        )
    };
    assert_eq!(taken(fields(8).as_bytes()), Ok(1));
    assert_eq!(taken(fields(9).as_bytes()), Err(431));
    let body = |bytes: usize| {
        format!(
            "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {bytes}\r\n\r\n{}",
            "x".repeat(bytes)
        )
    };
    assert_eq!(taken(body(32).as_bytes()), Ok(1));
    assert_eq!(taken(body(33).as_bytes()), Err(413));
    let chunk = |size: &str, extension: usize| {
        let head = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        format!(
            "{head}{size};{}\r\nx\r\n0\r\n\r\n",
            "x".repeat(extension - 1)
        )
    };
    assert_eq!(taken(chunk("1", 4_096).as_bytes()), Ok(1));
    assert_eq!(taken(chunk("1", 4_097).as_bytes()), Err(400));
    assert_eq!(taken(chunk("0000000000000001", 1).as_bytes()), Ok(1));
    assert_eq!(taken(chunk("00000000000000001", 1).as_bytes()), Err(400));
}
