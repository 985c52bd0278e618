//! A line of CSV. A quoted field does not go over its end: none of what is read here has such texts.

use std::borrow::Cow;

pub(super) fn fields(line: &str) -> Result<Vec<Cow<'_, str>>, String> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (Cow::Borrowed(&rest[..end]), &rest[end..])
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(fields),
            None => return Err("something stands behind a closing quotation mark".to_owned()),
        }
    }
}

/// A field after its opening quotation mark, and what stands behind the closing one. Two of them in it are one.
fn quoted_field(text: &str) -> Result<(Cow<'_, str>, &str), String> {
    let mut from = 0;
    while let Some(mark) = text[from..].find('"') {
        let end = from + mark;
        if !text[end + 1..].starts_with('"') {
            let field = &text[..end];
            let field = if from == 0 {
                Cow::Borrowed(field)
            } else {
                Cow::Owned(field.replace("\"\"", "\""))
            };
            return Ok((field, &text[end + 1..]));
        }
        from = end + 2;
    }
    Err("a quotation mark is not closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_be_quoted() {
        assert_eq!(fields(r#"a,"b,c",,"d""e","#).unwrap(), ["a", "b,c", "", "d\"e", ""]);
        assert!(fields(r#""a"b,c"#).is_err() && fields(r#"a,"b""c"#).is_err());
    }
}
