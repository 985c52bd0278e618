//! Numbers as people like to read them. Pictures, which have less room, round theirs themselves: `plot/number.rs`.

/// How many decimals numbers up to `largest` deserve: about three digits that mean something.
pub(crate) fn decimals_for(largest: f64) -> usize {
    match largest.abs() {
        size if size >= 1_000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 0.1 => 2,
        _ => 3,
    }
}

/// With commas between thousands.
pub(crate) fn grouped(value: f64, decimals: usize) -> String {
    let plain = format!("{value:.decimals$}");
    let (sign, digits) = plain
        .strip_prefix('-')
        .map_or(("", plain.as_str()), |digits| ("-", digits));
    let (whole, fraction) = digits.find('.').map_or((digits, ""), |point| digits.split_at(point));
    let mut text = String::from(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(fraction);
    text
}

/// With as many decimals as its size deserves.
pub(crate) fn number(value: f64) -> String {
    grouped(value, decimals_for(value))
}

/// An average of counts: without decimals where every one was the same.
pub(crate) fn average(value: f64) -> String {
    if value.fract() == 0.0 {
        grouped(value, 0)
    } else {
        number(value)
    }
}

/// `1 request`, `2,000 requests`
pub(crate) fn counted(value: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(value), if value == 1 { "" } else { "s" })
}

pub(crate) fn count(value: u64) -> String {
    grouped(value as f64, 0)
}

/// `12.3 %`, `0.04 %`, `100 %`
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let decimals = match percent {
        whole if (whole - whole.round()).abs() < 1e-9 => 0,
        large if large >= 10.0 => 1,
        _ => 2,
    };
    format!("{percent:.decimals$} %")
}

/// `850 ms`, `12.4 s`, `3 min 20 s`, `2 h 5 min`
pub(crate) fn duration(secs: f64) -> String {
    let whole = secs.round() as u64;
    match secs {
        secs if secs < 1.0 => format!("{:.0} ms", secs * 1e3),
        secs if secs < 120.0 => format!("{secs:.1} s"),
        _ if whole < 7_200 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3_600, whole / 60 % 60),
    }
}

/// `45 MiB`
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", count(bytes.div_ceil(1 << 20)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_about_three_digits_that_matter() {
        let shown = [0.0, 0.042, 1.234, 20.44, 139.96, 1_234.5, 9_876_543.2].map(number);
        assert_eq!(
            shown,
            ["0.000", "0.042", "1.23", "20.44", "140.0", "1,234", "9,876,543"]
        );
        assert_eq!(grouped(-1_234.5, 1), "-1,234.5");
    }

    #[test]
    fn shares_and_durations_read_well() {
        assert_eq!(
            [1.0, 0.1234, 0.0004, 0.5].map(percent),
            ["100 %", "12.3 %", "0.04 %", "50 %"]
        );
        assert_eq!(
            [0.25, 60.04, 200.0, 7_500.0].map(duration),
            ["250 ms", "60.0 s", "3 min 20 s", "2 h 5 min"]
        );
        assert_eq!(mebibytes(45 << 20), "45 MiB");
    }
}
