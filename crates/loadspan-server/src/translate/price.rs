//! What tokens cost.

mod load;
mod name;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use self::load::Listed;
use super::TokenUsage;

/// Prices as of the date in the file. They age: `--prices` replaces them.
const SHIPPED: &str = include_str!("prices.json");
/// Prices are per million tokens.
const PER_TOKENS: f64 = 1e6;

/// Prices of models. Those that come with the program can be replaced by a file. The default: no prices.
#[derive(Debug, Clone, Default)]
pub(crate) struct PriceTable {
    /// By the name of the model, in small letters: whoever sells it, its maker first.
    models: HashMap<Box<str>, Vec<Offer>>,
}

/// What one provider asks for a model.
#[derive(Debug, Clone, PartialEq)]
struct Offer {
    provider: Box<str>,
    /// Whether others may serve the same weights, at another price or at none.
    open: bool,
    rates: Rates,
}

/// US dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rates {
    input: f64,
    output: f64,
    cache_read: f64,
    cache_write: f64,
}

/// US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Cost {
    pub(crate) input: f64,
    pub(crate) output: f64,
    pub(crate) total: f64,
}

/// Why a file has no prices.
#[derive(Debug, thiserror::Error)]
#[error("cannot take prices from {}: {why}", file.display())]
pub(crate) struct PriceError {
    file: PathBuf,
    /// Names the line, or the entry.
    why: String,
}

impl std::ops::Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input: self.input + other.input,
            output: self.output + other.output,
            total: self.total + other.total,
        }
    }
}

impl PriceTable {
    /// The prices that come with the program.
    pub(crate) fn shipped() -> Self {
        let listed = load::parse(SHIPPED).expect("the prices that come with the program are read by a test");
        Self::of(listed)
    }

    /// The prices in a file of the same shape.
    pub(crate) fn load(path: &Path) -> Result<Self, PriceError> {
        let refused = |why| PriceError {
            file: path.to_owned(),
            why,
        };
        let text = load::read(path).map_err(refused)?;
        load::parse(&text).map(Self::of).map_err(refused)
    }

    /// What `usage` of a model costs. `None`: it is not in the table.
    pub(crate) fn cost(&self, provider: Option<&str>, model: &str, usage: &TokenUsage) -> Option<Cost> {
        let model = name::small(model);
        let provider = provider.or_else(|| name::prefix(&model)).map(name::small);
        let provider = provider.as_deref().map(name::provider);
        let offers = name::readings(&model).find_map(|reading| self.models.get(reading))?;
        Some(offer(offers, provider)?.rates.cost(usage))
    }

    fn of(listed: Vec<Listed>) -> Self {
        let mut models: HashMap<Box<str>, Vec<Offer>> = HashMap::with_capacity(listed.len());
        for entry in listed {
            let offers = models.entry(name::small(&entry.model).into()).or_default();
            offers.push(entry.into());
        }
        Self { models }
    }
}

/// What the provider asks, else what the maker asks: a model that cannot be had but from its maker costs about the same everywhere.
fn offer<'a>(offers: &'a [Offer], provider: Option<&str>) -> Option<&'a Offer> {
    let own = |offer: &&Offer| provider == Some(&*offer.provider);
    offers
        .iter()
        .find(own)
        .or_else(|| offers.iter().find(|offer| !offer.open))
}

impl Rates {
    /// Cached tokens are part of the input, unless there are more of them than of the input: then whoever counted left them out.
    #[expect(clippy::cast_precision_loss, reason = "tokens beyond 2^53 do not exist")]
    fn cost(&self, usage: &TokenUsage) -> Cost {
        let (read, write) = (usage.cache_read.unwrap_or(0), usage.cache_write.unwrap_or(0));
        let cached = read.saturating_add(write);
        let plain = if cached <= usage.input {
            usage.input - cached
        } else {
            usage.input
        };
        let dollars = |tokens: i64, rate: f64| tokens as f64 * rate / PER_TOKENS;
        let input = dollars(plain, self.input) + dollars(read, self.cache_read) + dollars(write, self.cache_write);
        let output = dollars(usage.output, self.output);
        Cost {
            input,
            output,
            total: input + output,
        }
    }
}
