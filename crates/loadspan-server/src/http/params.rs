//! Parameters of a call: the query of a GET, else the JSON of the body. Messages are those that MLflow's clients and tests know.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use http::{HeaderMap, Method, header};
use serde::de::{Deserialize, DeserializeOwned};
use serde_json::{Map, Value};

use super::intake::{self, Admitted};
use super::weight;
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::gate::Admission;
use crate::ingest::beside;
use crate::operation::Mistake;
use crate::tracking::valid::shown;

/// The parameters of a call, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params {
    values: Map<String, Value>,
    /// Where they stand, if they are the fields of an item of a list: `metrics[3].`
    place: String,
    /// Bytes of the query or body.
    bytes: usize,
    /// The right to the memory that they take.
    _room: Option<Arc<Admission>>,
}

impl Params {
    /// A text; `None` if it is absent, null or empty.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(value) => Err(self.wrong(name, value)),
        }
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name)?.ok_or_else(|| self.absent(name))
    }

    /// The id of the run; old clients call it `run_uuid`.
    pub(crate) fn run_id(&self) -> Result<&str, ApiError> {
        match (self.text("run_id")?, self.text("run_uuid")?) {
            (Some(run_id), _) | (None, Some(run_id)) => Ok(run_id),
            (None, None) => Err(self.absent("run_id")),
        }
    }

    /// A whole number, also as a text.
    pub(crate) fn int(&self, name: &str) -> Result<Option<i64>, ApiError> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => whole(value).map(Some).ok_or_else(|| self.wrong(name, value)),
        }
    }

    /// A whole number that must be there.
    pub(crate) fn required_int(&self, name: &str) -> Result<i64, ApiError> {
        self.int(name)?.ok_or_else(|| self.absent(name))
    }

    /// Whether something holds; not if it is absent.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(value) => Err(self.wrong(name, value)),
        }
    }

    /// A list; empty if it is absent. A single value of a query is a list of one.
    pub(crate) fn list<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, ApiError> {
        let value = match self.values.get(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(value) => value,
        };
        let items = match value {
            Value::Array(_) => Vec::deserialize(value),
            Value::String(_) => T::deserialize(value).map(|item| vec![item]),
            _ => return Err(self.wrong(name, value)),
        };
        items.map_err(|_| self.wrong(name, value))
    }

    /// Any JSON value.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    /// A value of a known shape that must be there.
    pub(crate) fn required<T: DeserializeOwned>(&self, name: &str) -> Result<T, ApiError> {
        self.object(name)?.ok_or_else(|| self.absent(name))
    }

    /// A value of a known shape.
    pub(crate) fn object<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        T::deserialize(value).map(Some).map_err(|_| self.wrong(name, value))
    }

    fn absent(&self, name: &str) -> ApiError {
        absent(&format!("{}{name}", self.place))
    }

    fn wrong(&self, name: &str, value: &Value) -> ApiError {
        wrong(&format!("{}{name}", self.place), value)
    }
}

impl FromRequest<App> for Params {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        if request.method() == Method::GET {
            return Ok(Self::of_query(request.uri().query().unwrap_or_default()));
        }
        let method = request.method().clone();
        if method == Method::POST || method == Method::PUT {
            require_json(request.headers())?;
        }
        let Admitted { bytes, room, .. } = body(app, request).await?;
        let mut params = beside(bytes.len(), move || Self::of_json(&bytes)).await??;
        params._room = Some(Arc::new(room));
        Ok(params)
    }
}

impl Params {
    /// The parameters in a body. One without any is empty.
    pub(crate) fn of_json(body: &[u8]) -> Result<Self, ApiError> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let values = match serde_json::from_slice(body).map_err(|error| no_json(&error))? {
            Value::Object(values) => values,
            // Old clients encode a body twice.
            Value::String(text) => serde_json::from_str(&text).map_err(|error| no_json(&error))?,
            Value::Null => Map::new(),
            _ => return Err(ApiError::invalid("the body is no JSON object")),
        };
        Ok(Self {
            values,
            bytes: body.len(),
            ..Self::default()
        })
    }

    fn of_query(query: &str) -> Self {
        Self {
            values: of_query(query),
            bytes: query.len(),
            ..Self::default()
        }
    }

    /// The fields of an item of a list, which stands at `place`.
    pub(crate) fn within(place: String, item: Value) -> Result<Self, ApiError> {
        match item {
            Value::Object(values) => Ok(Self {
                values,
                place: format!("{place}."),
                ..Self::default()
            }),
            item => Err(wrong(&place, &item)),
        }
    }

    /// How much memory they take, about: what [`Store::write`](crate::store::Store::write) wants to know.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// That a body says that it is JSON. A page of another site can send nothing that does, without asking first.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        let missing = ApiError::invalid("Bad Request. Content-Type header is missing.");
        return Err(missing.because(Mistake::ContentType));
    };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    if kind.trim().eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        let wrong = ApiError::invalid("Bad Request. Content-Type must be one of ['application/json'].");
        Err(wrong.because(Mistake::ContentType))
    }
}

/// The body of a call, when there is room for what it becomes. A call waits at the same gates as an export.
pub(crate) async fn body(app: &App, request: Request) -> Result<Admitted, ApiError> {
    let most = app.limits.call_bytes.min(app.limits.body_bytes);
    let body = intake::collect(app, request, most).await?;
    let limit = app.limits.read_bytes();
    let weigh = move |json: &[u8]| match weight::of_json(json) {
        weight if weight <= limit => Ok(weight),
        _ => {
            let message = format!(
                "the body has so many values that they would take more than {limit} bytes of memory: send fewer at a time"
            );
            Err(ApiError::new(Code::RequestTooLarge, message).because(Mistake::TooLarge))
        }
    };
    body.admitted(app, weigh).await
}

fn of_query(query: &str) -> Map<String, Value> {
    let mut params = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let value = Value::String(value.into_owned());
        match params.get_mut(&*name) {
            None => drop(params.insert(name.into_owned(), value)),
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    params
}

fn whole(value: &Value) -> Option<i64> {
    /// Below it, every whole number is one of floating point as well.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let number = number
                .as_f64()
                .filter(|number| number.fract() == 0.0 && number.abs() < EXACT)?;
            #[expect(clippy::cast_possible_truncation, reason = "it is whole, and small enough")]
            Some(number as i64)
        }),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn no_json(error: &serde_json::Error) -> ApiError {
    ApiError::invalid(format!(
        "the body is no JSON: {error}; values that are no numbers are texts: \"NaN\", \"Infinity\", \"-Infinity\""
    ))
}

/// A parameter that must be there is not.
pub(crate) fn absent(name: &str) -> ApiError {
    ApiError::invalid(format!(
        "Missing value for required parameter '{name}'. See the API docs for more information about request parameters."
    ))
}

/// A parameter has a value that it cannot have.
pub(crate) fn wrong(name: &str, value: &Value) -> ApiError {
    let kind = match value {
        Value::Null => "None",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    };
    let value = shown(value);
    ApiError::invalid(format!(
        "Invalid value {value} for parameter '{name}' supplied:  Hint: Value was of type '{kind}'. See the API docs for more \
         information about request parameters."
    ))
}

#[cfg(test)]
mod tests;
