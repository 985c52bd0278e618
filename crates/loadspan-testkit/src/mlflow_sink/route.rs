//! Which request is for whom.

use http::{Method, header};
use loadspan_wire::mlflow::{API, ARTIFACTS_API, OTLP_TRACES, SERVER_INFO, ServerInfo, experiments, runs};

use super::Multipart;
use super::call::Call;
use super::multipart::PARTS;
use super::reply::{Failure, Reply};
use super::store::World;

/// What `/version` says.
const VERSION: &str = "3.17.2";

impl World {
    /// Does what a request wants.
    pub(super) fn handle(&mut self, call: &Call) -> Result<Reply, Failure> {
        if let Some(part) = below(call, PARTS) {
            return self.put_part(part, call);
        }
        if call.path.ends_with("/health") {
            return Ok(Reply::new(200, "text/plain; charset=utf-8", "OK"));
        }
        if call.path.ends_with("/version") {
            return Ok(Reply::new(200, "text/html; charset=utf-8", VERSION));
        }
        if !self.authorizes(call) {
            return Ok(Reply::unauthenticated());
        }
        if let Some(path) = below(call, ARTIFACTS_API) {
            return self.artifact_call(path, call);
        }
        if let Some(endpoint) = below(call, API) {
            return self.api_call(endpoint, call);
        }
        match call.method {
            Method::GET if call.path.ends_with(SERVER_INFO) => Ok(self.server_info()),
            Method::POST if call.path.ends_with(OTLP_TRACES) => Ok(self.take_spans(call)),
            _ => Ok(unknown()),
        }
    }

    fn api_call(&mut self, endpoint: &str, call: &Call) -> Result<Reply, Failure> {
        match (call.method.as_str(), endpoint) {
            ("POST", experiments::CREATE) => self.create_experiment(call.json()?),
            ("GET", experiments::GET) => self.experiment(call.required("experiment_id")?),
            ("GET", experiments::GET_BY_NAME) => self.experiment_named(call.required("experiment_name")?),
            ("POST", runs::CREATE) => self.create_run(call.json()?),
            ("POST", runs::UPDATE) => self.update_run(call.json()?),
            ("POST", "runs/delete") => self.remove_run(call.json()?),
            ("GET", runs::GET) => self.run(call.required("run_id")?),
            ("POST", runs::SEARCH) => self.search_runs(&call.json()?),
            ("POST", runs::LOG_BATCH) => self.log_batch(call),
            ("POST", runs::SET_TAG) => self.set_tag(call.json()?),
            ("POST", "runs/log-metric") => self.log_metric(call.json()?),
            ("GET", runs::METRIC_HISTORY) => self.history(call),
            _ => Ok(unknown()),
        }
    }

    fn authorizes(&self, call: &Call) -> bool {
        let demanded = self.settings.authorization.as_deref();
        demanded.is_none() || demanded == call.header(header::AUTHORIZATION.as_str())
    }

    fn server_info(&self) -> Reply {
        Reply::json(&ServerInfo {
            store_type: Some("SqlStore".to_owned()),
            multipart_uploads_enabled: self.settings.multipart == Multipart::On,
            artifact_serving_enabled: None,
        })
    }
}

/// What is below `root` in the path. A server may have a path of its own before that.
fn below<'a>(call: &'a Call, root: &str) -> Option<&'a str> {
    let (_, rest) = call.path.split_once(&format!("/{root}/"))?;
    Some(rest)
}

/// What MLflow says of paths that it does not know. Here it is also the answer to methods that a path does not have.
pub(super) fn unknown() -> Reply {
    let page = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n";
    Reply::new(404, "text/html; charset=utf-8", page)
}
