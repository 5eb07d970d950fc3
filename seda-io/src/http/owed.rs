//! What must be known of a request to write its answer.

use super::message::Version;
use super::method::Method;
use super::parse::RequestHead;
use super::write::Persistence;

/// The duty to answer one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owed {
    version: Version,
    /// The peer wants to go on behind the answer.
    stays_open: bool,
    /// The answer has no body, whatever its head says.
    pub(super) head_only: bool,
    /// The request was bad: what else the peer sends is thrown away.
    pub(super) bad: bool,
}

impl Owed {
    /// The duty that comes with a well-formed request.
    pub(super) fn to(head: &RequestHead) -> Self {
        Self {
            version: head.request.version(),
            stays_open: head.stays_open,
            head_only: *head.request.method() == Method::Head,
            bad: false,
        }
    }

    /// The duty to say what was wrong.
    pub(super) const fn to_bad_request() -> Self {
        Self {
            version: Version::Http11,
            stays_open: false,
            head_only: false,
            bad: true,
        }
    }

    /// What the peer has asked for the connection.
    pub(super) const fn persistence(self) -> Persistence {
        match (self.stays_open, self.version) {
            (false, _) => Persistence::Close,
            (true, Version::Http10) => Persistence::KeepAlive,
            (true, Version::Http11) => Persistence::Unsaid,
        }
    }
}
