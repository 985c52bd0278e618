//! Lower-case hexadecimal of fixed width, digit by digit: ids stand in each request and in each record, and formatting machinery
//! costs more than both.

/// Writes the last digits of `id` into the whole of `text`, which then is ASCII.
pub(crate) fn write_hex(id: u128, text: &mut [u8]) {
    for (place, digit) in text.iter_mut().rev().enumerate() {
        *digit = b"0123456789abcdef"[(id >> (4 * place)) as usize & 0xf];
    }
}
