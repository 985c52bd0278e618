//! A trace in progress: its tags, metadata, session and user, which travel on its root span, and what MLflow wants to know at its end.
//!
//! Shared by the spans of a trace in this process. When the root ends, the processor writes what is known on it and hands it to
//! the exporters.

mod registry;
mod update;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use loadspan_wire::mlflow::attributes;
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::trace::SpanData;

pub(crate) use self::registry::TraceRegistry;
pub use self::update::{TraceUpdate, update_current_trace};

/// What is known of a trace beside its spans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TraceInfo {
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) session: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) client_request_id: Option<String>,
    /// Other services may have spans in it.
    pub(crate) is_propagated: bool,
    /// `None`: nobody asks for it, or it did not begin here.
    pub(crate) root: Option<Root>,
}

/// The root of a trace, for the metrics of its children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    pub(crate) id: SpanId,
    /// As it is now: roots are renamed once a route or a model is known.
    pub(crate) name: Cow<'static, str>,
}

/// A trace in progress.
pub(crate) type LiveTrace = Arc<Trace>;

/// What the spans of a trace share.
pub(crate) struct Trace {
    /// Value of the attribute [`attributes::TRACE_REQUEST_ID`], the same on each span.
    request_id: Arc<str>,
    stage: Mutex<Stage>,
}

enum Stage {
    Open(Arc<TraceInfo>),
    /// Its root has ended: what is said now can no longer reach it.
    Closed(Arc<TraceInfo>),
}

impl Trace {
    fn new(id: TraceId) -> Self {
        Self {
            request_id: write_id("\"tr-", id, "\"").into(),
            stage: Mutex::new(Stage::Open(Arc::default())),
        }
    }

    /// `"tr-…"` as JSON.
    pub(crate) fn request_id(&self) -> Arc<str> {
        Arc::clone(&self.request_id)
    }

    /// What is known so far. It is copied only if more comes to be known while somebody holds it.
    pub(crate) fn info(&self) -> Arc<TraceInfo> {
        match &*self.stage() {
            Stage::Open(info) | Stage::Closed(info) => Arc::clone(info),
        }
    }

    /// Adds to what is known. `false`: too late.
    pub(crate) fn update(&self, change: impl FnOnce(&mut TraceInfo)) -> bool {
        match &mut *self.stage() {
            Stage::Open(info) => {
                change(Arc::make_mut(info));
                true
            }
            Stage::Closed(_) => false,
        }
    }

    /// Its context leaves the process.
    pub(crate) fn propagate(&self) {
        if !self.info().is_propagated {
            self.update(|info| info.is_propagated = true);
        }
    }

    /// Its root has begun. The first one counts.
    pub(crate) fn set_root(&self, root: Root) {
        self.update(|info| {
            info.root.get_or_insert(root);
        });
    }

    /// This span has another name now, which is the trace's if it is the root.
    pub(crate) fn rename(&self, id: SpanId, name: Cow<'static, str>) {
        if self.info().root.as_ref().is_some_and(|root| root.id == id) {
            self.update(|info| info.root = Some(Root { id, name }));
        }
    }

    fn close(&self) {
        let mut stage = self.stage();
        if let Stage::Open(info) = &*stage {
            *stage = Stage::Closed(Arc::clone(info));
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Trace {
    /// Its id only: tags, session and user are the application's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trace").field(&self.request_id).finish()
    }
}

/// MLflow's id of a trace.
pub(crate) fn request_id(id: TraceId) -> String {
    write_id("tr-", id, "")
}

/// By hand: for each trace, and the standard library takes long for numbers of 128 bits.
fn write_id(before: &str, id: TraceId, after: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(before.len() + 32 + after.len());
    text.push_str(before);
    for byte in id.to_bytes() {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text.push_str(after);
    text
}

impl TraceInfo {
    /// Writes it on the root span, so that it arrives on every path.
    pub(crate) fn write_on(&self, root: &mut SpanData) {
        for (key, value) in &self.tags {
            put(root, format!("{}{key}", attributes::TRACE_TAG_PREFIX), value);
        }
        for (key, value) in &self.metadata {
            put(root, format!("{}{key}", attributes::TRACE_METADATA_PREFIX), value);
        }
        for (key, value) in [
            (attributes::SESSION_ID, &self.session),
            (attributes::USER_ID, &self.user),
            (attributes::CLIENT_REQUEST_ID, &self.client_request_id),
        ] {
            if let Some(value) = value {
                put(root, key, value);
            }
        }
    }
}

/// The span has ended, so that the limit of attributes is behind us: nothing said of the trace is lost to it.
fn put(root: &mut SpanData, key: impl Into<Key>, value: &str) {
    let key = key.into();
    root.attributes.retain(|attribute| attribute.key != key);
    root.attributes.push(KeyValue::new(key, value.to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_the_end_is_refused_and_what_was_said_before_is_kept() {
        let trace = Trace::new(TraceId::from(7));

        assert!(trace.update(|info| info.user = Some("ada".to_owned())));
        trace.close();

        assert!(!trace.update(|info| info.user = None));
        assert_eq!(trace.info().user.as_deref(), Some("ada"));
    }

    #[test]
    fn the_request_id_has_32_digits_and_quotes() {
        let id = TraceId::from(0xfedc_ba98_7654_3210);

        assert_eq!(&*Trace::new(id).request_id(), "\"tr-0000000000000000fedcba9876543210\"");
        assert_eq!(request_id(id), format!("tr-{id}"));
    }
}
