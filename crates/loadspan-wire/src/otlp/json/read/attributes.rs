//! Attributes, and what has them in all signals: resources and scopes.

use opentelemetry_proto::tonic::common::v1::EntityRef;
use serde::de::MapAccess;

use super::super::super::any_value::Value;
use super::super::super::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, Resource};
use super::scalar::{bytes, flag, number, text, texts};
use super::{Fields, object, objects, skip};

impl Fields for Resource {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "attributes" => self.attributes = objects(json)?,
            "droppedAttributesCount" => self.dropped_attributes_count = number(json)?,
            "entityRefs" => self.entity_refs = objects(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for EntityRef {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "schemaUrl" => self.schema_url = text(json)?,
            "type" => self.r#type = text(json)?,
            "idKeys" => self.id_keys = texts(json)?,
            "descriptionKeys" => self.description_keys = texts(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for InstrumentationScope {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "name" => self.name = text(json)?,
            "version" => self.version = text(json)?,
            "attributes" => self.attributes = objects(json)?,
            "droppedAttributesCount" => self.dropped_attributes_count = number(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for KeyValue {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "key" => self.key = text(json)?,
            "value" => self.value = object(json)?,
            "keyStrindex" => self.key_strindex = number(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for AnyValue {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        self.value = Some(match name {
            "stringValue" => Value::StringValue(text(json)?),
            "boolValue" => Value::BoolValue(flag(json)?),
            "intValue" => Value::IntValue(number(json)?),
            "doubleValue" => Value::DoubleValue(number(json)?),
            "arrayValue" => Value::ArrayValue(object(json)?.unwrap_or_default()),
            "kvlistValue" => Value::KvlistValue(object(json)?.unwrap_or_default()),
            "bytesValue" => Value::BytesValue(bytes(json)?),
            "stringValueStrindex" => Value::StringValueStrindex(number(json)?),
            _ => return skip(json),
        });
        Ok(())
    }
}

impl Fields for ArrayValue {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "values" => self.values = objects(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}

impl Fields for KeyValueList {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, json: &mut A) -> Result<(), A::Error> {
        match name {
            "values" => self.values = objects(json)?,
            _ => skip(json)?,
        }
        Ok(())
    }
}
