//! The tracking server for what is done after a run: `loadspan push`, and `loadspan plot --mlflow-upload`.

use loadspan_record::{Notice, redact_url};

use super::super::environment::Settings;
use super::super::{ConfigError, Environment};
use super::tracking_uri::TrackingUri;
use super::{MlflowOptions, MlflowServer, NamedBy, resolve, server};

/// The tracking server that a run was logged to, as its folder says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedTracking {
    /// The tracking URI, redacted. Empty: the folder names none.
    pub tracking_uri: String,
    /// Whether user or password stood in it. They are not on disk.
    pub had_credentials: bool,
}

/// A tracking server, and what the user should know of it.
#[derive(Debug, Clone)]
pub struct PushTracking {
    /// The server.
    pub server: MlflowServer,
    /// Variables that were ignored, and why.
    pub warnings: Vec<Notice>,
}

impl MlflowOptions {
    /// The server that `--mlflow-tracking-uri` names, else the one that the folder of the run has recorded, else that of the
    /// environment. `None`: nothing names one.
    ///
    /// A folder may be somebody else's. Credentials of the environment, and its client certificate, are sent to a recorded server only
    /// when that is the server of the environment, too: the same scheme, host, port and path. Else it is [`NamedBy::Folder`].
    ///
    /// # Errors
    ///
    /// Names the flag or variable that is wrong, or says that the recorded server is not usable or that its credentials are missing.
    pub fn resolve_push(
        &self,
        recorded: Option<&RecordedTracking>,
        environment: &Environment,
    ) -> Result<Option<PushTracking>, ConfigError> {
        let settings = Settings::new(environment);
        let recorded = recorded.filter(|recorded| !recorded.tracking_uri.is_empty());
        let uri = match (self.named_uri()?, recorded) {
            (None, Some(recorded)) => return to_recorded(recorded, environment).map(Some),
            (None, None) => resolve::uri_of(&settings)?,
            (named, _) => named,
        };
        uri.map(|uri| to_named(uri, settings)).transpose()
    }
}

fn to_named(uri: TrackingUri, mut settings: Settings<'_>) -> Result<PushTracking, ConfigError> {
    Ok(PushTracking {
        server: server::resolve(uri, &mut settings)?,
        warnings: settings.into_warnings(),
    })
}

fn to_recorded(recorded: &RecordedTracking, environment: &Environment) -> Result<PushTracking, ConfigError> {
    let uri = recorded_uri(recorded)?;
    let own = resolve::uri_of(&Settings::new(environment)).ok().flatten();
    let push = match own {
        Some(own) if own.url == uri.url => to_named(own, Settings::new(environment))?,
        _ => to_stranger(uri, environment)?,
    };
    if recorded.had_credentials && push.server.authorization.is_none() {
        return Err(credentials_missing(recorded));
    }
    Ok(push)
}

/// To a server that nobody but the folder has named.
fn to_stranger(uri: TrackingUri, environment: &Environment) -> Result<PushTracking, ConfigError> {
    let trusted = environment.without(&server::CREDENTIALS.map(str::to_owned));
    let mut settings = Settings::new(&trusted);
    if trusted.len() < environment.len() {
        settings.warn(
            format!(
                "the credentials of the environment are not sent to the recorded tracking server {}",
                uri.url
            ),
            format!("name the server with {} if they are meant for it", resolve::URI_FLAG),
        );
    }
    let mut push = to_named(uri, settings)?;
    push.server.named_by = NamedBy::Folder;
    Ok(push)
}

/// What was redacted on its way to the disk cannot be posted to.
fn recorded_uri(recorded: &RecordedTracking) -> Result<TrackingUri, ConfigError> {
    if recorded.tracking_uri.contains("[redacted]") {
        return Err(credentials_missing(recorded));
    }
    TrackingUri::parse("the recorded tracking server", &recorded.tracking_uri)
}

fn credentials_missing(recorded: &RecordedTracking) -> ConfigError {
    ConfigError::new(
        format!(
            "the URI of the recorded tracking server {} held credentials, which are not on disk",
            redact_url(&recorded.tracking_uri)
        ),
        format!("give it again with {} or {}", resolve::URI_FLAG, resolve::URI_VARIABLE),
    )
}

#[cfg(test)]
mod tests {
    use loadspan_record::Secret;

    use super::*;

    const TOKEN: (&str, &str) = ("MLFLOW_TRACKING_TOKEN", "canary");

    fn recorded(uri: &str) -> RecordedTracking {
        RecordedTracking {
            tracking_uri: uri.to_owned(),
            had_credentials: false,
        }
    }

    fn flag(uri: &str) -> MlflowOptions {
        MlflowOptions {
            tracking_uri: Some(Secret::new(uri)),
            ..MlflowOptions::default()
        }
    }

    /// The server, what it is told of who is speaking, and the number of warnings.
    fn push(
        options: &MlflowOptions,
        recorded: &RecordedTracking,
        environment: &[(&str, &str)],
    ) -> Result<(String, Option<String>, usize), ConfigError> {
        let push = options
            .resolve_push(Some(recorded), &Environment::of(environment))?
            .unwrap();
        let authorization = push.server.authorization.map(|value| value.expose().to_owned());
        Ok((push.server.tracking_uri.to_string(), authorization, push.warnings.len()))
    }

    fn uri(uri: &str) -> (&str, &str) {
        (resolve::URI_VARIABLE, uri)
    }

    #[test]
    fn flag_then_folder_then_environment_name_the_server() {
        let none = MlflowOptions::default();
        let environment = [uri("http://variable")];
        let server = |options: &MlflowOptions, uri| push(options, &recorded(uri), &environment).unwrap().0;
        assert_eq!(server(&flag("http://flag"), "http://folder"), "http://flag/");
        assert_eq!(server(&none, "http://folder"), "http://folder/");
        assert_eq!(server(&none, ""), "http://variable/");
        let nothing = none.resolve_push(None, &Environment::default()).unwrap();
        assert!(nothing.is_none());
    }

    #[test]
    fn a_recorded_server_that_is_the_environment_s_own_gets_its_credentials() {
        let none = MlflowOptions::default();
        for own in ["http://h:5000/mlflow", "HTTP://H:5000/mlflow/", "h:5000/mlflow"] {
            let push = push(&none, &recorded("http://h:5000/mlflow/"), &[uri(own), TOKEN]).unwrap();
            let expected = ("http://h:5000/mlflow/".to_owned(), Some("Bearer canary".to_owned()), 0);
            assert_eq!(push, expected, "{own}");
        }
        let userinfo = push(&none, &recorded("http://h:5000"), &[uri("http://me:p@h:5000")]).unwrap();
        assert_eq!(userinfo.1.as_deref(), Some("Basic bWU6cA=="));
    }

    #[test]
    fn a_server_that_only_the_folder_names_gets_no_credentials() {
        let others = [
            "https://h:5000",
            "http://h:5001",
            "http://g:5000",
            "http://h:5000/other",
            "file:./mlruns",
            "http://me:canary@g:5000",
            "",
        ];
        for own in others {
            let push = push(
                &MlflowOptions::default(),
                &recorded("http://h:5000"),
                &[uri(own), TOKEN],
            )
            .unwrap();
            assert_eq!(push, ("http://h:5000/".to_owned(), None, 1), "{own}");
        }
        let environment = Environment::of(&[("MLFLOW_TRACKING_CLIENT_CERT_PATH", "/x.pem")]);
        let push = MlflowOptions::default().resolve_push(Some(&recorded("https://h")), &environment);
        let push = push.unwrap().unwrap();
        assert!(push.server.client_certificate.is_none() && push.warnings.len() == 1);
    }

    #[test]
    fn a_server_is_the_user_s_when_flag_or_environment_name_it() {
        let named_by = |options: MlflowOptions, environment: &[(&str, &str)]| {
            let push = options.resolve_push(Some(&recorded("http://h:5000")), &Environment::of(environment));
            push.unwrap().unwrap().server.named_by
        };
        assert_eq!(named_by(MlflowOptions::default(), &[]), NamedBy::Folder);
        assert_eq!(
            named_by(MlflowOptions::default(), &[uri("http://g:5000")]),
            NamedBy::Folder
        );
        assert_eq!(
            named_by(MlflowOptions::default(), &[uri("http://h:5000")]),
            NamedBy::User
        );
        assert_eq!(named_by(flag("http://h:5000"), &[]), NamedBy::User);
    }

    #[test]
    fn a_flag_sends_the_credentials_of_the_environment_along() {
        let push = push(&flag("http://new"), &recorded("http://h:5000"), &[TOKEN]).unwrap();
        assert_eq!(push, ("http://new/".to_owned(), Some("Bearer canary".to_owned()), 0));
    }

    #[test]
    fn credentials_that_stood_in_the_uri_have_to_be_given_again() {
        let recorded = RecordedTracking {
            had_credentials: true,
            ..recorded("http://h:5000")
        };
        let none = MlflowOptions::default();
        for missing in [&[][..], &[TOKEN], &[uri("http://h:5000")]] {
            let error = push(&none, &recorded, missing).unwrap_err();
            assert!(error.message.contains("held credentials"), "{error}");
            assert!(error.advice.contains("--mlflow-tracking-uri"), "{error}");
        }
        assert!(push(&none, &recorded, &[uri("http://h:5000"), TOKEN]).is_ok());
        assert!(push(&flag("http://me:p@h:5000"), &recorded, &[]).is_ok());
    }

    #[test]
    fn a_recorded_server_that_is_none_is_an_error() {
        for bad in ["http://[redacted]@h:5000", "file:./mlruns", "http://h?a=[redacted]"] {
            assert!(push(&MlflowOptions::default(), &recorded(bad), &[]).is_err(), "{bad}");
        }
    }
}
