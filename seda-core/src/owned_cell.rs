//! A cell that one worker owns: no lock, no atomic, checked at every access.
//!
//! This is the only file of the project with `unsafe` code. It is what brings a
//! hop inside a domain down to the cost of a push and a pop; the figures beside
//! the safe ways are in `docs/adr/0001-one-unsafe-cell.md`.
#![allow(unsafe_code, reason = "measured: see docs/adr/0001-one-unsafe-cell.md")]

use std::cell::{Cell, UnsafeCell};
use std::fmt;

use crate::here::{self, Seat, SeatId};

/// Is a value that only the thread sitting on its seat can reach.
pub(crate) struct OwnedCell<T> {
    owner: SeatId,
    /// Set while a borrow lasts, so that a nested one is refused.
    busy: Cell<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: `owner` is never written after `new`. `busy` and `value` are touched
// only inside `with`, after the check that the current thread sits on `owner`.
// `here::seat` reads the current thread's own thread-local, which only
// `Seat::sit` writes, and at most one thread sits on a seat at a time (a `Seat` is unique, not `Clone`, and borrowed mutably for as
// long as a thread sits on it; handing it on synchronises the two threads). So
// no two threads ever touch them at once. `T: Send`, since the value is reached
// from whichever thread sits there, and dropped by whichever drops the cell.
unsafe impl<T: Send> Sync for OwnedCell<T> {}

impl<T> OwnedCell<T> {
    /// Makes a cell for whoever sits on `seat`. It takes the seat itself, since
    /// an id might be that of nobody, which every other thread has.
    pub(crate) const fn new(seat: &Seat, value: T) -> Self {
        Self {
            owner: seat.id(),
            busy: Cell::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Makes a cell that nobody ever reaches.
    pub(crate) const fn unowned(value: T) -> Self {
        Self {
            owner: SeatId::NEVER,
            busy: Cell::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Runs `work` on the value when the current thread owns it; gives the
    /// argument back when it does not, or when a borrow already lasts.
    #[inline]
    pub(crate) fn with<A, R>(
        &self,
        argument: A,
        work: impl FnOnce(&mut T, A) -> R,
    ) -> Result<R, A> {
        if !here::seat().is(self.owner) || self.busy.replace(true) {
            return Err(argument);
        }
        let _free = Free(&self.busy);
        // SAFETY: the check above shows that this thread owns the cell, so no
        // other thread touches the value; `busy` was false, so no borrow of
        // this thread lasts; `_free` clears it only after `work` has returned
        // or unwound, when this borrow has ended.
        let value = unsafe { &mut *self.value.get() };
        Ok(work(value, argument))
    }
}

struct Free<'c>(&'c Cell<bool>);

impl Drop for Free<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl<T> fmt::Debug for OwnedCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedCell")
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::OwnedCell;
    use crate::here::Seat;

    #[test]
    fn only_the_owner_reaches_the_value() {
        let mut seats = Seat::new_domain(2);
        let cell = OwnedCell::new(&seats[0], 1);
        let add = |value: &mut i32, more: i32| {
            *value += more;
            *value
        };
        assert_eq!(cell.with(5, add), Err(5));
        assert_eq!(seats[1].sit(|_| cell.with(5, add)), Err(5));
        assert_eq!(seats[0].sit(|_| cell.with(5, add)), Ok(6));
    }

    #[test]
    fn a_nested_borrow_is_refused_and_the_next_one_is_not() {
        let mut seats = Seat::new_domain(1);
        let cell = OwnedCell::new(&seats[0], 0);
        seats[0].sit(|_| {
            let nested = cell.with((), |_, ()| cell.with(7, |_, n| n));
            assert_eq!(nested, Ok(Err(7)));
            assert_eq!(cell.with(7, |_, n| n), Ok(7));
        });
    }

    #[test]
    fn a_panic_ends_the_borrow() {
        let mut seats = Seat::new_domain(1);
        let cell = OwnedCell::new(&seats[0], 0);
        seats[0].sit(|_| {
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let _ = cell.with((), |_, ()| panic!("on purpose"));
            }));
            assert!(caught.is_err());
            assert!(cell.with((), |_, ()| ()).is_ok());
        });
    }

    #[test]
    fn the_value_moves_with_the_seat_from_thread_to_thread() {
        let mut seats = Seat::new_domain(1);
        let cell = OwnedCell::new(&seats[0], Vec::new());
        for round in 0..4 {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    seats[0].sit(|_| cell.with(round, Vec::push).is_ok());
                });
            });
        }
        let held = seats[0].sit(|_| cell.with((), |value, ()| value.clone()));
        assert_eq!(held, Ok(vec![0, 1, 2, 3]));
    }
}
