//! Price lists as JSON: `{"date": …, "source": …, "prices": [{"provider": …, "model": …, "input": …}]}`.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::{Offer, Rates, name};

/// The largest file that can be a price list, in bytes.
const LARGEST: u64 = 16 << 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceList {
    #[serde(rename = "date")]
    _date: String,
    /// Whose prices these are, for readers.
    #[serde(rename = "source", default)]
    _source: String,
    prices: Vec<Listed>,
}

/// An entry. US dollars for a million tokens.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    provider: String,
    pub(super) model: String,
    /// Whether others may serve the same weights.
    #[serde(default)]
    open: bool,
    input: f64,
    /// Embeddings have none.
    #[serde(default)]
    output: f64,
    /// If not said: as `input`.
    cache_read: Option<f64>,
    /// If not said: as `input`.
    cache_write: Option<f64>,
}

/// The text of a file. The error says what is wrong with it.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    let length = file.take(LARGEST + 1).read_to_string(&mut text);
    match length.map_err(|error| error.to_string())? as u64 {
        0..=LARGEST => Ok(text),
        _ => Err("it is larger than 16 MiB".to_owned()),
    }
}

/// The entries of a list. The error names the line, or the entry.
pub(super) fn parse(text: &str) -> Result<Vec<Listed>, String> {
    let file: PriceList = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut seen = HashSet::new();
    for (number, entry) in file.prices.iter().enumerate() {
        let wrong = |why: &str| format!("entry {}, {:?} of {:?}: {why}", number + 1, entry.model, entry.provider);
        entry.check().map_err(wrong)?;
        if !seen.insert((name::small(&entry.provider), name::small(&entry.model))) {
            return Err(wrong("it is there twice"));
        }
    }
    Ok(file.prices)
}

impl Listed {
    fn check(&self) -> Result<(), &'static str> {
        if self.provider.is_empty() || self.model.is_empty() {
            return Err("provider and model must have a name");
        }
        let rates = [Some(self.input), Some(self.output), self.cache_read, self.cache_write];
        let sound = |rate: &f64| rate.is_finite() && *rate >= 0.0;
        if rates.iter().flatten().all(sound) {
            Ok(())
        } else {
            Err("a price must not be negative")
        }
    }
}

impl From<Listed> for Offer {
    fn from(entry: Listed) -> Self {
        Self {
            provider: name::provider(&name::small(&entry.provider)).into(),
            open: entry.open,
            rates: Rates {
                input: entry.input,
                output: entry.output,
                cache_read: entry.cache_read.unwrap_or(entry.input),
                cache_write: entry.cache_write.unwrap_or(entry.input),
            },
        }
    }
}
