//! The colours of charts as variables of a style sheet, so that one page has both themes.

use loadspan_record::VerdictStatus;

use super::Theme;
use super::theme::Ink;

const SERIES: usize = 8;

/// A rule that defines every colour, light and dark: `--series-1: light-dark(#2557a8, #85c2f0);`
pub(crate) fn variables() -> String {
    let verdicts = [VerdictStatus::Valid, VerdictStatus::Degraded, VerdictStatus::Invalid];
    let inks = (0..=SERIES)
        .map(Ink::Series)
        .chain([
            Ink::Error,
            Ink::Muted,
            Ink::Text,
            Ink::Secondary,
            Ink::Grid,
            Ink::Axis,
            Ink::Shade,
            Ink::Stage(0),
            Ink::Stage(1),
            Ink::Background,
        ])
        .chain(verdicts.map(Ink::Verdict));
    let lines = inks.map(|ink| {
        let [light, dark] = Theme::ALL.map(|theme| theme.colour(ink).0);
        format!("  --{}: light-dark(#{light:06x}, #{dark:06x});\n", ink_name(ink))
    });
    format!(":root {{\n{}}}\n", lines.collect::<String>())
}

/// The name of a variable, without the dashes before it.
pub(super) fn ink_name(ink: Ink) -> String {
    let name = match ink {
        Ink::Series(index) if index < SERIES => return format!("series-{}", index + 1),
        Ink::Series(_) => "series-rest",
        Ink::Error => "error",
        Ink::Muted => "muted",
        Ink::Text => "text",
        Ink::Secondary => "secondary",
        Ink::Grid => "grid",
        Ink::Axis => "axis",
        Ink::Shade => "shade",
        Ink::Stage(index) => return format!("stage-{}", index % 2 + 1),
        Ink::Background => "background",
        Ink::Verdict(status) => status.as_str(),
    };
    name.to_owned()
}
