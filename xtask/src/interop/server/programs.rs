//! The examples of the SDK, with our server where the real MLflow stands in their own suite.

use std::fs;

use super::super::sdk;
use super::Suite;
use super::served::Served;

pub(super) fn check(suite: &mut Suite<'_>) -> anyhow::Result<()> {
    let place = suite.place.within("programs");
    fs::create_dir_all(&place.scratch)?;
    let served = Served::start(&place, suite.store, "sdk")?;
    sdk::essentials(&place, suite.checks, served.server)
}
