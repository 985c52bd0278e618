//! Resources and scopes: what many items share is stored once, found by its SHA-256.

use std::collections::HashMap;

use aws_lc_rs::digest::{Context, SHA256};
use loadspan_wire::otlp::{InstrumentationScope, Message, Resource};

use super::lookup::Lookup;
use crate::database::{Connection, DatabaseError, Insert, Value};

/// The SHA-256 of something.
pub(super) type Digest = [u8; 32];

/// A resource or a scope, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shared {
    digest: Digest,
    schema_url: String,
    content: Vec<u8>,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Resource,
    Scope,
}

/// Those of a request, each once.
#[derive(Debug, Default)]
pub(super) struct Pool {
    items: Vec<Shared>,
    places: HashMap<Digest, usize>,
}

impl Pool {
    /// The place of a resource.
    pub(super) fn resource(&mut self, resource: Option<&Resource>, schema_url: &str) -> usize {
        self.add(resource.map(Message::encode_to_vec).unwrap_or_default(), schema_url)
    }

    /// The place of a scope.
    pub(super) fn scope(&mut self, scope: Option<&InstrumentationScope>, schema_url: &str) -> usize {
        self.add(scope.map(Message::encode_to_vec).unwrap_or_default(), schema_url)
    }

    /// The digest of what is at a place.
    pub(super) fn digest(&self, place: usize) -> &Digest {
        &self.items[place].digest
    }

    fn add(&mut self, content: Vec<u8>, schema_url: &str) -> usize {
        let digest = digest(&[schema_url.as_bytes(), &content]);
        *self.places.entry(digest).or_insert_with(|| {
            self.items.push(Shared {
                digest,
                schema_url: schema_url.to_owned(),
                content,
            });
            self.items.len() - 1
        })
    }

    /// The keys of all of them, by place; those that are new are stored.
    pub(super) fn keys(&self, connection: &mut dyn Connection, kind: Kind) -> Result<Vec<i64>, DatabaseError> {
        let known = self.known(connection, kind)?;
        if let Some(keys) = self.in_order(&known) {
            return Ok(keys);
        }
        let mut new: Vec<_> = self
            .items
            .iter()
            .filter(|item| !known.contains_key(&item.digest))
            .collect();
        // In one order for all writers, so that they do not wait for each other in a circle.
        new.sort_unstable_by_key(|item| item.digest);
        let values = new.iter().flat_map(|item| {
            [
                Value::Blob(&item.digest),
                Value::Text(&item.schema_url),
                Value::Blob(&item.content),
            ]
        });
        let insert = Insert {
            into: match kind {
                Kind::Resource => "resources (digest, schema_url, content)",
                Kind::Scope => "scopes (digest, schema_url, content)",
            },
            columns: 3,
            otherwise: "ON CONFLICT (digest) DO NOTHING",
        };
        connection.insert(&insert, &values.collect::<Vec<_>>())?;
        let known = self.known(connection, kind)?;
        self.in_order(&known)
            .ok_or_else(|| DatabaseError::Transient("a resource went away while it was looked for".to_owned()))
    }

    fn known(&self, connection: &mut dyn Connection, kind: Kind) -> Result<HashMap<Digest, i64>, DatabaseError> {
        let lookup = Lookup::new(match kind {
            Kind::Resource => "SELECT digest, resource_key FROM resources WHERE digest IN",
            Kind::Scope => "SELECT digest, scope_key FROM scopes WHERE digest IN",
        });
        let digests: Vec<_> = self.items.iter().map(|item| Value::Blob(&item.digest)).collect();
        let mut known = HashMap::with_capacity(digests.len());
        lookup.rows(connection, &digests, |row| {
            if let Ok(digest) = Digest::try_from(row.blob(0)?) {
                known.insert(digest, row.int(1)?);
            }
            Ok(())
        })?;
        Ok(known)
    }

    fn in_order(&self, known: &HashMap<Digest, i64>) -> Option<Vec<i64>> {
        self.items.iter().map(|item| known.get(&item.digest).copied()).collect()
    }
}

/// The SHA-256 of parts, each with its length, so that no two lists of parts look alike.
pub(super) fn digest(parts: &[&[u8]]) -> Digest {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
    let mut digest = Digest::default();
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
