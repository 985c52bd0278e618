//! Which names of a function's arguments become inputs.

use proc_macro2::Ident;
use syn::visit::{Visit, visit_pat_ident};
use syn::{Error, FnArg, PatIdent, Result, Signature};

use crate::options::{Inputs, Options, Receiver};

/// The names that become inputs, in the order of the arguments: those that patterns bind, `self` if that is asked for.
pub(crate) fn inputs(options: &Options, signature: &Signature) -> Result<Vec<Ident>> {
    let names = names(options, signature);
    if let Some(unknown) = options.skip.iter().find(|skipped| !names.contains(skipped)) {
        let message = format!("`{}` has no argument `{unknown}` to skip", signature.ident);
        return Err(Error::new(unknown.span(), message));
    }
    if options.inputs == Inputs::None {
        return Ok(Vec::new());
    }
    Ok(names.into_iter().filter(|name| !options.skip.contains(name)).collect())
}

fn names(options: &Options, signature: &Signature) -> Vec<Ident> {
    let mut names = Names(Vec::new());
    for argument in &signature.inputs {
        match argument {
            FnArg::Receiver(receiver) if options.receiver == Receiver::Input => {
                names.0.push(Ident::new("self", receiver.self_token.span));
            }
            FnArg::Receiver(_) => {}
            FnArg::Typed(typed) => names.visit_pat(&typed.pat),
        }
    }
    names.0
}

struct Names(Vec<Ident>);

impl<'ast> Visit<'ast> for Names {
    fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
        self.0.push(pattern.ident.clone());
        visit_pat_ident(self, pattern);
    }
}
