//! Parameters of runs: written once.

use std::collections::{BTreeMap, HashSet};

use loadspan_wire::mlflow::limits::{PARAM_VALUE_CHARS, truncated};
use loadspan_wire::mlflow::runs::Param;

use super::{in_lists, valid};
use crate::database::{Connection, Insert, Value};
use crate::error::ApiError;

/// A parameter as it is stored: long values are cut.
///
/// `place` is where it stands in the request; empty: the request is about one parameter.
pub(super) fn checked(place: &str, param: &Param) -> Result<Param, ApiError> {
    let place = if place.is_empty() {
        "key".to_owned()
    } else {
        format!("{place}.key")
    };
    valid::key(&place, &param.key)?;
    valid::key_length("Param key", &param.key)?;
    Ok(Param::new(
        param.key.as_str(),
        truncated(&param.value, PARAM_VALUE_CHARS),
    ))
}

/// That no key is there twice.
pub(super) fn check_unique(params: &[Param]) -> Result<(), ApiError> {
    let mut seen = HashSet::new();
    let twice: Vec<_> = params
        .iter()
        .map(|param| param.key.as_str())
        .filter(|key| !seen.insert(*key))
        .collect();
    if twice.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Duplicate parameter keys have been submitted: ['{}']. Please ensure the request contains only one param value per param \
         key.",
        twice.join("', '")
    )))
}

/// Stores parameters that were checked and are unique.
///
/// # Errors
///
/// One of them has another value already.
pub(super) fn log(connection: &mut dyn Connection, owner: &Owner<'_>, params: &[Param]) -> Result<(), ApiError> {
    if params.is_empty() {
        return Ok(());
    }
    let wanted: BTreeMap<&str, &str> = params
        .iter()
        .map(|param| (param.key.as_str(), param.value.as_str()))
        .collect();
    let rows = wanted
        .iter()
        .flat_map(|(key, value)| [owner.run_key.into(), (*key).into(), (*value).into()]);
    let insert = Insert {
        into: "params (run_key, key, value)",
        columns: 3,
        otherwise: "ON CONFLICT (run_key, key) DO NOTHING",
    };
    connection.insert(&insert, &rows.collect::<Vec<Value<'_>>>())?;
    // What was there before has stayed. The error undoes the rest.
    let keys: Vec<&str> = wanted.keys().copied().collect();
    for (places, mut values) in in_lists(2, &keys) {
        values.insert(0, owner.run_key.into());
        let sql = format!("SELECT key, value FROM params WHERE run_key = $1 AND key IN ({places})");
        for mut row in connection.query(&sql, &values)? {
            let (key, old) = (row.text(0)?, row.text(1)?);
            let new = wanted[key.as_str()];
            if old != new {
                return Err(owner.changed(
                    &Change {
                        key: &key,
                        old: &old,
                        new,
                    },
                    params.len(),
                ));
            }
        }
    }
    Ok(())
}

/// Whose parameters they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner<'a> {
    pub(super) run_key: i64,
    pub(super) run_id: &'a str,
}

struct Change<'a> {
    key: &'a str,
    old: &'a str,
    new: &'a str,
}

impl Owner<'_> {
    fn changed(&self, change: &Change<'_>, of: usize) -> ApiError {
        let Change { key, old, new } = change;
        let run_id = self.run_id;
        ApiError::invalid(if of == 1 {
            format!(
                "Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}' for run \
                 ID='{run_id}'. Attempted logging new value '{new}'."
            )
        } else {
            format!(
                "Changing param values is not allowed. Params were already logged='[{{'key': '{key}', 'old_value': '{old}', \
                 'new_value': '{new}'}}]' for run ID='{run_id}'."
            )
        })
    }
}
