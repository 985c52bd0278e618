//! Lists of values in statements: `key IN ($2, $3, …)`.

use crate::database::Value;

/// Most values of one statement.
const AT_ONCE: usize = 256;

/// Splits values into lists that one statement can have. Each comes with its places, beginning with `$first`.
///
/// Lists are filled up with their last value to lengths that are powers of two, so that there are few different statements.
pub(crate) fn in_lists<'a, T>(first: usize, values: &'a [T]) -> impl Iterator<Item = (String, Vec<Value<'a>>)>
where
    T: Copy + Into<Value<'a>>,
{
    values.chunks(AT_ONCE).map(move |chunk| {
        let length = chunk.len().next_power_of_two();
        let places: Vec<String> = (first..first + length).map(|place| format!("${place}")).collect();
        let filler = chunk.last().into_iter().cycle();
        let list = chunk.iter().chain(filler).take(length);
        (places.join(", "), list.map(|value| (*value).into()).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_filled_up_with_its_last_value() {
        let lists: Vec<_> = in_lists(2, &[1_i64, 2, 3]).collect();
        let values = [1_i64, 2, 3, 3].map(Value::from).to_vec();
        assert_eq!(lists, [("$2, $3, $4, $5".to_owned(), values)]);
    }

    #[test]
    fn long_lists_are_several() {
        let keys: Vec<i64> = (0..600).collect();
        let lengths: Vec<_> = in_lists(1, &keys).map(|(_, values)| values.len()).collect();
        assert_eq!(lengths, [256, 256, 128]);
        assert_eq!(in_lists::<i64>(1, &[]).count(), 0);
    }
}
