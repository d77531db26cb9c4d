//! Lists of tools and prompts as the client is to see them, and what that means for calls.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::asking::result_in;
use super::failure::Failure;
use super::message::{self, Message, Parameters};
use super::outbox::Outbox;
use super::tools;
use super::upstream::{Upstream, lock};

/// How many pages a list may have.
const PAGES: usize = 1000;

impl Upstream {
    /// Whether a call may be passed on.
    pub(super) async fn may_call(
        self: &Arc<Self>,
        parameters: &Parameters,
        out: &Outbox,
    ) -> Result<(), Failure> {
        let filter = &self.settings.filter;
        if filter.is_open() {
            return Ok(());
        }
        let Some(shown) = parameters.name() else {
            return Err(Failure::Refused(
                "the call names no tool, so no filter can let it through".to_owned(),
            ));
        };
        let own = self.server.own_name(shown).unwrap_or(shown);
        if let Some(why) = filter.refuses_name(shown, own) {
            return Err(Failure::Refused(why));
        }
        let Some(why) = filter.refuses_writing(shown) else { return Ok(()) };
        if lock(&self.known).get(own).is_none() {
            let what = format!("whether the tool {shown:?} is read-only could not be looked up");
            self.list(parameters, "tools/list", "tools", out).await.map_err(|failure| match failure {
                Failure::Server(error) => Failure::NotKnown(what, error),
                other => other,
            })?;
        }
        let read_only = lock(&self.known).get(own).is_some_and(|tool| tool.read_only);
        if read_only { Ok(()) } else { Err(Failure::Refused(why)) }
    }

    /// Sees to it that arguments which a tool wants in headers are known to be: of the stateless
    /// era a client may have the list from another time, and keep it.
    pub(super) async fn know_headers(self: &Arc<Self>, parameters: &Parameters, out: &Outbox) {
        if parameters.version().is_some() && !lock(&self.known).is_listed() {
            // Without it the call goes out as it is.
            let _ = self.list(parameters, "tools/list", "tools", out).await;
        }
    }

    /// The request by the server's own name of what the client calls by the one it sees; `None`
    /// where these are the same.
    pub(super) fn under_own_name(
        &self,
        request: &Message,
        parameters: &mut Parameters,
    ) -> Result<Option<Message>, Failure> {
        let Some(server) = self.name() else { return Ok(None) };
        let shown = parameters.name().unwrap_or_default();
        let own = self.server.own_name(shown).map(str::to_owned);
        let renamed = own.as_ref().and_then(|own| request.with_name("/params/name", own));
        let (Some(own), Some(renamed)) = (own, renamed) else {
            let begins = self.server.shown_name("");
            return Err(Failure::Refused(format!("{server} has no {shown:?}: names begin with {begins}")));
        };
        parameters.name = Some(json!(own));
        Ok(Some(renamed))
    }

    /// The whole of a list, page by page: the first result with all items in it. The request
    /// for which it is wanted says in which protocol era to ask.
    pub(crate) async fn list(
        self: &Arc<Self>,
        parameters: &Parameters,
        method: &str,
        key: &str,
        out: &Outbox,
    ) -> Result<Value, Failure> {
        let mut whole: Option<Value> = None;
        let mut params = json!({});
        if let Some(meta) = parameters.meta() {
            params["_meta"] = meta.clone();
        }
        for _ in 0..PAGES {
            let request = Message::request(&self.own_id(), method, &params);
            let parameters = request.parameters();
            let answer = self.ask(&request, &parameters, out).await?;
            let mut page = result_in(&self.as_shown(method, &parameters, answer))?;
            let cursor = page.get_mut("nextCursor").map(Value::take).filter(|cursor| !cursor.is_null());
            whole = Some(match whole.take() {
                None => page,
                Some(whole) => joined(whole, page, key),
            });
            let Some(cursor) = cursor else { break };
            params["cursor"] = cursor;
        }
        Ok(whole.unwrap_or_else(|| json!({ key: [] })))
    }

    /// An answer as the client is to see it: of a list, what is let through, by names that tell
    /// the server. What tools there are is remembered.
    pub(super) fn as_shown(&self, method: &str, parameters: &Parameters, answer: Bytes) -> Bytes {
        match method {
            "tools/list" => self.tools_shown(parameters, answer),
            "prompts/list" if self.name().is_some() => {
                self.edited(&answer, "/result/prompts", |_| true).unwrap_or(answer)
            }
            _ => answer,
        }
    }

    fn tools_shown(&self, parameters: &Parameters, answer: Bytes) -> Bytes {
        let Ok(result) = result_in(&answer) else { return answer };
        let mut known = lock(&self.known);
        if parameters.cursor.is_none() {
            known.forget();
        }
        known.learn(&result);
        let filter = &self.settings.filter;
        if filter.is_open() && self.name().is_none() {
            return answer;
        }
        let shown = |own: &str| {
            let shown = self.server.shown_name(own);
            let read_only = known.get(own).is_some_and(|tool| tool.read_only);
            filter.refuses_name(&shown, own).is_none()
                && (read_only || filter.refuses_writing(&shown).is_none())
        };
        // What cannot be read cannot be filtered, and has been read.
        self.edited(&answer, "/result/tools", shown).unwrap_or(answer)
    }

    /// A list with those items whose name is to be shown, under the name that tells the server.
    fn edited(&self, answer: &[u8], items: &str, shown: impl Fn(&str) -> bool) -> Option<Bytes> {
        let mut list: Value = serde_json::from_slice(answer).ok()?;
        if let Some(items) = list.pointer_mut(items).and_then(Value::as_array_mut) {
            items.retain_mut(|item| {
                let Some(own) = tools::name(item).map(str::to_owned) else { return false };
                if let Some(item) = item.as_object_mut() {
                    item.insert("name".to_owned(), json!(self.server.shown_name(&own)));
                }
                shown(&own)
            });
        }
        Some(message::to_bytes(&list))
    }
}

fn joined(mut whole: Value, mut page: Value, key: &str) -> Value {
    let more = page.get_mut(key).and_then(Value::as_array_mut).map(std::mem::take);
    if let Some(items) = whole.get_mut(key).and_then(Value::as_array_mut) {
        items.extend(more.unwrap_or_default());
    }
    whole
}
