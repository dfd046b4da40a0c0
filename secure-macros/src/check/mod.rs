//! The rule book: turns a parsed attribute into a checked endpoint, or reports every rule that it
//! breaks.

mod actions;
mod allow;
mod body;
mod caller;
mod clauses;
mod concurrency;
mod containment;
mod context;
mod contradictions;
mod costs;
mod enum_variants;
mod exceptions;
mod exposure;
mod expression_variables;
mod failures;
mod layers;
mod limits;
mod macros;
mod modes;
mod names;
mod objects;
mod parameters;
mod partitions;
mod path_template;
mod patterns;
mod redundant_clauses;
mod resolution;
mod resources;
mod routes;
mod shared_expressions;
mod signature;
mod source;
mod step_up;
mod tautologies;
mod tiers;
mod unless;
mod url_parameters;
mod vocabulary;
mod websocket;

use crate::diagnostics::Diagnostics;
use crate::model::layers::{Layer, Origin};
use crate::model::legal::{Access, Endpoint, Policy};
use crate::model::raw::{By, Declaration, Function};
use crate::paths::Paths;
use crate::vocabulary::Vocabulary;

use context::Context;

pub(crate) use routes::visible;
pub(crate) use signature::{returns_a_pin, self_type};

/// Checks one attribute on one function.
pub(crate) fn endpoint(
    mut layers: Vec<Layer>,
    function: Function,
    known: &Vocabulary,
    diagnostics: &mut Diagnostics,
) -> Option<Endpoint> {
    let is_read = diagnostics.count() == 0;
    let mistakes = diagnostics.count();
    for layer in &mut layers {
        self::layer(layer, known, diagnostics);
    }
    let is_read_whole = is_read && layers.iter().all(|layer| layer.is_whole);
    let is_sound = diagnostics.count() == mistakes;
    let is_one_layer = layers.len() < 2;
    let modules = layers.iter().filter(|layer| layer.origin == Origin::Module).count();
    let texts = layers::texts(&layers);
    let mistakes = diagnostics.count();
    let declaration = &layers::narrowed(layers, diagnostics);

    signature::takes_no_self(&function, diagnostics)?;
    signature::is_async(&function, diagnostics);
    signature::has_no_qualifiers(&function, diagnostics);
    signature::returns_a_response(&function, diagnostics);
    signature::is_secured_once(&function, diagnostics);
    signature::is_the_item_of_others(&function, diagnostics);
    signature::names_no_self(&function, diagnostics);
    signature::has_all_its_parameters(&function, diagnostics);
    signature::names_its_types(&function, diagnostics);
    signature::has_few_parameters(&function, diagnostics);

    let routes = visible(&function);
    routes::one_route_attribute(&function, diagnostics);
    routes::routed_is_not_generic(&function, &routes, diagnostics);

    let parameters = parameters::of(&function, known.bodies());
    caller::public_needs_no_caller(declaration, &parameters, diagnostics);
    caller::optional_demands_nothing(declaration, diagnostics);
    let requirements = names::requirements(declaration, known);
    if !is_one_layer && mistakes == 0 {
        tautologies::somebody_passes(declaration, &requirements, known, diagnostics);
    }
    allow::authenticators_are_used(declaration, diagnostics);
    allow::public_rules_use_no_caller(declaration, diagnostics);
    allow::words_are_free(declaration, &parameters, diagnostics);
    allow::patterns_bind_no_parameter(declaration, &parameters, diagnostics);
    let is_read_whole =
        shared_expressions::variables_are_parameters(declaration, &parameters, diagnostics)
            && is_read_whole;
    allow::expressions_are_few(declaration, diagnostics);
    allow::checks_have_a_caller(declaration, diagnostics);
    allow::checkers_take_parameters(declaration, &parameters, diagnostics);
    allow::hide_has_a_rule(declaration, diagnostics);
    allow::checks_differ(declaration, diagnostics);
    resources::grants_have_a_rule(declaration, &parameters, diagnostics);
    resources::grants_are_whole_parameters(&parameters, diagnostics);
    resources::are_loaded_once(&parameters, diagnostics);
    resources::hidden_resources_are_whole_parameters(declaration, &parameters, diagnostics);
    resources::hidden_resources_are_decided_without_body(declaration, &parameters, diagnostics);
    let (clauses, rule_expressions) = clauses::clauses(declaration, &parameters, known);

    for rate in &declaration.rates {
        partitions::principals_exist(rate, declaration, diagnostics);
        costs::costs_use_arguments(rate, &parameters, diagnostics);
        costs::hidden_resources_cost_nothing(rate, declaration, &parameters, diagnostics);
    }
    for by in partitions::all(declaration) {
        partitions::keys_use_the_request(Some(by), &parameters, diagnostics);
    }
    let (keys, costs) = clauses::of_limits(declaration, &parameters, known);

    body::validates_parameters(declaration, &parameters, diagnostics);
    body::exempts_parameters(declaration, &parameters, diagnostics);
    body::validated_bodies_have_rules(declaration, &parameters, diagnostics);
    websocket::handshakes_are_get(declaration, &routes, diagnostics);
    websocket::handlers_take_the_stream(declaration, &parameters, diagnostics);
    body::content_type_is_a_media_type(declaration, diagnostics);
    body::content_encodings_are_known(declaration, diagnostics);
    exceptions::reasons_are_not_empty(declaration, diagnostics);
    exceptions::ends_are_dates(declaration, diagnostics);
    exceptions::none_has_ended(declaration, diagnostics);

    let levels = known.levels();
    let context = Context { declaration, routes: &routes, parameters: &parameters, levels };
    let mistakes = diagnostics.count();
    url_parameters::reads_have_no_body(&context, diagnostics);
    // A body that a GET request cannot have need not be validated.
    if diagnostics.count() == mistakes {
        body::every_body_is_decided(&context, known.bodies(), diagnostics);
    }
    url_parameters::paths_take_every_segment(&context, diagnostics);
    url_parameters::paths_take_no_more(&context, diagnostics);
    url_parameters::no_secret_in_the_url(&context, diagnostics);
    objects::exempt_something(&context, diagnostics);
    // A part that could not be parsed may be the one that these rules require.
    if is_read_whole {
        objects::have_a_rule(&context, diagnostics);
        objects::have_a_reason(&context, diagnostics);
        exposure::public_writes_are_limited(&context, diagnostics);
        exposure::public_has_a_reason(&context, diagnostics);
        if is_sound {
            exposure::keys_are_not_the_clients_choice(&context, diagnostics);
        }
        exposure::known_callers_are_limited(&context, &function.signature.ident, diagnostics);
    }

    let objects_need_a_checker = objects::need_a_checker(&context);
    Some(Endpoint {
        variant_names: enum_variants::names(declaration),
        pathless: url_parameters::resources_without_a_segment(&context),
        objects_need_a_checker,
        paths: Paths::new(declaration.root.as_ref()),
        routes,
        policy: Policy {
            access: access(declaration),
            requirements,
            clauses,
            step_up: step_up::demanded(declaration),
            actions: actions::named(declaration),
            hides: declaration.hide.is_some(),
            is_callable: declaration.callable.is_some(),
            grants: resources::grants(&parameters),
            limits: limits::limits(&declaration.rates, &keys, &costs, known),
            concurrency: concurrency::legal(&declaration.concurrency, &keys),
            priority: declaration.priority.as_ref().map(|name| name.text.clone()),
            failures: failures::budgets(declaration),
            max_body: declaration.max_body.as_ref().map(|(size, _)| size.0),
            body_timeout: declaration.body_timeout.as_ref().map(|(time, _)| time.0),
            websocket: declaration.websocket.is_some(),
            content_type: declaration.content_type.as_ref().map(|name| name.text.clone()),
            content_encodings: body::codings(declaration),
            unvalidated: body::exemptions(declaration, &parameters),
            undecided: body::undecided(declaration, &parameters),
            validated_by: body::validated_by(declaration, &parameters),
            exceptions: exceptions::reasoned(declaration),
            layers: texts,
            modules,
        },
        arguments: parameters.iter().map(|parameter| parameter.ty.clone()).collect(),
        validated: body::validated(declaration, &parameters),
        possible_bodies: body::possible_bodies(declaration, &parameters),
        bodies: body::bodies(declaration, &parameters),
        resources: resources::places(&parameters),
        rule_expressions,
        keys,
        costs,
        warnings: diagnostics.warnings(),
        ends: exceptions::some_end(declaration),
        function,
    })
}

/// Checks one layer by itself, for a policy where it is written.
pub(crate) fn layer(layer: &mut Layer, known: &Vocabulary, diagnostics: &mut Diagnostics) {
    vocabulary::explain_rates(&mut layer.declaration, known, diagnostics);
    enum_variants::explain(layer, known, diagnostics);
    layers::parameters_are_the_handlers(layer, diagnostics);
    shared_expressions::names_are_found_everywhere(layer, diagnostics);
    shared_expressions::mark(layer);
    alone(&layer.declaration, known, diagnostics);
}

/// Rules about one declaration by itself.
fn alone(declaration: &Declaration, known: &Vocabulary, diagnostics: &mut Diagnostics) {
    let mistakes = diagnostics.count();
    for names in names::lists(declaration) {
        names::not_empty(names, diagnostics);
        names::well_formed(names, diagnostics);
        names::no_duplicates(names, diagnostics);
    }

    step_up::one_class_is_met(declaration, diagnostics);
    step_up::classes_fit_the_challenge(declaration, diagnostics);

    for (fact, names) in &declaration.demands {
        vocabulary::names_are_known(*fact, names, known, diagnostics);
    }
    actions::names_are_words(declaration, diagnostics);
    allow::names_are_known(declaration, known, diagnostics);
    allow::conditions_are_operands(declaration, diagnostics);
    allow::patterns_compare(declaration, diagnostics);
    let requirements = names::requirements(declaration, known);
    if diagnostics.count() == mistakes {
        redundant_clauses::no_alternative_is_admitted_already(
            declaration,
            &requirements,
            diagnostics,
        );
        redundant_clauses::no_demand_is_met_already(declaration, &requirements, diagnostics);
    }
    if diagnostics.count() == mistakes {
        tautologies::every_part_decides(declaration, &requirements, known, diagnostics);
    }

    for rate in &declaration.rates {
        let mistakes = diagnostics.count();
        limits::has_a_quota(rate, diagnostics);
        limits::one_kind_of_quota(rate, diagnostics);
        tiers::there_are_several(rate, diagnostics);
        tiers::are_those_of_the_vocabulary(rate, known, diagnostics);
        limits::burst_is_positive(rate, diagnostics);
        limits::cost_is_positive(rate, diagnostics);
        limits::cost_fits_burst(rate, diagnostics);
        limits::windows_differ(rate, diagnostics);
        limits::zone_is_known(rate, diagnostics);
        limits::shared_names_a_count(rate, diagnostics);
        limits::refunds_are_known_before(rate, diagnostics);
        unless::uses_grants_and_networks(rate, known, diagnostics);
        modes::are_known(rate.mode.as_ref(), diagnostics);
        partition(rate.by.as_ref(), diagnostics);
        // The effect of a key with mistakes is unknown.
        if diagnostics.count() == mistakes {
            contradictions::every_quota_binds(rate, diagnostics);
        }
    }
    for at_once in &declaration.concurrency {
        concurrency::is_positive(at_once, diagnostics);
        concurrency::queue_has_places(at_once, diagnostics);
        concurrency::queue_has_a_wait(at_once, diagnostics);
        modes::are_known(at_once.mode.as_ref(), diagnostics);
        partition(at_once.by.as_ref(), diagnostics);
    }
    limits::priority_is_known(declaration, diagnostics);
    for budget in &declaration.failures {
        failures::has_a_rate(budget, diagnostics);
        modes::are_known(budget.mode.as_ref(), diagnostics);
        failures::statuses_are_failures(budget, diagnostics);
        failures::statuses_differ(budget, diagnostics);
    }
    failures::windows_differ(declaration, diagnostics);
    websocket::sockets_have_no_body(declaration, diagnostics);
    partitions::differ(&declaration.rates, diagnostics);
    contradictions::known_callers_are_not_worse_off(&declaration.rates, diagnostics);
}

/// Rules about `by`.
fn partition(by: Option<&By>, diagnostics: &mut Diagnostics) {
    partitions::words_are_known(by, diagnostics);
    partitions::headers_are_names(by, diagnostics);
    partitions::claims_have_names(by, diagnostics);
    partitions::combinations_split_counts(by, diagnostics);
}

fn access(declaration: &Declaration) -> Access {
    match (&declaration.public, &declaration.auth) {
        (Some(_), _) => Access::Public,
        (None, Some(auth)) if auth.is_optional() => Access::Optional,
        (None, Some(auth)) if auth.is_lenient => Access::Lenient(names::authenticators(Some(auth))),
        (None, auth) => Access::Authenticated(names::authenticators(auth.as_ref())),
    }
}
