//! The id of the experiment: said, or looked up by its name, which makes it if there is none.

use http::StatusCode;
use loadspan_wire::mlflow::experiments::{CREATE, CreateExperiment, CreatedExperiment, ExperimentAnswer, GET_BY_NAME};
use loadspan_wire::mlflow::{API, ErrorBody, ErrorCode};
use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use url::Url;

use super::super::KnownExperiment;
use super::super::client::{Delivery, cut, read_whole};
use crate::config::{Experiment, MlflowDestination};

/// The id of the experiment.
#[derive(Debug)]
pub(super) struct ExperimentId {
    experiment: Experiment,
    client: reqwest::Client,
    tracking_uri: Url,
    known: KnownExperiment,
    /// One look-up at a time: two would make two experiments.
    look_up: Mutex<()>,
}

/// What the server answered.
enum Answer<T> {
    Found(T),
    Error(ErrorBody),
}

impl ExperimentId {
    pub(super) fn new(config: &MlflowDestination, client: reqwest::Client, known: KnownExperiment) -> Self {
        Self {
            experiment: config.experiment.clone(),
            client,
            tracking_uri: config.tracking_uri.clone(),
            known,
            look_up: Mutex::new(()),
        }
    }

    /// # Errors
    ///
    /// What it means for spans that it is not known.
    pub(super) async fn get(&self) -> Result<String, Delivery> {
        let _turn = self.look_up.lock().await;
        match (self.known.get(), &self.experiment) {
            (Some(id), _) | (None, Experiment::Id(id)) => Ok(id.clone()),
            (None, Experiment::Name(name)) => {
                let id = self.find_or_make(name).await?;
                self.known.learn(&id);
                Ok(id)
            }
        }
    }

    async fn find_or_make(&self, name: &str) -> Result<String, Delivery> {
        match self.find(name).await? {
            Answer::Found(answer) if answer.experiment.is_deleted() => Err(Delivery::Refused {
                reason: format!("the experiment `{name}` is deleted: restore it, or use another one"),
            }),
            Answer::Found(answer) => Ok(answer.experiment.experiment_id),
            Answer::Error(error) if error.is(ErrorCode::ResourceDoesNotExist) => self.make(name).await,
            Answer::Error(error) => Err(refused(&error)),
        }
    }

    async fn make(&self, name: &str) -> Result<String, Delivery> {
        let body = CreateExperiment {
            name: name.to_owned(),
            ..CreateExperiment::default()
        };
        let request = self
            .client
            .post(self.url(CREATE)?)
            .header(http::header::CONTENT_TYPE, "application/json");
        let body = serde_json::to_vec(&body).unwrap_or_default();
        match ask::<CreatedExperiment>(request.body(body)).await? {
            Answer::Found(created) => Ok(created.experiment_id),
            // Another process was quicker.
            Answer::Error(error) if error.is(ErrorCode::ResourceAlreadyExists) => match self.find(name).await? {
                Answer::Found(answer) => Ok(answer.experiment.experiment_id),
                Answer::Error(error) => Err(refused(&error)),
            },
            Answer::Error(error) => Err(refused(&error)),
        }
    }

    async fn find(&self, name: &str) -> Result<Answer<ExperimentAnswer>, Delivery> {
        let mut url = self.url(GET_BY_NAME)?;
        url.query_pairs_mut().append_pair("experiment_name", name);
        ask(self.client.get(url)).await
    }

    fn url(&self, path: &str) -> Result<Url, Delivery> {
        let url = self.tracking_uri.join(&format!("{API}/{path}"));
        url.map_err(|error| Delivery::Refused {
            reason: error.to_string(),
        })
    }
}

fn refused(error: &ErrorBody) -> Delivery {
    Delivery::Refused {
        reason: format!("the experiment cannot be had: {}", cut(&error.error_code)),
    }
}

async fn ask<T: DeserializeOwned>(request: RequestBuilder) -> Result<Answer<T>, Delivery> {
    let broken = |error: reqwest::Error| Delivery::Retry {
        after: None,
        reason: error.without_url().to_string(),
    };
    let response = request.send().await.map_err(broken)?;
    let status = response.status();
    if matches!(status.as_u16(), 429 | 502 | 503 | 504) {
        return Err(Delivery::Retry {
            after: None,
            reason: format!("HTTP {status}"),
        });
    }
    let body = read_whole(response).await.map_err(broken)?;
    let unreadable = || Delivery::Refused {
        reason: format!("HTTP {status} of a server that is not MLflow's"),
    };
    match status {
        status if status.is_success() => serde_json::from_slice(&body)
            .map(Answer::Found)
            .map_err(|_| unreadable()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Delivery::Refused {
            reason: format!("HTTP {status}: check MLFLOW_TRACKING_USERNAME, _PASSWORD and _TOKEN"),
        }),
        _ => serde_json::from_slice(&body)
            .map(Answer::Error)
            .map_err(|_| unreadable()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_server_are_repeated_in_short() {
        let error = ErrorBody {
            error_code: format!("A\u{1b}[2J{}", "x".repeat(10_000)),
            ..ErrorBody::default()
        };
        let Delivery::Refused { reason } = refused(&error) else {
            panic!("another delivery");
        };
        assert!(reason.len() < 300 && !reason.contains('\u{1b}'), "{reason}");
    }
}
