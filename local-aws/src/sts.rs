//! STS, as far as `GetCallerIdentity`: who is calling, which anybody may ask.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::CONTENT_TYPE;

use crate::account::ACCOUNT;
use crate::gate::Gate;
use crate::signature::SignatureError;

/// More than any request of this one operation has.
const MAX_REQUEST_BYTES: usize = 16 * 1024;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The service, at the path `/` of its endpoint.
pub(crate) fn router(gate: Gate) -> Router {
    Router::new().route("/", post(answer)).with_state(gate)
}

async fn answer(State(gate): State<Gate>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let response = match axum::body::to_bytes(body, MAX_REQUEST_BYTES).await {
        Ok(body) if is_get_caller_identity(&body) => match gate.authenticate(&parts, &body, "sts") {
            Ok(caller) => xml(StatusCode::OK, &identity(&caller.arn, &caller.access_key)),
            Err(error) => xml(StatusCode::FORBIDDEN, &refusal(code(&error), &error.to_string())),
        },
        _ => xml(StatusCode::BAD_REQUEST, &refusal("InvalidAction", "only GetCallerIdentity is served here")),
    };
    gate.stamp(response)
}

fn is_get_caller_identity(form: &[u8]) -> bool {
    form.split(|byte| *byte == b'&').any(|pair| pair == b"Action=GetCallerIdentity")
}

/// The code beside the message (AWS STS API Reference, "Common errors").
fn code(error: &SignatureError) -> &'static str {
    match error {
        SignatureError::Missing => "MissingAuthenticationToken",
        SignatureError::Incomplete(_) => "IncompleteSignature",
        SignatureError::UnknownToken => "InvalidClientTokenId",
        SignatureError::ExpiredToken => "ExpiredToken",
        _ => "SignatureDoesNotMatch",
    }
}

fn identity(arn: &str, user_id: &str) -> String {
    format!(
        "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult>\
         <Arn>{arn}</Arn><UserId>{user_id}</UserId><Account>{ACCOUNT}</Account>\
         </GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
}

fn refusal(code: &str, message: &str) -> String {
    let message = message.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error></ErrorResponse>"
    )
}

fn xml(status: StatusCode, body: &str) -> Response {
    (status, [(CONTENT_TYPE, "text/xml")], body.to_owned()).into_response()
}
