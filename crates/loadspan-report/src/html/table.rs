//! Tables that scroll for themselves where a window is narrow.

use super::markup::{Element, element};

/// A table with a head row.
#[derive(Debug, Clone)]
pub(super) struct Table {
    name: &'static str,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug, Clone)]
pub(super) struct Column {
    title: String,
    align: Align,
    class: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Text,
    Number,
}

/// What stands in a row: text, or elements.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    content: Element,
    class: &'static str,
}

impl Column {
    pub(super) fn text(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            align: Align::Text,
            class: "",
        }
    }

    pub(super) fn number(title: impl Into<String>) -> Self {
        Self {
            align: Align::Number,
            ..Self::text(title)
        }
    }

    /// A class for all its cells.
    pub(super) fn class(mut self, class: &'static str) -> Self {
        self.class = class;
        self
    }
}

impl Cell {
    pub(super) fn new(content: Element) -> Self {
        Self { content, class: "" }
    }

    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Self::new(element("span").text(text))
    }

    /// A number that means little.
    pub(super) fn doubtful(text: impl AsRef<str>) -> Self {
        Self {
            class: "doubtful",
            ..Self::text(text)
        }
    }
}

impl Table {
    /// `name` says what it holds, for those who do not see where it stands.
    pub(super) fn new(name: &'static str, columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            name,
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row, of which the first cell is its head.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table in a frame that scrolls, also by keyboard.
    pub(super) fn into_element(self) -> Element {
        let head = self.columns.iter().map(|column| {
            let class = classes([column.align.class(), column.class]);
            with_class(element("th").attribute("scope", "col"), &class).text(&column.title)
        });
        let head = element("thead").child(element("tr").children(head));
        let rows = self.rows.into_iter().map(|row| {
            let cells = row.into_iter().zip(&self.columns).enumerate();
            element("tr").children(cells.map(|(place, (cell, column))| {
                let class = classes([column.align.class(), column.class, cell.class]);
                let start = match place {
                    0 => element("th").attribute("scope", "row"),
                    _ => element("td"),
                };
                with_class(start, &class).child(cell.content)
            }))
        });
        let body = element("tbody").children(rows);
        element("div")
            .class("scroll")
            .attribute("tabindex", "0")
            .attribute("role", "region")
            .attribute("aria-label", self.name)
            .child(element("table").child(head).child(body))
    }
}

impl Align {
    const fn class(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::Number => "n",
        }
    }
}

fn classes<const N: usize>(classes: [&str; N]) -> String {
    let named: Vec<&str> = classes.into_iter().filter(|class| !class.is_empty()).collect();
    named.join(" ")
}

fn with_class(element: Element, class: &str) -> Element {
    if class.is_empty() {
        element
    } else {
        element.class(class)
    }
}
