//! The stages of a run in a few lines, for people.

use loadspan_loadgen::StageRole;

use super::StageConfig;

/// A line for each stage: its name, whether it is measured, its load, and when it ends. The only stage needs no name.
pub(crate) fn outline(stages: &[StageConfig]) -> String {
    if let [only] = stages
        && only.name.is_none()
    {
        let [_, _, load, length] = row((0, only));
        return format!("  {load}, {length}\n");
    }
    let rows: Vec<[String; 4]> = stages.iter().enumerate().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(&format!("  {}\n", line.trim_end()));
    }
    text
}

fn row((number, stage): (usize, &StageConfig)) -> [String; 4] {
    let mut length = stage.describe_length();
    if !stage.pause.is_zero() {
        length = format!("{length}, after a pause of {:?}", stage.pause);
    }
    let role = match stage.role {
        StageRole::Measured => "measured",
        StageRole::Warmup => "warm-up",
    };
    [stage.title(number), role.to_owned(), stage.describe_load(), length]
}
