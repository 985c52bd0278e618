//! Leaves out edges that others imply.

use super::Edge;

/// The edges without which something could no longer be reached. They come, and are given, by `to`, then by `from`.
pub(super) fn reduce(edges: Vec<Edge>, calls: usize) -> Vec<Edge> {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); calls];
    for edge in &edges {
        before[edge.to].push(edge.from);
    }
    let mut visited = vec![usize::MAX; calls];
    let implied: Vec<Vec<bool>> = (0..calls).map(|to| implied(to, &before, &mut visited)).collect();
    let mut place = vec![0; calls];
    let kept = edges.into_iter().filter(|edge| {
        let nth = place[edge.to];
        place[edge.to] += 1;
        !implied[edge.to][nth]
    });
    kept.collect()
}

/// Of each edge to a call, whether another one of them comes after where it begins.
fn implied(to: usize, before: &[Vec<usize>], visited: &mut [usize]) -> Vec<bool> {
    let direct = &before[to];
    // Edges lead to later calls: below the first of these there is nothing to find.
    let [first, _, ..] = direct.as_slice() else {
        return vec![false; direct.len()];
    };
    let mut open: Vec<usize> = direct.iter().flat_map(|from| &before[*from]).copied().collect();
    while let Some(call) = open.pop() {
        if call >= *first && visited[call] != to {
            visited[call] = to;
            open.extend(&before[call]);
        }
    }
    direct.iter().map(|from| visited[*from] == to).collect()
}
