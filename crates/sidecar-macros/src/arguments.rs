//! The arguments of an attribute: `name = value`, each at most once, all errors told at once.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, Result, Token};

/// How alike two names have to be, 0.0 to 1.0, for one to be a misspelling of the other.
const ALIKE: f64 = 0.75;

/// What `#[protected]` writes when it moves itself behind other attributes; not for users.
pub(crate) const PLACED: &str = "__placed";

/// The argument that says where the piece is.
pub(crate) const CRATE: &str = "crate";

struct Argument {
    name: Ident,
    /// None of [`PLACED`] alone.
    value: Option<Expr>,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error("expected an argument, written `name = value`"));
        }
        let name = Ident::parse_any(input)?;
        if name == PLACED {
            return Ok(Self { name, value: None });
        }
        if !input.peek(Token![=]) {
            return Err(Error::new(name.span(), format!("`{name}` needs a value, written `{name} = value`")));
        }
        input.parse::<Token![=]>()?;
        Ok(Self { name, value: Some(input.parse()?) })
    }
}

/// The arguments of one attribute that were not asked for yet, and what was wrong so far.
pub(crate) struct Arguments {
    given: Vec<(Ident, Expr)>,
    is_placed: bool,
    error: Option<Error>,
}

impl Arguments {
    /// Reads the arguments; `known` are their names.
    pub(crate) fn read(tokens: TokenStream, known: &[&str]) -> Self {
        let mut arguments = Self { given: Vec::new(), is_placed: false, error: None };
        match Punctuated::<Argument, Token![,]>::parse_terminated.parse2(tokens) {
            Ok(given) => given.into_iter().for_each(|argument| arguments.add(argument, known)),
            Err(error) => arguments.refuse(error),
        }
        arguments
    }

    fn add(&mut self, Argument { name, value }: Argument, known: &[&str]) {
        let Some(value) = value else {
            self.is_placed = true;
            return;
        };
        if !known.iter().any(|known| name == known) {
            self.refuse(Error::new(name.span(), unknown(&name.to_string(), known)));
        } else if self.given.iter().any(|(given, _)| *given == name) {
            self.refuse(Error::new(name.span(), format!("`{name}` is given twice")));
        } else {
            self.given.push((name, value));
        }
    }

    /// Whether `#[protected]` stands where it put itself.
    pub(crate) fn is_placed(&self) -> bool {
        self.is_placed
    }

    /// Takes the value of `name`, if it was given and `read` accepts it.
    pub(crate) fn take<T>(&mut self, name: &str, read: impl FnOnce(&str, &Expr) -> Result<T>) -> Option<T> {
        let place = self.given.iter().position(|(given, _)| given == name)?;
        let (_, value) = self.given.swap_remove(place);
        read(name, &value).map_err(|error| self.refuse(error)).ok()
    }

    /// Notes a further error.
    pub(crate) fn refuse(&mut self, error: Error) {
        match &mut self.error {
            Some(first) => first.combine(error),
            first @ None => *first = Some(error),
        }
    }

    /// What was wrong, all of it.
    pub(crate) fn finish(self) -> Result<()> {
        self.error.map_or(Ok(()), Err)
    }
}

fn unknown(name: &str, known: &[&str]) -> String {
    let scored = known.iter().map(|known| (strsim::jaro_winkler(name, known), known));
    let nearest = scored.max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((score, nearest)) if score >= ALIKE => {
            format!("there is no argument `{name}`, did you mean `{nearest}`?")
        }
        _ => format!("there is no argument `{name}`; there are `{}`", known.join("`, `")),
    }
}

/// The path to the piece where nothing else is said: `::first::second`.
pub(crate) fn default_path(segments: &[&str]) -> syn::Path {
    let segments: Punctuated<syn::PathSegment, Token![::]> = segments
        .iter()
        // Not the span of anything the user wrote, so that no lint looks at it.
        .map(|segment| syn::PathSegment::from(Ident::new(segment, Span::mixed_site())))
        .collect();
    syn::Path { leading_colon: Some(Token![::](Span::mixed_site())), segments }
}
