//! The attribute `#[loadspan_sdk::trace]`. Its users have it from the crate `loadspan_sdk`, which the code that it writes calls.
#![deny(missing_docs)]

mod arguments;
mod expand;
mod options;

use proc_macro::TokenStream;
use syn::{ItemFn, parse_macro_input};

use self::options::Options;

/// Makes each call of a function a span: its arguments become inputs, its result outputs.
///
/// | option | effect |
/// |---|---|
/// | `name = "…"` | the name of the span, in place of that of the function |
/// | `span_type = "TOOL"`, `span_type = SpanType::Tool` | what the span is |
/// | `skip(a, b)` | these arguments are no inputs |
/// | `skip_all` | there are no inputs |
/// | `skip_output` | there are no outputs |
/// | `with_self` | `self` is an input, too |
/// | `crate = my::path` | the path of the crate `loadspan_sdk`, where it has another name |
///
/// A value is written as JSON where its type is `Serialize`, else as the text that `Debug` gives, else as the name of its type. Of
/// arguments of a generic type, only what the bounds promise counts. Secrets must be skipped.
///
/// Of a `Result`, `Ok` becomes the outputs; `Err` makes the span one that failed, with an exception. A panic does so, too.
/// An `async fn` has its span while it runs, from the first poll on. Of a function that returns a future, only the making of the
/// future is within the span.
///
/// While nothing is set up, or the trace is not sampled, nothing is written.
///
/// ```ignore
/// #[loadspan_sdk::trace(span_type = "RETRIEVER", skip(database))]
/// async fn search(database: &Database, question: &str) -> Result<Vec<Document>, SearchError> {
///     database.find(question).await
/// }
/// ```
#[proc_macro_attribute]
pub fn trace(options: TokenStream, function: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as Options);
    let function = parse_macro_input!(function as ItemFn);
    expand::expand(&options, function)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
