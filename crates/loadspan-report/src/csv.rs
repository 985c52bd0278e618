//! Comma-separated values, as RFC 4180 has them.

use std::fmt::Display;

/// Rows of cells, made into text from left to right.
#[derive(Debug, Default)]
pub(crate) struct Csv {
    text: String,
    row_is_empty: bool,
}

impl Csv {
    pub(crate) fn new() -> Self {
        Self {
            text: String::new(),
            row_is_empty: true,
        }
    }

    pub(crate) fn cell(&mut self, content: impl Display) -> &mut Self {
        if !self.row_is_empty {
            self.text.push(',');
        }
        self.row_is_empty = false;
        let content = content.to_string();
        if content.contains([',', '"', '\n', '\r']) {
            self.text.push('"');
            self.text.push_str(&content.replace('"', "\"\""));
            self.text.push('"');
        } else {
            self.text.push_str(&content);
        }
        self
    }

    /// A number, or an empty cell: an unknown figure is not a zero.
    pub(crate) fn number(&mut self, value: Option<f64>) -> &mut Self {
        match value {
            Some(value) => self.cell(value),
            None => self.cell(""),
        }
    }

    pub(crate) fn end_row(&mut self) {
        self.text.push('\n');
        self.row_is_empty = true;
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let mut csv = Csv::new();
        csv.cell("plain")
            .cell("a,b")
            .cell("say \"hi\"")
            .number(None)
            .number(Some(0.5))
            .end_row();
        csv.end_row();
        assert_eq!(csv.into_text(), "plain,\"a,b\",\"say \"\"hi\"\"\",,0.5\n\n");
    }
}
