//! HTML in which text cannot become markup: names of elements and attributes are part of the program, everything else is escaped.

use std::fmt;

/// An element with its attributes and what is in it.
#[derive(Debug, Clone)]
pub(super) struct Element {
    name: &'static str,
    attributes: String,
    content: String,
}

/// An empty element.
pub(super) fn element(name: &'static str) -> Element {
    Element {
        name,
        attributes: String::new(),
        content: String::new(),
    }
}

impl Element {
    pub(super) fn attribute(mut self, name: &'static str, value: &str) -> Self {
        self.attributes.push_str(&format!(" {name}=\"{}\"", escaped(value)));
        self
    }

    pub(super) fn class(self, class: &str) -> Self {
        self.attribute("class", class)
    }

    pub(super) fn id(self, id: &str) -> Self {
        self.attribute("id", id)
    }

    pub(super) fn text(mut self, text: impl AsRef<str>) -> Self {
        self.content.push_str(&escaped(text.as_ref()));
        self
    }

    pub(super) fn child(mut self, child: Self) -> Self {
        self.content.push_str(&child.to_string());
        self
    }

    pub(super) fn children(self, children: impl IntoIterator<Item = Self>) -> Self {
        children.into_iter().fold(self, Self::child)
    }

    /// Content that is taken as it is: style sheets and scripts, in which nothing can be escaped.
    pub(super) fn verbatim(mut self, content: &str) -> Self {
        self.content.push_str(content);
        self
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            attributes,
            content,
        } = self;
        write!(f, "<{name}{attributes}>")?;
        // These have no end.
        if matches!(*name, "meta" | "input" | "br") {
            return Ok(());
        }
        write!(f, "{content}</{name}>")?;
        // Line feeds between blocks, so that the file can be read and compared.
        let is_block = matches!(
            *name,
            "head"
                | "style"
                | "script"
                | "body"
                | "header"
                | "main"
                | "section"
                | "figure"
                | "table"
                | "tr"
                | "dl"
                | "dd"
                | "p"
                | "li"
        );
        if is_block { f.write_str("\n") } else { Ok(()) }
    }
}

/// Text that shows as it is. What cannot be seen, and may turn the direction of what follows, is shown by its number.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for symbol in text.chars() {
        match symbol {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(symbol),
            _ if symbol.is_control() || is_invisible(symbol) => {
                safe.push_str(&format!("\u{27e8}U+{:04X}\u{27e9}", u32::from(symbol)));
            }
            _ => safe.push(symbol),
        }
    }
    safe
}

const fn is_invisible(symbol: char) -> bool {
    matches!(symbol, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let hostile = element("b")
            .attribute("title", "\" onclick=\"x")
            .text("</b><img src=x onerror='x'>&amp;");
        assert_eq!(
            hostile.to_string(),
            "<b title=\"&quot; onclick=&quot;x\">&lt;/b&gt;&lt;img src=x onerror=&#39;x&#39;&gt;&amp;amp;</b>"
        );
    }

    #[test]
    fn what_cannot_be_seen_is_shown_by_its_number() {
        assert_eq!(escaped("a\u{202e}b\u{7}c\nd"), "a⟨U+202E⟩b⟨U+0007⟩c\nd");
    }
}
