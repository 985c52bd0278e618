//! Installs what suites run against, at pinned versions, with the clients of the registries: Go's module proxy, PyPI and npm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// Collector and components; the contributed ones are not published at every version.
const COLLECTOR: &str = "0.155.0";
/// Prometheus 3.15: its module is numbered 0.315.
const PROMETHEUS: &str = "0.315.0";
/// OpenTelemetry for Python: its SDK, its exporters, and the messages of OTLP.
const PYTHON_OTEL: &str = "1.45.2";
const MLFLOW: &str = "3.17.2";

/// The OpenTelemetry Collector, built by its own builder.
///
/// # Errors
///
/// Go is missing or cannot build it.
pub(crate) fn collector(tools: &Path) -> anyhow::Result<PathBuf> {
    let home = tools.join(format!("collector-{COLLECTOR}"));
    let binary = home.join("dist/otelcol");
    let core = "go.opentelemetry.io/collector";
    let contrib = "github.com/open-telemetry/opentelemetry-collector-contrib";
    let config = format!(
        "dist:\n  name: otelcol\n  module: interop\n  output_path: {dist}\n  version: {COLLECTOR}\n\
         receivers:\n  - gomod: {core}/receiver/otlpreceiver v{COLLECTOR}\n\
         exporters:\n  - gomod: {core}/exporter/otlpexporter v{COLLECTOR}\n  \
         - gomod: {core}/exporter/otlphttpexporter v{COLLECTOR}\n  \
         - gomod: {contrib}/exporter/fileexporter v{COLLECTOR}\n  \
         - gomod: {contrib}/exporter/prometheusexporter v{COLLECTOR}\n\
         extensions:\n  - gomod: {contrib}/extension/bearertokenauthextension v{COLLECTOR}\n",
        dist = home.join("dist").display()
    );
    let config_file = home.join("builder.yaml");
    let is_same = fs::read_to_string(&config_file).is_ok_and(|built| built == config);
    if is_same && binary.exists() {
        return Ok(binary);
    }
    println!("building the OpenTelemetry Collector {COLLECTOR}: some minutes, once");
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(&home)?;
    fs::write(&config_file, config)?;
    let builder = format!("{core}/cmd/builder@v{COLLECTOR}");
    succeed(go(&home).env("GOBIN", &home).args(["install", &builder]))?;
    // The builder writes sources and go.mod, and then insists on modules that only tests of components need; one of them is not to
    // be had everywhere. What it leaves is complete, so that its exit code says nothing and the build goes on without it.
    let generate = ["--config", "builder.yaml", "--skip-compilation"];
    let _ = Command::new(home.join("builder"))
        .current_dir(&home)
        .args(generate)
        .output()?;
    let dist = home.join("dist");
    succeed(go(&dist).args(["mod", "tidy", "-e"]))?;
    succeed(go(&dist).args(["build", "-trimpath", "-o", "otelcol.new", "."]))?;
    fs::rename(dist.join("otelcol.new"), &binary)?;
    Ok(binary)
}

/// Prometheus with its OTLP receiver, without service discovery and its page.
///
/// # Errors
///
/// Go is missing or cannot build it.
pub(crate) fn prometheus(tools: &Path) -> anyhow::Result<PathBuf> {
    let home = tools.join(format!("prometheus-{PROMETHEUS}"));
    let binary = home.join("prometheus");
    if binary.exists() {
        return Ok(binary);
    }
    println!("building Prometheus {PROMETHEUS}: some minutes, once");
    fs::create_dir_all(&home)?;
    // Its own go.mod has directives with which `go install` refuses to work, so it is built as a dependency.
    let package = "github.com/prometheus/prometheus/cmd/prometheus";
    let _ = fs::remove_file(home.join("go.mod"));
    succeed(go(&home).args(["mod", "init", "interop"]))?;
    succeed(go(&home).args(["get", &format!("{package}@v{PROMETHEUS}")]))?;
    succeed(go(&home).args([
        "build",
        "-trimpath",
        "-tags",
        "remove_all_sd",
        "-o",
        "prometheus.new",
        package,
    ]))?;
    fs::rename(home.join("prometheus.new"), &binary)?;
    Ok(binary)
}

/// A Python with the messages of OTLP.
///
/// # Errors
///
/// Python is missing, or pip cannot install it.
pub(crate) fn python(tools: &Path) -> anyhow::Result<PathBuf> {
    let package = format!("opentelemetry-proto=={PYTHON_OTEL}");
    let bin = virtual_environment(&tools.join(format!("python-{PYTHON_OTEL}")), &[&package])?;
    Ok(bin.join("python"))
}

/// A Python with the SDK of OpenTelemetry and its exporter over HTTP, and nothing else: what the page says is enough.
///
/// # Errors
///
/// Python is missing, or pip cannot install it.
pub(crate) fn python_with_otlp(tools: &Path) -> anyhow::Result<PathBuf> {
    let packages = ["sdk", "exporter-otlp-proto-http"].map(|part| format!("opentelemetry-{part}=={PYTHON_OTEL}"));
    let home = tools.join(format!("python-otlp-{PYTHON_OTEL}"));
    let bin = virtual_environment(&home, &packages.each_ref().map(String::as_str))?;
    Ok(bin.join("python"))
}

/// The folder with the programs of MLflow: `mlflow`, and a `python` that has its client.
///
/// # Errors
///
/// Python is missing, or pip cannot install it.
pub(crate) fn mlflow(tools: &Path) -> anyhow::Result<PathBuf> {
    virtual_environment(&tools.join(format!("mlflow-{MLFLOW}")), &[&format!("mlflow=={MLFLOW}")])
}

/// The same folder, if it was installed before.
pub(crate) fn mlflow_that_is_there(tools: &Path) -> Option<PathBuf> {
    let home = tools.join(format!("mlflow-{MLFLOW}"));
    home.join("installed").exists().then(|| home.join("bin"))
}

/// The same with the exporters of OTLP, which MLflow's client loads when it is told to send spans there.
///
/// # Errors
///
/// Python is missing, or pip cannot install it.
pub(crate) fn mlflow_with_otlp(tools: &Path) -> anyhow::Result<PathBuf> {
    let bin = mlflow(tools)?;
    let package = format!("opentelemetry-exporter-otlp=={PYTHON_OTEL}");
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        &package,
    ];
    // It asks no registry for what is there already.
    succeed(Command::new(bin.join("python")).args(pip))?;
    Ok(bin)
}

/// The programs of a Python that has some packages from PyPI.
fn virtual_environment(home: &Path, packages: &[&str]) -> anyhow::Result<PathBuf> {
    let (bin, done) = (home.join("bin"), home.join("installed"));
    if done.exists() {
        return Ok(bin);
    }
    println!("installing {} for Python: a minute or two, once", packages.join(" "));
    succeed(Command::new("python3").args(["-m", "venv"]).arg(home))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    succeed(Command::new(bin.join("python")).args(pip).args(packages))?;
    fs::write(done, packages.join("\n"))?;
    Ok(bin)
}

/// What drives a browser, and what finds faults for people who cannot see or use a mouse: a folder with `node_modules` of these versions.
///
/// # Errors
///
/// npm is missing, or cannot install them.
pub(crate) fn node_modules(tools: &Path) -> anyhow::Result<PathBuf> {
    const PACKAGE: &str = include_str!("ui/package.json");
    const LOCK: &str = include_str!("ui/package-lock.json");
    let home = tools.join("ui/npm");
    let done = home.join("installed");
    if fs::read_to_string(&done).is_ok_and(|installed| installed == LOCK) {
        return Ok(home);
    }
    println!("installing Playwright and axe for node: some seconds, once");
    fs::create_dir_all(&home)?;
    fs::write(home.join("package.json"), PACKAGE)?;
    fs::write(home.join("package-lock.json"), LOCK)?;
    let flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    succeed(Command::new("npm").current_dir(&home).args(flags))?;
    fs::write(done, LOCK)?;
    Ok(home)
}

/// Debian's Chromium, which is not of a pinned version: people's browsers are not either.
///
/// # Errors
///
/// It is not installed.
pub(crate) fn chromium() -> anyhow::Result<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .map(|folder| folder.join("chromium"))
        .find(|program| program.exists())
        .context("Chromium is missing: apt-get install chromium fonts-dejavu-core")
}

fn go(folder: &Path) -> Command {
    let mut command = Command::new("go");
    command
        .current_dir(folder)
        .env("CGO_ENABLED", "0")
        .env("GOFLAGS", "-buildvcs=false -mod=mod");
    command
}

/// Runs a command; its output is shown only when it fails.
fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let shown = format!("{command:?}");
    let output = command
        .output()
        .with_context(|| format!("cannot start {shown}: is it installed?"))?;
    // Debian's Python says on its standard output that a package is missing.
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let end = said.char_indices().rev().nth(3_000).map_or(0, |(at, _)| at);
    ensure!(output.status.success(), "{shown} failed:\n{}", &said[end..]);
    Ok(())
}
