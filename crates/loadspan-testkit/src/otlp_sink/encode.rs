//! The few protobuf messages that a sink sends, written by hand: the test server must not share code with what it tests.

use std::fmt::Write;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

/// `Export*ServiceResponse`: both signals number the fields of their partial success alike.
pub(super) fn partial_success(rejected: u64, message: &str) -> Bytes {
    let mut partial = BytesMut::new();
    put_number(&mut partial, 1, rejected);
    put_bytes(&mut partial, 2, message.as_bytes());
    let mut response = BytesMut::new();
    put_bytes(&mut response, 1, &partial);
    response.freeze()
}

/// `google.rpc.Status`, with a `google.rpc.RetryInfo` among its details if there is a delay.
pub(super) fn status(code: u8, message: &str, retry_delay: Option<Duration>) -> Bytes {
    let mut status = BytesMut::new();
    put_number(&mut status, 1, u64::from(code));
    put_bytes(&mut status, 2, message.as_bytes());
    if let Some(delay) = retry_delay {
        let mut duration = BytesMut::new();
        put_number(&mut duration, 1, delay.as_secs());
        put_number(&mut duration, 2, u64::from(delay.subsec_nanos()));
        let mut retry_info = BytesMut::new();
        // A delay of zero is a message with nothing in it, which must be there all the same.
        put_message(&mut retry_info, 1, &duration);
        let mut any = BytesMut::new();
        put_bytes(&mut any, 1, b"type.googleapis.com/google.rpc.RetryInfo");
        put_bytes(&mut any, 2, &retry_info);
        put_bytes(&mut status, 3, &any);
    }
    status.freeze()
}

/// The form of `grpc-message`.
pub(super) fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for &byte in text.as_bytes() {
        if matches!(byte, b' '..=b'~') && byte != b'%' {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn put_number(message: &mut BytesMut, field: u8, value: u64) {
    if value != 0 {
        message.put_u8(field << 3);
        put_varint(message, value);
    }
}

fn put_bytes(message: &mut BytesMut, field: u8, value: &[u8]) {
    if !value.is_empty() {
        put_message(message, field, value);
    }
}

fn put_message(message: &mut BytesMut, field: u8, value: &[u8]) {
    message.put_u8(field << 3 | 2);
    put_varint(message, value.len() as u64);
    message.put_slice(value);
}

fn put_varint(message: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        message.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    message.put_u8(value as u8);
}
