//! The same pipeline in what people use today: a thread or task for each stage.

use std::hint::black_box;
use std::sync::mpsc::sync_channel;
use std::thread;

use crate::hops::{QUEUE, STAGES};
use crate::rounds::{Cost, cost};

/// Sends events through crossbeam channels, with a thread for each stage.
///
/// # Panics
///
/// Panics if a stage ends early.
pub fn crossbeam(events: u64) -> Cost {
    cost(events * STAGES as u64, || {
        thread::scope(|scope| {
            let (first, mut receiver) = crossbeam_channel::bounded::<u64>(QUEUE);
            for _ in 1..STAGES {
                let (sender, next) = crossbeam_channel::bounded::<u64>(QUEUE);
                let from = std::mem::replace(&mut receiver, next);
                scope.spawn(move || from.iter().for_each(|n| sender.send(n).expect("open")));
            }
            let last = scope.spawn(move || receiver.iter().map(black_box).count());
            (0..events).for_each(|n| first.send(n).expect("open"));
            drop(first);
            assert_eq!(last.join().expect("the last stage ends") as u64, events);
        });
    })
}

/// Sends events through the standard library's bounded channels.
///
/// # Panics
///
/// Panics if a stage ends early.
pub fn std_channel(events: u64) -> Cost {
    cost(events * STAGES as u64, || {
        thread::scope(|scope| {
            let (first, mut receiver) = sync_channel::<u64>(QUEUE);
            for _ in 1..STAGES {
                let (sender, next) = sync_channel::<u64>(QUEUE);
                let from = std::mem::replace(&mut receiver, next);
                scope.spawn(move || from.iter().for_each(|n| sender.send(n).expect("open")));
            }
            let last = scope.spawn(move || receiver.iter().map(black_box).count());
            (0..events).for_each(|n| first.send(n).expect("open"));
            drop(first);
            assert_eq!(last.join().expect("the last stage ends") as u64, events);
        });
    })
}

/// Sends events through tokio's bounded mpsc channels, with a task for each
/// stage, on its multi-threaded runtime.
///
/// # Panics
///
/// Panics if the runtime does not start or a stage ends early.
pub fn tokio_mpsc(events: u64) -> Cost {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .build()
        .expect("a runtime");
    cost(events * STAGES as u64, || {
        runtime.block_on(async {
            let (first, mut receiver) = tokio::sync::mpsc::channel::<u64>(QUEUE);
            for _ in 1..STAGES {
                let (sender, next) = tokio::sync::mpsc::channel::<u64>(QUEUE);
                let mut from = std::mem::replace(&mut receiver, next);
                tokio::spawn(async move {
                    while let Some(n) = from.recv().await {
                        sender.send(n).await.expect("open");
                    }
                });
            }
            let last = tokio::spawn(async move {
                let mut seen = 0;
                while receiver.recv().await.is_some() {
                    seen += 1;
                }
                seen
            });
            tokio::spawn(async move {
                for n in 0..events {
                    first.send(n).await.expect("open");
                }
            });
            assert_eq!(last.await.expect("the last stage ends"), events);
        });
    })
}

/// Calls a chain of functions that only their vtables know: no queue at all.
pub fn dyn_call(events: u64) -> Cost {
    type Step = Box<dyn FnMut(u64)>;
    let last: Step = Box::new(|n| {
        black_box(n);
    });
    let mut chain = (1..STAGES).fold(last, |mut next, _| Box::new(move |n| next(black_box(n))));
    cost(events * STAGES as u64, || (0..events).for_each(&mut chain))
}
