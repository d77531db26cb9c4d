//! Answers that go one way: a stateless host has nowhere to take a client's answer.
//!
//! In the older protocol era a handler may ask its client something (sampling, elicitation,
//! roots) and wait. The client's answer is a request of its own, which finds no handler here
//! that waits for it: both sides would wait for ever. The question is turned into an error
//! that ends the call instead.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use rmcp::model::{ErrorCode, ErrorData, JsonRpcError, RequestId};
use serde::Deserialize;

use crate::intake::{EVENT_STREAM, names_media_type};
use crate::service::Body;

/// The same answer, in which no question is left to wait for.
pub(crate) fn answer(response: Response<Body>, id: Option<&RequestId>) -> Response<Body> {
    if !names_media_type(response.headers(), CONTENT_TYPE, &[EVENT_STREAM]) {
        return response;
    }
    response.map(|body| OneWay { body: Some(body), id: id.cloned() }.boxed())
}

/// An event stream that ends with an error where the handler asks its client something.
struct OneWay {
    /// `None` once ended, which ends the handler too.
    body: Option<Body>,
    /// Of the request that the stream answers.
    id: Option<RequestId>,
}

impl OneWay {
    fn refuse(&mut self, question: &str) -> Frame<Bytes> {
        self.body = None;
        let message = format!(
            "this host keeps no session, so its tools cannot ask the client ({question}) in this version of the protocol: from 2026-07-28 on they can, by an InputRequiredResult"
        );
        let error = ErrorData::new(ErrorCode::INTERNAL_ERROR, message, None);
        let error = serde_json::to_string(&JsonRpcError::new(self.id.take(), error)).unwrap_or_default();
        Frame::data(Bytes::from(format!("data: {error}\n\n")))
    }
}

impl http_body::Body for OneWay {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(context));
        // rmcp sends an event in a frame.
        let question = match &frame {
            Some(Ok(frame)) => frame.data_ref().and_then(|data| question(data)),
            _ => None,
        };
        Poll::Ready(match question {
            Some(question) => Some(Ok(self.refuse(&question))),
            None => frame,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// The method of a request in an event, which has an id where notifications have none.
fn question(event: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Question {
        #[serde(rename = "id")]
        _id: serde::de::IgnoredAny,
        method: String,
    }
    messages(event)
        .find_map(|message| serde_json::from_slice(message).ok())
        .map(|Question { method, .. }| method)
}

/// The messages in a piece of an event stream, which are a line each.
pub(crate) fn messages(piece: &[u8]) -> impl Iterator<Item = &[u8]> {
    piece.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data:"))
}
