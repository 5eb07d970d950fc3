//! Plain tables for people: aligned columns, no frames, nothing that a terminal would obey.

use std::fmt;

/// Between two columns.
const GAP: &str = "  ";

/// On which side a column is flush.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Align {
    /// For words.
    Left,
    /// For figures.
    Right,
}

/// A table of `N` columns; its `Display` is one line a row, below a line of titles.
///
/// ```
/// use seda::table::{Align, Table};
///
/// let mut table = Table::new([("ID", Align::Left), ("EXIT", Align::Right)]);
/// table.row(["j1", "0"]);
/// assert_eq!(table.to_string(), "ID  EXIT\nj1     0\n");
/// ```
#[derive(Debug)]
pub struct Table<const N: usize> {
    aligns: [Align; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// Makes a table of titles without rows.
    pub fn new(columns: [(&str, Align); N]) -> Self {
        Self {
            aligns: columns.map(|(_, align)| align),
            rows: vec![columns.map(|(title, _)| printable(title))],
        }
    }

    /// Adds a row. Control characters, which could change the terminal, become `?`.
    pub fn row<S: AsRef<str>>(&mut self, cells: [S; N]) {
        self.rows.push(cells.map(|cell| printable(cell.as_ref())));
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in &self.rows {
            let mut line = String::new();
            for ((cell, align), width) in row.iter().zip(self.aligns).zip(widths) {
                let padding = " ".repeat(width - cell.chars().count());
                let parts = match align {
                    Align::Left => [cell, &padding, GAP],
                    Align::Right => [&padding, cell, GAP],
                };
                line.extend(parts);
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn printable(cell: &str) -> String {
    cell.replace(|c: char| c.is_control(), "?")
}

#[cfg(test)]
mod tests {
    use super::{Align, Table};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new([
            ("ID", Align::Left),
            ("MS", Align::Right),
            ("NAME", Align::Left),
        ]);
        table.row(["job-1", "7", "größer"]);
        table.row(["j2", "1234", ""]);
        let expected = "ID       MS  NAME\njob-1     7  größer\nj2     1234\n";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn a_cell_cannot_command_the_terminal() {
        let mut table = Table::new([("NAME", Align::Left)]);
        table.row(["a\x1b[2Jb\nc"]);
        assert_eq!(table.to_string(), "NAME\na?[2Jb?c\n");
    }

    #[test]
    fn a_table_without_rows_shows_its_titles() {
        let table = Table::new([("ID", Align::Left), ("STATE", Align::Left)]);
        assert_eq!(table.to_string(), "ID  STATE\n");
    }
}
