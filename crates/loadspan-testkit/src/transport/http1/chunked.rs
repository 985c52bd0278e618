//! Request bodies in chunks.

use crate::respond::Answer;

/// The longest line of a chunk size, extensions included, or of a trailer.
const MAX_LINE: usize = 4 * 1024;
/// Bytes of all trailers together.
const MAX_TRAILERS: usize = 16 * 1024;

/// Puts a body together from its chunks. Each byte of input is looked at a bounded number of times, however it arrives.
#[derive(Debug, Default)]
pub(super) struct ChunkDecoder {
    /// Input that has been decoded.
    position: usize,
    body: Vec<u8>,
    phase: Phase,
}

#[derive(Debug, Default, Clone, Copy)]
enum Phase {
    #[default]
    Size,
    /// So many bytes of a chunk, and its line break, are to come.
    Data(usize),
    /// Trailers, which began at this position.
    Trailers(usize),
}

impl ChunkDecoder {
    /// Goes on with input that begins at the body and has grown since the last call. Once the body is whole, the bytes of input
    /// that it took.
    pub(super) fn advance(&mut self, input: &[u8], limit: usize) -> Result<Option<usize>, Answer> {
        loop {
            let rest = &input[self.position..];
            match self.phase {
                Phase::Size => {
                    let Some(line) = line(rest)? else { return Ok(None) };
                    self.position += line.len() + 2;
                    self.phase = self.after_size(parse_size(line)?, limit)?;
                }
                Phase::Data(size) => {
                    if rest.len() < size + 2 {
                        return Ok(None);
                    }
                    if &rest[size..size + 2] != b"\r\n" {
                        return Err(Answer::malformed("a chunk is not followed by a line break"));
                    }
                    self.body.extend_from_slice(&rest[..size]);
                    self.position += size + 2;
                    self.phase = Phase::Size;
                }
                Phase::Trailers(start) => {
                    let Some(line) = line(rest)? else { return Ok(None) };
                    self.position += line.len() + 2;
                    if line.is_empty() {
                        return Ok(Some(self.position));
                    }
                    if self.position - start > MAX_TRAILERS {
                        return Err(Answer::head_too_large());
                    }
                }
            }
        }
    }

    /// The body as far as it was decoded.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    fn after_size(&self, size: usize, limit: usize) -> Result<Phase, Answer> {
        match size {
            0 => Ok(Phase::Trailers(self.position)),
            size if size > limit.saturating_sub(self.body.len()) => Err(Answer::too_large(limit)),
            size => Ok(Phase::Data(size)),
        }
    }
}

/// A line without its line break, if it is whole.
fn line(input: &[u8]) -> Result<Option<&[u8]>, Answer> {
    let window = &input[..input.len().min(MAX_LINE)];
    match memchr::memmem::find(window, b"\r\n") {
        Some(end) => Ok(Some(&window[..end])),
        None if window.len() == MAX_LINE => Err(Answer::malformed("a line of a chunked body is too long")),
        None => Ok(None),
    }
}

/// The size of a chunk. One that does not fit into a number is larger than any limit.
fn parse_size(line: &[u8]) -> Result<usize, Answer> {
    let digits = line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(Answer::malformed("a chunk size is not hexadecimal"));
    }
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    Ok(usize::from_str_radix(digits, 16).unwrap_or(usize::MAX))
}
