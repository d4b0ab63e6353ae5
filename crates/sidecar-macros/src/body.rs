//! The body of a function, handed to a piece as one call.

use crate::function::{Function, Kind};
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::quote;
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
        let mut group = Group::new(Delimiter::Brace, inner);
        group.set_span(body.span());
        group
    };
    if let (Kind::Async, Type::Never(_)) = (&kind, function.returned()) {
        // What `.await` is made of is looked at by this lint, whoever wrote it.
        function.attrs.push(parse_quote!(#[allow(clippy::diverging_sub_expression)]));
    }
    function.body = match kind {
        Kind::Sync => {
            let output = erased(function.returned());
            let (prologue, statements) = (&wrapping.prologue, body.stream());
            let inner = braced(quote!(#prologue #statements));
            braced(wrapping.around(&output, &quote_ours!(call.run(move || -> #output #inner))))
        }
        Kind::Async => {
            let output = erased(function.returned());
            let future = braced(wrapping.future(&output, &body.stream()));
            braced(wrapping.around(&output, &quote_ours!(call.run_async(async move #future).await)))
        }
        Kind::Future { output, is_boxed } => match look_into(&function) {
            Futures::Inside(mut block) => {
                let future = async_block(&mut block).expect("it was found before");
                let (capture, statements, output) = (future.capture, &future.block.stmts, erased(*output));
                let inner = braced(wrapping.future(&output, &quote!(#(#statements)*)));
                let call =
                    wrapping.around(&output, &quote_ours!(call.run_async(async #capture #inner).await));
                future.block = parse_quote!({ #call });
                let statements = &block.stmts;
                braced(quote!(#(#statements)*))
            }
            Futures::Around => {
                let (hidden, returned) = (&wrapping.hidden, erased(function.returned()));
                let call = wrapping.around(&output, &quote_ours!(call.run_async(future).await));
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
    fn around(&self, output: &Type, run: &TokenStream) -> TokenStream {
        let Self { begin, settle, refused, .. } = self;
        let admitted = match output {
            // There is no after.
            Type::Never(_) => run.clone(),
            _ => quote_ours! {
                let returned = #run;
                #settle
                returned
            },
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

    /// What is in the braces of an `async` block. Such a block cannot say what it becomes, which `?` needs to know; a
    /// `return` that is never reached can.
    fn future(&self, output: &Type, statements: &TokenStream) -> TokenStream {
        let (hidden, prologue) = (&self.hidden, &self.prologue);
        let typed = match output {
            // Not a type of its own everywhere, but one that a function returns. The `return`, too, is never reached.
            Type::Never(_) => quote_ours! {
                #[allow(unreachable_code)]
                if false {
                    return #hidden::unreached::<<fn() -> ! as #hidden::Function>::Output>();
                }
            },
            _ => quote_ours! { if false { return #hidden::unreached::<#output>(); } },
        };
        quote!(#typed #prologue #statements)
    }
}

/// Whether what was `returned` is an error.
pub(crate) fn is_err(hidden: &TokenStream) -> TokenStream {
    quote_ours!({
        use #hidden::AnyReturned as _;
        #hidden::Returned(&returned).is_err()
    })
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

/// The tokens, all at one place of the source. What they name stays the same.
pub(crate) fn at(span: Span, tokens: TokenStream) -> TokenStream {
    let respanned = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let mut respanned = Group::new(group.delimiter(), at(span, group.stream()));
            respanned.set_span(group.span().located_at(span));
            TokenTree::Group(respanned)
        }
        mut token => {
            token.set_span(token.span().located_at(span));
            token
        }
    });
    respanned.collect()
}
