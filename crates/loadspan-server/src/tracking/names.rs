//! Names for runs that were given none.

use uuid::Uuid;

const ADJECTIVES: &[&str] = &[
    "able", "amber", "ample", "bold", "brave", "brief", "bright", "brisk", "calm", "candid", "clear", "clever", "cosy",
    "crisp", "daring", "deft", "eager", "early", "fair", "fleet", "fond", "frank", "fresh", "gentle", "glad", "grand",
    "hardy", "honest", "jolly", "keen", "kind", "lively", "loyal", "lucid", "mellow", "merry", "mild", "modest",
    "neat", "nimble", "noble", "patient", "placid", "plain", "proud", "quick", "quiet", "rapid", "ready", "robust",
    "serene", "sharp", "silver", "smart", "snug", "solid", "steady", "stout", "sunny", "swift", "tidy", "upbeat",
    "vivid", "warm",
];

const NOUNS: &[&str] = &[
    "acorn", "anchor", "aspen", "badger", "beacon", "birch", "bridge", "brook", "canyon", "cedar", "cliff", "comet",
    "coral", "crane", "delta", "dune", "eagle", "ember", "falcon", "fern", "fjord", "forge", "galaxy", "glacier",
    "harbor", "hawk", "heron", "island", "ivy", "juniper", "kestrel", "lagoon", "lantern", "larch", "lark", "maple",
    "meadow", "mesa", "meteor", "nebula", "oak", "orbit", "osprey", "otter", "pebble", "pine", "prairie", "quartz",
    "raven", "reef", "ridge", "river", "robin", "sparrow", "spruce", "summit", "swan", "thistle", "tundra", "valley",
    "walnut", "willow", "wren", "zephyr",
];

/// A name such as `steady-heron-417`. Two runs may have the same one.
pub(super) fn random_name() -> String {
    let random = Uuid::new_v4().as_u128();
    let pick = |words: &[&'static str], random: u128| words[(random % words.len() as u128) as usize];
    // The upper and the lower bytes of such an id are random; those in the middle say which kind of id it is.
    let (upper, lower) = (random >> 80, random & 0xffff_ffff);
    format!(
        "{}-{}-{}",
        pick(ADJECTIVES, upper),
        pick(NOUNS, upper >> 16),
        lower % 1000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_two_words_and_a_number() {
        for _ in 0..100 {
            let name = random_name();
            let parts: Vec<_> = name.split('-').collect();
            assert!(ADJECTIVES.contains(&parts[0]) && NOUNS.contains(&parts[1]), "{name}");
            assert!(parts[2].parse::<u32>().unwrap() < 1000, "{name}");
        }
        let names: std::collections::BTreeSet<_> = (0..100).map(|_| random_name()).collect();
        assert!(names.len() > 90, "{names:?}");
    }
}
