//! `#[protected]`: a breaker in front of a function.

use crate::arguments::{Arguments, CRATE, PLACED, default_path};
use crate::body::{Futures, Wrapping, at, is_err, look_into, quote_ours, wrap};
use crate::function::{Function, Kind};
use crate::values;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::spanned::Spanned as _;
use syn::{Error, ExprPath, FnArg, Ident, Pat, Path, parse_quote};

const NAME: &str = "protected";
const KNOWN: &[&str] = &[
    "name",
    "failure_threshold",
    "sliding_window",
    "timeout",
    "half_open_max_calls",
    "success_threshold",
    "probe_timeout",
    "fallback",
    "classify",
    CRATE,
];
/// The breaker's limit.
const MAX_HALF_OPEN_MAX_CALLS: u32 = 255;

struct Given {
    name: Option<String>,
    /// Calls of setters, for those settings that were given.
    settings: TokenStream,
    fallback: Option<ExprPath>,
    classify: Option<ExprPath>,
    path: Path,
    says_path: bool,
    is_placed: bool,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream, path: &[&str]) -> TokenStream {
    match Given::read(arguments.clone(), path) {
        Ok(given) => protect(&given, arguments, item.clone()),
        Err(error) => Err(error),
    }
    .unwrap_or_else(|error| {
        // With the function as it was, so that nothing else is reported as missing.
        let errors = error.into_compile_error();
        quote!(#errors #item)
    })
}

impl Given {
    fn read(arguments: TokenStream, path: &[&str]) -> syn::Result<Self> {
        let mut arguments = Arguments::read(arguments, KNOWN);
        let mut settings = TokenStream::new();
        for (name, setter, max) in [
            ("failure_threshold", "set_failure_threshold", u32::MAX),
            ("half_open_max_calls", "set_half_open_max_calls", MAX_HALF_OPEN_MAX_CALLS),
            ("success_threshold", "set_success_threshold", u32::MAX),
        ] {
            if let Some(count) = arguments.take(name, values::count(max)) {
                let setter = Ident::new(setter, Span::mixed_site());
                settings.extend(quote_ours!(settings.#setter(#count);));
            }
        }
        for (name, setter) in [
            ("sliding_window", "set_sliding_window"),
            ("timeout", "set_timeout"),
            ("probe_timeout", "set_probe_timeout"),
        ] {
            if let Some(nanos) = arguments.take(name, values::seconds) {
                let setter = Ident::new(setter, Span::mixed_site());
                settings.extend(quote_ours!(settings.#setter(::core::time::Duration::from_nanos(#nanos));));
            }
        }
        let said = arguments.take(CRATE, values::module);
        let given = Self {
            name: arguments.take("name", values::name),
            settings,
            fallback: arguments.take("fallback", values::function),
            classify: arguments.take("classify", values::function),
            says_path: said.is_some(),
            path: said.unwrap_or_else(|| default_path(path)),
            is_placed: arguments.is_placed(),
        };
        arguments.finish().map(|()| given)
    }
}

fn protect(given: &Given, arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut function = Function::read(item, NAME)?;
    // What is expanded last is outermost.
    if !given.is_placed && function.has_attribute("monitor_performance") {
        function.attrs.push(placed(given, arguments));
        return Ok(function.into_token_stream());
    }
    let kind = function.kind();
    let hidden = given.hidden();
    let (prologue, otherwise) = match &given.fallback {
        None => {
            let refuse = at(function.returned_span(), quote_ours!(rejected.returned()));
            (TokenStream::new(), (quote_ours!(rejected), refuse))
        }
        Some(fallback) => {
            let is_built_early =
                matches!(kind, Kind::Future { .. }) && matches!(look_into(&function), Futures::Around);
            if is_built_early {
                let message = "a fallback needs an `async fn` or a body that is one `async` block: this function \
                               uses its arguments up before it is known whether the call is refused";
                return Err(Error::new_spanned(fallback, message));
            }
            let (prologue, arguments) = take_whole(&mut function)?;
            let arguments = at(fallback.span(), quote_ours!((#(#arguments),*)));
            let value = quote!(#fallback #arguments);
            let otherwise = match kind {
                Kind::Sync => value,
                Kind::Async | Kind::Future { .. } => quote_ours! {{
                    use #hidden::FallbackValue as _;
                    #hidden::Fallback(#value).get().await
                }},
            };
            (prologue, (quote_ours!(_), otherwise))
        }
    };
    let wrapping = Wrapping {
        begin: given.begin(&hidden),
        settle: given.settle(&hidden),
        refused: Some(otherwise),
        prologue,
        hidden,
    };
    Ok(wrap(function, kind, &wrapping))
}

impl Given {
    fn hidden(&self) -> TokenStream {
        let path = &self.path;
        quote_ours!(#path::__private)
    }

    fn begin(&self, hidden: &TokenStream) -> TokenStream {
        let settings = &self.settings;
        let name = match &self.name {
            Some(name) => quote_ours!(::core::option::Option::Some(#name)),
            None => quote_ours!(::core::option::Option::None),
        };
        // The nested function has no use but its name, in which are that of the function around it, its type and
        // its trait. Both items are the same for all types of a generic function.
        quote_ours! {{
            fn __here() {}
            static __SITE: #hidden::Site = #hidden::Site::new(
                #name,
                (::core::line!(), ::core::column!()),
                |settings| { let _ = &settings; #settings },
            );
            __SITE.admit(__here)
        }}
    }

    fn settle(&self, hidden: &TokenStream) -> TokenStream {
        let is_err = is_err(hidden);
        match &self.classify {
            None => quote_ours!(call.settle(#is_err);),
            Some(classify) => {
                let arguments = at(classify.span(), quote_ours!((&returned)));
                quote_ours!(call.settle_by(|| #classify #arguments, #is_err);)
            }
        }
    }
}

/// This attribute once more, to be put behind those that are to be expanded before it.
fn placed(given: &Given, arguments: TokenStream) -> syn::Attribute {
    let path = &given.path;
    let mark = Ident::new(PLACED, Span::mixed_site());
    let mut all = vec![quote!(#mark)];
    if !given.says_path {
        // What is found at this path would otherwise look for the piece where the piece's own users have it.
        all.push(quote!(crate = #path));
    }
    if !arguments.is_empty() {
        all.push(arguments);
    }
    parse_quote!(#[#path::protected(#(#all),*)])
}

/// Gives every argument a name by which it can be handed on as a whole. Returns what takes apart those that were
/// patterns, and the names.
fn take_whole(function: &mut Function) -> syn::Result<(TokenStream, Vec<TokenStream>)> {
    let (mut prologue, mut names) = (TokenStream::new(), Vec::new());
    for (place, argument) in function.signature.inputs.iter_mut().enumerate() {
        let (FnArg::Receiver(syn::Receiver { attrs, .. }) | FnArg::Typed(syn::PatType { attrs, .. })) =
            &*argument;
        if let Some(condition) = attrs.iter().find(|attribute| attribute.path().is_ident("cfg")) {
            let message = "a fallback cannot be given where an argument is there only sometimes";
            return Err(Error::new_spanned(condition, message));
        }
        let argument = match argument {
            FnArg::Receiver(receiver) => {
                names.push(receiver.self_token.into_token_stream());
                continue;
            }
            FnArg::Typed(argument) => argument,
        };
        match &*argument.pat {
            Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
                names.push(pattern.ident.to_token_stream());
            }
            pattern => {
                let name = Ident::new(&format!("__argument_{place}"), Span::mixed_site());
                if !matches!(pattern, Pat::Wild(_)) {
                    prologue.extend(quote_ours!(let #pattern = #name;));
                }
                names.push(name.to_token_stream());
                *argument.pat = parse_quote!(#name);
            }
        }
    }
    Ok((prologue, names))
}
