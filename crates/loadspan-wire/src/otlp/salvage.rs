//! What can be had of a request in protobuf of which something is damaged: one span with a text that is no UTF-8 is no reason to lose the
//! others, which whoever sent them will not send again.
//!
//! The requests of all three signals have the same form: resources (1), each with scopes (2), each with items (2).

use prost::DecodeError;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field};

/// Where the items of a request, a resource or a scope stand.
const RESOURCES: u32 = 1;
const SCOPES: u32 = 2;
const ITEMS: u32 = 2;

/// A request without what cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    /// The rest of it: it can be decoded.
    pub request: Vec<u8>,
    /// Items that are not in it.
    pub lost: usize,
    /// What is the matter with the first of them.
    pub reason: String,
}

/// What decodes to nothing but the error it may be.
pub type Check = fn(&[u8]) -> Result<(), DecodeError>;

/// How the parts of a signal are decoded.
#[derive(Debug, Clone, Copy)]
pub struct Checks {
    /// A resource with its scopes, without their items.
    pub resource: Check,
    /// A scope without its items.
    pub scope: Check,
    /// An item.
    pub item: Check,
}

/// Goes through a request that cannot be decoded as a whole.
///
/// # Errors
///
/// Not even its frame can be read.
pub fn salvage(request: &[u8], checks: &Checks) -> Result<Salvaged, DecodeError> {
    let mut salvage = Salvage {
        checks,
        lost: 0,
        reason: None,
    };
    let (frame, resources) = split(request, RESOURCES)?;
    let kept = resources
        .into_iter()
        .filter_map(|resource| salvage.resource(resource))
        .collect();
    Ok(Salvaged {
        request: join(frame, RESOURCES, kept),
        lost: salvage.lost,
        reason: salvage.reason.unwrap_or_default(),
    })
}

struct Salvage<'a> {
    checks: &'a Checks,
    lost: usize,
    reason: Option<String>,
}

impl Salvage<'_> {
    fn resource(&mut self, resource: &[u8]) -> Option<Vec<u8>> {
        let (frame, scopes) = self.parts(resource, SCOPES)?;
        if let Err(flaw) = (self.checks.resource)(&frame) {
            return self.lose(scopes.into_iter().map(in_scope).sum(), &flaw);
        }
        let kept = scopes.into_iter().filter_map(|scope| self.scope(scope)).collect();
        Some(join(frame, SCOPES, kept))
    }

    fn scope(&mut self, scope: &[u8]) -> Option<Vec<u8>> {
        let (frame, items) = self.parts(scope, ITEMS)?;
        if let Err(flaw) = (self.checks.scope)(&frame) {
            return self.lose(items.len(), &flaw);
        }
        let kept = items.into_iter().filter_map(|item| self.item(item)).collect();
        Some(join(frame, ITEMS, kept))
    }

    fn item(&mut self, item: &[u8]) -> Option<Vec<u8>> {
        match (self.checks.item)(item) {
            Ok(()) => Some(item.to_vec()),
            Err(flaw) => self.lose(1, &flaw),
        }
    }

    /// A message and its parts. Where it breaks off, how many items are lost nobody knows: one at least.
    fn parts<'m>(&mut self, message: &'m [u8], field: u32) -> Option<(Vec<u8>, Vec<&'m [u8]>)> {
        match split(message, field) {
            Ok(parts) => Some(parts),
            Err(flaw) => self.lose(1, &flaw),
        }
    }

    fn lose<T>(&mut self, items: usize, flaw: &DecodeError) -> Option<T> {
        self.lost += items;
        self.reason.get_or_insert_with(|| flaw.to_string());
        None
    }
}

/// So many items are in a scope.
fn in_scope(scope: &[u8]) -> usize {
    split(scope, ITEMS).map_or(1, |(_, items)| items.len())
}

/// A message without the messages in one of its fields, and these.
fn split(message: &[u8], field: u32) -> Result<(Vec<u8>, Vec<&[u8]>), DecodeError> {
    let mut frame = Vec::new();
    let mut parts = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let begun = rest;
        let (tag, wire_type) = decode_key(&mut rest)?;
        if tag == field && wire_type == WireType::LengthDelimited {
            let mut part = rest;
            let length = decode_varint(&mut part)?;
            // Fails where less is left than the length says.
            skip_field(wire_type, tag, &mut rest, DecodeContext::default())?;
            parts.push(&part[..usize::try_from(length).unwrap_or(part.len()).min(part.len())]);
        } else {
            skip_field(wire_type, tag, &mut rest, DecodeContext::default())?;
            frame.extend_from_slice(&begun[..begun.len() - rest.len()]);
        }
    }
    Ok((frame, parts))
}

fn join(mut frame: Vec<u8>, field: u32, parts: Vec<Vec<u8>>) -> Vec<u8> {
    for part in parts {
        encode_key(field, WireType::LengthDelimited, &mut frame);
        encode_varint(part.len() as u64, &mut frame);
        frame.extend_from_slice(&part);
    }
    frame
}

#[cfg(test)]
mod tests;
