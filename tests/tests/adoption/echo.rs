//! An actor that echoes the text messages of its WebSocket.

pub struct Echo;

impl actix::Actor for Echo {
    type Context = actix_web_actors::ws::WebsocketContext<Self>;
}

impl
    actix::StreamHandler<Result<actix_web_actors::ws::Message, actix_web_actors::ws::ProtocolError>>
    for Echo
{
    fn handle(
        &mut self,
        message: Result<actix_web_actors::ws::Message, actix_web_actors::ws::ProtocolError>,
        context: &mut Self::Context,
    ) {
        if let Ok(actix_web_actors::ws::Message::Text(text)) = message {
            context.text(text);
        }
    }
}
