//! Tells a stage what happens to something, and keeps what it refuses.

use std::sync::atomic::{AtomicU64, Ordering};

use seda_core::{Key, Meta, Reason, Sink};

/// Offers an event to the stage that wants to hear it, or one that it has kept;
/// keeps it when it is refused, and says why.
pub(super) type Teller<V> = Box<dyn FnMut(Option<V>) -> Result<(), Reason> + Send>;

/// Is something of which a stage is told.
pub(super) trait Tells: Send + Sync {
    /// Tells the stage what it has not heard.
    fn tell(&self) -> Told;
}

/// Says what became of what a stage was to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// There are none that the stage has not heard.
    All,
    /// The stage has refused some; tell them later.
    Refused,
    /// The stage takes nothing any more.
    Closed,
}

/// Is who is told, and whether the last event was kept.
pub(super) struct Telling<V> {
    teller: Option<Teller<V>>,
    keeps: bool,
}

/// Gives a number that no other streamed body or upgraded connection has.
pub(super) fn next_number() -> u64 {
    static NUMBERS: AtomicU64 = AtomicU64::new(1);
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

/// Makes what tells events to a stage, in order: they have `number` as their key.
pub(super) fn teller<V, E>(sink: &Sink<E>, number: u64) -> Teller<V>
where
    E: From<V> + Send + 'static,
{
    let sink = sink.clone();
    let meta = Meta::NONE.with_key(Key::of(&number));
    let mut kept = None;
    Box::new(move |event: Option<V>| {
        let Some(event) = event.map(E::from).or_else(|| kept.take()) else {
            return Ok(());
        };
        sink.with(meta).enqueue(event).map_err(|rejected| {
            kept = Some(rejected.event);
            rejected.reason
        })
    })
}

impl<V> Telling<V> {
    pub(super) const fn new(teller: Option<Teller<V>>) -> Self {
        Self {
            teller,
            keeps: false,
        }
    }

    /// Tells what was kept, and then what `next` gives, until there is no more
    /// or it is refused.
    pub(super) fn tell(&mut self, mut next: impl FnMut() -> Option<V>) -> Told {
        let Some(teller) = &mut self.teller else {
            return Told::All;
        };
        loop {
            let event = if self.keeps { None } else { next() };
            if event.is_none() && !self.keeps {
                return Told::All;
            }
            let told = teller(event);
            self.keeps = told.is_err();
            match told {
                Ok(()) => {}
                Err(Reason::Closed) => return Told::Closed,
                Err(_) => return Told::Refused,
            }
        }
    }
}
