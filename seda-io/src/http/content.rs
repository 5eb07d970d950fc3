//! The body of an answer, wherever its bytes are.

use std::borrow::Cow;
use std::sync::Arc;

use crate::buffer::WriteBuffer;
use crate::file_range::FileRange;

/// The body of an answer, wherever its bytes are.
///
/// # Examples
///
/// ```
/// use seda_io::http::{Content, Response, StatusCode};
///
/// let parts = vec![Content::from("one, "), Content::from(String::from("two"))];
/// let response = Response::new(StatusCode::OK).with_body(Content::Parts(parts));
/// assert_eq!(response.content().len(), 8);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Bytes of the program.
    Static(&'static [u8]),
    /// Bytes of this answer alone.
    Owned(Vec<u8>),
    /// Bytes that other answers have too, such as those of a cache.
    Shared(Arc<[u8]>),
    /// Bytes that the kernel takes from a file.
    File(FileRange),
    /// One behind the other.
    Parts(Vec<Self>),
    /// Bytes that a [`Flow`](super::Flow) sends later.
    Flowing(Later),
    /// Bytes that are nowhere: the answer to a `HEAD` says only how many there are.
    Absent(Absent),
}

/// Marks a body that is sent later, piece by piece, or [comes](super::Answered::inflow)
/// like that; it is made by [`Exchange::stream`](super::Exchange::stream) and the client
/// alone. An answer that is given with it, without anything that is sent, is broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Later {
    /// Bytes, if that is known.
    pub(super) length: Option<u64>,
}

/// Stands for the body that an answer to `GET` would have had, in one to `HEAD`
/// that another server has given; such a body is made by the client alone.
///
/// As the answer to another request than a `HEAD` it is a body without bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absent {
    /// Bytes, if the server has said so.
    pub(super) length: Option<u64>,
}

impl Content {
    /// Returns the number of bytes; 0 where it is not known yet, or they are not sent.
    pub fn len(&self) -> u64 {
        match self {
            Self::File(range) => range.len(),
            Self::Parts(parts) => parts.iter().map(Self::len).sum(),
            Self::Flowing(later) => later.length.unwrap_or(0),
            _ => self.bytes().map_or(0, |bytes| bytes.len() as u64),
        }
    }

    /// Tells whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes, if they lie in memory in one piece.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Static(bytes) => Some(bytes),
            Self::Owned(bytes) => Some(bytes),
            Self::Shared(bytes) => Some(bytes),
            Self::Absent(_) => Some(&[]),
            Self::File(_) | Self::Parts(_) | Self::Flowing(_) => None,
        }
    }

    /// Hands the bytes over to what sends them.
    pub(super) fn queue(self, output: &mut WriteBuffer) {
        match self {
            Self::Static(bytes) => output.push(bytes),
            Self::Owned(bytes) => output.push_owned(bytes),
            Self::Shared(bytes) => output.push_shared(bytes),
            Self::File(range) => output.push_file(range),
            Self::Parts(parts) => parts.into_iter().for_each(|part| part.queue(output)),
            Self::Flowing(_) | Self::Absent(_) => {}
        }
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Static(&[])
    }
}

impl From<&'static [u8]> for Content {
    fn from(bytes: &'static [u8]) -> Self {
        Self::Static(bytes)
    }
}

impl From<&'static str> for Content {
    fn from(text: &'static str) -> Self {
        Self::Static(text.as_bytes())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes)
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Owned(text.into_bytes())
    }
}

impl From<Cow<'static, str>> for Content {
    fn from(text: Cow<'static, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

impl From<Arc<[u8]>> for Content {
    fn from(bytes: Arc<[u8]>) -> Self {
        Self::Shared(bytes)
    }
}

impl From<FileRange> for Content {
    fn from(range: FileRange) -> Self {
        Self::File(range)
    }
}
