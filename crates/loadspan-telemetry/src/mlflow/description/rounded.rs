//! Numbers of the note, rounded as in the tables on the console, so that the two are the same to the eye.

/// How many decimals numbers up to `largest` deserve: about three digits that mean something.
pub(super) fn decimals_for(largest: f64) -> usize {
    match largest.abs() {
        size if size >= 1_000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 0.1 => 2,
        _ => 3,
    }
}

/// With commas between thousands.
pub(super) fn grouped(value: f64, decimals: usize) -> String {
    let plain = format!("{value:.decimals$}");
    let (whole, fraction) = plain
        .find('.')
        .map_or((plain.as_str(), ""), |point| plain.split_at(point));
    let digits = whole.trim_start_matches('-').len();
    let mut text = String::new();
    for (place, sign) in whole.chars().rev().enumerate() {
        if place > 0 && place < digits && place.is_multiple_of(3) {
            text.insert(0, ',');
        }
        text.insert(0, sign);
    }
    text + fraction
}

/// With as many decimals as its size deserves.
pub(super) fn number(value: f64) -> String {
    grouped(value, decimals_for(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_about_three_digits_that_matter() {
        let shown = [0.0, 0.042, 9.999_768, 22.127_44, 708.077_9, 1_234.5, 9_876_543.2].map(number);
        assert_eq!(
            shown,
            ["0.000", "0.042", "10.00", "22.13", "708.1", "1,234", "9,876,543"]
        );
        assert_eq!([grouped(-1_234.5, 1), grouped(-123.0, 0)], ["-1,234.5", "-123"]);
    }
}
