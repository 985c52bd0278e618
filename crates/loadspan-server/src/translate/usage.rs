//! Tokens, counted once in a tree of spans: an agent that sums up what its calls used must not count twice.

use std::collections::HashMap;

/// Tokens of a call, or of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TokenUsage {
    pub(crate) input: i64,
    pub(crate) output: i64,
    pub(crate) total: i64,
    pub(crate) cache_read: Option<i64>,
    pub(crate) cache_write: Option<i64>,
}

/// A span, as far as tokens and cost are concerned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct UsageNode<U> {
    pub(crate) id: [u8; 8],
    pub(crate) parent: Option<[u8; 8]>,
    /// What it says that it used.
    pub(crate) used: U,
}

impl TokenUsage {
    /// As MLflow writes it.
    pub(crate) fn to_json(self) -> String {
        let mut json = serde_json::json!({
            "input_tokens": self.input,
            "output_tokens": self.output,
            "total_tokens": self.total,
        });
        for (name, tokens) in [
            ("cache_read_input_tokens", self.cache_read),
            ("cache_creation_input_tokens", self.cache_write),
        ] {
            if let Some(tokens) = tokens {
                json[name] = tokens.into();
            }
        }
        json.to_string()
    }
}

impl std::ops::Add for TokenUsage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            total: self.total.saturating_add(other.total),
            cache_read: sum(self.cache_read, other.cache_read),
            cache_write: sum(self.cache_write, other.cache_write),
        }
    }
}

fn sum(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}

/// The sum over a tree of what `of` takes from what spans say, [`TokenUsage`] or a cost. A span that says something hides what its
/// descendants say. Spans whose parent is not there are roots; spans whose parents form a circle count as if each stood alone. `None`:
/// no span says anything.
pub(crate) fn total<U, T: std::ops::Add<Output = T>>(
    nodes: &[UsageNode<U>],
    of: impl Fn(&U) -> Option<T>,
) -> Option<T> {
    if !nodes.iter().any(|node| of(&node.used).is_some()) {
        return None;
    }
    let places: HashMap<[u8; 8], usize> = nodes.iter().enumerate().map(|(place, node)| (node.id, place)).collect();
    let parents: Vec<Option<usize>> = nodes
        .iter()
        .map(|node| node.parent.and_then(|parent| places.get(&parent).copied()))
        .collect();
    let says = |place: usize| of(&nodes[place].used).is_some();
    let mut shade = Shade::over(says, &parents);
    let visible = (0..nodes.len()).filter(|place| !shade.above(*place));
    let said = visible.filter_map(|place| of(&nodes[place].used));
    said.reduce(std::ops::Add::add)
}

/// Which spans have an ancestor that says what it used. Each span is looked at once, however deep the tree.
struct Shade<'a, S> {
    says: S,
    parents: &'a [Option<usize>],
    places: Vec<Place>,
}

/// What is known of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Unseen,
    /// Its ancestors are being asked. Who comes here again goes round in a circle.
    Asking,
    Known {
        shaded: bool,
    },
}

impl<'a, S: Fn(usize) -> bool> Shade<'a, S> {
    fn over(says: S, parents: &'a [Option<usize>]) -> Self {
        let places = vec![Place::Unseen; parents.len()];
        Self { says, parents, places }
    }

    fn above(&mut self, place: usize) -> bool {
        let mut path = Vec::new();
        let mut at = place;
        let mut shaded = loop {
            match self.places[at] {
                Place::Known { shaded } => break shaded || (self.says)(at),
                Place::Asking => break self.open_circle(&mut path, at),
                Place::Unseen => {}
            }
            self.places[at] = Place::Asking;
            path.push(at);
            match self.parents[at] {
                Some(parent) => at = parent,
                None => break false,
            }
        };
        while let Some(below) = path.pop() {
            self.places[below] = Place::Known { shaded };
            shaded |= (self.says)(below);
        }
        self.places[place] == Place::Known { shaded: true }
    }

    /// Takes the spans of a circle, which ends at `last`, off the path: nothing is above them. Answers whether they shade others.
    fn open_circle(&mut self, path: &mut Vec<usize>, last: usize) -> bool {
        let mut shades = false;
        while let Some(member) = path.pop() {
            self.places[member] = Place::Known { shaded: false };
            shades |= (self.says)(member);
            if member == last {
                break;
            }
        }
        shades
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: u8, parent: u8, used: Option<i64>) -> UsageNode<Option<i64>> {
        let parent = (parent > 0).then_some([parent; 8]);
        UsageNode {
            id: [id; 8],
            parent,
            used,
        }
    }

    fn sum(nodes: &[UsageNode<Option<i64>>]) -> Option<i64> {
        total(nodes, |used| *used)
    }

    #[test]
    fn a_span_that_sums_up_hides_what_its_descendants_say() {
        let nodes = [
            node(4, 3, Some(100)),
            node(1, 0, None),
            node(2, 1, Some(10)),
            node(3, 2, None),
            node(5, 1, Some(1)),
        ];
        assert_eq!(sum(&nodes), Some(11));
    }

    #[test]
    fn a_span_whose_parent_is_elsewhere_is_a_root() {
        assert_eq!(sum(&[node(1, 9, Some(2)), node(2, 9, Some(3))]), Some(5));
    }

    #[test]
    fn nothing_said_is_nothing_counted() {
        assert_eq!(sum(&[node(1, 0, None)]), None);
        assert_eq!(sum(&[]), None);
    }

    #[test]
    fn spans_in_a_circle_come_to_an_end() {
        assert_eq!(sum(&[node(1, 2, Some(1)), node(2, 1, Some(1))]), Some(2));
        assert_eq!(
            sum(&[node(3, 1, Some(9)), node(1, 2, None), node(2, 1, Some(1))]),
            Some(1)
        );
        assert_eq!(sum(&[node(1, 1, Some(7))]), Some(7));
    }

    #[test]
    fn a_deep_tree_is_counted_in_any_order() {
        let chain: Vec<UsageNode<Option<i64>>> = (0..33_000_u64)
            .rev()
            .map(|depth| UsageNode {
                id: depth.to_be_bytes(),
                parent: depth.checked_sub(1).map(u64::to_be_bytes),
                used: (depth >= 1_000).then_some(1),
            })
            .collect();
        assert_eq!(sum(&chain), Some(1));
    }
}
