//! A comparison as a table in Markdown.

use std::fmt;

use crate::cell::Cell;
use crate::comparison::{Comparison, Row};

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| policy |")?;
        for load in &self.loads {
            write!(f, " {load}x |")?;
        }
        writeln!(f, " 0.7→2x settles | slow4x |")?;
        writeln!(f, "|{}", "---|".repeat(self.loads.len() + 3))?;
        for row in &self.rows {
            writeln!(f, "{}", Line(row))?;
        }
        Ok(())
    }
}

/// Is a row as it is written: goodput / capacity, then the p99 in ms.
struct Line<'r>(&'r Row);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(row) = self;
        write!(f, "| {} |", row.policy)?;
        for cell in &row.cells {
            write!(f, " {} |", Brief(cell))?;
        }
        match row.settled_after {
            Some(after) if after < 0.1 => write!(f, " < 0.1 s |")?,
            Some(after) => write!(f, " {after:.1} s |")?,
            None => write!(f, " never |")?,
        }
        write!(f, " {:.3} |", row.slow)
    }
}

/// Is a cell as it is written.
struct Brief<'c>(&'c Cell);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(cell) = self;
        if cell.p99_ms >= 1_000.0 {
            write!(f, "{:.3} ({:.0} s)", cell.goodput, cell.p99_ms / 1e3)
        } else {
            write!(f, "{:.3} {:.0}", cell.goodput, cell.p99_ms)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cell::Cell;
    use crate::comparison::{Comparison, Row};

    fn cell(goodput: f64, p99_ms: f64) -> Cell {
        Cell {
            load: 2.0,
            goodput,
            p99_ms,
            max_ms: p99_ms,
            refused: 0.0,
            expired: 0.0,
            seed: 7,
        }
    }

    #[test]
    fn a_comparison_is_a_table() {
        let row = |policy, cells: [Cell; 2], settled_after| Row {
            policy,
            about: "",
            cells: cells.into(),
            settled_after,
            slow: 0.5,
        };
        let comparison = Comparison {
            seed: 7,
            loads: vec![0.9, 2.0],
            rows: vec![
                row("one", [cell(0.9, 14.2), cell(0.0, 61_000.0)], None),
                row("two", [cell(0.8, 1.0), cell(0.95, 23.0)], Some(0.0)),
            ],
        };
        let expected = "\
| policy | 0.9x | 2x | 0.7→2x settles | slow4x |
|---|---|---|---|---|
| one | 0.900 14 | 0.000 (61 s) | never | 0.500 |
| two | 0.800 1 | 0.950 23 | < 0.1 s | 0.500 |
";
        assert_eq!(comparison.to_string(), expected);
    }
}
