//! How much of their workers' time stages need, and where that is all there is.

use crate::bottleneck::span::{EdgeSpan, Span};
use crate::law::float;

/// Is a set of workers, and the stage that takes the largest part of their time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// The place of the stage.
    pub(super) stage: usize,
    /// The share of the workers' time that was needed, from 0 to 1.
    pub(super) need: f64,
    /// The part of what was offered to them from elsewhere that was refused.
    pub(super) refused: f64,
}

impl Candidate {
    /// Orders candidates: the one whose workers are most needed, and of those
    /// that are needed all the time the one that refused the largest part.
    pub(super) fn weight(&self) -> f64 {
        0.5f64.mul_add(self.refused, self.need)
    }
}

/// Says whose refusals make work vain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Among {
    /// Those of stages with other workers. A stage with the same ones had no
    /// time because of the other: it tells nothing of whether all were needed.
    Domains,
    /// Those of any stage.
    Stages,
}

/// Gives for each stage the part of its work that led somewhere.
///
/// A stage works in vain when what it sends on is refused: however busy it is,
/// it could do no more if it were quicker.
fn useful(span: &Span, among: Among) -> Vec<f64> {
    let mut useful = vec![1.0; span.stages.len()];
    // What is lost further down is lost here too; a loop needs no more rounds
    // than there are stages to show it.
    for _ in 0..span.stages.len() {
        for stage in 0..span.stages.len() {
            let part = led_somewhere(span, stage, (&useful, among));
            if let Some(place) = useful.get_mut(stage) {
                *place = part;
            }
        }
    }
    useful
}

fn led_somewhere(span: &Span, stage: usize, (useful, among): (&[f64], Among)) -> f64 {
    let mut offered = 0.0;
    let mut kept = 0.0;
    for edge in span.from(stage) {
        let all = float(edge.accepted + edge.refused);
        let beyond = useful.get(edge.to).copied().unwrap_or(1.0);
        offered += all;
        kept += if among == Among::Domains && span.share_workers(stage, edge.to) {
            all * beyond
        } else {
            float(edge.accepted) * beyond * in_time(span, edge.to)
        };
    }
    if offered > 0.0 { kept / offered } else { 1.0 }
}

/// Gives the part of a stage's events that it did not let expire.
fn in_time(span: &Span, stage: usize) -> f64 {
    let Some(stage) = span.stages.get(stage) else {
        return 1.0;
    };
    let all = stage.served + stage.expired;
    if all == 0 {
        1.0
    } else {
        float(stage.served) / float(all)
    }
}

/// Lists each set of workers that did anything, with the stage it worked for most.
pub(super) fn candidates(span: &Span) -> Vec<Candidate> {
    let usefuls = (useful(span, Among::Domains), useful(span, Among::Stages));
    let useful = &usefuls.0;
    let alone = (0..span.stages.len()).filter(|stage| span.is_alone(*stage));
    let alone = alone.filter_map(|stage| {
        let needed = span.stages.get(stage)?.busy * useful.get(stage)?;
        Some(Candidate {
            stage,
            need: (needed / span.time).min(1.0),
            refused: refused(span, |to| to == stage),
        })
    });
    let domains = (0..span.domains.len())
        .filter_map(|domain| of_domain(span, domain, (&usefuls.0, &usefuls.1)));
    alone.chain(domains).collect()
}

fn of_domain(
    span: &Span,
    domain: usize,
    (among_domains, among_stages): (&[f64], &[f64]),
) -> Option<Candidate> {
    let mut busy = 0.0;
    let mut needed = 0.0;
    let mut most: Option<(usize, f64)> = None;
    let useful = among_domains.iter().zip(among_stages);
    for (place, (stage, (outer, own))) in span.stages.iter().zip(useful).enumerate() {
        if stage.domain != domain {
            continue;
        }
        busy += stage.busy;
        needed += stage.busy * outer;
        let part = stage.busy * own;
        if most.is_none_or(|(_, known)| part > known) {
            most = Some((place, part));
        }
    }
    let (stage, _) = most.filter(|_| busy > 0.0)?;
    let figures = span.domains.get(domain)?;
    // Between batches a worker is in no handler, but not idle either.
    let taken = figures.cpu.unwrap_or(0.0).max(busy) * (needed / busy);
    Some(Candidate {
        stage,
        need: (taken / (span.time * figures.workers)).min(1.0),
        refused: refused(span, |to| {
            span.stages
                .get(to)
                .is_some_and(|stage| stage.domain == domain)
        }),
    })
}

/// Gives the part of what came from elsewhere to these stages that was refused.
pub(super) fn refused(span: &Span, is_mine: impl Fn(usize) -> bool) -> f64 {
    let from_elsewhere = |edge: &&EdgeSpan| is_mine(edge.to) && !edge.from.is_some_and(&is_mine);
    let edges = span.edges.iter().filter(from_elsewhere);
    let (accepted, refused) = edges.fold((0, 0), |(accepted, refused), edge| {
        (accepted + edge.accepted, refused + edge.refused)
    });
    if refused == 0 {
        0.0
    } else {
        float(refused) / float(accepted + refused)
    }
}
