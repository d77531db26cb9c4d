//! What both doors check before anything runs: who signed, and whether they may.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::http::{HeaderValue, Response};
use http::header::DATE;
use http::request::Parts;
use iam_rs::Context;

use crate::account::REGION;
use crate::identity::{Identities, Identity};
use crate::policy;
use crate::signature::{self, Scope, SignatureError};

/// The identities of the account, and AWS's clock.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    identities: Arc<Identities>,
    /// Seconds by which the doors' clock is ahead of this machine's, to rehearse skew.
    clock_offset: i64,
}

impl Gate {
    pub(crate) fn new(identities: Identities, clock_offset: i64) -> Self {
        Self { identities: Arc::new(identities), clock_offset }
    }

    pub(crate) fn now(&self) -> SystemTime {
        let offset = Duration::from_secs(self.clock_offset.unsigned_abs());
        if self.clock_offset < 0 { SystemTime::now() - offset } else { SystemTime::now() + offset }
    }

    /// Finds out who signed a request for a service.
    pub(crate) fn authenticate(
        &self,
        parts: &Parts,
        body: &[u8],
        service: &str,
    ) -> Result<&Identity, SignatureError> {
        let scope = Scope { service, region: REGION, now: self.now() };
        signature::verify(parts, body, &scope, &self.identities)
    }

    /// Puts AWS's clock on an answer.
    pub(crate) fn stamp<B>(&self, mut response: Response<B>) -> Response<B> {
        if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(self.now())) {
            response.headers_mut().insert(DATE, date);
        }
        response
    }
}

impl Identity {
    /// Whether this identity's policies allow an action.
    pub(crate) fn may(&self, action: &str, resource: &str, context: Context) -> bool {
        policy::allows(&self.policies, &self.arn, action, resource, context)
    }
}
