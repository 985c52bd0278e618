//! Compact storage for one value per request.
//!
//! A run may have ten million requests, and the percentiles of a report are exact, so every value is kept, as cheaply as
//! possible: four bytes each, in chunks that are never moved, and none at all for a chunk in which all values are the same. Input
//! lengths often are, and so is a figure that no request has.

/// Values in a chunk.
const CHUNK: usize = 4096;

/// An append-only list.
#[derive(Debug, Clone)]
pub(crate) struct Column<T> {
    chunks: Vec<Chunk<T>>,
    len: usize,
}

#[derive(Debug, Clone)]
enum Chunk<T> {
    Constant(T),
    Each(Box<[T]>),
}

/// A value that may be missing. Every figure is zero or more; a negative number stands for none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample(f32);

impl<T: Copy + PartialEq> Column<T> {
    pub(crate) const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, value: T) {
        let place = self.len % CHUNK;
        self.len += 1;
        if place == 0 {
            self.chunks.push(Chunk::Constant(value));
            return;
        }
        match self.chunks.last_mut() {
            Some(Chunk::Each(values)) => values[place] = value,
            Some(chunk) => chunk.diverge(place, value),
            None => {}
        }
    }

    /// The value of a row. Rows are always below [`Column::len`].
    pub(crate) fn get(&self, row: usize) -> T {
        match &self.chunks[row / CHUNK] {
            Chunk::Constant(value) => *value,
            Chunk::Each(values) => values[row % CHUNK],
        }
    }
}

impl<T: Copy + PartialEq> Chunk<T> {
    /// Takes a value into a chunk that was constant so far.
    fn diverge(&mut self, place: usize, value: T) {
        if let Self::Constant(constant) = *self
            && constant != value
        {
            let mut values = vec![constant; CHUNK].into_boxed_slice();
            values[place] = value;
            *self = Self::Each(values);
        }
    }
}

impl Sample {
    /// The nearest value that can be stored.
    pub(crate) fn new(value: Option<f64>) -> Self {
        Self(value.map_or(-1.0, |value| value as f32))
    }

    /// The nearest value that can be stored and is not above `value`.
    ///
    /// A request's end, restored from this, is never later than it was: the successor in its slot does not seem to overlap it.
    pub(crate) fn rounded_down(value: f64) -> Self {
        let nearest = value as f32;
        Self(if f64::from(nearest) > value {
            nearest.next_down()
        } else {
            nearest
        })
    }

    pub(crate) fn get(self) -> Option<f32> {
        (self.0 >= 0.0).then_some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_values_take_no_room() {
        let mut column = Column::new();
        for _ in 0..3 * CHUNK {
            column.push(550_u32);
        }
        column.push(551);
        column.push(550);
        assert!(
            column.chunks[..3]
                .iter()
                .all(|chunk| matches!(chunk, Chunk::Constant(550)))
        );
        assert!(matches!(column.chunks[3], Chunk::Each(_)));
        assert_eq!((column.get(3 * CHUNK), column.get(3 * CHUNK + 1)), (551, 550));
    }

    #[test]
    fn a_missing_value_is_not_a_zero() {
        assert_eq!(Sample::new(None).get(), None);
        assert_eq!(Sample::new(Some(0.0)).get(), Some(0.0));
    }

    proptest! {
        #[test]
        fn what_went_in_comes_out(runs in prop::collection::vec((0_u8..3, 1_usize..3 * CHUNK), 0..6)) {
            let values: Vec<u8> = runs.into_iter().flat_map(|(value, times)| std::iter::repeat_n(value, times)).collect();
            let mut column = Column::new();
            values.iter().for_each(|value| column.push(*value));
            prop_assert_eq!(column.len(), values.len());
            prop_assert!(values.iter().enumerate().all(|(row, value)| column.get(row) == *value));
        }

        #[test]
        fn rounding_down_never_rounds_up(value in 0.0_f64..1e9) {
            let stored = f64::from(Sample::rounded_down(value).get().unwrap());
            prop_assert!(stored <= value && value - stored <= value * 1.2e-7);
        }
    }
}
