//! How much a file says, each use of an anchor counted anew.

use super::{Content, Node};

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) values: usize,
    /// Bytes of keys and values.
    pub(super) text: usize,
}

impl Size {
    /// Of a value, with all that is in it.
    pub(super) fn of(node: &Node) -> Self {
        let itself = Self::of_itself(&node.content);
        match &node.content {
            Content::Scalar(_) => itself,
            Content::List(items) => items.iter().map(Self::of).fold(itself, Self::and),
            Content::Map(pairs) => pairs.iter().map(|pair| Self::of(&pair.value)).fold(itself, Self::and),
        }
    }

    /// Without the values in it.
    pub(super) fn of_itself(content: &Content) -> Self {
        let text = match content {
            Content::Scalar(scalar) => scalar.text.len(),
            Content::List(_) => 0,
            Content::Map(pairs) => pairs.iter().map(|pair| pair.key.len()).sum(),
        };
        Self { values: 1, text }
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            values: self.values + other.values,
            text: self.text + other.text,
        }
    }
}
