//! The handler's parameters: their names, and whether they hold the request body.

use proc_macro2::Ident;
use syn::{FnArg, GenericArgument, Pat, Path, PathArguments, PathSegment, Type};

use crate::model::raw::Function;
use crate::parse::tokens::word_of;
use crate::vocabulary::Bodies;

/// One parameter.
pub(super) struct Parameter<'a> {
    pub(super) pattern: &'a Pat,
    pub(super) ty: &'a Type,
    /// The names that its pattern binds.
    pub(super) names: Vec<String>,
    /// The elements, if its pattern destructures a tuple.
    pub(super) elements: Vec<Element<'a>>,
    /// How it holds the request's body, if it does.
    pub(super) body: Option<Body>,
    /// Whether the type may hold a body under another name, such as a type alias.
    pub(super) may_hold_body: bool,
    /// Whether its type is known to be extracted from the request head.
    is_of_the_head: bool,
}

/// One element of a tuple of extractors: `path` in `(path, order): (web::Path<u32>, web::Json<Order>)`.
pub(super) struct Element<'a> {
    pub(super) ty: &'a Type,
    names: Vec<String>,
    body: Option<Body>,
}

/// Extractors that do not read the body.
const BODILESS: [&str; 2] = ["HttpRequest", "Principal"];

/// The same for generic extractors; without parameters, the name is an alias of another type.
const BODILESS_OF: [&str; 8] =
    ["Query", "Path", "Data", "Header", "ReqData", "Loaded", "Granted", "Caller"];

/// How a parameter holds the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Deserialized into a type, by this extractor.
    Structured(String),
    /// The bytes, by this extractor.
    Raw(String),
    /// Deserialized into a type without rules of `validator`, and how it could be validated.
    WithoutRules { extractor: String, remedy: String },
    /// Validated by its extractor, which the table `[bodies]` of the vocabulary lists.
    Validated(String),
}

impl Body {
    /// The extractor's name.
    pub(super) fn extractor(&self) -> &str {
        match self {
            Self::Structured(extractor)
            | Self::Raw(extractor)
            | Self::WithoutRules { extractor, .. }
            | Self::Validated(extractor) => extractor,
        }
    }

    fn has_rules(&self) -> bool {
        matches!(self, Self::Structured(_))
    }

    /// Whether its extractor validates it.
    pub(super) fn is_validated(&self) -> bool {
        matches!(self, Self::Validated(_))
    }
}

impl Parameter<'_> {
    pub(super) fn is_of_the_head(&self) -> bool {
        self.is_of_the_head
    }

    pub(super) fn binds(&self, name: &str) -> bool {
        self.names.iter().any(|bound| bound == name)
    }

    /// The element that binds a name, with its position.
    pub(super) fn element(&self, name: &str) -> Option<(usize, &Element<'_>)> {
        let mut elements = self.elements.iter().enumerate();
        elements.find(|(_, element)| element.names.iter().any(|bound| bound == name))
    }

    /// The type of a name, in a destructured tuple that of the element.
    pub(super) fn type_of(&self, name: &str) -> &Type {
        self.element(name).map_or(self.ty, |(_, element)| element.ty)
    }

    /// How the value of a name holds the request body.
    pub(super) fn body_of(&self, name: &str) -> Option<&Body> {
        self.element(name).map_or(self.body.as_ref(), |(_, element)| element.body.as_ref())
    }

    /// Whether one name means a tuple of several extractors.
    pub(super) fn is_whole_tuple(&self) -> bool {
        self.elements.is_empty() && matches!(self.ty, Type::Tuple(tuple) if tuple.elems.len() > 1)
    }

    /// The names for the body in `validate` and `unvalidated`.
    pub(super) fn names_of_body(&self) -> &[String] {
        let is_open = |body: &Body| !body.is_validated();
        let mut elements = self.elements.iter();
        let element = elements.clone().find(|it| it.body.as_ref().is_some_and(is_open));
        let element = element.or_else(|| elements.find(|element| element.body.is_some()));
        element.map_or(&self.names, |element| &element.names)
    }

    /// The caller as an argument: `Principal`, or `Option<Principal>`.
    pub(super) fn is_principal(&self) -> bool {
        self.is_caller("Principal", |_| true)
    }

    /// Whether it is state of the application, the same for every request: `web::Data<…>`.
    pub(super) fn is_shared_state(&self) -> bool {
        last_segment(self.ty).is_some_and(|last| last.ident == "Data")
    }

    /// The same as a type of the application: `Caller<User>`, or `Option<Caller<User>>`.
    pub(super) fn is_typed_caller(&self) -> bool {
        self.is_caller("Caller", |last| !last.arguments.is_none())
    }

    fn is_caller(&self, name: &str, is_one: impl Fn(&PathSegment) -> bool) -> bool {
        let segment = last_segment(self.ty);
        let inner = segment.filter(|last| last.ident == "Option").and_then(first_type);
        let mut segments = [segment, inner.and_then(last_segment)].into_iter().flatten();
        segments.any(|last| last.ident == name && is_one(last))
    }
}

impl<'a> Parameter<'a> {
    /// The identifier that binds this name, as the handler writes it.
    pub(super) fn ident(&self, name: &str) -> Option<&'a Ident> {
        let mut idents = Vec::new();
        bound_names(self.pattern, &mut idents);
        idents.into_iter().find(|ident| word_of(ident).text == name)
    }

    /// The resource, if this is `Granted<Resource>`.
    pub(super) fn granted(&self) -> Option<&'a Type> {
        last_segment(self.ty).filter(|last| last.ident == "Granted").and_then(first_type)
    }

    /// The resource, if this is `Loaded<Resource>` or `Granted<Resource>`.
    pub(super) fn resource(&self) -> Option<&'a Type> {
        let loaded = last_segment(self.ty).filter(|last| last.ident == "Loaded");
        loaded.and_then(first_type).or_else(|| self.granted())
    }

    /// Whether the reserved word of a rule means this parameter anyway.
    pub(super) fn is_word(&self, word: &str) -> bool {
        match word {
            "caller" => self.is_principal(),
            _ => last_segment(self.ty).is_some_and(|last| last.ident == "HttpRequest"),
        }
    }
}

/// All parameters, in their order.
pub(super) fn of<'a>(function: &'a Function, known: &Bodies) -> Vec<Parameter<'a>> {
    let typed = function.signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    });
    typed
        .map(|typed| {
            let names = names_in(&typed.pat);
            let elements = elements(&typed.pat, &typed.ty, known);
            let body = body(&typed.ty, known);
            let last = last_segment(&typed.ty);
            let is_known = last.is_some_and(|last| {
                BODILESS.iter().any(|it| last.ident == it)
                    || (!last.arguments.is_none() && BODILESS_OF.iter().any(|it| last.ident == it))
            });
            let may_hold_body = body.is_none() && !is_known && matches!(*typed.ty, Type::Path(_));
            let is_of_the_head = body.is_none() && is_known;
            Parameter {
                pattern: &typed.pat,
                ty: &typed.ty,
                names,
                elements,
                body,
                may_hold_body,
                is_of_the_head,
            }
        })
        .collect()
}

fn names_in(pattern: &Pat) -> Vec<String> {
    let mut names = Vec::new();
    bound_names(pattern, &mut names);
    names.into_iter().map(|name| word_of(name).text).collect()
}

/// The elements of a tuple, if the pattern destructures it.
fn elements<'a>(pattern: &Pat, ty: &'a Type, known: &Bodies) -> Vec<Element<'a>> {
    match (pattern, ty) {
        (Pat::Tuple(pattern), Type::Tuple(tuple))
            if pattern.elems.len() == tuple.elems.len()
                && !pattern.elems.iter().any(|it| matches!(it, Pat::Rest(_))) =>
        {
            let pairs = pattern.elems.iter().zip(&tuple.elems);
            let element = |(it, ty): (&Pat, &'a Type)| Element {
                ty,
                names: names_in(it),
                body: body(ty, known),
            };
            pairs.map(element).collect()
        }
        _ => Vec::new(),
    }
}

fn bound_names<'a>(pattern: &'a Pat, names: &mut Vec<&'a Ident>) {
    match pattern {
        Pat::Ident(pattern) => {
            names.push(&pattern.ident);
            if let Some((_, inner)) = &pattern.subpat {
                bound_names(inner, names);
            }
        }
        Pat::Paren(pattern) => bound_names(&pattern.pat, names),
        Pat::Reference(pattern) => bound_names(&pattern.pat, names),
        Pat::Type(pattern) => bound_names(&pattern.pat, names),
        Pat::Or(pattern) => {
            if let Some(case) = pattern.cases.first() {
                bound_names(case, names);
            }
        }
        Pat::Slice(pattern) => pattern.elems.iter().for_each(|inner| bound_names(inner, names)),
        Pat::Tuple(pattern) => pattern.elems.iter().for_each(|inner| bound_names(inner, names)),
        Pat::TupleStruct(pattern) => {
            pattern.elems.iter().for_each(|inner| bound_names(inner, names));
        }
        Pat::Struct(pattern) => {
            pattern.fields.iter().for_each(|field| bound_names(&field.pat, names));
        }
        _ => {}
    }
}

/// How a type holds the body, by the last segments of its paths: a macro cannot resolve types.
fn body(ty: &Type, known: &Bodies) -> Option<Body> {
    match ty {
        Type::Group(group) => body(&group.elem, known),
        Type::Paren(paren) => body(&paren.elem, known),
        // A tuple of extractors is an extractor.
        Type::Tuple(tuple) => first_of(tuple.elems.iter(), known, |it| !it.is_validated()),
        ty => {
            let last = last_segment(ty)?;
            if let Some(extractor) = path_of(ty).and_then(|path| known.validating(path)) {
                return Some(Body::Validated(extractor.to_owned()));
            }
            let name = last.ident.to_string();
            match name.as_str() {
                "MultipartForm" => Some(Body::Structured(name)),
                "Json" | "Form" => Some(match first_type(last).and_then(container) {
                    Some(container) => Body::WithoutRules {
                        extractor: format!("{name}<{container}<…>>"),
                        remedy: format!("a struct with validation rules around the `{container}`"),
                    },
                    None => Body::Structured(name),
                }),
                "Either" => {
                    let open = first_of(types(last), known, |it| !it.is_validated());
                    let Some(Body::Structured(_)) = open else { return open };
                    Some(match first_of(types(last), known, |it| !it.has_rules()) {
                        Some(Body::Structured(_) | Body::Validated(_)) | None => {
                            Body::Structured(name)
                        }
                        without_rules => return without_rules,
                    })
                }
                "Bytes" | "BytesMut" | "String" | "Payload" | "Multipart" => Some(Body::Raw(name)),
                "Option" | "Result" => first_type(last).and_then(|ty| body(ty, known)),
                _ => None,
            }
        }
    }
}

/// A container type, for which `validator` has no rules whatever its content is.
fn container(ty: &Type) -> Option<&Ident> {
    let name = &last_segment(ty)?.ident;
    ["Box", "HashMap", "BTreeMap", "IndexMap"].iter().any(|it| name == it).then_some(name)
}

/// The first body with this property, else the first body.
fn first_of<'a>(
    types: impl Iterator<Item = &'a Type>,
    known: &Bodies,
    is_one: impl Fn(&Body) -> bool,
) -> Option<Body> {
    let bodies: Vec<Body> = types.filter_map(|ty| body(ty, known)).collect();
    bodies.iter().find(|it| is_one(it)).or(bodies.first()).cloned()
}

pub(super) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    path_of(ty)?.segments.last()
}

fn path_of(ty: &Type) -> Option<&Path> {
    match ty {
        Type::Group(group) => path_of(&group.elem),
        Type::Paren(paren) => path_of(&paren.elem),
        Type::Path(path) => Some(&path.path),
        _ => None,
    }
}

pub(super) fn first_type(segment: &PathSegment) -> Option<&Type> {
    types(segment).next()
}

fn types(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}
