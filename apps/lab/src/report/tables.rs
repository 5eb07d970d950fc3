//! All figures as tables: the middle of each point, and every run.

use crate::plot::markup::Markup;
use crate::record::Run;
use crate::report::measure::{self, Measure};
use crate::report::study::Study;

/// Writes a table of the medians and ranges at each point.
pub(crate) fn medians(page: &mut Markup, study: &Study<'_>) {
    let measures = seen(study);
    open(page, &titles(["variant", "load", "runs"], &measures));
    for line in &study.lines {
        for point in &line.points {
            page.open("tr", &[]);
            page.element("th", &[("scope", &"row")], &line.name);
            page.element("td", &[], point.at.words());
            let (valid, all) = (point.valid().count(), point.runs.len());
            if valid == all {
                page.element("td", &[], all);
            } else {
                page.element("td", &[("class", &"bad")], format!("{valid} of {all}"));
            }
            for measure in &measures {
                figures(
                    page,
                    point
                        .middle(measure.of)
                        .map(|middle| middle.written(measure.show)),
                );
            }
            page.close();
        }
    }
    close(page);
}

/// Writes a table of all runs; those that show nothing say why.
pub(crate) fn runs(page: &mut Markup, study: &Study<'_>) {
    let measures = seen(study);
    open(page, &titles(["variant", "load", "seed"], &measures));
    for line in &study.lines {
        for point in &line.points {
            for run in &point.runs {
                row(page, (&line.name, &point.at.words()), run, &measures);
            }
        }
    }
    close(page);
}

fn row(page: &mut Markup, (name, at): (&str, &str), run: &Run, measures: &[Measure]) {
    let class = if run.invalid.is_some() { "invalid" } else { "" };
    page.open("tr", &[("class", &class)]);
    page.element("th", &[("scope", &"row")], name);
    page.element("td", &[], at);
    page.element("td", &[], run.seed);
    match &run.invalid {
        Some(reason) => {
            let all = measures.len().max(1);
            page.element(
                "td",
                &[("colspan", &all), ("class", &"bad")],
                format!("invalid: {reason}"),
            );
        }
        None => {
            for measure in measures {
                figures(page, (measure.of)(run).map(measure.show));
            }
        }
    }
    page.close();
}

/// Gives the measures that any run has.
fn seen(study: &Study<'_>) -> Vec<Measure> {
    let has = |measure: &Measure| study.valid().any(|run| (measure.of)(run).is_some());
    measure::ALL.into_iter().filter(has).collect()
}

fn titles(first: [&'static str; 3], measures: &[Measure]) -> Vec<&'static str> {
    let titles = measures.iter().map(|measure| measure.title);
    first.into_iter().chain(titles).collect()
}

fn figures(page: &mut Markup, figures: Option<String>) {
    page.element("td", &[], figures.unwrap_or_default());
}

/// Begins a table that may be wider than the page.
pub(crate) fn open(page: &mut Markup, titles: &[&str]) {
    page.open("div", &[("class", &"wide"), ("tabindex", &"0")]);
    page.open("table", &[]);
    page.open("thead", &[]);
    page.open("tr", &[]);
    for title in titles {
        page.element("th", &[("scope", &"col")], title);
    }
    page.close();
    page.close();
    page.open("tbody", &[]);
}

/// Ends what [`open`] has begun.
pub(crate) fn close(page: &mut Markup) {
    for _ in ["tbody", "table", "div"] {
        page.close();
    }
}

#[cfg(test)]
mod tests {
    use super::{medians, runs};
    use crate::plot::markup::Markup;
    use crate::report::fixture::{record, run};
    use crate::report::study::{Looks, Study};

    fn tables() -> [String; 2] {
        let mut late = run("a <b>", 2.0, 3);
        late.latency.spread.p99 = 9_999.0;
        late.invalid = Some("the generator was late & slow".to_owned());
        let record = record(vec![run("a <b>", 2.0, 1), run("a <b>", 2.0, 2), late]);
        let study = Study::of(&record, &mut Looks::default());
        [medians, runs].map(|write| {
            let mut page = Markup::default();
            write(&mut page, &study);
            page.finish()
        })
    }

    #[test]
    fn an_invalid_run_says_why_and_is_in_no_median() {
        let [medians, runs] = tables();
        assert!(
            medians.contains(">2 of 3</td>") && medians.contains(">19.5 (18–21)</td>"),
            "{medians}"
        );
        assert!(!medians.contains("9999") && !runs.contains("9999"));
        assert!(
            runs.contains(">invalid: the generator was late &amp; slow</td>"),
            "{runs}"
        );
        assert_eq!(runs.matches("<tr class=\"\">").count(), 2);
    }

    #[test]
    fn names_are_escaped() {
        for table in tables() {
            assert!(table.contains(">a &lt;b&gt;</th>") && !table.contains("<b>"));
        }
    }
}
