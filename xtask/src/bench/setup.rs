//! The programs that are measured, and where they run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use super::peer::Peer;
use crate::cargo;

/// More than this many rounds tell little more.
const MOST_ROUNDS: usize = 3;

/// The two cores that server and client have for themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Core {
    Server,
    Client,
    /// Two cores for all.
    Both,
}

/// How long measuring may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// Only to see that it works.
    Short,
    Usual,
    /// With what takes minutes.
    Long,
}

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Build<'a> {
    /// Release builds of these packages, which are made first.
    Packages(&'a [&'a str]),
    /// A loadspan that is there.
    Binary(&'a Path),
}

/// Everything that an experiment needs.
#[derive(Debug)]
pub(crate) struct Setup {
    /// How often each figure is measured.
    pub(crate) runs: usize,
    pub(crate) length: Length,
    /// Other clients that are installed.
    pub(crate) peers: Vec<Peer>,
    pinning: Pinning,
    /// Release builds.
    binaries: PathBuf,
    /// What is measured in place of them.
    loadspan: Option<PathBuf>,
}

/// Whether `taskset` can give each side its own core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pinning {
    Pinned,
    Unpinned,
}

impl Setup {
    /// Builds what has to be built, and looks for what it is compared with.
    pub(crate) fn build(runs: usize, length: Length, build: Build<'_>) -> anyhow::Result<Self> {
        let loadspan = match build {
            Build::Packages(packages) => {
                let packages = packages.iter().flat_map(|package| ["--package", *package]);
                let build: Vec<&str> = ["build", "--release"].into_iter().chain(packages).collect();
                cargo::run(&build)?;
                None
            }
            Build::Binary(file) => Some(file.canonicalize().with_context(|| format!("no {}", file.display()))?),
        };
        let pinning = if can_start("taskset") {
            Pinning::Pinned
        } else {
            Pinning::Unpinned
        };
        let peers = Peer::ALL.into_iter().filter(|peer| can_start(peer.name())).collect();
        Ok(Self {
            runs,
            length,
            peers,
            pinning,
            binaries: cargo::target_dir()?.join("release"),
            loadspan,
        })
    }

    /// The release build of a binary of this workspace, or what is measured in its place.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        let given = self.loadspan.as_ref().and_then(|loadspan| match name {
            "loadspan" => Some(loadspan.clone()),
            // Nothing was built: the other side is this program.
            "xtask" => std::env::current_exe().ok(),
            _ => None,
        });
        given.unwrap_or_else(|| self.binaries.join(name))
    }

    /// How often a figure is measured that takes long.
    pub(crate) fn rounds(&self) -> usize {
        match self.length {
            Length::Short => 1,
            Length::Usual | Length::Long => self.runs.min(MOST_ROUNDS),
        }
    }

    /// Where databases are made, and kept.
    pub(crate) fn databases(&self) -> PathBuf {
        self.binaries.with_file_name("bench")
    }

    /// Where tools of others are kept that are not on the path.
    pub(crate) fn tools(&self) -> PathBuf {
        self.binaries.with_file_name("interop")
    }

    pub(crate) fn pinning(&self) -> Pinning {
        self.pinning
    }

    /// A command that will run on one core, if cores can be chosen.
    pub(crate) fn command_on(&self, core: Core, program: &Path) -> Command {
        let number = match core {
            Core::Server => "0",
            Core::Client => "1",
            Core::Both => "0,1",
        };
        match self.pinning {
            Pinning::Pinned => {
                let mut command = Command::new("taskset");
                command.args(["-c", number]).arg(program);
                command
            }
            Pinning::Unpinned => Command::new(program),
        }
    }
}

/// Whether there is such a program on the path. Its exit code does not matter: some do not know `--version`.
fn can_start(program: &str) -> bool {
    let status = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok()
}
