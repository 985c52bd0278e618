//! The name that somebody probably meant.

/// The nearest of the names, if one is near enough to have been meant.
pub(super) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase().replace('-', "_");
    let distances = names.into_iter().map(|name| (distance(&word, name), name));
    let (distance, name) = distances.min()?;
    // A third of the letters may be wrong.
    (distance <= word.chars().count().max(3) / 3).then_some(name)
}

/// Letters that have to be put in, taken out, changed, or exchanged with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().take(64).collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let changed = rows[i][j] + usize::from(a != b);
            let mut least = changed.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_seen_and_other_words_are_not() {
        let names = ["request_rate", "request_count", "concurrency", "isl", "osl"];
        assert_eq!(nearest("concurency", names), Some("concurrency"));
        assert_eq!(nearest("reqeust-rate", names), Some("request_rate"));
        assert_eq!(nearest("ils", names), Some("isl"));
        assert_eq!(nearest("batch_size", names), None);
    }
}
