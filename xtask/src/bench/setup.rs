//! The programs that are measured, and where they run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::peer::Peer;
use crate::cargo;

/// The two cores that server and client have for themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Core {
    Server,
    Client,
}

/// Everything that an experiment needs.
#[derive(Debug)]
pub(crate) struct Setup {
    /// How often each figure is measured.
    pub(crate) runs: usize,
    /// Other clients that are installed.
    pub(crate) peers: Vec<Peer>,
    pinning: Pinning,
    /// Release builds.
    binaries: PathBuf,
}

/// Whether `taskset` can give each side its own core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pinning {
    Pinned,
    Unpinned,
}

impl Setup {
    /// Builds these packages, and looks for what they are compared with.
    pub(crate) fn build(runs: usize, packages: &[&str]) -> anyhow::Result<Self> {
        let packages = packages.iter().flat_map(|package| ["--package", *package]);
        let build: Vec<&str> = ["build", "--release"].into_iter().chain(packages).collect();
        cargo::run(&build)?;
        let pinning = if can_start("taskset") {
            Pinning::Pinned
        } else {
            Pinning::Unpinned
        };
        let peers = Peer::ALL.into_iter().filter(|peer| can_start(peer.name())).collect();
        Ok(Self {
            runs,
            peers,
            pinning,
            binaries: cargo::target_dir()?.join("release"),
        })
    }

    /// The release build of a binary of this workspace.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
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
