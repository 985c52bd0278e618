//! Writes JSON objects field by field, in the forms that protobuf's JSON mapping gives to its types.

use std::fmt::Display;
use std::io::Write;

use serde::Serialize;

/// An object that is being written. Except for `always_` methods, values that are protobuf's default are left out.
pub(super) struct Object<'o> {
    out: &'o mut Vec<u8>,
    /// What stands before the next field.
    separator: &'static str,
}

impl<'o> Object<'o> {
    /// A whole document.
    pub(super) fn render(fill: impl FnOnce(&mut Object<'_>)) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        Object::write(&mut out, fill);
        out
    }

    fn write(out: &'o mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        let mut object = Object { out, separator: "{" };
        fill(&mut object);
        let end = if object.separator == "{" { "{}" } else { "}" };
        object.out.extend_from_slice(end.as_bytes());
    }

    /// Names are literals of this module's siblings and need no escapes.
    fn name(&mut self, name: &str) -> &mut Vec<u8> {
        for part in [self.separator, "\"", name, "\":"] {
            self.out.extend_from_slice(part.as_bytes());
        }
        self.separator = ",";
        self.out
    }

    pub(super) fn string(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.always_string(name, value);
        }
    }

    pub(super) fn always_string(&mut self, name: &str, value: &str) {
        put(self.name(name), value);
    }

    pub(super) fn always_bool(&mut self, name: &str, value: bool) {
        put(self.name(name), &value);
    }

    /// 32-bit integers and enums.
    pub(super) fn number<T: Serialize + Default + PartialEq>(&mut self, name: &str, value: T) {
        if value != T::default() {
            self.always_number(name, value);
        }
    }

    pub(super) fn always_number<T: Serialize>(&mut self, name: &str, value: T) {
        put(self.name(name), &value);
    }

    /// 64-bit integers.
    pub(super) fn wide<T: Display + Default + PartialEq>(&mut self, name: &str, value: T) {
        if value != T::default() {
            self.always_wide(name, value);
        }
    }

    pub(super) fn always_wide<T: Display>(&mut self, name: &str, value: T) {
        put_wide(self.name(name), value);
    }

    pub(super) fn wides(&mut self, name: &str, values: &[u64]) {
        self.list(name, values, |value, out| put_wide(out, value));
    }

    pub(super) fn always_double(&mut self, name: &str, value: f64) {
        put_double(self.name(name), value);
    }

    pub(super) fn optional_double(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.always_double(name, value);
        }
    }

    pub(super) fn doubles(&mut self, name: &str, values: &[f64]) {
        self.list(name, values, |&value, out| put_double(out, value));
    }

    /// Ids of traces and spans.
    pub(super) fn id(&mut self, name: &str, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let out = self.name(name);
        out.push(b'"');
        for byte in bytes {
            // Writing to memory cannot fail.
            let _ = write!(out, "{byte:02x}");
        }
        out.push(b'"');
    }

    pub(super) fn strings(&mut self, name: &str, values: &[String]) {
        self.list(name, values, |value, out| put(out, value));
    }

    pub(super) fn object<T>(&mut self, name: &str, value: Option<&T>, fill: impl FnOnce(&T, &mut Object<'_>)) {
        if let Some(value) = value {
            Object::write(self.name(name), |object| fill(value, object));
        }
    }

    pub(super) fn objects<T>(&mut self, name: &str, values: &[T], fill: impl Fn(&T, &mut Object<'_>)) {
        if !values.is_empty() {
            self.always_objects(name, values, fill);
        }
    }

    pub(super) fn always_objects<T>(&mut self, name: &str, values: &[T], fill: impl Fn(&T, &mut Object<'_>)) {
        self.always_list(name, values, |value, out| {
            Object::write(out, |object| fill(value, object))
        });
    }

    fn list<T>(&mut self, name: &str, values: &[T], put: impl Fn(&T, &mut Vec<u8>)) {
        if !values.is_empty() {
            self.always_list(name, values, put);
        }
    }

    fn always_list<T>(&mut self, name: &str, values: &[T], put: impl Fn(&T, &mut Vec<u8>)) {
        let out = self.name(name);
        out.push(b'[');
        for (number, value) in values.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            put(value, out);
        }
        out.push(b']');
    }
}

fn put<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

fn put_wide(out: &mut Vec<u8>, value: impl Display) {
    // Writing to memory cannot fail.
    let _ = write!(out, "\"{value}\"");
}

/// Numbers that are not finite have names in protobuf's JSON mapping.
fn put_double(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() {
        put(out, &value);
    } else if value.is_nan() {
        put(out, "NaN");
    } else if value > 0.0 {
        put(out, "Infinity");
    } else {
        put(out, "-Infinity");
    }
}
