//! What stands before the full stop of a name, and the messages for names that do not exist.

use super::clause::Name;
use super::fault::Fault;

/// An entity of a language: its name, other names for it.
pub(super) type Entity<T> = (T, &'static [&'static str]);

/// Which entity a name belongs to; without one it belongs to `otherwise`.
pub(super) fn entity<T: Copy>(name: &Name, entities: &[Entity<T>], otherwise: T) -> Result<T, Fault> {
    let Some(wanted) = &name.entity else {
        return Ok(otherwise);
    };
    let found = entities.iter().find(|(_, names)| names.contains(&wanted.as_str()));
    found.map(|(entity, _)| *entity).ok_or_else(|| {
        let known: Vec<String> = entities.iter().map(|(_, names)| format!("'{}'", names[0])).collect();
        let message = format!(
            "Invalid entity type '{wanted}'. Valid values are [{}]",
            known.join(", ")
        );
        Fault::new(name.at, message)
    })
}

/// There is no such attribute.
pub(super) fn unknown_attribute(name: &Name, known: &[&str]) -> Fault {
    let known: Vec<String> = known.iter().map(|known| format!("'{known}'")).collect();
    let message = format!(
        "Invalid attribute key '{}' specified. Valid keys are {{{}}}",
        name.key,
        known.join(", ")
    );
    Fault::new(name.at, message)
}
