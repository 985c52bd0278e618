//! `/v1/embeddings`.

use super::{Counts, write_number, write_string};

/// Vectors of small constant numbers, one for each input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Embeddings<'a> {
    pub(crate) model: &'a str,
    pub(crate) inputs: u32,
    pub(crate) dimensions: u32,
    pub(crate) usage: Option<Counts>,
}

/// The body of the response.
pub(crate) fn write_embeddings(out: &mut Vec<u8>, embeddings: &Embeddings<'_>) {
    out.extend_from_slice(br#"{"object":"list","data":["#);
    for input in 0..embeddings.inputs {
        if input > 0 {
            out.push(b',');
        }
        out.extend_from_slice(br#"{"object":"embedding","index":"#);
        write_number(out, input);
        out.extend_from_slice(br#","embedding":["#);
        write_vector(out, embeddings.dimensions);
        out.extend_from_slice(b"]}");
    }
    out.extend_from_slice(br#"],"model":"#);
    write_string(out, embeddings.model);
    if let Some(usage) = embeddings.usage {
        out.extend_from_slice(br#","usage":{"prompt_tokens":"#);
        write_number(out, usage.prompt);
        out.extend_from_slice(br#","total_tokens":"#);
        write_number(out, usage.prompt);
        out.push(b'}');
    }
    out.push(b'}');
}

fn write_vector(out: &mut Vec<u8>, dimensions: u32) {
    const NUMBERS: [&str; 4] = ["0.0125", "-0.25", "0.5", "-0.0625"];
    for dimension in 0..dimensions {
        if dimension > 0 {
            out.push(b',');
        }
        out.extend_from_slice(NUMBERS[dimension as usize % NUMBERS.len()].as_bytes());
    }
}
