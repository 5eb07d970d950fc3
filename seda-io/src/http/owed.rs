//! What must be known of a request to write its answer.

use super::content::Content;
use super::framing::Sequel;
use super::message::{Response, Version};
use super::method::Method;
use super::parse::RequestHead;
use super::write::{Delimiter, Persistence};

/// The duty to answer one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owed {
    /// What the peer has asked for the connection behind the answer.
    pub(super) persistence: Persistence,
    /// What the peer speaks.
    pub(super) version: Version,
    /// The answer has no body, whatever its head says.
    pub(super) head_only: bool,
    /// The request was bad: what else the peer sends is thrown away.
    pub(super) bad: bool,
    /// What may go on beside it.
    pub(super) company: Company,
}

/// Says what may go on while a request is in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    /// Others that are safe, too (RFC 9110 §9.2.1).
    Safe,
    /// Nothing.
    Alone,
    /// Nothing, since what follows may be of another protocol (RFC 9110 §7.8).
    Upgrade,
}

impl Owed {
    /// The duty that comes with a well-formed request.
    pub(super) fn to(head: &RequestHead) -> Self {
        let method = head.request.method();
        Self {
            persistence: match (head.sequel, head.request.version()) {
                (Sequel::Closes, _) => Persistence::Close,
                (_, Version::Http10) => Persistence::KeepAlive,
                (_, Version::Http11) => Persistence::Unsaid,
            },
            version: head.request.version(),
            head_only: *method == Method::Head,
            bad: false,
            company: match head.sequel {
                Sequel::Upgrades => Company::Upgrade,
                _ if method.is_safe() => Company::Safe,
                _ => Company::Alone,
            },
        }
    }

    /// The duty to say what was wrong.
    pub(super) const fn to_bad_request() -> Self {
        Self {
            persistence: Persistence::Close,
            version: Version::Http11,
            head_only: false,
            bad: true,
            company: Company::Safe,
        }
    }

    /// Tells whether no other request may be handled beside it.
    pub(super) fn is_exclusive(self) -> bool {
        self.company != Company::Safe
    }

    /// Tells whether the body is sent with the head.
    pub(super) fn wants_body_of(self, response: &Response) -> bool {
        !self.head_only && !response.status().is_bodiless()
    }

    /// Finds how the peer is to find the end of that body; HTTP/1.0 knows no chunks.
    pub(super) fn delimiter_of(self, content: &Content) -> Delimiter {
        match content {
            Content::Flowing(later) => match later.length {
                Some(length) => Delimiter::Length(length),
                None if self.version == Version::Http10 => Delimiter::Close,
                None => Delimiter::Chunks,
            },
            // To say another length than to `GET`, or 0 for an unknown one, would
            // be a lie (RFC 9110 §8.6).
            Content::Absent(absent) if self.head_only => {
                absent.length.map_or(Delimiter::Close, Delimiter::Length)
            }
            _ => Delimiter::Length(content.len()),
        }
    }

    /// Tells whether no request follows on this connection.
    pub(super) fn is_last(self) -> bool {
        self.persistence == Persistence::Close
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::content::Absent;

    #[test]
    fn a_body_that_is_nowhere_is_promised_to_none_but_head() {
        let to_get = Owed::to_bad_request();
        let to_head = Owed {
            head_only: true,
            ..to_get
        };
        let absent = |length| Content::Absent(Absent { length });
        let known = absent(Some(5));
        assert_eq!(to_head.delimiter_of(&known), Delimiter::Length(5));
        assert_eq!(to_head.delimiter_of(&absent(None)), Delimiter::Close);
        assert_eq!(to_get.delimiter_of(&known), Delimiter::Length(0));
        assert_eq!(to_get.delimiter_of(&absent(None)), Delimiter::Length(0));
    }
}
