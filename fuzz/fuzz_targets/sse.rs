//! An event stream gives the same events however it is cut into reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loadspan_loadgen::sse::SseDecoder;

/// Name and data.
type Event = (Vec<u8>, Vec<u8>);

// The cuts come first: the bytes that are left over are the stream, so that a corpus of plain streams is easily made.
fuzz_target!(|input: (Vec<u16>, &[u8])| {
    let (cuts, stream) = input;
    let whole = events([stream]);
    assert_eq!(events(pieces(stream, &cuts)), whole, "cut at {cuts:?}");
    assert_eq!(events(stream.chunks(1)), whole, "cut at every byte");
});

fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut seen = Vec::new();
    let mut decoder = SseDecoder::default();
    for piece in pieces {
        let pushed = decoder.push(piece, |event| seen.push((event.name.to_vec(), event.data.to_vec())));
        assert!(pushed.is_ok(), "an input of libFuzzer is far shorter than the longest line");
    }
    decoder.finish(|event| seen.push((event.name.to_vec(), event.data.to_vec())));
    seen
}

/// The stream in pieces as long as `cuts` say, and what is left of it. Empty pieces are among them.
fn pieces<'a>(stream: &'a [u8], cuts: &[u16]) -> Vec<&'a [u8]> {
    let mut rest = stream;
    let mut pieces = Vec::with_capacity(cuts.len() + 1);
    for cut in cuts {
        let (piece, after) = rest.split_at(usize::from(*cut).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}
