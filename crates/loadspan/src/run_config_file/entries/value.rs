//! The value of a setting, from YAML to what its flag takes.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use serde_json::{Map, Number, Value};

use super::{Scope, Setting};
use crate::run_config_file::keys::{Form, Key, Keys, Shape, ValueKind, value_kind};
use crate::run_config_file::mistake::Mistake;
use crate::run_config_file::substitute::{Variables, bare_variable, has_variable, substitute};
use crate::run_config_file::yaml::{Content, Node, Pair, Scalar};

/// A setting that is being read.
pub(super) struct Reading<'a> {
    pub(super) keys: &'a Keys,
    pub(super) key: &'a Key,
    pub(super) variables: Variables<'a>,
    pub(super) scope: Scope,
}

impl Reading<'_> {
    pub(super) fn read(&self, node: &Node) -> Result<(Setting, Vec<String>), Mistake> {
        let values = match (&node.content, self.key.shape) {
            (Content::Scalar(scalar), _) if scalar.is_null() => return self.nothing(node),
            (Content::Scalar(scalar), Shape::Switch) => return self.switch(node, scalar),
            (Content::Scalar(scalar), Shape::One | Shape::Many) => vec![self.text(node, scalar)?],
            (Content::List(items), Shape::Many) => self.list(node, items)?,
            (Content::Map(pairs), _) if self.key.map.is_some() => self.map(node, pairs)?,
            (_, Shape::Switch) => return Err(self.wrong(node, "true or false")),
            (_, Shape::One) if self.key.map.is_some() => return Err(self.wrong(node, "a single value or a map")),
            (_, Shape::One) => return Err(self.wrong(node, "a single value")),
            (_, Shape::Many) => return Err(self.wrong(node, "a value or a list of values")),
        };
        if let [value] = values.as_slice() {
            self.check(node, value)?;
        }
        Ok((Setting::Values, values))
    }

    fn wrong(&self, node: &Node, expected: &str) -> Mistake {
        let message = format!("`{}` takes {expected}, but this is {}", self.key.name, node.kind());
        Mistake::at(node.place, message)
    }

    fn nothing(&self, node: &Node) -> Result<(Setting, Vec<String>), Mistake> {
        if self.scope == Scope::Stage {
            return Ok((Setting::Unset, Vec::new()));
        }
        let mistake = Mistake::at(node.place, format!("`{}` has no value", self.key.name));
        Err(mistake.with_hint("leave it out for its default"))
    }

    fn empty(&self, node: &Node, kind: &str) -> Mistake {
        Mistake::at(node.place, format!("`{}` is an empty {kind}", self.key.name))
            .with_hint("leave it out for its default")
    }

    fn switch(&self, node: &Node, scalar: &Scalar) -> Result<(Setting, Vec<String>), Mistake> {
        let setting = match self.text(node, scalar)?.as_str() {
            "true" => Setting::On,
            "false" => Setting::Off,
            _ => {
                let message = format!("`{}` is true or false, not `{}`", self.key.name, scalar.text);
                return Err(Mistake::at(node.place, message));
            }
        };
        Ok((setting, Vec::new()))
    }

    fn text(&self, node: &Node, scalar: &Scalar) -> Result<String, Mistake> {
        if let Some(name) = bare_variable(&scalar.text).filter(|_| scalar.is_plain) {
            let message = format!("`{}`: `${name}` is no variable without braces", self.key.name);
            let hint = format!("write `${{{name}}}`, or '${name}' in quotes for the text itself");
            return Err(Mistake::at(node.place, message).with_hint(hint));
        }
        substitute(&scalar.text, self.variables)
            .map_err(|error| Mistake::at(node.place, format!("`{}`: {error}", self.key.name)))
    }

    fn list(&self, node: &Node, items: &[Node]) -> Result<Vec<String>, Mistake> {
        if items.is_empty() {
            return Err(self.empty(node, "list"));
        }
        let mut values = Vec::new();
        for item in items {
            let value = match &item.content {
                Content::Scalar(scalar) if !scalar.is_null() => self.text(item, scalar)?,
                Content::Map(pairs) if self.key.map == Some(Form::Json) => self.object(pairs)?,
                _ => return Err(self.wrong(item, "a list of single values")),
            };
            self.check(item, &value)?;
            values.push(value);
        }
        Ok(values)
    }

    fn map(&self, node: &Node, pairs: &[Pair]) -> Result<Vec<String>, Mistake> {
        if pairs.is_empty() {
            return Err(self.empty(node, "map"));
        }
        let joined = |separator: &str| {
            let item = |pair: &Pair| match &pair.value.content {
                Content::Scalar(scalar) if !scalar.is_null() => {
                    let value = self.text(&pair.value, scalar)?;
                    let item = format!("{}{separator}{value}", pair.key);
                    self.check(&pair.value, &item).map(|()| item)
                }
                _ => Err(self.wrong(&pair.value, "names with a single value each")),
            };
            pairs.iter().map(item).collect::<Result<Vec<_>, _>>()
        };
        match self.key.map {
            Some(Form::Items(separator)) => joined(separator),
            Some(Form::Words(separator)) => Ok(vec![joined(separator)?.join(" ")]),
            Some(Form::Json) | None => Ok(vec![self.object(pairs)?]),
        }
    }

    fn object(&self, pairs: &[Pair]) -> Result<String, Mistake> {
        let mut object = Map::new();
        for pair in pairs {
            object.insert(pair.key.clone(), self.json(&pair.value)?);
        }
        Ok(Value::Object(object).to_string())
    }

    fn json(&self, node: &Node) -> Result<Value, Mistake> {
        Ok(match &node.content {
            Content::Scalar(scalar) => {
                let text = self.text(node, scalar)?;
                if scalar.is_plain {
                    plain(&text)
                } else {
                    Value::String(text)
                }
            }
            Content::List(items) => items.iter().map(|item| self.json(item)).collect::<Result<_, _>>()?,
            Content::Map(pairs) => {
                let pairs = pairs.iter().map(|pair| Ok((pair.key.clone(), self.json(&pair.value)?)));
                Value::Object(pairs.collect::<Result<_, Mistake>>()?)
            }
        })
    }

    /// Sees that the flag takes the value, all by itself.
    fn check(&self, node: &Node, value: &str) -> Result<(), Mistake> {
        let word = format!("{}={value}", self.key.flag);
        let Err(error) = self.keys.command.clone().try_get_matches_from([word]) else {
            return Ok(());
        };
        if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
            return Ok(());
        }
        Err(self.refusal(node, value, &error))
    }

    /// What clap says of a value. What a variable holds is not repeated: it may be a secret that was put into the wrong place.
    fn refusal(&self, node: &Node, value: &str, error: &clap::Error) -> Mistake {
        let written = match &node.content {
            Content::Scalar(scalar) if has_variable(&scalar.text) => Some(scalar.text.as_str()),
            _ => None,
        };
        let mut message = match self.key.is_secret {
            true => format!("`{}` cannot be", self.key.name),
            false => format!("`{}` cannot be `{}`", self.key.name, shown(written.unwrap_or(value))),
        };
        let kind = self
            .keys
            .argument(self.key)
            .map(|arg| value_kind(arg.get_value_parser()));
        match (kind, std::error::Error::source(error)) {
            (Some(ValueKind::Integer(least)), _) => message.push_str(&format!(": a whole number, at least {least}")),
            (Some(ValueKind::Number), _) => message.push_str(": a number"),
            (_, Some(cause)) if written.is_none() => message.push_str(&format!(": {}", shown(&cause.to_string()))),
            _ => {}
        }
        let mistake = Mistake::at(node.place, message);
        match (
            error.get(ContextKind::SuggestedValue),
            error.get(ContextKind::ValidValue),
        ) {
            (Some(ContextValue::String(near)), _) => mistake.with_hint(format!("did you mean `{near}`?")),
            (_, Some(ContextValue::Strings(valid))) if !valid.is_empty() => {
                mistake.with_hint(format!("one of: {}", valid.join(", ")))
            }
            _ => mistake,
        }
    }
}

/// A file as an editor sees it.
#[cfg(test)]
pub(in crate::run_config_file) fn as_json(node: &Node) -> Value {
    match &node.content {
        Content::Scalar(scalar) if scalar.is_plain => plain(&scalar.text),
        Content::Scalar(scalar) => Value::String(scalar.text.clone()),
        Content::List(items) => items.iter().map(as_json).collect(),
        Content::Map(pairs) => {
            let pairs = pairs.iter().map(|pair| (pair.key.clone(), as_json(&pair.value)));
            Value::Object(pairs.collect())
        }
    }
}

/// A text of the file within a message: in one line, and not too much of it.
fn shown(text: &str) -> String {
    const SHOWN: usize = 200;
    let (shown, end) = match text.char_indices().nth(SHOWN) {
        Some((end, _)) => (&text[..end], "…"),
        None => (text, ""),
    };
    let shown = shown.replace(char::is_control, "\u{fffd}");
    format!("{shown}{end}")
}

/// What a word without quotes is in YAML's core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => {
            let integer = || text.parse::<i64>().ok().map(Value::from);
            let is_number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
            let number = || {
                text.parse::<f64>()
                    .ok()
                    .filter(|_| is_number)
                    .and_then(Number::from_f64)
            };
            integer()
                .or_else(|| number().map(Value::Number))
                .unwrap_or_else(|| Value::String(text.to_owned()))
        }
    }
}
