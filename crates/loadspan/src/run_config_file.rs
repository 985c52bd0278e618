//! `-f run.yaml`: everything that the flags of `loadspan profile` can say, and stages. The keys are made from the flags.
//!
//! What the file says becomes arguments below those that were typed, so that a value means the same in both.

mod check;
mod entries;
mod keys;
mod layers;
mod located;
mod mistake;
mod nearest;
mod schema;
mod show;
mod substitute;
#[cfg(test)]
mod tests;
mod words;
mod yaml;

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::Path;

use loadspan_loadgen::StageRole;
use loadspan_record::Notice;
use loadspan_telemetry::config::Environment;
use serde::{Deserialize, Serialize};

pub(crate) use self::check::outline;
use self::entries::Contents;
use self::keys::Keys;
use self::layers::{Displaced, Layered, Typed};
use self::mistake::Mistake;
pub(crate) use self::schema::schema;
use self::substitute::Variables;
pub(crate) use self::words::take_output_format;
use crate::config::{AskedStage, RunConfig};
use crate::exit::UsageError;
use crate::terminal;

/// Which file a run was made from: in `run.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileIdentity {
    /// Its name, as it was given.
    pub(crate) name: String,
    /// SHA-256 of its bytes, before anything is put in.
    pub(crate) sha256: String,
}

/// A run file with what was typed beside it: read, but not yet resolved.
pub(crate) struct RunConfigFile {
    identity: FileIdentity,
    keys: Keys,
    typed: Typed,
    contents: Contents,
    /// What holds for the run as a whole.
    common: Layered,
    /// What holds in each stage.
    stages: Vec<Layered>,
    /// The variables in its values, and what they hold.
    variables: Vec<(String, String)>,
}

/// Why a run file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// What stands in it.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// What was typed beside it.
    #[error("{}", told(.0))]
    Typed(#[from] clap::Error),
}

/// What clap says, without the word that every error begins with.
fn told(error: &clap::Error) -> String {
    let text = error.to_string();
    text.trim_start_matches("error: ").trim_end().to_owned()
}

impl RunConfigFile {
    /// Reads a file; `words` are the flags of `loadspan profile` that were typed beside it.
    ///
    /// # Errors
    ///
    /// It cannot be read, or what stands in it makes no sense.
    pub(crate) fn load(path: &Path, words: Vec<OsString>) -> Result<Self, FileError> {
        let bytes = read(path)?;
        let name = path.display().to_string();
        let variable = |name: &str| std::env::var(name).ok();
        Self::parse(&name, &bytes, (words, &variable))
    }

    fn parse(name: &str, bytes: &[u8], (words, variables): (Vec<OsString>, Variables<'_>)) -> Result<Self, FileError> {
        let keys = Keys::of_profile();
        let typed = Typed::parse(&keys, words)?;
        let usage = |mistake: Mistake| mistake.into_usage(name);
        let text = std::str::from_utf8(bytes).map_err(|error| usage(Mistake::of_encoding(bytes, error)))?;
        let root = yaml::parse(text.trim_start_matches('\u{feff}')).map_err(usage)?;
        let used = RefCell::new(Vec::new());
        let noted = |name: &str| {
            let value = variables(name)?;
            used.borrow_mut().push((name.to_owned(), value.clone()));
            Some(value)
        };
        let contents = entries::read(&root, &keys, &noted).map_err(usage)?;
        let layer = |stage: &[entries::Entry]| typed.over((stage, &contents.common), &keys, variables);
        let common = layer(&[]).map_err(usage)?;
        let stages = contents.stages.iter().map(|stage| layer(&stage.entries));
        let stages = stages.collect::<Result<Vec<_>, _>>().map_err(usage)?;
        Ok(Self {
            identity: FileIdentity {
                name: name.to_owned(),
                sha256: sha256(bytes),
            },
            keys,
            typed,
            contents,
            common,
            stages,
            variables: used.into_inner(),
        })
    }

    /// The configuration that file, flags and environment come to.
    ///
    /// # Errors
    ///
    /// Values that make no sense together, and settings that would have no effect.
    pub(crate) fn resolve(&self, environment: &Environment) -> Result<RunConfig, UsageError> {
        self.displaced().iter().for_each(terminal::print_notice);
        let config = RunConfig::resolve_stages(self.common.args.clone(), &self.asked_stages(), environment);
        let mut config = config.map_err(|error| self.located(error))?;
        config.file = Some(self.identity.clone());
        Ok(config)
    }

    /// What the file says of an endpoint that is not used, so that nobody looks for it elsewhere.
    fn displaced(&self) -> Vec<Notice> {
        let notice = |displaced: &Displaced| displaced.notice(&self.identity.name);
        self.common.displaced.iter().map(notice).collect()
    }

    fn asked_stages(&self) -> Vec<AskedStage> {
        let stages = self.contents.stages.iter().zip(&self.stages);
        let asked = stages.map(|(stage, layered)| AskedStage {
            name: stage.name.clone(),
            role: stage.role,
            pause: stage.pause,
            args: layered.args.clone(),
            own_flags: stage.entries.iter().map(|entry| entry.key.flag.clone()).collect(),
        });
        asked.collect()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, UsageError> {
    use std::io::Read;
    let shown = path.display();
    let unreadable = |error: std::io::Error| UsageError::new(format!("cannot read the run file {shown}: {error}"));
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(yaml::MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > yaml::MAX_BYTES {
        return Err(UsageError::new(format!(
            "{shown}: more than 1 MiB: this is no run file"
        )));
    }
    Ok(bytes)
}

fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
