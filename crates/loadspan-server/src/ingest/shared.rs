//! Resources and scopes: what many items share.

use std::collections::HashMap;

use loadspan_wire::otlp::{InstrumentationScope, Message, Resource};

use super::once::{Digest, Once, Table, digest};
use crate::database::{Connection, DatabaseError, Value};

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

    /// Bytes that it keeps, roughly.
    pub(super) fn bytes(&self) -> usize {
        let bytes = self
            .items
            .iter()
            .map(|item| 2 * size_of::<Shared>() + item.content.len());
        bytes.sum()
    }

    /// The keys of all of them, by place; those that are new are stored.
    pub(super) fn keys(&self, connection: &mut dyn Connection, kind: Kind) -> Result<Vec<i64>, DatabaseError> {
        kind.table().keys(connection, &self.items, |row, item| {
            row.extend([
                Value::Blob(&item.digest),
                Value::Text(&item.schema_url),
                Value::Blob(&item.content),
            ]);
        })
    }
}

impl Kind {
    fn table(self) -> Table {
        match self {
            Self::Resource => Table {
                select: "SELECT digest, resource_key, seen_day FROM resources WHERE digest IN",
                into: "resources (digest, schema_url, content, seen_day)",
                columns: 4,
                see: "UPDATE resources SET seen_day = $1 WHERE resource_key IN",
            },
            Self::Scope => Table {
                select: "SELECT digest, scope_key, seen_day FROM scopes WHERE digest IN",
                into: "scopes (digest, schema_url, content, seen_day)",
                columns: 4,
                see: "UPDATE scopes SET seen_day = $1 WHERE scope_key IN",
            },
        }
    }
}

impl Once for Shared {
    fn digest(&self) -> &Digest {
        &self.digest
    }
}
