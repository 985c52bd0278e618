//! `--mlflow-upload`: pictures become artifacts of the run in MLflow that they show. Its status and its times stay as they are.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use loadspan_record::{Secret, counted, redact_url};
use loadspan_telemetry::config::{Environment, MlflowOptions, MlflowServer, PushTracking, RecordedTracking};
use loadspan_telemetry::mlflow::{ArtifactUpload, CompletionLimit, EXPORT_FILE, MlflowExport, upload_pictures};

use crate::cli::UploadArgs;
use crate::exit::{Exit, UsageError};
use crate::terminal;

/// How long the upload may take. Somebody is waiting, and can upload again.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long it may take to look for the run.
const CHECK_PATIENCE: Duration = Duration::from_secs(10);

/// An upload for which everything is known but the pictures.
pub(crate) struct PictureUpload {
    server: MlflowServer,
    run_id: String,
    /// Where that run can be looked at, as far as it is known.
    page: Option<String>,
}

impl PictureUpload {
    /// Finds out where the pictures of these runs go. `None`: nobody asked for it.
    ///
    /// # Errors
    ///
    /// It is not clear to which run they belong, or where that is.
    pub(crate) fn prepare(args: &UploadArgs, paths: &[PathBuf]) -> Result<Option<Self>, UsageError> {
        if !args.mlflow_upload {
            return Ok(None);
        }
        let exports: Vec<Option<MlflowExport>> = paths.iter().map(|path| load(path)).collect::<Result<_, _>>()?;
        let target = Target::of(args, paths, &exports)?;
        let server = resolve(args, &exports)?;
        check_run(&server, &target.run_id)?;
        let page = target.experiment_id.map(|experiment| {
            format!(
                "{}#/experiments/{experiment}/runs/{}",
                server.tracking_uri, target.run_id
            )
        });
        Ok(Some(Self {
            page: page.map(|page| redact_url(&page)),
            server,
            run_id: target.run_id,
        }))
    }

    /// Uploads, and says what came of it.
    pub(crate) fn send(&self, files: &[PathBuf]) -> Exit {
        if files.is_empty() {
            terminal::print_note("no plots were made: nothing to upload");
            return Exit::Success;
        }
        let limit = CompletionLimit {
            deadline: Instant::now() + PATIENCE,
            cut: Default::default(),
        };
        match upload_pictures(&self.server, &self.run_id, files, &limit) {
            Ok(upload) => self.conclude(&upload, files),
            Err(error) => self.give_up(&error.to_string(), files),
        }
    }

    fn conclude(&self, upload: &ArtifactUpload, files: &[PathBuf]) -> Exit {
        if let Some((name, reason)) = upload.failed.first() {
            let others = match upload.failed.len() - 1 {
                0 => String::new(),
                others => format!(" (and {others} more)"),
            };
            return self.give_up(&format!("{name}{others}: {reason}"), files);
        }
        let arrived = upload.arrived.len();
        if arrived < files.len() {
            let pictures = counted(files.len() as u64, "picture");
            return self.give_up(&format!("{arrived} of {pictures} arrived"), files);
        }
        let page = self.page.as_ref().map_or(String::new(), |page| format!(": {page}"));
        terminal::print_note(&format!(
            "{} uploaded to run {}{page}",
            counted(arrived as u64, "picture"),
            self.run_id
        ));
        Exit::Success
    }

    fn give_up(&self, reason: &str, files: &[PathBuf]) -> Exit {
        let folder = files.first().and_then(|file| file.parent()).unwrap_or(Path::new("."));
        terminal::print_error(&anyhow::anyhow!(
            "--mlflow-upload to run {}: {reason}\n  hint: the pictures lie in {}; the same command uploads them again",
            self.run_id,
            folder.display()
        ));
        Exit::BenchmarkFailed
    }
}

/// Sees that there is such a run, before anything is drawn for it.
fn check_run(server: &MlflowServer, run_id: &str) -> Result<(), UsageError> {
    let limit = CompletionLimit {
        deadline: Instant::now() + CHECK_PATIENCE,
        cut: Default::default(),
    };
    match upload_pictures(server, run_id, &[], &limit) {
        Ok(_) => Ok(()),
        Err(error) => Err(UsageError::with_hint(
            format!("--mlflow-upload: {error}"),
            "name the run with --mlflow-run-id, or the server with --mlflow-tracking-uri; without --mlflow-upload pictures are drawn",
        )),
    }
}

/// The run that pictures are attached to.
struct Target {
    run_id: String,
    /// `None`: the user named the run, and only that.
    experiment_id: Option<String>,
}

impl Target {
    fn of(args: &UploadArgs, paths: &[PathBuf], exports: &[Option<MlflowExport>]) -> Result<Self, UsageError> {
        if let Some(run_id) = &args.mlflow_run_id {
            if run_id.is_empty()
                || !run_id
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            {
                return Err(UsageError::new(format!(
                    "--mlflow-run-id: `{run_id}` is no id of a run"
                )));
            }
            return Ok(Self {
                run_id: run_id.clone(),
                experiment_id: None,
            });
        }
        match (exports, paths) {
            ([export], [path]) => Self::of_run(export.as_ref(), path),
            _ => Self::of_parent(exports),
        }
    }

    fn of_run(export: Option<&MlflowExport>, path: &Path) -> Result<Self, UsageError> {
        match export.filter(|export| !export.run_id.is_empty()) {
            Some(export) => Ok(Self {
                run_id: export.run_id.clone(),
                experiment_id: Some(export.experiment_id.clone()),
            }),
            None => Err(UsageError::with_hint(
                format!(
                    "--mlflow-upload: {} names no run in MLflow",
                    path.join(EXPORT_FILE).display()
                ),
                "log the run with `loadspan push`, or name one with --mlflow-run-id",
            )),
        }
    }

    /// Pictures of several runs belong to none of them, but to their parent.
    fn of_parent(exports: &[Option<MlflowExport>]) -> Result<Self, UsageError> {
        let parent = |export: &Option<MlflowExport>| export.as_ref()?.parent_run_id.clone();
        let first = exports.first().and_then(parent);
        match (first, exports.first()) {
            (Some(run_id), Some(Some(export)))
                if exports.iter().all(|export| parent(export).as_ref() == Some(&run_id)) =>
            {
                Ok(Self {
                    experiment_id: Some(export.experiment_id.clone()),
                    run_id,
                })
            }
            _ => Err(UsageError::with_hint(
                "--mlflow-upload: these runs have no parent run in common",
                "name the run that the comparison belongs to with --mlflow-run-id",
            )),
        }
    }
}

fn load(path: &Path) -> Result<Option<MlflowExport>, UsageError> {
    MlflowExport::load(path).map_err(crate::mlflow::unreadable_export)
}

/// The tracking server: that of the flag, else that of the runs, else that of the environment.
fn resolve(args: &UploadArgs, exports: &[Option<MlflowExport>]) -> Result<MlflowServer, UsageError> {
    let options = MlflowOptions {
        tracking_uri: args.mlflow_tracking_uri.clone().map(Secret::new),
        ..MlflowOptions::default()
    };
    let recorded = if options.tracking_uri.is_some() {
        None
    } else {
        recorded(exports)?
    };
    let resolved = options.resolve_push(recorded.as_ref(), &Environment::from_process());
    let PushTracking { server, warnings } = resolved.map_err(crate::config::telemetry_usage)?.ok_or_else(|| {
        UsageError::with_hint(
            "--mlflow-upload: no tracking server is named",
            "add --mlflow-tracking-uri",
        )
    })?;
    warnings.iter().for_each(terminal::print_notice);
    Ok(server)
}

fn recorded(exports: &[Option<MlflowExport>]) -> Result<Option<RecordedTracking>, UsageError> {
    let mut all = exports
        .iter()
        .flatten()
        .filter(|export| !export.tracking_uri.is_empty());
    let Some(first) = all.next() else { return Ok(None) };
    if let Some(other) = all.find(|other| other.tracking_uri != first.tracking_uri) {
        return Err(UsageError::with_hint(
            format!(
                "--mlflow-upload: the runs were logged to different servers, {} and {}",
                first.tracking_uri, other.tracking_uri
            ),
            "say which with --mlflow-tracking-uri",
        ));
    }
    Ok(Some(RecordedTracking {
        tracking_uri: first.tracking_uri.clone(),
        had_credentials: first.had_credentials,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(run_id: &str, parent: &str, tracking_uri: &str) -> Option<MlflowExport> {
        Some(MlflowExport {
            run_id: run_id.to_owned(),
            parent_run_id: (!parent.is_empty()).then(|| parent.to_owned()),
            tracking_uri: tracking_uri.to_owned(),
            ..MlflowExport::default()
        })
    }

    fn args(run_id: Option<&str>) -> UploadArgs {
        UploadArgs {
            mlflow_upload: true,
            mlflow_tracking_uri: None,
            mlflow_run_id: run_id.map(str::to_owned),
        }
    }

    fn target(run_id: Option<&str>, exports: &[Option<MlflowExport>]) -> Result<String, String> {
        let paths = vec![PathBuf::from("run"); exports.len()];
        let target = Target::of(&args(run_id), &paths, exports);
        target.map(|target| target.run_id).map_err(|error| error.to_string())
    }

    #[test]
    fn pictures_of_a_run_go_to_it_and_those_of_several_to_their_parent() {
        let (a, b) = (child("a", "p", ""), child("b", "p", ""));
        assert_eq!(target(None, std::slice::from_ref(&a)).unwrap(), "a");
        assert_eq!(target(None, &[a.clone(), b.clone()]).unwrap(), "p");
        assert_eq!(target(Some("x"), &[a, b, None]).unwrap(), "x");
    }

    #[test]
    fn where_pictures_belong_is_never_guessed() {
        let cases = [
            vec![None],
            vec![child("", "p", "")],
            vec![child("a", "p", ""), child("b", "q", "")],
            vec![child("a", "", ""), child("b", "", "")],
            vec![child("a", "p", ""), None],
        ];
        for exports in cases {
            let error = target(None, &exports).unwrap_err();
            assert!(error.contains("--mlflow-run-id"), "{exports:?}: {error}");
        }
        assert!(target(Some("../x"), &[None]).is_err());
    }

    #[test]
    fn runs_on_two_servers_need_one_to_be_named() {
        let exports = [child("a", "p", "http://one/"), child("b", "p", "http://two/")];
        let error = recorded(&exports).unwrap_err().to_string();
        assert!(error.contains("--mlflow-tracking-uri"), "{error}");
        let one = recorded(&[child("a", "p", "http://one/"), None]).unwrap().unwrap();
        assert_eq!(one.tracking_uri, "http://one/");
    }
}
