//! Markdown tables whose source is readable too: columns padded to one width.

use std::fmt;

/// A table: the first column is text, the others are figures and lean to the right.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column heads.
    pub(crate) fn new(heads: &[&str]) -> Self {
        Self { rows: vec![heads.iter().map(ToString::to_string).collect()] }
    }

    /// Appends one row.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column| {
            let cells = self.rows.iter().filter_map(|row| row.get::<usize>(column));
            let lengths = cells.map(|cell| cell.chars().count());
            lengths.max().unwrap_or(0)
        };
        (0..columns).map(width).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (number, row) in self.rows.iter().enumerate() {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 {
                    write!(out, "| {cell:<width$} ")?;
                } else {
                    write!(out, "| {cell:>width$} ")?;
                }
            }
            writeln!(out, "|")?;
            if number == 0 {
                for (column, width) in widths.iter().enumerate() {
                    let dashes = "-".repeat(width + 1);
                    let (left, right) = if column == 0 { (":", "") } else { ("", ":") };
                    write!(out, "|{left}{dashes}{right}")?;
                }
                writeln!(out, "|")?;
            }
        }
        Ok(())
    }
}

/// A rate or a count: whole, with thousands set apart.
pub(crate) fn whole(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// A latency in microseconds: one decimal below 100, none above.
pub(crate) fn micros(figure: f64) -> String {
    if figure < 100.0 { format!("{figure:.1}") } else { whole(figure) }
}

/// A spread of rates, `least..greatest`.
pub(crate) fn spread((least, greatest): (f64, f64)) -> String {
    format!("{}..{}", whole(least), whole(greatest))
}
