//! Protobuf, as far as spans need it: fields are written straight into a buffer.
//!
//! A span is a hundred small values. Building messages of owned strings in order to encode and drop them costs several times as
//! much as writing the bytes.

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const BYTES: u32 = 2;
const FIXED32: u32 = 5;

/// A field of varint type. Zero is written, too: the fields of a `oneof` need it.
pub(super) fn put_varint(buffer: &mut Vec<u8>, field: u32, value: u64) {
    varint(buffer, u64::from(field << 3 | VARINT));
    varint(buffer, value);
}

pub(super) fn put_fixed64(buffer: &mut Vec<u8>, field: u32, value: u64) {
    varint(buffer, u64::from(field << 3 | FIXED64));
    buffer.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn put_fixed32(buffer: &mut Vec<u8>, field: u32, value: u32) {
    varint(buffer, u64::from(field << 3 | FIXED32));
    buffer.extend_from_slice(&value.to_le_bytes());
}

/// A field of bytes, of text, or of a message that is encoded already.
pub(super) fn put_bytes(buffer: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    put_length(buffer, field, bytes.len());
    buffer.extend_from_slice(bytes);
}

/// What stands before the `length` bytes of such a field.
pub(super) fn put_length(buffer: &mut Vec<u8>, field: u32, length: usize) {
    varint(buffer, u64::from(field << 3 | BYTES));
    varint(buffer, length as u64);
}

/// How long a field of `length` bytes is, with what stands before them. The number of the field must be below 16.
pub(super) fn bytes_len(length: usize) -> usize {
    1 + varint_len(length as u64) + length
}

/// How long a varint is.
pub(super) fn varint_len(value: u64) -> usize {
    (value.max(1).ilog2() / 7 + 1) as usize
}

fn varint(buffer: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        buffer.push(value as u8 | 0x80);
        value >>= 7;
    }
    buffer.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_varint_is_as_long_as_it_is_said_to_be() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), 1 << 63, u64::MAX] {
            let mut buffer = Vec::new();
            varint(&mut buffer, value);
            assert_eq!(buffer.len(), varint_len(value), "{value}");
        }
    }

    #[test]
    fn the_length_of_a_field_is_known_beforehand() {
        for length in [0, 1, 127, 128, 70_000] {
            let mut buffer = Vec::new();
            put_bytes(&mut buffer, 9, &vec![7; length]);
            assert_eq!(buffer.len(), bytes_len(length), "{length}");
        }
    }
}
