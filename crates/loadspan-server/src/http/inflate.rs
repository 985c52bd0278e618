//! Bodies that are compressed, up to a limit: what would become larger is given up while it grows.

use std::io::Read;

use bytes::Bytes;

/// The largest window of zstd, as a power of two: its memory is taken before the first byte comes out.
const ZSTD_WINDOW: u32 = 24;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Deflate,
    Zstd,
}

/// Why a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InflateError {
    /// It is larger than it may be.
    #[error("the body has more than {0} bytes when it is decompressed")]
    TooLarge(usize),
    /// It is not what it says.
    #[error("Failed to decompress {0} payload")]
    Broken(&'static str),
}

impl Encoding {
    /// What a header names, in whatever case; `identity` beside another is nothing. `None`: nothing that is known here, or one upon
    /// another.
    pub(crate) fn parse(names: &str) -> Option<Self> {
        let mut encoding = Self::Identity;
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match (encoding, Self::named(name)?) {
                (_, Self::Identity) => {}
                (Self::Identity, named) => encoding = named,
                _ => return None,
            }
        }
        Some(encoding)
    }

    fn named(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("x-gzip") {
            return Some(Self::Gzip);
        }
        let known = [Self::Identity, Self::Gzip, Self::Deflate, Self::Zstd];
        known
            .into_iter()
            .find(|known| name.eq_ignore_ascii_case(known.as_str()))
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
        }
    }

    /// The body as it was before it was compressed. No bytes are nothing, however they are compressed.
    pub(crate) fn inflate(self, body: Bytes, limit: usize) -> Result<Bytes, InflateError> {
        if body.is_empty() {
            return Ok(body);
        }
        match self {
            Self::Identity if body.len() > limit => Err(InflateError::TooLarge(limit)),
            Self::Identity => Ok(body),
            Self::Gzip => self.read(flate2::read::MultiGzDecoder::new(&body[..]), limit),
            // Zlib is what the name means; some senders leave its frame away.
            Self::Deflate if is_zlib(&body) => self.read(flate2::read::ZlibDecoder::new(&body[..]), limit),
            Self::Deflate => self.read(flate2::read::DeflateDecoder::new(&body[..]), limit),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::new(&body[..]).map_err(|_| self.broken())?;
                decoder.window_log_max(ZSTD_WINDOW).map_err(|_| self.broken())?;
                self.read(decoder, limit)
            }
        }
    }

    fn read(self, from: impl Read, limit: usize) -> Result<Bytes, InflateError> {
        let mut body = Vec::new();
        let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        from.take(one_more).read_to_end(&mut body).map_err(|_| self.broken())?;
        if body.len() > limit {
            return Err(InflateError::TooLarge(limit));
        }
        Ok(body.into())
    }

    fn broken(self) -> InflateError {
        InflateError::Broken(self.as_str())
    }
}

/// Whether it begins as zlib does: method and check bits of RFC 1950.
fn is_zlib(body: &[u8]) -> bool {
    match *body {
        [first, second, ..] => first & 0x0f == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;

    use super::*;

    fn gzip(bytes: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap().into()
    }

    fn zlib(bytes: &[u8]) -> Bytes {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap().into()
    }

    fn deflate(bytes: &[u8]) -> Bytes {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap().into()
    }

    fn zstd(bytes: &[u8]) -> Bytes {
        zstd::encode_all(bytes, 19).unwrap().into()
    }

    #[test]
    fn names_are_known_in_any_case() {
        assert_eq!(Encoding::parse("GZip "), Some(Encoding::Gzip));
        assert_eq!(Encoding::parse(""), Some(Encoding::Identity));
        assert_eq!(Encoding::parse("br"), None);
        assert_eq!(Encoding::parse("x-gzip"), Some(Encoding::Gzip));
        assert_eq!(Encoding::parse("gzip, identity"), Some(Encoding::Gzip));
        assert_eq!(Encoding::parse("gzip, zstd"), None);
    }

    #[test]
    fn a_body_is_what_it_was() {
        let text = b"what it was".as_slice();
        for (encoding, body) in [
            (Encoding::Identity, Bytes::from_static(b"what it was")),
            (Encoding::Gzip, gzip(text)),
            (Encoding::Gzip, [gzip(b"what "), gzip(b"it was")].concat().into()),
            (Encoding::Deflate, zlib(text)),
            (Encoding::Deflate, deflate(text)),
            (Encoding::Zstd, zstd(text)),
        ] {
            assert_eq!(encoding.inflate(body, 11).unwrap(), text, "{encoding:?}");
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let zeros = vec![0; 64 << 20];
        for (encoding, bomb) in [
            (Encoding::Gzip, gzip(&zeros)),
            (Encoding::Deflate, zlib(&zeros)),
            (Encoding::Zstd, zstd(&zeros)),
        ] {
            assert!(bomb.len() < 1 << 17, "{encoding:?}");
            assert_eq!(
                encoding.inflate(bomb, 1 << 20),
                Err(InflateError::TooLarge(1 << 20)),
                "{encoding:?}"
            );
        }
    }

    #[test]
    fn what_is_broken_says_so() {
        for encoding in [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd] {
            let broken = encoding.inflate(Bytes::from_static(b"\xff\xfe\xfd nothing"), 1 << 20);
            assert!(
                matches!(broken, Err(InflateError::Broken(_))),
                "{encoding:?}: {broken:?}"
            );
        }
        let whole = gzip(b"what it was");
        assert!(Encoding::Gzip.inflate(whole.slice(..whole.len() - 4), 100).is_err());
    }
}
