//! What JSON takes in memory when it is read into values: `{"":0}` is six bytes, and becomes six hundred. One pass that takes no memory
//! says it before.

/// An object: the first node of its map, whatever is in it.
const OBJECT: usize = 640;
/// A value: its place in a list that grows or in a map, and what an allocator takes for its name and its text.
const VALUE: usize = 192;
/// What a byte of JSON becomes at worst: that of an object with one value, in seven.
const WORST: usize = (OBJECT + 2 * VALUE) / 7;

/// Bytes that a document takes once it is read, with the document itself. What is no JSON has a weight as well.
pub(super) fn of_json(json: &[u8]) -> usize {
    let json = json.trim_ascii_start();
    if json.first() == Some(&b'"') {
        // A text that is JSON once more is taken for the worst that it may be.
        return json.len().saturating_mul(WORST);
    }
    let mut weight = json.len() + VALUE;
    let mut place = 0;
    while let Some(&byte) = json.get(place) {
        place += 1;
        match byte {
            b'"' => place += text(&json[place..]),
            b'{' => weight += OBJECT + VALUE,
            b'[' | b',' => weight += VALUE,
            _ => {}
        }
    }
    weight
}

/// How many bytes are left of a text, with its closing quote.
fn text(json: &[u8]) -> usize {
    let mut place = 0;
    while let Some(next) = memchr::memchr2(b'"', b'\\', &json[place..]) {
        place += next + 1;
        if json[place - 1] == b'"' {
            return place;
        }
        // What is escaped does not end it.
        place = json.len().min(place + 1);
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_large_is_heavy() {
        let objects = format!("{{\"x\":[{}0]}}", "{\"\":0},".repeat(1000));
        assert!(of_json(objects.as_bytes()) > 1000 * OBJECT);
        let numbers = format!("[{}0]", "0,".repeat(1000));
        assert!(of_json(numbers.as_bytes()) > 1000 * size_of::<serde_json::Value>());
        let twice = serde_json::to_string(&objects).unwrap();
        assert!(of_json(twice.as_bytes()) >= of_json(objects.as_bytes()));
        assert!(of_json(format!(" {twice}").as_bytes()) >= of_json(objects.as_bytes()));
    }

    #[test]
    fn texts_weigh_what_they_are() {
        for text in ["{{{[[[,,,", "a \\\"{\\\" b", "\\\\", ""] {
            let json = serde_json::to_string(&serde_json::json!([text, "x"])).unwrap();
            assert_eq!(of_json(json.as_bytes()), json.len() + 3 * VALUE, "{json}");
        }
    }

    #[test]
    fn what_breaks_off_ends() {
        for json in ["\"", "[\"\\", "[\"a", "{\"a\\\"", ""] {
            assert!(of_json(json.as_bytes()) >= json.len(), "{json}");
        }
    }
}
