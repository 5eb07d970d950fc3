//! A streamed answer between the stage that makes it and the source that sends it.
//!
//! It stands behind a lock that is held for a push or a count, never for a
//! system call.

use std::fmt;
use std::mem;

use parking_lot::Mutex;

use super::flow_event::{FlowEnd, FlowEvent};
use super::news::News;
use super::unsent::{Short, Unsendable, Unsent};
use crate::buffer::WriteBuffer;
use crate::http::content::Content;
use crate::http::inflow::inflow_event::{Gone, Piece};
use crate::http::limits::Limits;
use crate::http::telling::{self, Teller, Telling, Tells, Told};
use crate::http::trailers::Trailers;

/// Makes what tells the events of the answer of that number.
pub(super) type Hearer = Box<dyn FnOnce(u64) -> Teller<FlowEvent> + Send>;

/// Is one streamed answer.
pub(crate) struct Line {
    number: u64,
    state: Mutex<State>,
    telling: Mutex<Telling<FlowEvent>>,
}

#[derive(Debug)]
struct State {
    marks: Marks,
    /// Accepted, and not yet taken by the connection.
    queue: WriteBuffer,
    /// Bytes that the connection has taken and not yet written.
    in_hand: usize,
    /// Bytes of the longest piece that was refused since the last drained event; 0 if none.
    wanted: usize,
    /// Bytes that are missing from the length that was said.
    missing: Option<u64>,
    /// There is no body to be sent, whatever is made.
    muteness: Muteness,
    ending: Option<Ending>,
    phase: Phase,
    /// The source was called and has not looked yet.
    called: bool,
    /// Something was taken since somebody asked last.
    stirred: bool,
    news: News,
    spout: Spout,
}

/// Says what may still be said of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Anything.
    Open,
    /// Nothing: its maker has said how it ends.
    Concluded,
    /// Nothing: it has ended.
    Over,
}

/// How much a line holds, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    /// More is not accepted.
    pub(crate) high: usize,
    /// At this much there is room again.
    pub(crate) low: usize,
}

impl Marks {
    /// Gives those of a server.
    pub(crate) const fn of(limits: &Limits) -> Self {
        Self {
            high: limits.flow_high_mark_bytes,
            low: limits.flow_low_mark_bytes,
        }
    }
}

/// Is where the body comes from, if another one is passed on.
#[derive(Default)]
struct Spout {
    /// Has the next piece come; kept while there is no room for it.
    next: Option<Gone>,
    /// Says that no further piece is wanted.
    stop: Option<Stop>,
}

/// Says that no further piece is wanted.
pub(crate) type Stop = Box<dyn FnOnce() + Send>;

impl fmt::Debug for Spout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spout")
            .field("waits", &self.next.is_some())
            .finish_non_exhaustive()
    }
}

/// Says what its maker has said about the end of an answer.
#[derive(Debug)]
pub(crate) enum Ending {
    /// It is whole.
    Whole(Trailers),
    /// It will never be whole.
    Broken,
}

impl Line {
    /// Makes the line of an answer of that many bytes, if that is known; a mute
    /// one sends none.
    pub(super) fn new(
        marks: Marks,
        length: Option<u64>,
        muteness: Muteness,
        hearer: Option<Hearer>,
    ) -> Self {
        let number = telling::next_number();
        Self {
            number,
            state: Mutex::new(State {
                marks,
                queue: WriteBuffer::new(marks.high),
                in_hand: 0,
                wanted: 0,
                missing: length,
                muteness,
                ending: None,
                phase: Phase::Open,
                called: false,
                stirred: false,
                news: News::default(),
                spout: Spout::default(),
            }),
            telling: Mutex::new(Telling::new(hearer.map(|hearer| hearer(number)))),
        }
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Tells whether there is no body to be sent.
    pub(crate) fn is_mute(&self) -> bool {
        self.state.lock().is_mute()
    }

    /// Accepts a piece to be sent behind all others, or gives it back; tells
    /// besides whether the source is to be called.
    pub(super) fn offer(&self, piece: Content) -> (Result<(), Unsent>, Call) {
        let mut state = self.state.lock();
        match state.check(&piece) {
            Ok(()) => {
                if let Some(missing) = &mut state.missing {
                    *missing = missing.saturating_sub(piece.len());
                }
                if state.is_mute() || piece.is_empty() {
                    return (Ok(()), Call::No);
                }
                piece.queue(&mut state.queue);
                (Ok(()), state.summon())
            }
            Err(reason) => {
                let call = match reason {
                    Unsendable::Excess => state.conclude(Ending::Broken),
                    _ => Call::No,
                };
                (Err(Unsent { piece, reason }), call)
            }
        }
    }

    /// Says who is told when no further piece is wanted.
    pub(super) fn stop_by(&self, stop: Stop) {
        let mut state = self.state.lock();
        if state.phase == Phase::Over {
            drop(state);
            return stop();
        }
        state.spout.stop = Some(stop);
    }

    /// Accepts a piece of another body, which is gone when the next would leave no
    /// more than the low mark and itself unsent; false if it is not wanted.
    pub(super) fn relay(&self, piece: Piece) -> (bool, Call) {
        let (bytes, gone) = piece.into_parts();
        let piece = Content::from(bytes);
        let mut state = self.state.lock();
        let fits = state.missing.is_none_or(|missing| piece.len() <= missing);
        if state.phase != Phase::Open || !fits {
            drop(state);
            return (false, Call::No);
        }
        if let Some(missing) = &mut state.missing {
            *missing = missing.saturating_sub(piece.len());
        }
        if state.is_mute() || piece.is_empty() {
            drop(state);
            return (true, Call::No);
        }
        piece.queue(&mut state.queue);
        let now = if state.unsent() > state.marks.low {
            state.spout.next = Some(gone);
            None
        } else {
            Some(gone)
        };
        let call = state.summon();
        drop(state);
        drop(now);
        (true, call)
    }

    /// Says that nothing more will be sent.
    pub(super) fn finish(&self, trailers: Trailers) -> (Result<(), Short>, Call) {
        let mut state = self.state.lock();
        match state.missing {
            Some(missing) if missing > 0 && state.phase == Phase::Open && !state.is_mute() => {
                let call = state.conclude(Ending::Broken);
                (Err(Short { missing }), call)
            }
            _ => (Ok(()), state.conclude(Ending::Whole(trailers))),
        }
    }

    /// Says that nobody makes the answer any more; that matters only if it is not whole.
    pub(super) fn abandon(&self) -> Call {
        self.state.lock().conclude(Ending::Broken)
    }

    /// Returns how many bytes are accepted and not written.
    pub(super) fn unsent(&self) -> usize {
        let state = self.state.lock();
        state.unsent()
    }

    /// Tells whether it is over.
    pub(super) fn is_over(&self) -> bool {
        self.state.lock().phase == Phase::Over
    }

    /// Has the connection take what was accepted, and tell how many bytes it
    /// holds then; returns what was said about the end.
    pub(crate) fn take(&self, take: impl FnOnce(&mut WriteBuffer) -> usize) -> Option<Ending> {
        let mut state = self.state.lock();
        state.called = false;
        state.stirred |= !state.queue.is_empty();
        state.in_hand = take(&mut state.queue);
        state.ending.take()
    }

    /// Returns what was said about the end of a mute answer.
    pub(crate) fn take_ending(&self) -> Option<Ending> {
        self.state.lock().ending.take()
    }

    /// Says how many bytes the connection holds, now that it has written.
    pub(crate) fn wrote(&self, in_hand: usize) {
        let mut state = self.state.lock();
        state.in_hand = in_hand;
        let unsent = state.unsent();
        let fits = unsent.saturating_add(state.wanted) <= state.marks.high;
        if state.wanted > 0 && unsent <= state.marks.low && fits {
            state.wanted = 0;
            state.news.drained = true;
        }
        // What is called takes locks of its own.
        let next = if unsent <= state.marks.low {
            state.spout.next.take()
        } else {
            None
        };
        drop(state);
        drop(next);
    }

    /// Says that the peer sends nothing more.
    pub(crate) fn note_peer_done(&self) {
        self.state.lock().news.peer_done.happen();
    }

    /// Says that the server is about to end.
    pub(crate) fn note_ending(&self) {
        self.state.lock().news.ending.happen();
    }

    /// Tells whether something was sent since this was asked last, or is still to be.
    pub(crate) fn was_stirred(&self) -> bool {
        let mut state = self.state.lock();
        mem::take(&mut state.stirred) || state.unsent() > 0
    }

    /// Accepts nothing more.
    pub(crate) fn end(&self, why: FlowEnd) {
        let mut state = self.state.lock();
        if mem::replace(&mut state.phase, Phase::Over) != Phase::Over {
            state.queue.advance(usize::MAX);
            state.in_hand = 0;
            state.news.drained = false;
            state.news.ended = Some(why);
        }
        let spout = mem::take(&mut state.spout);
        drop(state);
        if let Some(stop) = spout.stop {
            stop();
        }
    }
}

impl Tells for Line {
    fn tell(&self) -> Told {
        let news = || self.state.lock().news.next(self.number);
        self.telling.lock().tell(news)
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// Says whether an answer has a body to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Muteness {
    /// It has none: what is made of it is thrown away.
    Mute,
    /// It has.
    Spoken,
}

/// Says whether the source is to be told that it has something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Yes,
    No,
}

impl State {
    fn is_mute(&self) -> bool {
        self.muteness == Muteness::Mute
    }

    fn unsent(&self) -> usize {
        self.queue.len().saturating_add(self.in_hand)
    }

    /// Says why a piece cannot be accepted, if so.
    fn check(&mut self, piece: &Content) -> Result<(), Unsendable> {
        let len = usize::try_from(piece.len()).unwrap_or(usize::MAX);
        if self.phase != Phase::Open {
            return Err(Unsendable::Ended);
        }
        if self.missing.is_some_and(|missing| piece.len() > missing) {
            return Err(Unsendable::Excess);
        }
        if self.is_mute() {
            return Ok(());
        }
        if len > self.marks.high {
            return Err(Unsendable::TooMany);
        }
        if self.unsent().saturating_add(len) > self.marks.high {
            self.wanted = self.wanted.max(len);
            return Err(Unsendable::Clogged);
        }
        Ok(())
    }

    /// Takes the first word about the end; later ones say nothing new.
    fn conclude(&mut self, ending: Ending) -> Call {
        if self.phase != Phase::Open {
            return Call::No;
        }
        self.phase = Phase::Concluded;
        self.ending = Some(ending);
        self.summon()
    }

    /// Says whether the source is to be called, if that is not done already.
    fn summon(&mut self) -> Call {
        if mem::replace(&mut self.called, true) {
            Call::No
        } else {
            Call::Yes
        }
    }
}
