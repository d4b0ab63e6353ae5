//! The body of a function, handed to a piece as one call.

use crate::function::{Function, Kind};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{Block, Expr, Stmt, Type, parse_quote};

/// As `quote!`, in the names and lints of this crate: the body sees no variable of these tokens, and no lint of the
/// user's looks at them.
macro_rules! quote_ours {
    ($($tokens:tt)*) => { ::quote::quote_spanned! { ::proc_macro2::Span::mixed_site()=> $($tokens)* } };
}
pub(crate) use quote_ours;

/// What goes around a body.
pub(crate) struct Wrapping {
    /// The piece's hidden module.
    pub(crate) hidden: TokenStream,
    /// Begins the call: evaluates to `call`, or to a `Result` of it if it can be `refused`.
    pub(crate) begin: TokenStream,
    /// Ends `call`, which has `returned`.
    pub(crate) settle: TokenStream,
    /// What is returned if the call is `rejected`, a pattern and an expression.
    pub(crate) refused: Option<(TokenStream, TokenStream)>,
    /// Takes apart those arguments that were renamed.
    pub(crate) prologue: TokenStream,
}

/// How a body that returns a future is wrapped.
pub(crate) enum Futures {
    /// It is one `async` block, whose statements are the call.
    Inside(Block),
    /// Whatever it is, the future that it makes is the call.
    Around,
}

/// Looks whether the body of a function that returns a future is one `async` block, boxed or not, as `async_trait`
/// writes it. Then nothing happens before the first poll, arguments included.
pub(crate) fn look_into(function: &Function) -> Futures {
    let body = &function.body;
    let Ok(mut block) = syn::parse2::<Block>(quote!(#body)) else { return Futures::Around };
    let is_alone = match block.stmts.split_last() {
        Some((_, before)) => before.iter().all(|stmt| matches!(stmt, Stmt::Item(_))),
        None => false,
    };
    if is_alone && async_block(&mut block).is_some() { Futures::Inside(block) } else { Futures::Around }
}

/// The `async` block at the end of a block, if there is one.
fn async_block(block: &mut Block) -> Option<&mut syn::ExprAsync> {
    let Some(Stmt::Expr(last, None)) = block.stmts.last_mut() else { return None };
    match last {
        Expr::Async(future) => Some(future),
        Expr::Call(call) if is_box_pin(&call.func) => match call.args.first_mut() {
            Some(Expr::Async(future)) => Some(future),
            _ => None,
        },
        _ => None,
    }
}

fn is_box_pin(function: &Expr) -> bool {
    let Expr::Path(path) = function else { return false };
    let mut names = path.path.segments.iter().rev().map(|segment| &segment.ident);
    names.next().is_some_and(|last| last == "pin") && names.next().is_some_and(|before| before == "Box")
}

/// Puts the wrapping around the body.
pub(crate) fn wrap(mut function: Function, kind: Kind, wrapping: &Wrapping) -> TokenStream {
    let body = function.body.clone();
    let braced = |inner: TokenStream| {
        let mut group = proc_macro2::Group::new(proc_macro2::Delimiter::Brace, inner);
        group.set_span(body.span());
        group
    };
    function.body = match kind {
        Kind::Sync => {
            let output = erased(function.returned());
            let inner = wrapping.body(&quote!(#body));
            braced(wrapping.around(&quote_ours!(call.run(move || -> #output #inner))))
        }
        Kind::Async => {
            let future = wrapping.future(&function.returned(), &quote!(#body));
            braced(wrapping.around(&quote_ours!(call.run_async(async move #future).await)))
        }
        Kind::Future { output, is_boxed } => match look_into(&function) {
            Futures::Inside(mut block) => {
                let future = async_block(&mut block).expect("it was found before");
                let (capture, statements) = (future.capture, &future.block);
                let inner = wrapping.future(&output, &quote!(#statements));
                let call = wrapping.around(&quote_ours!(call.run_async(async #capture #inner).await));
                future.block = parse_quote!({ #call });
                let statements = &block.stmts;
                braced(quote!(#(#statements)*))
            }
            Futures::Around => {
                let (hidden, returned) = (&wrapping.hidden, erased(function.returned()));
                let call = wrapping.around(&quote_ours!(call.run_async(future).await));
                let pin = is_boxed.then(|| quote_ours!(::std::boxed::Box::pin));
                braced(quote_ours! {
                    let future = #hidden::evaluate(move || -> #returned #body);
                    #pin(async move { #call })
                })
            }
        },
    };
    quote!(#function)
}

impl Wrapping {
    fn around(&self, run: &TokenStream) -> TokenStream {
        let Self { begin, settle, refused, .. } = self;
        let admitted = quote_ours! {
            let returned = #run;
            #settle
            returned
        };
        match refused {
            Some((rejected, otherwise)) => quote_ours! {
                match #begin {
                    ::core::result::Result::Ok(mut call) => { #admitted }
                    ::core::result::Result::Err(#rejected) => #otherwise,
                }
            },
            None => quote_ours! {
                let mut call = #begin;
                #admitted
            },
        }
    }

    fn body(&self, body: &TokenStream) -> TokenStream {
        let prologue = &self.prologue;
        if prologue.is_empty() { body.clone() } else { quote_ours!({ #prologue #body }) }
    }

    /// The braces of an `async` block. Such a block cannot say what it becomes, which `?` needs to know; a `return`
    /// that is never reached can.
    fn future(&self, output: &Type, body: &TokenStream) -> TokenStream {
        let (hidden, prologue) = (&self.hidden, &self.prologue);
        let typed = match output {
            Type::Never(_) => None,
            _ => {
                let output = erased(output.clone());
                Some(quote_ours! { if false { return #hidden::unreached::<#output>(); } })
            }
        };
        quote_ours!({ #typed #prologue #body })
    }
}

/// The type, with `_` in place of each `impl Trait`.
fn erased(mut ty: Type) -> Type {
    struct Eraser;
    impl VisitMut for Eraser {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            match ty {
                Type::ImplTrait(_) => *ty = parse_quote!(_),
                _ => visit_type_mut(self, ty),
            }
        }
    }
    Eraser.visit_type_mut(&mut ty);
    ty
}

/// A place in the source, with the names and lints of this crate.
pub(crate) fn ours_at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// `hidden::function(arguments)`, whose errors stand at `span`.
pub(crate) fn call_at(
    span: Span,
    hidden: &TokenStream,
    function: &str,
    arguments: &TokenStream,
) -> TokenStream {
    let function = syn::Ident::new(function, ours_at(span));
    quote_spanned!(ours_at(span)=> #hidden::#function(#arguments))
}
