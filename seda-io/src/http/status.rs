//! Final status codes and their reason phrases.

use std::fmt;

/// A final status code, 200 to 599.
///
/// Interim codes (1xx) are no answers, so this type does not hold them.
///
/// # Examples
///
/// ```
/// use seda_io::http::StatusCode;
///
/// assert_eq!(StatusCode::NOT_FOUND.to_string(), "404 Not Found");
/// assert_eq!(StatusCode::new(100), None);
/// ```
///
/// # Sources
///
/// RFC 9110 §15, RFC 6585.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusCode(u16);

impl StatusCode {
    /// 200: the request has succeeded.
    pub const OK: Self = Self(200);
    /// 201: something has been made.
    pub const CREATED: Self = Self(201);
    /// 202: accepted, and not finished.
    pub const ACCEPTED: Self = Self(202);
    /// 204: done, and there is nothing to say.
    pub const NO_CONTENT: Self = Self(204);
    /// 206: a part of it, as asked.
    pub const PARTIAL_CONTENT: Self = Self(206);
    /// 301: it is elsewhere now, for good.
    pub const MOVED_PERMANENTLY: Self = Self(301);
    /// 303: the answer is at another place, to be fetched with GET.
    pub const SEE_OTHER: Self = Self(303);
    /// 304: what the client holds is current.
    pub const NOT_MODIFIED: Self = Self(304);
    /// 400: the request cannot be understood.
    pub const BAD_REQUEST: Self = Self(400);
    /// 403: it exists, and is not for this client.
    pub const FORBIDDEN: Self = Self(403);
    /// 404: there is nothing of that name.
    pub const NOT_FOUND: Self = Self(404);
    /// 405: the target knows the method and does not allow it.
    pub const METHOD_NOT_ALLOWED: Self = Self(405);
    /// 408: the request did not arrive in time.
    pub const REQUEST_TIMEOUT: Self = Self(408);
    /// 409: the request contradicts the state of the target.
    pub const CONFLICT: Self = Self(409);
    /// 412: a condition of the request does not hold.
    pub const PRECONDITION_FAILED: Self = Self(412);
    /// 413: the body is longer than the server takes.
    pub const CONTENT_TOO_LARGE: Self = Self(413);
    /// 414: the target is longer than the server takes.
    pub const URI_TOO_LONG: Self = Self(414);
    /// 415: the body is of a type the target does not take.
    pub const UNSUPPORTED_MEDIA_TYPE: Self = Self(415);
    /// 416: none of the bytes asked for is there.
    pub const RANGE_NOT_SATISFIABLE: Self = Self(416);
    /// 417: the server does not meet what the request expects.
    pub const EXPECTATION_FAILED: Self = Self(417);
    /// 422: the body is well formed and its instructions are not.
    pub const UNPROCESSABLE_CONTENT: Self = Self(422);
    /// 426: the request must be made by another protocol; see
    /// [`Response::upgrade_required`](super::Response::upgrade_required).
    pub const UPGRADE_REQUIRED: Self = Self(426);
    /// 429: this client has asked too often.
    pub const TOO_MANY_REQUESTS: Self = Self(429);
    /// 431: the header section is larger than the server takes.
    pub const HEADER_FIELDS_TOO_LARGE: Self = Self(431);
    /// 500: the server failed.
    pub const INTERNAL_SERVER_ERROR: Self = Self(500);
    /// 501: the server does not know how to do this at all.
    pub const NOT_IMPLEMENTED: Self = Self(501);
    /// 502: the server behind this one answered nonsense.
    pub const BAD_GATEWAY: Self = Self(502);
    /// 503: too busy, or closing; try later.
    pub const SERVICE_UNAVAILABLE: Self = Self(503);
    /// 504: the server behind this one did not answer in time.
    pub const GATEWAY_TIMEOUT: Self = Self(504);
    /// 505: the version is not spoken here.
    pub const VERSION_NOT_SUPPORTED: Self = Self(505);

    /// Takes a number as a final status code; `None` outside 200 to 599.
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            200..=599 => Some(Self(code)),
            _ => None,
        }
    }

    /// Returns the number.
    pub const fn code(self) -> u16 {
        self.0
    }

    /// Tells whether the request was received, understood and accepted (2xx).
    pub const fn is_success(self) -> bool {
        self.0 < 300
    }

    /// Tells whether an answer of this status never has a body (204, 304).
    pub const fn is_bodiless(self) -> bool {
        matches!(self.0, 204 | 304)
    }

    /// Returns the reason phrase, which clients do not interpret; empty for an unknown code.
    pub const fn reason(self) -> &'static str {
        match self.0 {
            200 => "OK",
            201 => "Created",
            202 => "Accepted",
            203 => "Non-Authoritative Information",
            204 => "No Content",
            205 => "Reset Content",
            206 => "Partial Content",
            300 => "Multiple Choices",
            301 => "Moved Permanently",
            302 => "Found",
            303 => "See Other",
            304 => "Not Modified",
            307 => "Temporary Redirect",
            308 => "Permanent Redirect",
            400..=499 => self.client_error_reason(),
            500 => "Internal Server Error",
            501 => "Not Implemented",
            502 => "Bad Gateway",
            503 => "Service Unavailable",
            504 => "Gateway Timeout",
            505 => "HTTP Version Not Supported",
            507 => "Insufficient Storage",
            511 => "Network Authentication Required",
            _ => "",
        }
    }

    const fn client_error_reason(self) -> &'static str {
        match self.0 {
            400 => "Bad Request",
            401 => "Unauthorized",
            402 => "Payment Required",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            406 => "Not Acceptable",
            407 => "Proxy Authentication Required",
            408 => "Request Timeout",
            409 => "Conflict",
            410 => "Gone",
            411 => "Length Required",
            412 => "Precondition Failed",
            413 => "Content Too Large",
            414 => "URI Too Long",
            415 => "Unsupported Media Type",
            416 => "Range Not Satisfiable",
            417 => "Expectation Failed",
            421 => "Misdirected Request",
            422 => "Unprocessable Content",
            424 => "Failed Dependency",
            426 => "Upgrade Required",
            428 => "Precondition Required",
            429 => "Too Many Requests",
            431 => "Request Header Fields Too Large",
            451 => "Unavailable For Legal Reasons",
            _ => "",
        }
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            "" => write!(f, "{}", self.0),
            reason => write!(f, "{} {reason}", self.0),
        }
    }
}
