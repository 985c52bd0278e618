//! From a request to what is to be done about it.

mod answer;
mod info;
mod job;
mod play;

pub(crate) use answer::Answer;
pub(crate) use job::Job;
pub(crate) use play::{play, send};

use crate::request::{Identity, RawRequest};
use crate::route::Route;
use crate::state::Shared;

/// What is to be done about a request.
pub(crate) enum Action<'s> {
    /// Say this at once.
    Answer(Answer),
    /// Play a script.
    Play(Box<Job<'s>>),
}

/// Decides what to do about a request that has just been read whole, and counts it. `shard` is where its truth will be kept.
pub(crate) fn prepare<'s>(shared: &'s Shared, shard: usize, request: &RawRequest<'_>) -> Action<'s> {
    let arrived_ns = shared.clock.now_ns();
    shared.ledger.count_request();
    shared.captures.keep(|| request.capture());
    let identity = Identity::of(request.headers);
    let route = Route::of(request.method, request.target);
    if let Err(refusal) = authorize(shared, route, &identity) {
        return Action::Answer(refusal);
    }
    match route {
        Route::Generate(endpoint) => match Job::new(
            shared,
            job::Asked {
                shard,
                endpoint,
                arrived_ns,
                identity,
                body: request.body,
            },
        ) {
            Ok(job) => Action::Play(Box::new(job)),
            Err(refusal) => Action::Answer(refusal),
        },
        _ => Action::Answer(info::answer(shared, route, request)),
    }
}

/// Health and statistics are open to all.
fn authorize(shared: &Shared, route: Route<'_>, identity: &Identity<'_>) -> Result<(), Answer> {
    let Some(api_key) = &shared.settings.api_key else {
        return Ok(());
    };
    if !matches!(route, Route::Generate(_) | Route::Models | Route::Model(_)) {
        return Ok(());
    }
    let given = identity
        .authorization
        .map(|value| value.strip_prefix("Bearer ").unwrap_or(value));
    match given {
        Some(given) if given == api_key => Ok(()),
        Some(given) => Err(Answer::wrong_api_key(given)),
        None => Err(Answer::missing_api_key()),
    }
}
