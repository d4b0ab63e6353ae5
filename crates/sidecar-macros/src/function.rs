//! The function that an attribute stands on: its parts, and whether it does its work before it returns.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{
    AttrStyle, Attribute, Error, GenericArgument, PathArguments, Result, ReturnType, Signature, Token, Type,
    TypeParamBound, Visibility,
};

/// A function or method with a body. The body is not looked into unless that is needed.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

/// When a function does its work.
pub(crate) enum Kind {
    /// Before it returns.
    Sync,
    /// When it is polled: an `async fn`.
    Async,
    /// When what it returns is polled: the type of what that becomes, and whether the future is boxed.
    Future { output: Box<Type>, is_boxed: bool },
}

impl Function {
    /// Reads the item under `#[attribute]`.
    pub(crate) fn read(item: TokenStream, attribute: &str) -> Result<Self> {
        let start =
            item.clone().into_iter().next().map_or_else(proc_macro2::Span::call_site, |token| token.span());
        let only = format!("#[{attribute}] goes on a function or a method with a body");
        let function = Self::parse.parse2(item).map_err(|_| Error::new(start, only))?;
        if let Some(constness) = &function.signature.constness {
            let message = format!(
                "#[{attribute}] cannot go on a `const fn`: what it does is not known at compile time"
            );
            return Err(Error::new(constness.span(), message));
        }
        Ok(function)
    }

    pub(crate) fn kind(&self) -> Kind {
        if self.signature.asyncness.is_some() {
            return Kind::Async;
        }
        match &self.signature.output {
            ReturnType::Type(_, ty) => future(ty).unwrap_or(Kind::Sync),
            ReturnType::Default => Kind::Sync,
        }
    }

    /// The type that the signature names as what is returned.
    pub(crate) fn returned(&self) -> Type {
        match &self.signature.output {
            ReturnType::Type(_, ty) => (**ty).clone(),
            ReturnType::Default => syn::parse_quote!(()),
        }
    }

    /// Where the return type stands, or the function's name where there is none.
    pub(crate) fn returned_span(&self) -> proc_macro2::Span {
        match &self.signature.output {
            ReturnType::Type(_, ty) => ty.span(),
            ReturnType::Default => self.signature.ident.span(),
        }
    }

    /// Whether another attribute of this name is still to be expanded, also if only under some condition.
    pub(crate) fn has_attribute(&self, name: &str) -> bool {
        self.attrs.iter().any(|attribute| {
            let path = attribute.path();
            let is_named = path.segments.last().is_some_and(|last| last.ident == name);
            is_named || path.is_ident("cfg_attr") && mentions(attribute.meta.to_token_stream(), name)
        })
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut attrs = Attribute::parse_outer(input)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        if input.peek(Token![;]) {
            return Err(input.error("no body"));
        }
        let TokenTree::Group(body) = input.parse()? else { return Err(input.error("no body")) };
        let body = unwrapped(body);
        // Those inside the braces are as good before the function, and would be misplaced in a closure.
        let split =
            |input: ParseStream<'_>| Ok((Attribute::parse_inner(input)?, input.parse::<TokenStream>()?));
        let (inner, rest) = split.parse2(body.stream())?;
        let body = if inner.is_empty() {
            body
        } else {
            let mut stripped = Group::new(body.delimiter(), rest);
            stripped.set_span(body.span());
            stripped
        };
        attrs.extend(inner.into_iter().map(|attribute| Attribute { style: AttrStyle::Outer, ..attribute }));
        Ok(Self { attrs, visibility, signature, body })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.attrs.iter().for_each(|attribute| attribute.to_tokens(tokens));
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

/// What is in the groups that come with a body handed on by a `macro_rules` macro.
fn unwrapped(body: Group) -> Group {
    match body.stream().into_iter().next() {
        Some(TokenTree::Group(inner)) if body.delimiter() == Delimiter::None => unwrapped(inner),
        _ => body,
    }
}

fn mentions(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

/// The kind of a function that returns this type, if it is a future by its looks: `impl Future<Output = T>`,
/// `Pin<Box<dyn Future<Output = T>>>`, or `BoxFuture<'_, T>`.
fn future(ty: &Type) -> Option<Kind> {
    match ungrouped(ty) {
        Type::ImplTrait(opaque) => output_of(opaque.bounds.iter())
            .map(|output| Kind::Future { output: Box::new(output), is_boxed: false }),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let argument = last_type(&last.arguments)?;
            let output = if last.ident == "Pin" {
                let Type::Path(inner) = ungrouped(argument) else { return None };
                let inner = inner.path.segments.last().filter(|inner| inner.ident == "Box")?;
                let Type::TraitObject(object) = ungrouped(last_type(&inner.arguments)?) else { return None };
                output_of(object.bounds.iter())?
            } else if last.ident == "BoxFuture" || last.ident == "LocalBoxFuture" {
                argument.clone()
            } else {
                return None;
            };
            Some(Kind::Future { output: Box::new(output), is_boxed: true })
        }
        _ => None,
    }
}

/// `T`, if one of the bounds is `Future<Output = T>`.
fn output_of<'a>(bounds: impl Iterator<Item = &'a TypeParamBound>) -> Option<Type> {
    bounds.into_iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        let last = bound.path.segments.last().filter(|last| last.ident == "Future")?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(assigned) if assigned.ident == "Output" => Some(assigned.ty.clone()),
            _ => None,
        })
    })
}

fn last_type(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    arguments.args.iter().rev().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        other => other,
    }
}
