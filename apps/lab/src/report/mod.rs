//! Records as a page to read: what is to be seen in words, in plots and in tables.

mod by_class;
mod by_clients;
mod by_load;
mod calendar;
mod csv;
mod document;
mod figure;
#[cfg(test)]
mod fixture;
mod latencies;
mod measure;
mod middle;
mod over_time;
mod study;
mod tables;
mod verdict;
mod versus;

pub use crate::report::versus::{Difference, Pair, Row, Seen, Versus};

use std::iter;

use crate::plot::frame;
use crate::record::Record;
use crate::report::document::Shown;
use crate::report::figure::{Figure, slug_of};
use crate::report::study::{Looks, Study};

/// Is what there is to be seen of some records.
#[derive(Clone, Debug)]
pub struct Report {
    page: String,
    plots: Vec<Plot>,
}

/// Is one plot, which can leave its page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plot {
    /// A name for a file, without its ending: small letters, digits and hyphens.
    pub name: String,
    /// SVG, with its style inside.
    pub svg: String,
}

impl Report {
    /// Makes a report of records, one below the other. A variant has the same
    /// colour in all of them.
    pub fn of(records: &[Record]) -> Self {
        Self::of_variants(records, &[])
    }

    /// Makes a report of some variants only, by their names; of all when none is
    /// named. Each looks as it does among all of them.
    pub fn of_variants(records: &[Record], variants: &[String]) -> Self {
        let mut looks = Looks::default();
        let shown: Vec<Shown<'_>> = records
            .iter()
            .map(|record| {
                let study = Study::of(record, &mut looks).only(variants);
                Shown {
                    record,
                    figures: figures(&study),
                    study,
                }
            })
            .collect();
        let several = shown.len() > 1;
        let plots = shown.iter().enumerate().flat_map(|(index, one)| {
            let scenario = format!("{}-{}", index + 1, slug_of(&one.record.scenario));
            plots(&one.figures, several.then_some(scenario))
        });
        Self {
            plots: plots.collect(),
            page: document::of_records(&shown),
        }
    }

    /// Makes a report of two records side by side.
    pub fn comparing(versus: &Versus<'_>) -> Self {
        let study = versus.study();
        let figures = figures(&study);
        Self {
            page: document::of_versus(versus, &study, &figures),
            plots: plots(&figures, None),
        }
    }

    /// Gives the page: HTML that needs nothing from elsewhere.
    pub fn page(&self) -> &str {
        &self.page
    }

    /// Gives the plots one by one.
    pub fn plots(&self) -> &[Plot] {
        &self.plots
    }

    /// Writes all runs of records as CSV (RFC 4180), a line each, invalid ones too.
    pub fn csv(records: &[Record]) -> String {
        csv::written(records)
    }
}

/// Draws whatever the runs have something to show for.
fn figures(study: &Study<'_>) -> Vec<Figure> {
    let mut figures = by_load::figures(study);
    figures.extend(by_clients::figures(study));
    figures.extend(latencies::figure(study));
    figures.extend(over_time::figure(study));
    figures.extend(by_class::figures(study));
    figures
}

fn plots(figures: &[Figure], scenario: Option<String>) -> Vec<Plot> {
    let prefix = scenario.map_or_else(String::new, |scenario| format!("{scenario}-"));
    let drawings = figures.iter().flat_map(|figure| &figure.drawings);
    drawings
        .flat_map(|drawing| iter::once(drawing).chain(&drawing.panels))
        .map(|drawing| Plot {
            name: format!("{prefix}{}", drawing.slug),
            svg: frame::alone(&drawing.svg),
        })
        .collect()
}
