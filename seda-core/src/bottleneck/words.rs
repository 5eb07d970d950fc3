//! A bottleneck as a sentence.

use std::fmt;

use crate::bottleneck::{Bottleneck, Evidence, LimitedBy};

impl fmt::Display for Bottleneck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stage, evidence, ..
        } = self;
        match self.limit {
            LimitedBy::Cpu => write!(f, "`{stage}` is limited by its own computing")?,
            LimitedBy::Workers => write!(f, "`{stage}` is limited by its workers")?,
            LimitedBy::Outside => {
                write!(
                    f,
                    "`{stage}` is limited by what it waits for outside the graph"
                )?;
            }
            LimitedBy::Admission => {
                write!(
                    f,
                    "`{stage}` is limited by who may enter, not by its workers"
                )?;
            }
            LimitedBy::Load => write!(f, "nothing limits the graph, `{stage}` would first")?,
        }
        self.workers(f)?;
        queue(f, evidence)?;
        self.chain(f)
    }
}

impl Bottleneck {
    fn workers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Evidence {
            workers,
            utilisation,
            part,
            blocked,
            ..
        } = self.evidence;
        let s = if workers > 1.0 { "s" } else { "" };
        let of = if workers > 1.0 {
            "of the time of"
        } else {
            "of"
        };
        write!(
            f,
            ": {} {of} {workers:.0} worker{s} in `{}` needed, {} of that for it",
            Percent(utilisation),
            self.domain,
            Percent(part)
        )?;
        match blocked {
            None => Ok(()),
            Some(blocked) => write!(f, ", {} of it spent waiting", Percent(blocked)),
        }
    }

    fn chain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, waiting) in self.waiting.iter().enumerate() {
            let sep = if place == 0 { "; " } else { ", " };
            let (who, whom) = (&waiting.stage, &waiting.waits_for);
            write!(f, "{sep}`{who}` waits for `{whom}`")?;
        }
        Ok(())
    }
}

fn queue(f: &mut fmt::Formatter<'_>, evidence: &Evidence) -> fmt::Result {
    write!(f, "; {:.0} events/s", evidence.events_per_second)?;
    if let Some(time) = evidence.queue_time.filter(|_| evidence.queued > 0) {
        write!(f, ", {} wait for {time:.1?}", evidence.queued)?;
    }
    if evidence.refused > 0.0 {
        write!(
            f,
            ", {} of what is offered refused",
            Percent(evidence.refused)
        )?;
    }
    Ok(())
}

/// Is a share of 1, written in percent.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} %", self.0 * 100.0)
    }
}
