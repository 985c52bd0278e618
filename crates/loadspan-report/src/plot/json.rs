//! A chart as JSON, for the script of `report.html`: its data, units and words. Colours are names that [`super::style`] knows.

use serde_json::{Map, Value, json};

use super::Chart;
use super::axis::{Axis, Scale};
use super::chart::{Dash, DotShape, KeyEntry, Mark, Panel, Shade, Stacking};
use super::style::ink_name;
use super::theme::Ink;

/// Digits that are kept of a value: more than pixels on any screen.
const DIGITS: usize = 6;

/// The chart.
pub(crate) fn encode(chart: &Chart) -> Value {
    json!({
        "name": chart.name,
        "title": chart.title,
        "shared": chart.stacking == Stacking::SharedAxis,
        "panels": chart.panels.iter().map(panel).collect::<Vec<_>>(),
    })
}

fn panel(panel: &Panel) -> Value {
    let mut bands = band_names(panel).into_iter();
    let marks = panel.marks.iter().filter_map(|mark| {
        let name = match mark {
            Mark::Band(_) => bands.next().flatten(),
            _ => name(mark, panel),
        };
        encode_mark(mark, name)
    });
    json!({
        "height": panel.height,
        "x": axis(&panel.x),
        "y": axis(&panel.y),
        "marks": marks.collect::<Vec<_>>(),
    })
}

fn axis(axis: &Axis) -> Value {
    let (kind, rows) = match &axis.scale {
        Scale::Linear => ("linear", None),
        Scale::Log => ("log", None),
        Scale::Time => ("time", None),
        Scale::Rows(rows) => ("rows", Some(rows)),
    };
    let mut value = json!({ "label": axis.label, "kind": kind, "range": [axis.range.0, axis.range.1] });
    if let Some(rows) = rows {
        value["rows"] = json!(rows);
    }
    value
}

/// What a mark is called in the legend. `None` for what has no entry there.
fn name<'a>(mark: &'a Mark, panel: &'a Panel) -> Option<&'a str> {
    match mark {
        Mark::Line(line) => match line.label.as_deref() {
            Some(label) if !label.is_empty() => Some(label),
            _ => named_in_key(panel, line.ink),
        },
        Mark::Dots(dots) => named_in_key(panel, dots.ink).or(Some("each request")),
        Mark::Spans { ink, .. } | Mark::Strokes { ink, .. } => named_in_key(panel, *ink),
        _ => None,
    }
}

fn named_in_key(panel: &Panel, ink: Ink) -> Option<&str> {
    let entry = panel.key.iter().find(|entry| entry.ink == ink);
    entry.map(|entry| entry.text.as_str())
}

/// The names of bands in their order. They share an ink: the stronger a band, the stronger its entry in the key.
fn band_names(panel: &Panel) -> Vec<Option<&str>> {
    let bands = panel.marks.iter().filter_map(|mark| match mark {
        Mark::Band(band) => Some(band),
        _ => None,
    });
    let bands: Vec<_> = bands.collect();
    let name = |band: &&super::chart::Band| {
        let mut entries: Vec<&KeyEntry> = panel.key.iter().filter(|entry| entry.ink == band.ink).collect();
        entries.sort_by(|a, b| a.opacity.total_cmp(&b.opacity));
        let weaker = bands
            .iter()
            .filter(|other| other.ink == band.ink && other.opacity < band.opacity);
        entries.get(weaker.count()).map(|entry| entry.text.as_str())
    };
    bands.iter().map(name).collect()
}

fn encode_mark(mark: &Mark, name: Option<&str>) -> Option<Value> {
    let (kind, ink, mut value) = match mark {
        Mark::Line(line) => {
            let mut value = points(&line.points);
            value["dashed"] = json!(line.dash == Dash::Dashed);
            ("line", Some(line.ink), value)
        }
        Mark::Band(band) => {
            let column = |of: fn(&(f64, f64, f64)) -> f64| numbers(band.points.iter().map(of));
            let value = json!({
                "x": column(|point| point.0),
                "low": column(|point| point.1),
                "high": column(|point| point.2),
                "opacity": band.opacity,
            });
            ("band", Some(band.ink), value)
        }
        Mark::Dots(dots) => {
            let mut value = points(&dots.points);
            value["radius"] = json!(dots.radius);
            value["opacity"] = json!(dots.opacity);
            if dots.shape == DotShape::Hollow {
                value["hollow"] = json!(true);
            }
            ("dots", Some(dots.ink), value)
        }
        Mark::Bars { bars, ink } => {
            let value = json!({
                "from": numbers(bars.iter().map(|bar| bar.from)),
                "to": numbers(bars.iter().map(|bar| bar.to)),
                "y": numbers(bars.iter().map(|bar| bar.value)),
            });
            ("bars", Some(*ink), value)
        }
        Mark::Spans { spans, ink } => {
            let value = json!({
                "from": numbers(spans.iter().map(|span| span.from)),
                "to": numbers(spans.iter().map(|span| span.to)),
                "row": numbers(spans.iter().map(|span| span.row)),
            });
            ("spans", Some(*ink), value)
        }
        Mark::Strokes { points: at, ink } => ("strokes", Some(*ink), points(at)),
        Mark::Rule { y, text, ink } => ("rule", Some(*ink), json!({ "y": number(*y), "text": text })),
        Mark::Shade(Shade {
            from,
            to,
            ink,
            text,
            short,
        }) => (
            "shade",
            Some(*ink),
            json!({ "from": from, "to": to, "text": text, "short": short }),
        ),
        Mark::Note { at, text } => ("note", None, json!({ "x": at.0, "y": at.1, "text": text })),
        Mark::EdgeNote { y, text } => ("edge", None, json!({ "y": y, "text": text })),
        Mark::Whisker { from, to, ink } => (
            "whisker",
            Some(*ink),
            json!({ "x": [from.0, to.0], "y": [from.1, to.1] }),
        ),
        // An arrow in a corner of pictures. The page does without.
        Mark::Better(_) => return None,
    };
    value["kind"] = json!(kind);
    if let Some(ink) = ink {
        value["ink"] = json!(ink_name(ink));
    }
    if let Some(name) = name {
        value["name"] = json!(name);
    }
    Some(value)
}

fn points(points: &[(f64, f64)]) -> Value {
    let mut value = Map::new();
    value.insert("x".to_owned(), numbers(points.iter().map(|point| point.0)));
    value.insert("y".to_owned(), numbers(points.iter().map(|point| point.1)));
    Value::Object(value)
}

fn numbers(values: impl Iterator<Item = f64>) -> Value {
    values.map(number).collect()
}

/// `null` where there is no number, which breaks a line.
fn number(value: f64) -> Value {
    let short = format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value);
    // Whole numbers without the `.0` that floats have in JSON.
    if short.fract() == 0.0 && short.abs() < 1e15 {
        return Value::from(short as i64);
    }
    Value::from(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_gaps_are_null() {
        let values = [1.0, 0.123_456_789, 1_234_567.0, f64::NAN, -2.5e-7].map(number);
        assert_eq!(json!(values).to_string(), "[1,0.123457,1234570,null,-2.5e-7]");
    }
}
