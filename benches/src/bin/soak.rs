//! Is every event where the ledger says, after a hundred million of them?
#![forbid(unsafe_code)]

use benches::goal::{Figure, Output, Wanted};
use benches::soak::{Totals, soak};

/// How many events are offered when the command line does not say.
const EVENTS: u64 = 100_000_000;

fn main() -> std::process::ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let events = words.first().and_then(|word| word.parse().ok());
    if events.is_some() {
        words.remove(0);
    }
    let output = match Output::from_args(words) {
        Ok(output) => output,
        Err(error) => {
            eprintln!("soak: {error}; the first word may be the number of events");
            return std::process::ExitCode::from(2);
        }
    };
    // The panics are made on purpose; their messages would hide everything else.
    std::panic::set_hook(Box::new(|panic| {
        let ours = panic
            .payload_as_str()
            .is_some_and(|text| text.ends_with("on purpose"));
        if !ours {
            eprintln!("{panic}");
        }
    }));
    let totals = soak(events.unwrap_or(EVENTS), |totals| eprintln!("{totals:?}"));
    report(output, &totals);
    if totals.is_exact() {
        std::process::ExitCode::SUCCESS
    } else {
        std::process::ExitCode::FAILURE
    }
}

#[allow(clippy::cast_precision_loss, reason = "events are fewer than 2^52")]
fn report(output: Output, totals: &Totals) {
    let rows = [
        ("offered", totals.offered),
        ("accepted", totals.accepted),
        ("rejected", totals.rejected),
        ("handled", totals.handled),
        ("failed", totals.failed),
        ("expired and dead-lettered", totals.dead),
        ("graphs", totals.graphs),
    ];
    for (what, n) in rows {
        output.print(&Figure::shown(what, n as f64, "events"));
    }
    let off = totals.offered.abs_diff(totals.accepted + totals.rejected)
        + totals
            .accepted
            .abs_diff(totals.handled + totals.failed + totals.dead);
    let figure = Figure::shown(
        "events that are not where the ledger says",
        off as f64,
        "events",
    );
    output.print(&figure.wanted("soak", Wanted::AtMost, 0.0));
}
