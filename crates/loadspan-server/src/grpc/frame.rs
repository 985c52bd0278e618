//! The frame around a message: one byte that says whether it is compressed, and four with its length.

use bytes::{Buf, BufMut, Bytes};

use super::answer::Failure;

/// Bytes before the message.
pub(super) const HEAD: usize = 5;

/// A message, as it is on the wire.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) compressed: bool,
    pub(super) message: Bytes,
}

/// The one message of a body.
pub(super) fn parse(mut body: Bytes) -> Result<Frame, Failure> {
    if body.len() < HEAD {
        return Err(Failure::invalid("the body has no message"));
    }
    let compressed = match body.get_u8() {
        0 => false,
        1 => true,
        _ => return Err(Failure::invalid("the frame of the message is broken")),
    };
    let length = body.get_u32();
    if usize::try_from(length) != Ok(body.len()) {
        return Err(Failure::invalid(
            "the body is not one message of the length that it says",
        ));
    }
    Ok(Frame {
        compressed,
        message: body,
    })
}

/// A message with its frame.
pub(super) fn render(message: &[u8]) -> Bytes {
    let mut body = Vec::with_capacity(HEAD + message.len());
    body.put_u8(0);
    body.put_u32(u32::try_from(message.len()).expect("answers are small"));
    body.put_slice(message);
    body.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_what_it_was() {
        let frame = parse(render(b"message")).unwrap();
        assert_eq!((frame.compressed, &frame.message[..]), (false, b"message".as_slice()));
        assert!(parse(Bytes::from_static(b"\x01\0\0\0\x01x")).unwrap().compressed);
    }

    #[test]
    fn a_broken_frame_is_refused() {
        for body in [
            b"".as_slice(),
            b"\0\0\0\0",
            b"\x02\0\0\0\0",
            b"\0\0\0\0\x01",
            b"\0\0\0\0\0x",
            b"\0\xff\xff\xff\xffx",
        ] {
            assert!(parse(Bytes::copy_from_slice(body)).is_err(), "{body:?}");
        }
    }
}
