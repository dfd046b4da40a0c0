//! Rules about WebSocket handshakes.

use super::parameters::Parameter;
use crate::diagnostics::Diagnostics;
use crate::model::legal::Route;
use crate::model::raw::Declaration;

/// The handshake is a GET request (RFC 6455 section 4.1).
pub(super) fn handshakes_are_get(
    declaration: &Declaration,
    routes: &[Route],
    diagnostics: &mut Diagnostics,
) {
    let Some(key) = &declaration.websocket else { return };
    let mut methods = routes.iter().flat_map(|route| &route.methods);
    if let Some(other) = methods.find(|method| *method != "GET") {
        diagnostics
            .error(key, format!("`websocket` expects a handler of `GET`, found `{other}`"))
            .help("`#[get(\"…\")]`");
    }
}

/// The handler takes the stream of the client's data; the runtime ends the socket through it.
pub(super) fn handlers_take_the_stream(
    declaration: &Declaration,
    parameters: &[Parameter<'_>],
    diagnostics: &mut Diagnostics,
) {
    let Some(key) = &declaration.websocket else { return };
    let is_stream = |it: &Parameter<'_>| {
        it.body.as_ref().is_some_and(|body| body.extractor() == "Payload")
            || declaration.unvalidated.iter().any(|exempt| it.binds(&exempt.parameter.text))
    };
    if !parameters.iter().any(is_stream) {
        diagnostics
            .error(key, "`websocket` expects a parameter `web::Payload`, found none")
            .help("`stream: web::Payload`");
    }
}

/// The data after the handshake is not a body (RFC 9110 section 7.8), so keys about bodies do not
/// limit it.
pub(super) fn sockets_have_no_body(declaration: &Declaration, diagnostics: &mut Diagnostics) {
    if declaration.websocket.is_none() {
        return;
    }
    let max_body = declaration.max_body.as_ref().map(|(_, place)| ("max_body", place));
    let body_timeout = declaration.body_timeout.as_ref().map(|(_, place)| ("body_timeout", place));
    let content_type = declaration.content_type.as_ref().map(|place| ("content_type", place));
    for (key, place) in max_body.into_iter().chain(body_timeout).chain(content_type) {
        diagnostics
            .error(place, format!("`{key}` limits a request body, and a `websocket` has none"))
            .help("remove it, and limit the size of messages in the WebSocket library");
    }
}
