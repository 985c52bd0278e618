//! What the files and the table of whole runs look like.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails as loudly as the test")]

mod compatible;
mod console;
mod files;
mod made_up;
mod page;
mod plots;
mod records;
mod replayed;
mod runs;
mod schema;
mod staged;
