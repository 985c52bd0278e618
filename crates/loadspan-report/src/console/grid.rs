//! A table of texts that gives up columns where a terminal is narrow.

use super::{Layout, Paint};

/// Columns of texts, the first aligned to the left.
#[derive(Debug, Default)]
pub(super) struct Grid {
    columns: Vec<Column>,
    rows: usize,
}

#[derive(Debug)]
struct Column {
    title: String,
    cells: Vec<String>,
    rank: u8,
}

impl Grid {
    /// Adds a column. Where room is short, the one of the highest rank goes first; those of rank 0 stay. One that has nothing to say
    /// is not there.
    pub(super) fn column(&mut self, (title, rank): (&str, u8), cells: impl Iterator<Item = Option<String>>) {
        let cells: Vec<String> = cells.map(Option::unwrap_or_default).collect();
        self.rows = self.rows.max(cells.len());
        if cells.iter().any(|cell| !cell.is_empty()) {
            self.columns.push(Column {
                title: title.to_owned(),
                cells,
                rank,
            });
        }
    }

    /// The lines, with a rule above the last `total` rows.
    pub(super) fn draw(mut self, layout: Layout, total: usize) -> String {
        while self.width() > usize::from(layout.width) && self.drop_one() {}
        let rule = |paint: Layout| paint.style.paint(Paint::Dim, &"─".repeat(self.width())) + "\n";
        let mut text = layout.style.paint(Paint::Bold, &self.line(|column| &column.title)) + "\n" + &rule(layout);
        for row in 0..self.rows {
            if row > 0 && row + total == self.rows {
                text.push_str(&rule(layout));
            }
            text.push_str(&self.line(|column| &column.cells[row]));
            text.push('\n');
        }
        text
    }

    fn width(&self) -> usize {
        self.columns
            .iter()
            .map(|column| column.width() + 2)
            .sum::<usize>()
            .saturating_sub(2)
    }

    fn drop_one(&mut self) -> bool {
        let ranked = self.columns.iter().enumerate().filter(|(_, column)| column.rank > 0);
        match ranked.max_by_key(|(_, column)| column.rank).map(|(place, _)| place) {
            Some(place) => {
                self.columns.remove(place);
                true
            }
            None => false,
        }
    }

    fn line(&self, text: impl Fn(&Column) -> &String) -> String {
        let mut line = String::new();
        for (place, column) in self.columns.iter().enumerate() {
            let (width, cell) = (column.width(), text(column));
            if place == 0 {
                line.push_str(&format!("{cell:<width$}"));
            } else {
                line.push_str(&format!("  {cell:>width$}"));
            }
        }
        line.trim_end().to_owned()
    }
}

impl Column {
    fn width(&self) -> usize {
        let widths = self.cells.iter().chain([&self.title]).map(|text| text.chars().count());
        widths.max().unwrap_or(0)
    }
}
