//! Conditions in the filter language of `runs/search`.

/// That a field has this value. What the language cannot quote stands for any character, so that more may be found than was asked
/// for.
pub(super) fn equals(field: &str, value: &str) -> String {
    if value.contains(['\'', '"', '\\']) {
        let pattern = value.replace(['\'', '"', '\\'], "_");
        format!("{field} LIKE '{pattern}'")
    } else {
        format!("{field} = '{value}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted() {
        assert_eq!(
            equals("attributes.run_name", "sweep 1"),
            "attributes.run_name = 'sweep 1'"
        );
        assert_eq!(
            equals("attributes.run_name", r#"it's "it"\"#),
            "attributes.run_name LIKE 'it_s _it__'"
        );
    }
}
