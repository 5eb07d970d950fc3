//! What the requests of the cases are for.

use seda_io::http::{Representation, Request, Response, Source, StatusCode};

/// The time of the examples in RFC 9110: Sun, 06 Nov 1994 08:49:37 GMT.
const MODIFIED: u64 = 784_111_777;
/// An entity tag with a comma, which separates tags elsewhere.
const TAG: &str = "\"v,1\"";

/// Answers a request by its path:
///
/// * `/digits` is `0123456789`, `/empty` nothing, `/undated` digits without a time of change;
/// * `/status/N` is answered with that status and the body `said`;
/// * `/closing` asks that the connection be closed;
/// * everything else is answered with the request's own body.
pub(crate) fn answer(request: &Request) -> Response {
    let path = request.target().path();
    if let Some(code) = path.strip_prefix("/status/") {
        let status = StatusCode::new(code.parse().unwrap()).unwrap();
        return Response::text(status, "said");
    }
    match path {
        "/digits" => state(b"0123456789", Some(MODIFIED)).answer(request),
        "/empty" => state(b"", Some(MODIFIED)).answer(request),
        "/undated" => state(b"0123456789", None).answer(request),
        "/closing" => Response::text(StatusCode::OK, "bye").closing(),
        _ => Response::new(StatusCode::OK).with_body(request.body().to_vec()),
    }
}

fn state(bytes: &[u8], modified: Option<u64>) -> Representation {
    let source = Source::Memory(bytes.into());
    Representation::new(source, "text/plain", TAG, modified).unwrap()
}
