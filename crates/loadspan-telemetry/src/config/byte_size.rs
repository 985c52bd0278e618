//! Sizes as people write them.

/// Bytes: `1048576`, `64MiB`, `1GiB`, `500MB`. `None` for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let scale = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "kib" => 1 << 10,
        "mb" => 1_000_000,
        "mib" => 1 << 20,
        "gb" => 1_000_000_000,
        "gib" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let cases = [
            ("0", 0),
            ("64MiB", 64 << 20),
            ("1 gib", 1 << 30),
            ("500MB", 500_000_000),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
        for bad in ["", "MiB", "-1", "1.5GiB", "1TiB", "99999999999GiB"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
