//! What a server says of itself: models, health, version, ground truth.

use serde_json::{Value, json};

use super::Answer;
use crate::FakeServer;
use crate::encode::CREATED;
use crate::request::RawRequest;
use crate::route::Route;
use crate::server::ServerKind;
use crate::state::Shared;

/// How many truths `GET /stats` shows when it is not told a `limit`.
const DEFAULT_LIMIT: usize = 1_000;

pub(super) fn answer(shared: &Shared, route: Route<'_>, request: &RawRequest<'_>) -> Answer {
    let settings = &shared.settings;
    let path = request.target.split('?').next().unwrap_or_default();
    match (route, settings.kind) {
        (Route::Models, _) => models(settings),
        (Route::Model(name), _) => match settings.models.iter().find(|known| *known == name) {
            Some(name) => Answer::json(&model(settings, name)),
            None => Answer::unknown_model(name),
        },
        (Route::Health, _) => Answer::new("text/plain; charset=utf-8", ""),
        (Route::Stats(query), _) => Answer::json(&shared.stats(limit(query))),
        (Route::VllmMetrics, ServerKind::Vllm) => {
            Answer::new("text/plain; version=0.0.4; charset=utf-8", shared.metrics())
        }
        (Route::VllmVersion, ServerKind::Vllm) => Answer::json(&json!({"version": "0.11.0"})),
        (Route::TgiInfo, ServerKind::Tgi) => tgi_info(settings),
        (Route::SglangInfo, ServerKind::Sglang) => sglang_info(settings),
        (Route::WrongMethod, _) => Answer::wrong_method(request.method, path),
        _ => Answer::unknown_path(path),
    }
}

fn models(settings: &FakeServer) -> Answer {
    let data: Vec<Value> = settings.models.iter().map(|name| model(settings, name)).collect();
    Answer::json(&json!({"object": "list", "data": data}))
}

fn model(settings: &FakeServer, name: &str) -> Value {
    let created: u64 = CREATED.parse().unwrap_or_default();
    let owned_by = match settings.kind {
        ServerKind::Plain => "system",
        ServerKind::Vllm => "vllm",
        ServerKind::Sglang => "sglang",
        ServerKind::Tgi => name,
    };
    let mut model = json!({"id": name, "object": "model", "created": created, "owned_by": owned_by});
    if matches!(settings.kind, ServerKind::Vllm | ServerKind::Sglang) {
        model["root"] = name.into();
        model["max_model_len"] = settings.max_model_len.into();
    }
    model
}

fn tgi_info(settings: &FakeServer) -> Answer {
    Answer::json(&json!({
        "model_id": settings.models.first(),
        "max_total_tokens": settings.max_model_len,
        "router": "text-generation-router",
        "version": "3.3.4",
    }))
}

fn sglang_info(settings: &FakeServer) -> Answer {
    Answer::json(&json!({
        "model_path": settings.models.first(),
        "served_model_name": settings.models.first(),
        "context_length": settings.max_model_len,
        "version": "0.5.3",
    }))
}

fn limit(query: &str) -> usize {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("limit="))
        .and_then(|limit| limit.parse().ok())
        .unwrap_or(DEFAULT_LIMIT)
}
