//! The bytes of a body, up to a limit; beyond it, only their end.

/// What is kept of a body that is too long: the counts are at its end.
const TAIL: usize = 8 * 1024;

/// The bytes of a body, up to a limit; beyond it, only their end.
#[derive(Debug)]
pub(super) struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    size: u64,
}

/// What was kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kept<'a> {
    Whole(&'a [u8]),
    Tail(&'a [u8]),
}

impl Bounded {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            size: 0,
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.size += chunk.len() as u64;
        if !self.is_over() {
            self.bytes.extend_from_slice(chunk);
            return;
        }
        self.bytes.extend_from_slice(&chunk[chunk.len().saturating_sub(TAIL)..]);
        if self.bytes.len() > 2 * TAIL {
            self.bytes.drain(..self.bytes.len() - TAIL);
            self.bytes.shrink_to(2 * TAIL);
        }
    }

    pub(super) fn kept(&self) -> Kept<'_> {
        if self.is_over() {
            Kept::Tail(&self.bytes)
        } else {
            Kept::Whole(&self.bytes)
        }
    }

    /// Bytes that passed.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    fn is_over(&self) -> bool {
        self.size > self.limit as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_up_to_the_limit_is_kept_whole() {
        let mut body = Bounded::new(4);
        body.push(b"ab");
        body.push(b"cd");

        assert_eq!(body.kept(), Kept::Whole(b"abcd"));
    }

    #[test]
    fn of_a_longer_one_the_end_is_kept() {
        let mut body = Bounded::new(4);
        let long: Vec<u8> = (0..100_000_u32).map(|index| (index % 251) as u8).collect();
        long.chunks(777).for_each(|chunk| body.push(chunk));

        let Kept::Tail(tail) = body.kept() else {
            panic!("kept whole");
        };
        assert!((TAIL..=2 * TAIL).contains(&tail.len()));
        assert_eq!(tail, &long[long.len() - tail.len()..]);
        assert_eq!(body.size(), 100_000);
    }
}
