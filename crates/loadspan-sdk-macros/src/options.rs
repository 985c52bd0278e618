//! What is in the parentheses of the attribute.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, LitStr, Path, Result, Token, parenthesized};

const KNOWN: &str = "name = \"…\", span_type = …, skip(…), skip_all, skip_output, with_self, crate = …";

/// What is in the parentheses of the attribute.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    pub(crate) span_type: Option<Expr>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) inputs: Inputs,
    pub(crate) outputs: Outputs,
    pub(crate) receiver: Receiver,
    /// `None`: the crate has its own name.
    pub(crate) sdk: Option<Path>,
}

/// Which arguments become inputs.
#[derive(Default, PartialEq, Eq)]
pub(crate) enum Inputs {
    #[default]
    Arguments,
    None,
}

/// Whether the result becomes outputs.
#[derive(Default, PartialEq, Eq)]
pub(crate) enum Outputs {
    #[default]
    Result,
    None,
}

/// Whether `self` becomes an input.
#[derive(Default, PartialEq, Eq)]
pub(crate) enum Receiver {
    #[default]
    Skipped,
    Input,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            options.parse_one(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

impl Options {
    fn parse_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        // `crate` is a keyword.
        let option = Ident::parse_any(input)?;
        match option.to_string().as_str() {
            "name" => self.name = Some(parse_value(input)?),
            "span_type" => self.span_type = Some(parse_value(input)?),
            "skip" => {
                let names;
                parenthesized!(names in input);
                self.skip
                    .extend(Punctuated::<Ident, Token![,]>::parse_terminated(&names)?);
            }
            "skip_all" => self.inputs = Inputs::None,
            "skip_output" => self.outputs = Outputs::None,
            "with_self" => self.receiver = Receiver::Input,
            "crate" => self.sdk = Some(parse_value(input)?),
            _ => {
                let message = format!("no such option: `{option}`; there are {KNOWN}");
                return Err(Error::new(option.span(), message));
            }
        }
        Ok(())
    }
}

fn parse_value<T: Parse>(input: ParseStream<'_>) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}
