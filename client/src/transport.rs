//! The seam to rmcp: its HTTP client, with our own delivery behind it.

use std::collections::HashMap;
use std::sync::Arc;

use futures::stream::BoxStream;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, ErrorData, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::Sse;

use crate::delivery::{Delivered, LAST_EVENT, Outgoing, Session, SignedHttp};
use crate::error::Error;
use crate::exchange::Answer;
use crate::retry::Twice;

type HttpError = StreamableHttpError<Error>;

impl StreamableHttpClient for SignedHttp {
    type Error = Error;

    async fn post_message(
        &self,
        _: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        _: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, HttpError> {
        let outgoing = self.outgoing(&message, custom_headers)?;
        match self.deliver(&outgoing).await {
            // rmcp starts a new session on this, and repeats what had not run.
            Ok(Delivered { status: 404, .. }) | Err(Error::NotMcp { status: 404, .. })
                if session.is_some() =>
            {
                self.forget_session();
                Err(StreamableHttpError::SessionExpired)
            }
            Ok(Delivered { answer: Answer::Accepted, .. }) => Ok(StreamableHttpPostResponse::Accepted),
            Ok(Delivered { answer: Answer::Events(events), session, .. }) => {
                Ok(StreamableHttpPostResponse::Sse(events, session))
            }
            Ok(Delivered { answer: Answer::Message(body), session, .. }) => {
                let answer = self.read(&body).map_err(StreamableHttpError::Client)?;
                Ok(addressed(answer, &message, session))
            }
            // A server of the older protocol era may refuse `server/discover` with
            // anything; rmcp falls back to `initialize` when told so.
            Err(Error::NotMcp { said, .. } | Error::Status { status: 400..=499, said, .. })
                if is_discover(&message) =>
            {
                let error = ServerJsonRpcMessage::error(ErrorData::invalid_request(said, None), None);
                Ok(addressed(error, &message, None))
            }
            Err(error) => Err(StreamableHttpError::Client(error)),
        }
    }

    async fn delete_session(
        &self,
        _: Arc<str>,
        _: Arc<str>,
        _: Option<String>,
        _: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), HttpError> {
        self.end_session().await;
        Ok(())
    }

    /// The server's own stream, or the rest of an answer that broke off.
    async fn get_stream(
        &self,
        _: Arc<str>,
        _: Option<Arc<str>>,
        last_event_id: Option<String>,
        _: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, HttpError> {
        let mut headers = HeaderMap::from_iter(custom_headers);
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(last) = last_event_id {
            // One that cannot be named cannot be gone on from.
            let last =
                HeaderValue::try_from(last).map_err(|_| StreamableHttpError::ServerDoesNotSupportSse)?;
            headers.insert(LAST_EVENT, last);
        }
        let events = self.listen(&headers).await.map_err(StreamableHttpError::Client)?;
        events.ok_or(StreamableHttpError::ServerDoesNotSupportSse)
    }
}

impl SignedHttp {
    fn outgoing(
        &self,
        message: &ClientJsonRpcMessage,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<Outgoing, HttpError> {
        let mut headers = HeaderMap::from_iter(custom_headers);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        Ok(Outgoing {
            body: serde_json::to_vec(message)?.into(),
            headers,
            awaits_answer: matches!(message, ClientJsonRpcMessage::Request(_)),
            twice: self.twice(message),
            deadline: self.deadline(),
            session: Session::Current,
        })
    }

    /// A message as rmcp knows it.
    fn read(&self, body: &[u8]) -> Result<ServerJsonRpcMessage, Error> {
        let unreadable = |error| self.not_mcp(200, format!("not a message of MCP ({error})"));
        serde_json::from_slice(body).map_err(unreadable)
    }

    /// All of MCP's own methods may arrive twice, and the tools that are announced so.
    fn twice(&self, message: &ClientJsonRpcMessage) -> Twice {
        let ClientJsonRpcMessage::Request(request) = message else { return Twice::Harmless };
        match &request.request {
            ClientRequest::CallToolRequest(call) if self.is_repeatable(&call.params.name) => Twice::Harmless,
            ClientRequest::CallToolRequest(_) | ClientRequest::CustomRequest(_) => Twice::Harmful,
            _ => Twice::Harmless,
        }
    }
}

fn is_discover(message: &ClientJsonRpcMessage) -> bool {
    matches!(message, ClientJsonRpcMessage::Request(request) if matches!(request.request, ClientRequest::DiscoverRequest(_)))
}

/// An error under the id of the request it answers: a server that refuses a request before
/// reading it does not know the id.
fn addressed(
    error: ServerJsonRpcMessage,
    message: &ClientJsonRpcMessage,
    session: Option<String>,
) -> StreamableHttpPostResponse {
    let addressed = match (error, message) {
        (ServerJsonRpcMessage::Error(error), ClientJsonRpcMessage::Request(request)) => {
            ServerJsonRpcMessage::error(error.error, Some(request.id.clone()))
        }
        (error, _) => error,
    };
    StreamableHttpPostResponse::Json(addressed, session)
}
