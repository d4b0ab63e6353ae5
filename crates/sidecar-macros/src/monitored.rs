//! `#[monitor_performance]`: a function measured as an operation.

use crate::arguments::{Arguments, CRATE, default_path};
use crate::body::{Wrapping, is_err, quote_ours, wrap};
use crate::function::Function;
use crate::values;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

const NAME: &str = "monitor_performance";
const OPERATION_NAME: &str = "operation_name";

struct Given {
    name: Option<String>,
    path: Path,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream, path: &[&str]) -> TokenStream {
    let monitored = Given::read(arguments, path)
        .and_then(|given| Function::read(item.clone(), NAME).map(|function| monitor(&given, function)));
    monitored.unwrap_or_else(|error| {
        // With the function as it was, so that nothing else is reported as missing.
        let errors = error.into_compile_error();
        quote!(#errors #item)
    })
}

impl Given {
    fn read(arguments: TokenStream, path: &[&str]) -> syn::Result<Self> {
        let mut arguments = Arguments::read(arguments, &[OPERATION_NAME, CRATE]);
        let given = Self {
            name: arguments.take(OPERATION_NAME, values::name),
            path: arguments.take(CRATE, values::module).unwrap_or_else(|| default_path(path)),
        };
        arguments.finish().map(|()| given)
    }
}

fn monitor(given: &Given, function: Function) -> TokenStream {
    let path = &given.path;
    let hidden = quote_ours!(#path::__private);
    let name = match &given.name {
        Some(name) => quote_ours!(::core::option::Option::Some(#name)),
        None => quote_ours!(::core::option::Option::None),
    };
    let begin = quote_ours! {{
        fn __here() {}
        static __SITE: #hidden::Site = #hidden::Site::new(#name);
        __SITE.start(__here)
    }};
    let is_err = is_err(&hidden);
    let settle = quote_ours!(call.settle(#is_err););
    let kind = function.kind();
    wrap(function, kind, &Wrapping { hidden, begin, settle, refused: None, prologue: TokenStream::new() })
}
