//! Writes the function anew, with a span around what it does.
//!
//! Names of ours begin with `__loadspan`, so that they meet none of the function's.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::visit::{Visit, visit_type};
use syn::{Error, ItemFn, Result, ReturnType, Type};

use crate::arguments;
use crate::options::{Options, Outputs};

/// The function, with a span around what it does.
pub(crate) fn expand(options: &Options, function: ItemFn) -> Result<TokenStream> {
    if let Some(token) = &function.sig.constness {
        return Err(Error::new(
            token.span,
            "a `const fn` cannot be traced: it may run while the program is compiled",
        ));
    }
    if let ReturnType::Type(_, returned) = &function.sig.output
        && let Type::Never(never) = &**returned
    {
        return Err(Error::new(
            never.bang_token.span,
            "a function that never returns cannot be traced: its span would not end",
        ));
    }
    let inputs = set_inputs(&arguments::inputs(options, &function.sig)?, &sdk(options));
    let builder = builder(options, &function);
    let body = if function.sig.asyncness.is_some() {
        asynchronous(&function, options)
    } else {
        synchronous(&function, options)
    };
    let start = match function.sig.asyncness {
        Some(_) => quote!(start),
        None => quote!(enter),
    };
    let ItemFn { attrs, vis, sig, .. } = &function;
    Ok(quote! {
        #(#attrs)*
        #vis #sig {
            let __loadspan_span = #builder.#start();
            if __loadspan_span.is_recording() {
                #inputs
            }
            #body
        }
    })
}

/// The path of the crate whose functions are called.
fn sdk(options: &Options) -> TokenStream {
    match &options.sdk {
        Some(path) => quote!(#path),
        None => quote!(::loadspan_sdk),
    }
}

fn builder(options: &Options, function: &ItemFn) -> TokenStream {
    let sdk = sdk(options);
    let function = function.sig.ident.to_string();
    let function = function.strip_prefix("r#").unwrap_or(&function);
    let name = match &options.name {
        Some(name) => quote!(#name),
        None => quote!(#function),
    };
    let span_type = options
        .span_type
        .as_ref()
        .map(|span_type| quote!(.with_type(#span_type)));
    quote!(#sdk::span(#name).with_function_name(#function)#span_type)
}

fn set_inputs(names: &[Ident], sdk: &TokenStream) -> TokenStream {
    if names.is_empty() {
        return TokenStream::new();
    }
    let texts = names.iter().map(|name| {
        let text = name.to_string();
        text.strip_prefix("r#").unwrap_or(&text).to_owned()
    });
    quote! {
        {
            #[allow(unused_imports, reason = "which of them is needed depends on types")]
            use #sdk::__private::{AsDebug as _, AsJson as _, AsName as _};
            #sdk::__private::set_inputs(&__loadspan_span, &[
                #((#texts, &|__loadspan_buffer| (&&&#sdk::__private::Probe(&#names)).write(__loadspan_buffer)),)*
            ]);
        }
    }
}

/// Tells the span of `__loadspan_result`.
fn record(options: &Options) -> TokenStream {
    let sdk = sdk(options);
    let set_outputs = (options.outputs == Outputs::Result).then(|| {
        quote! {
            #sdk::__private::set_outputs(&__loadspan_span, |__loadspan_buffer| {
                (&&&#sdk::__private::Probe(__loadspan_value)).write(__loadspan_buffer)
            });
        }
    });
    quote! {
        if __loadspan_span.is_recording() {
            #[allow(unused_imports, reason = "which of them is needed depends on types")]
            use #sdk::__private::{
                AsDebug as _, AsDebugged as _, AsDisplay as _, AsError as _, AsJson as _, AsName as _, AsResult as _,
                AsUnknown as _, AsValue as _,
            };
            #[allow(unused_variables, reason = "outputs may be skipped")]
            match (&&#sdk::__private::Returned(&__loadspan_result)).outcome() {
                ::core::result::Result::Ok(__loadspan_value) => { #set_outputs }
                ::core::result::Result::Err(__loadspan_error) => {
                    (&&&&#sdk::__private::Failure(__loadspan_error)).record(&__loadspan_span)
                }
            }
        }
    }
}

fn synchronous(function: &ItemFn, options: &Options) -> TokenStream {
    let (sdk, record) = (sdk(options), record(options));
    let block = &function.block;
    let returned = named_return(function).map(|returned| quote!(-> #returned));
    quote! {
        let __loadspan_result = #sdk::__private::call(&__loadspan_span, move || #returned #block);
        #record
        __loadspan_result
    }
}

fn asynchronous(function: &ItemFn, options: &Options) -> TokenStream {
    let (sdk, record) = (sdk(options), record(options));
    // Not the block: braces within braces would earn the user a warning.
    let statements = &function.block.stmts;
    // Never runs: it tells the compiler what `?` in the block converts to.
    let hint = named_return(function).map(|returned| {
        let value = format_ident!("__loadspan_never");
        quote! {
            #[allow(unreachable_code, clippy::diverging_sub_expression, reason = "a type, not code")]
            if false {
                let #value: #returned = loop {};
                return #value;
            }
        }
    });
    quote! {
        let __loadspan_inner = ::core::clone::Clone::clone(&__loadspan_span);
        let __loadspan_future = async move {
            let __loadspan_span = __loadspan_inner;
            let __loadspan_result = async move { #hint #(#statements)* }.await;
            #record
            __loadspan_result
        };
        #sdk::TracedFuture::in_span(__loadspan_future, __loadspan_span).await
    }
}

/// The type that is returned, where a closure could name it.
fn named_return(function: &ItemFn) -> Option<Type> {
    let returned = match &function.sig.output {
        ReturnType::Default => syn::parse_quote!(()),
        ReturnType::Type(_, returned) => Type::clone(returned),
    };
    let mut opaque = Opaque(false);
    opaque.visit_type(&returned);
    (!opaque.0).then_some(returned)
}

/// Whether there is an `impl Trait` in a type.
struct Opaque(bool);

impl<'ast> Visit<'ast> for Opaque {
    fn visit_type(&mut self, part: &'ast Type) {
        self.0 |= matches!(part, Type::ImplTrait(_));
        visit_type(self, part);
    }
}
