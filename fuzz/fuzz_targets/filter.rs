//! Any text is a filter and an order, or a mistake; and what it becomes has a place for each value, and nothing that ends a statement.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadspan_server::probe::statements_of;

fuzz_target!(|input: (&str, &str)| {
    let (filter, order) = input;
    for (statement, values) in statements_of(filter, order) {
        assert!(!statement.contains(';') && !statement.contains("--"), "{statement}");
        let places = statement.split('$').skip(1).filter_map(|rest| {
            let end = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse().ok()
        });
        assert_eq!(places.max(), Some(values).filter(|values| *values > 0), "{statement}");
    }
});
