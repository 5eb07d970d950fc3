//! All runs as CSV, for other programs: one line each, invalid ones too.
//!
//! Sources: RFC 4180; for names that look like formulas, OWASP, "CSV Injection".

use std::fmt::Display;

use crate::record::{Record, Run, Spread};

/// Finds a cell.
type Find = fn(&Run) -> Option<String>;

const COLUMNS: [(&str, Find); 27] = [
    ("variant", |run| Some(run.variant.clone())),
    ("load", |run| text(run.load)),
    ("clients", |run| text(run.clients)),
    ("seed", |run| text(Some(run.seed))),
    ("seconds", |run| text(Some(run.seconds))),
    ("capacity_per_s", |run| text(run.capacity)),
    ("offered", |run| text(Some(run.outcomes.offered))),
    ("good", |run| text(Some(run.outcomes.good))),
    ("late", |run| text(Some(run.outcomes.late))),
    ("rejected", |run| text(Some(run.outcomes.rejected))),
    ("failed", |run| text(Some(run.outcomes.failed))),
    ("goodput_per_s", |run| text(Some(run.goodput()))),
    ("mean_ms", |run| text(latency(run, |spread| spread.mean))),
    ("p50_ms", |run| text(latency(run, |spread| spread.p50))),
    ("p90_ms", |run| text(latency(run, |spread| spread.p90))),
    ("p99_ms", |run| text(latency(run, |spread| spread.p99))),
    ("p99.9_ms", |run| text(latency(run, |spread| spread.p999))),
    ("max_ms", |run| text(latency(run, |spread| spread.max))),
    ("uncorrected_p99_ms", |run| {
        text(run.uncorrected.map(|spread| spread.p99))
    }),
    ("rejection_p99_ms", |run| {
        text(run.rejection.map(|spread| spread.p99))
    }),
    ("lag_p99_ms", |run| text(run.lag.map(|lag| lag.spread.p99))),
    ("sent", |run| text(run.lag.map(|lag| lag.sent))),
    ("jain", |run| {
        text(run.fairness.as_ref().map(|one| one.jain))
    }),
    ("slowest", |run| {
        text(run.fairness.as_ref().map(|one| one.slowest))
    }),
    ("cpu_us", |run| text(run.cpu_us)),
    ("settled_ms", |run| text(run.settled_ms)),
    ("invalid", |run| run.invalid.clone()),
];

/// Writes all runs of these records.
pub(crate) fn written(records: &[Record]) -> String {
    let mut csv = String::from("scenario");
    for (title, _) in COLUMNS {
        csv.push(',');
        csv.push_str(title);
    }
    csv.push_str("\r\n");
    for (record, run) in records
        .iter()
        .flat_map(|record| record.runs.iter().map(move |run| (record, run)))
    {
        csv.push_str(&cell(&record.scenario));
        for (_, find) in COLUMNS {
            csv.push(',');
            csv.push_str(&cell(&find(run).unwrap_or_default()));
        }
        csv.push_str("\r\n");
    }
    csv
}

fn text(figure: Option<impl Display>) -> Option<String> {
    figure.map(|figure| figure.to_string())
}

fn latency(run: &Run, of: impl Fn(&Spread) -> f64) -> Option<f64> {
    let spread = &run.latency.spread;
    (spread.count > 0).then(|| of(spread))
}

/// Has nothing be a formula but what is no name, and quotes where it is needed.
fn cell(words: &str) -> String {
    if is_formula(words) {
        return quoted(&format!("'{words}"));
    }
    quoted(words)
}

/// Tells whether a spreadsheet would reckon with this: names are given by anybody, and
/// a formula may read files and send them. A number is none.
fn is_formula(words: &str) -> bool {
    let begins = words.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let number = words.parse().is_ok_and(f64::is_finite);
    begins && !number
}

fn quoted(words: &str) -> String {
    if words.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", words.replace('"', "\"\""))
    } else {
        words.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{cell, written};
    use crate::report::fixture::{record, run};

    #[test]
    fn every_run_is_a_line_and_odd_names_are_quoted() {
        let mut odd = run("a, \"b\"", 2.0, 7);
        odd.invalid = Some("why".to_owned());
        let csv = written(&[record(vec![run("plain", 0.5, 1), odd])]);
        let lines: Vec<_> = csv.split("\r\n").collect();
        assert_eq!(lines.len(), 4, "a head, two runs and the end");
        let columns = lines[0].split(',').count();
        assert_eq!(lines[1].split(',').count(), columns);
        assert!(
            lines[1].starts_with("sweep,plain,0.5,,1,10,1000,5000,5000,0,0,0,500,"),
            "{csv}"
        );
        assert!(
            lines[2].starts_with("sweep,\"a, \"\"b\"\"\",2,,7,"),
            "{csv}"
        );
        assert!(lines[1].ends_with(',') && lines[2].ends_with(",why"));
    }

    #[test]
    fn no_name_is_a_formula_and_a_number_stays_one() {
        for (name, safe) in [
            ("=1+1", "'=1+1"),
            ("+a", "'+a"),
            ("-b", "'-b"),
            ("@c", "'@c"),
            ("\t=d", "'\t=d"),
            ("\r=e", "\"'\r=e\""),
            (
                "=cmd|'/c calc'!A1,\"x\"",
                "\"'=cmd|'/c calc'!A1,\"\"x\"\"\"",
            ),
            ("-inf", "'-inf"),
            ("a=b", "a=b"),
            ("-1.5e-3", "-1.5e-3"),
            ("+7", "+7"),
            ("", ""),
        ] {
            assert_eq!(cell(name), safe, "{name}");
        }
        let csv = written(&[record(vec![run("=HYPERLINK(1)", 0.5, 1)])]);
        assert!(csv.contains("\r\nsweep,'=HYPERLINK(1),0.5,"), "{csv}");
    }
}
