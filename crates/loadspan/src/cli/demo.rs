//! The flags of `loadspan demo`.

use std::path::PathBuf;

use clap::Args;

use super::Seconds;

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// End when the benchmarks are over.
    #[arg(long)]
    pub(crate) exit: bool,
    /// Open the page in a browser.
    #[arg(long)]
    pub(crate) open: bool,
    /// Length of each of the three benchmarks.
    #[arg(long, value_name = "TIME", default_value = "6")]
    pub(crate) benchmark_duration: Seconds,
    /// Where results and database go; a further demo adds its runs [default: ./artifacts/demo]
    #[arg(long, visible_alias = "output-artifact-dir", value_name = "DIR")]
    pub(crate) artifact_dir: Option<PathBuf>,
    /// Another database for the page: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE [default: loadspan.db in the folder of
    /// the results]
    #[arg(long, value_name = "URI")]
    pub(crate) backend_store_uri: Option<String>,
}
