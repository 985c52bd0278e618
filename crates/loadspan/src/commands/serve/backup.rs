//! `loadspan serve backup`: a copy of the database.

use crate::cli::BackupArgs;
use crate::commands::serve::explain;
use crate::commands::serve::settings::Place;
use crate::exit::Exit;
use crate::terminal;

pub(super) fn run(args: BackupArgs) -> anyhow::Result<Exit> {
    let place = Place::resolve(args.place)?;
    let bytes = loadspan_server::backup(&place.backend, &args.file).map_err(explain)?;
    terminal::print_result(&format!(
        "{}: {bytes} bytes; artifacts are not in it: copy {} as well\n",
        args.file.display(),
        place.shown_artifacts()
    ));
    Ok(Exit::Success)
}
