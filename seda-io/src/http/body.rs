//! A request body that arrives piece by piece, counted or in chunks.

use std::mem;

use super::chunked::Chunked;
use super::fault::{Fault, Place, ProtocolError};
use super::framing::Framing;
use super::trailers::Trailers;
use crate::buffer::ReadBuffer;

/// A body of bounded length, as far as it has arrived.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Vec<u8>,
    decoder: Decoder,
}

#[derive(Debug)]
enum Decoder {
    Length { left: usize },
    Chunked(Box<Chunked>),
}

impl Body {
    /// Makes the body that `framing` announces; `None` when it is empty.
    pub(super) fn new(framing: Framing, bytes_max: usize) -> Result<Option<Self>, ProtocolError> {
        let decoder = match framing {
            Framing::Unsaid | Framing::Length(0) => return Ok(None),
            Framing::Chunked => Decoder::Chunked(Box::new(Chunked::new(bytes_max as u64))),
            Framing::Length(length) => match usize::try_from(length) {
                Ok(left) if left <= bytes_max => Decoder::Length { left },
                _ => return Err(ProtocolError::new(Place::Body, Fault::BodyTooLarge)),
            },
        };
        let bytes = Vec::new();
        Ok(Some(Self { bytes, decoder }))
    }

    /// Takes what belongs to the body out of `input`; gives the body once it is whole.
    ///
    /// Memory grows with the bytes that came, not with the length announced.
    pub(super) fn take(
        &mut self,
        input: &mut ReadBuffer,
    ) -> Result<Option<Vec<u8>>, ProtocolError> {
        let finished = match &mut self.decoder {
            Decoder::Length { left } => {
                let (taken, _) = input.bytes().split_at(input.len().min(*left));
                self.bytes.extend_from_slice(taken);
                *left -= taken.len();
                let finished = *left == 0;
                let count = taken.len();
                input.consume(count);
                finished
            }
            Decoder::Chunked(chunked) => {
                let decoded = chunked.decode(input.bytes(), &mut self.bytes)?;
                input.consume(decoded.consumed);
                decoded.finished
            }
        };
        Ok(finished.then(|| mem::take(&mut self.bytes)))
    }

    /// Tells how many bytes of memory hold what was taken and not given yet.
    pub(super) const fn held(&self) -> usize {
        self.bytes.capacity()
    }

    /// Tells how many bytes are to come, if that is known.
    pub(super) fn left(&self) -> Option<u64> {
        match self.decoder {
            Decoder::Length { left } => Some(left as u64),
            Decoder::Chunked(_) => None,
        }
    }

    /// Gives what was taken and not given yet.
    pub(super) fn take_so_far(&mut self) -> Vec<u8> {
        mem::take(&mut self.bytes)
    }

    /// Gives the fields that stood behind a body that is whole.
    pub(super) fn into_trailers(self) -> Trailers {
        match self.decoder {
            Decoder::Length { .. } => Trailers::new(),
            Decoder::Chunked(chunked) => chunked.trailers(),
        }
    }
}
