//! Attributes, and what has them in all signals: resources and scopes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::EntityRef;

use super::super::any_value::Value;
use super::super::{AnyValue, InstrumentationScope, KeyValue, Resource};
use super::object::Object;

pub(super) fn resource(resource: &Resource, json: &mut Object<'_>) {
    json.objects("attributes", &resource.attributes, attribute);
    json.number("droppedAttributesCount", resource.dropped_attributes_count);
    json.objects("entityRefs", &resource.entity_refs, entity);
}

pub(super) fn scope(scope: &InstrumentationScope, json: &mut Object<'_>) {
    json.string("name", &scope.name);
    json.string("version", &scope.version);
    json.objects("attributes", &scope.attributes, attribute);
    json.number("droppedAttributesCount", scope.dropped_attributes_count);
}

pub(super) fn attribute(attribute: &KeyValue, json: &mut Object<'_>) {
    json.always_string("key", &attribute.key);
    json.object("value", attribute.value.as_ref(), any_value);
    json.number("keyStrindex", attribute.key_strindex);
}

/// One field, whose name says what it is; it stands there whatever its value.
pub(super) fn any_value(value: &AnyValue, json: &mut Object<'_>) {
    match &value.value {
        None => {}
        Some(Value::StringValue(text)) => json.always_string("stringValue", text),
        Some(Value::BoolValue(value)) => json.always_bool("boolValue", *value),
        Some(Value::IntValue(number)) => json.always_wide("intValue", number),
        Some(Value::DoubleValue(number)) => json.always_double("doubleValue", *number),
        Some(Value::ArrayValue(array)) => json.object("arrayValue", Some(array), |array, json| {
            json.always_objects("values", &array.values, any_value);
        }),
        Some(Value::KvlistValue(list)) => json.object("kvlistValue", Some(list), |list, json| {
            json.always_objects("values", &list.values, attribute);
        }),
        Some(Value::BytesValue(bytes)) => json.always_string("bytesValue", &STANDARD.encode(bytes)),
        Some(Value::StringValueStrindex(index)) => json.always_number("stringValueStrindex", index),
    }
}

fn entity(entity: &EntityRef, json: &mut Object<'_>) {
    json.string("schemaUrl", &entity.schema_url);
    json.string("type", &entity.r#type);
    json.strings("idKeys", &entity.id_keys);
    json.strings("descriptionKeys", &entity.description_keys);
}
