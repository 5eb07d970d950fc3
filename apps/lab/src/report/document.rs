//! The page: one file that needs nothing from elsewhere.

use crate::plot::frame;
use crate::plot::markup::Markup;
use crate::plot::numeral::brief;
use crate::record::{Ground, Record};
use crate::report::calendar;
use crate::report::figure::{Figure, Layout};
use crate::report::study::Study;
use crate::report::tables;
use crate::report::verdict;
use crate::report::versus::Versus;

const STYLE: &str = include_str!("document.css");
/// What the page may fetch: nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Is a record as it is shown.
pub(crate) struct Shown<'r> {
    pub(crate) record: &'r Record,
    pub(crate) study: Study<'r>,
    pub(crate) figures: Vec<Figure>,
}

/// Writes the page of some records.
pub(crate) fn of_records(shown: &[Shown<'_>]) -> String {
    let title = shown
        .first()
        .map_or("Laboratory", |one| one.record.title.as_str());
    let mut page = begun(title);
    for one in shown {
        page.open("article", &[]);
        page.element("h1", &[], &one.record.title);
        page.element("p", &[("class", &"about")], &one.record.about);
        warnings(&mut page, one.record);
        page.open("div", &[("class", &"verdict")]);
        for sentence in verdict::sentences(&one.study) {
            page.element("p", &[], sentence);
        }
        page.close();
        provenance(&mut page, one.record);
        figures(&mut page, &one.figures);
        listing(&mut page, &one.study);
        page.close();
    }
    ended(page)
}

/// Writes the page that compares two records.
pub(crate) fn of_versus(versus: &Versus<'_>, study: &Study<'_>, drawn: &[Figure]) -> String {
    let title = format!("{}: A against B", versus.a.title);
    let mut page = begun(&title);
    page.open("article", &[]);
    page.element("h1", &[], &title);
    page.element("p", &[("class", &"about")], &versus.a.about);
    for record in [versus.a, versus.b] {
        warnings(&mut page, record);
    }
    for caution in versus.cautions() {
        page.element("p", &[("class", &"warning")], caution);
    }
    page.open("div", &[("class", &"verdict")]);
    page.element("p", &[], versus.verdict());
    page.close();
    figures(&mut page, drawn);
    page.element("h2", &[], "B against A");
    let note = "A figure differs where the ranges over the seeds have nothing in common.";
    page.element("p", &[("class", &"about")], note);
    compared(&mut page, versus);
    for (name, record) in [("A", versus.a), ("B", versus.b)] {
        page.element("h2", &[], format!("{name}: {}", record.title));
        provenance(&mut page, record);
    }
    listing(&mut page, study);
    page.close();
    ended(page)
}

fn begun(title: &str) -> Markup {
    let mut page = Markup::default();
    page.include("<!DOCTYPE html>\n");
    page.open("html", &[("lang", &"en")]);
    page.open("head", &[]);
    let width = "width=device-width, initial-scale=1";
    page.include("<meta charset=\"utf-8\">\n");
    page.include(&format!("<meta name=\"viewport\" content=\"{width}\">\n"));
    page.include("<meta name=\"color-scheme\" content=\"light dark\">\n");
    page.include(&format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n"
    ));
    page.element("title", &[], title);
    page.open("style", &[]);
    page.include(STYLE);
    page.include(frame::STYLE);
    page.close();
    page.close();
    page.open("body", &[]);
    page.open("main", &[]);
    page
}

fn ended(mut page: Markup) -> String {
    let version = env!("CARGO_PKG_VERSION");
    page.element(
        "footer",
        &[],
        format!("Written by seda {version}, `seda lab report`."),
    );
    page.finish()
}

/// Says loudly what does not count.
fn warnings(page: &mut Markup, record: &Record) {
    let invalid: Vec<_> = record
        .runs
        .iter()
        .filter(|run| run.invalid.is_some())
        .collect();
    if invalid.is_empty() {
        return;
    }
    page.open("div", &[("class", &"warning"), ("role", &"alert")]);
    let (count, all) = (invalid.len(), record.runs.len());
    let words = if count == 1 {
        "runs is invalid and counts"
    } else {
        "runs are invalid and count"
    };
    page.element("strong", &[], format!("{count} of {all} {words} nowhere:"));
    page.open("ul", &[]);
    for run in invalid {
        let reason = run.invalid.as_deref().unwrap_or_default();
        let load = run.load.map(|load| format!(" at {}x", brief(load)));
        let clients = run
            .clients
            .map(|clients| format!(" with {clients} clients"));
        let place = [load, clients].into_iter().flatten().collect::<String>();
        let words = format!("{}{place}, seed {}: {reason}", run.variant, run.seed);
        page.element("li", &[], words);
    }
    page.close();
    page.close();
}

fn provenance(page: &mut Markup, record: &Record) {
    let from = &record.provenance;
    let ground = match &record.ground {
        Ground::Simulated => "simulated, in virtual time".to_owned(),
        Ground::Threads => "measured, on the threads of one process".to_owned(),
        Ground::Server(address) => format!("measured, against the server at {address}"),
    };
    let commit = from.commit.as_deref().unwrap_or("unknown");
    let load = from
        .load_average
        .map(|load| format!(", load average {} at the start", brief(load)));
    let machine = format!("{}{}", from.machine, load.unwrap_or_default());
    let when = format!(
        "{}, took {} s",
        calendar::written(from.began),
        brief(from.took_s)
    );
    page.open("dl", &[]);
    for (name, fact) in [
        ("scenario", record.scenario.as_str()),
        ("ground", &ground),
        ("target", &format!("{} ms", brief(record.target_ms))),
        ("command", &from.command),
        ("commit", commit),
        ("machine", &machine),
        ("began", &when),
    ] {
        page.open("div", &[]);
        page.element("dt", &[], name);
        page.element("dd", &[], fact);
        page.close();
    }
    page.close();
}

fn figures(page: &mut Markup, figures: &[Figure]) {
    page.open("div", &[("class", &"figures")]);
    for figure in figures {
        let layout = match figure.layout {
            Layout::Half => "half",
            Layout::Pairs => "pairs",
            Layout::Threes => "threes",
            Layout::Wide => "whole",
        };
        page.open("figure", &[("class", &layout)]);
        page.open("figcaption", &[]);
        page.element("strong", &[], &figure.title);
        page.say(" ");
        page.say(&figure.caption);
        page.close();
        page.open("div", &[("class", &"plots")]);
        for drawing in &figure.drawings {
            match &drawing.narrow {
                None => page.include(&drawing.svg),
                Some(narrow) => {
                    for (class, svg) in [("on-wide", &drawing.svg), ("on-narrow", narrow)] {
                        page.open("div", &[("class", &class)]);
                        page.include(svg);
                        page.close();
                    }
                }
            }
        }
        page.close();
        page.close();
    }
    page.close();
}

fn listing(page: &mut Markup, study: &Study<'_>) {
    page.element("h2", &[], "Figures");
    let note = "Medians over the valid runs of each point, with their range.";
    page.element("p", &[("class", &"about")], note);
    tables::medians(page, study);
    page.open("details", &[]);
    page.element("summary", &[], "All runs");
    tables::runs(page, study);
    page.close();
}

fn compared(page: &mut Markup, versus: &Versus<'_>) {
    tables::open(
        page,
        &["variant", "load", "figure", "A", "B", "B against A"],
    );
    for row in versus.rows() {
        for figures in row.written() {
            let class = if figures.last().is_some_and(|last| last.starts_with('B')) {
                "differs"
            } else {
                ""
            };
            page.open("tr", &[("class", &class)]);
            page.element("th", &[("scope", &"row")], &row.variant);
            page.element("td", &[], row.point());
            for figure in figures {
                page.element("td", &[], figure);
            }
            page.close();
        }
    }
    tables::close(page);
}
