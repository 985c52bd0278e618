//! The text that Prometheus reads.

use std::fmt::{Display, Write};

/// Metrics, as text.
#[derive(Debug, Default)]
pub(crate) struct Exposition(String);

impl Exposition {
    /// Begins a metric.
    pub(crate) fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.push(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    /// A value of the metric.
    pub(crate) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (position, (label, content)) in labels.iter().enumerate() {
            let open = if position == 0 { '{' } else { ',' };
            self.push(format_args!("{open}{label}=\"{}\"", escaped(content)));
        }
        let close = if labels.is_empty() { "" } else { "}" };
        self.push(format_args!("{close} {value}\n"));
    }

    /// A metric that has one value.
    pub(crate) fn one(&mut self, (name, kind): (&str, &str), help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    /// All of it.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        // A string takes everything.
        let _ = self.0.write_fmt(text);
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut exposition = Exposition::default();
        exposition.one(("a_total", "counter"), "Help.", 1);
        exposition.sample("b", &[("x", "1"), ("y", "\"\\\n")], 2.5);
        assert_eq!(
            exposition.into_text(),
            "# HELP a_total Help.\n# TYPE a_total counter\na_total 1\nb{x=\"1\",y=\"\\\"\\\\\\n\"} 2.5\n"
        );
    }
}
