//! `vocabulary! { … }`: enums whose variants are the names of the `secure.toml`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Token, Visibility};

use crate::diagnostics::{Diagnostics, choices, nearest};
use crate::file_policies;
use crate::model::legal::Fact;
use crate::paths::Paths;
use crate::vocabulary::{self, FILE, Vocabulary, variant};

/// The tables of the file, and the kinds of names in them.
const KINDS: [(&str, Fact); 3] =
    [("roles", Fact::Role), ("scopes", Fact::Scope), ("permissions", Fact::Permission)];

/// `pub enum Permission = permissions;`
struct Enum {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    kind: Ident,
}

/// The enums, and the path of the runtime: `crate = path;` in front of them.
struct Enums {
    root: Option<syn::Path>,
    enums: Vec<Enum>,
}

impl Parse for Enum {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        input.parse::<Token![enum]>()?;
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        let kind = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok(Self { attributes, visibility, name, kind })
    }
}

impl Parse for Enums {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut root = None;
        if input.peek(Token![crate]) && input.peek2(Token![=]) {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            root = Some(syn::Path::parse_mod_style(input)?);
            input.parse::<Token![;]>()?;
        }
        let mut enums = Vec::new();
        while !input.is_empty() {
            enums.push(input.parse()?);
        }
        Ok(Self { root, enums })
    }
}

/// Expands `vocabulary! { … }`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let current = vocabulary::current();
    let report = current.report(file_policies::faults);
    let mut paths = Paths::new(None);
    let expansion = match syn::parse2::<Enums>(input) {
        Ok(Enums { root, enums }) => {
            paths = Paths::new(root.as_ref());
            enums.iter().map(|it| one(it, &current.vocabulary, &paths)).collect()
        }
        Err(error) => {
            let report = Diagnostics::gather(|diagnostics| {
                diagnostics.syntax(&error).help("`pub enum Permission = permissions;`");
                None::<()>
            });
            report.err().map(|report| quote!(#report)).unwrap_or_default()
        }
    };
    let tracking = current.tracking(&paths);
    quote!(#report #expansion #tracking)
}

/// One enum. An enum with mistakes is generated as far as possible, so that its name and its other
/// variants are found.
fn one(it: &Enum, known: &Vocabulary, paths: &Paths) -> TokenStream {
    let checked = Diagnostics::gather_with_the_rest(|diagnostics| checked(it, known, diagnostics));
    let (rest, report) = match checked {
        Ok(all) => (Some(all), None),
        // The mistakes of a faulty file are reported elsewhere, and its names are unknown.
        Err((rest, report)) => (rest, (!known.is_faulty()).then_some(report)),
    };
    let (fact, names) = rest.unwrap_or((Fact::Role, Vec::new()));
    let declared = declared(it, fact, &names, paths);
    quote!(#report #declared)
}

/// The kind of names, and each name with its variant.
fn checked(
    it: &Enum,
    known: &Vocabulary,
    diagnostics: &mut Diagnostics,
) -> Option<(Fact, Vec<(Ident, String)>)> {
    let kind = it.kind.to_string();
    let Some((_, fact)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        let kinds = KINDS.map(|(name, _)| name);
        let message = format!("`vocabulary!` expects {}, found `{kind}`", choices(&kinds));
        let diagnostic = diagnostics.error(&it.kind, message);
        if let Some(near) = nearest(&kind, kinds) {
            diagnostic.help(format!("did you mean `{near}`?"));
        }
        return None;
    };
    let Some(names) = known.names(*fact) else {
        let message = format!("`vocabulary!` expects a `{FILE}` that lists {kind}, found none");
        diagnostics.error(&it.kind, message).help(fact.example_of_a_list());
        return None;
    };
    let mut variants: Vec<(String, &str)> = Vec::new();
    for name in names {
        match variant(name) {
            None => {
                let message =
                    format!("the {} `{name}` cannot be the name of a variant", fact.word());
                diagnostics
                    .error(&it.name, message)
                    .help("use a name with letters that is not a keyword");
            }
            Some(variant) => match variants.iter().find(|(known, _)| *known == variant) {
                None => variants.push((variant, name)),
                Some((_, earlier)) => {
                    let both = [*earlier, name].map(|name| format!("`{name}`")).join(" and ");
                    let message = format!("the {kind} {both} would both be `{variant}`");
                    diagnostics.error(&it.name, message).help("give one of them another name");
                }
            },
        }
    }
    let place = Span::call_site().located_at(it.name.span());
    let ident = |(variant, name): (String, &str)| (Ident::new(&variant, place), name.to_owned());
    Some((*fact, variants.into_iter().map(ident).collect()))
}

/// The enum and its implementations.
fn declared(it: &Enum, fact: Fact, names: &[(Ident, String)], paths: &Paths) -> TokenStream {
    let Enum { attributes, visibility, name: of, .. } = it;
    let variants = names.iter().map(|(variant, _)| variant);
    let described = names.iter().map(|(variant, name)| {
        let doc = format!("`{name}`");
        quote!(#[doc = #doc] #variant)
    });
    let matched = names.iter().map(|(variant, name)| quote!(Self::#variant => #name));
    let shown = traits(of, fact, names, paths);
    let (option, text) = (quote!(::core::option::Option<Self>), quote!(::core::primitive::str));
    quote! {
        #(#attributes)*
        #[derive(
            ::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug,
            ::core::cmp::PartialEq, ::core::cmp::Eq, ::core::hash::Hash,
        )]
        #[allow(dead_code, non_camel_case_types)]
        #visibility enum #of { #(#described),* }

        #[allow(dead_code)]
        impl #of {
            /// All variants, in the order of their names.
            #visibility const ALL: &'static [Self] = &[#(Self::#variants),*];

            /// The name, as in policies and tokens.
            #[must_use]
            #visibility const fn name(self) -> &'static #text {
                match self { #(#matched),* }
            }

            /// The variant with this name.
            #[must_use]
            #visibility fn from_name(name: &#text) -> #option {
                Self::ALL.iter().copied().find(|it| it.name() == name)
            }
        }

        #shown
    }
}

fn traits(of: &Ident, fact: Fact, names: &[(Ident, String)], paths: &Paths) -> TokenStream {
    let support = paths.support();
    let kind = match fact {
        Fact::Role => quote!(Role),
        Fact::Scope => quote!(Scope),
        Fact::Permission => quote!(Permission),
    };
    let pairs = names.iter().map(|(variant, name)| {
        let variant = variant.to_string();
        quote!((#variant, #name))
    });
    let text = quote!(::core::primitive::str);
    quote! {
        impl #support::TypedNames for #of {
            const KIND: #support::NameKind = #support::NameKind::#kind;
            const NAMES: &'static [(&'static #text, &'static #text)] = &[#(#pairs),*];
        }

        impl ::core::fmt::Display for #of {
            fn fmt(&self, formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                formatter.write_str(self.name())
            }
        }

        impl ::core::convert::From<#of> for &'static #text {
            fn from(it: #of) -> Self {
                it.name()
            }
        }
    }
}
