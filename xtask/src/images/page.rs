//! Pictures of the page of `loadspan serve`, of what `loadspan demo` leaves.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

use super::{IMAGES, Studio};
use crate::cargo;
use crate::interop::install;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/images/page.mjs");

/// # Errors
///
/// The demo fails, something cannot be installed, or the page does not show what is looked for.
pub(super) fn run(studio: &Studio) -> anyhow::Result<()> {
    let folder = studio.scratch.join("demo");
    let demo = Command::new(&studio.loadspan)
        .args(["demo", "--exit", "--artifact-dir"])
        .arg(&folder)
        .output()
        .context("cannot start loadspan")?;
    ensure!(
        demo.status.success(),
        "the demo fails: {}",
        String::from_utf8_lossy(&demo.stderr)
    );
    let server = Server::start(&studio.loadspan, &folder)?;
    let modules = install::node_modules(&cargo::target_dir()?.join("interop"))?;
    let status = Command::new("node")
        .args([Path::new(SCRIPT), &modules, &install::chromium()?])
        .args([&server.url, IMAGES])
        .status()
        .context("cannot start node")?;
    ensure!(status.success(), "no pictures of the page: {status}");
    Ok(())
}

/// `loadspan serve` on a port of its own, ended when dropped.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(loadspan: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut process = Command::new(loadspan)
            .args([
                "serve",
                "--port",
                "0",
                "--otlp-grpc-port",
                "off",
                "--otlp-http-port",
                "off",
            ])
            .arg("--backend-store-uri")
            .arg(folder.join("loadspan.db"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start loadspan serve")?;
        let output = process.stdout.take().context("the server has no stdout")?;
        let mut server = Self {
            process,
            url: String::new(),
        };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let url = words.find(|word| word.starts_with("http://"));
        server.url = url.context("the server does not say where it listens")?.to_owned();
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
