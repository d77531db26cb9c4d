//! What a server asks on the way to its answer (elicitation), and what it is told.

use rmcp::model::{
    ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationCapability, ElicitationSchema, ErrorData, Implementation,
};
use rmcp::service::RequestContext;
use rmcp::{ClientHandler, RoleClient};
use serde_json::{Map, Value};

/// What becomes of a form that a server wants filled in before it goes on with a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forms {
    /// The server is told that nobody is here to be asked.
    #[default]
    Unsupported,
    /// It goes back with the defaults of its fields. One without any is declined, and so is
    /// one that requires a field without a default.
    Defaults,
}

/// The client's side of the protocol, where rmcp asks for one.
#[derive(Debug)]
pub(crate) struct Questions(pub(crate) Forms);

impl ClientHandler for Questions {
    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        if self.0 == Forms::Defaults {
            capabilities.elicitation = Some(ElicitationCapability::default());
        }
        let name = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        ClientConfig::new(capabilities, name)
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let filled_in = match (self.0, request) {
            (Forms::Defaults, ElicitRequestParams::FormElicitationParams { requested_schema, .. }) => {
                fill_in(&requested_schema)
            }
            _ => None,
        };
        Ok(match filled_in {
            Some(content) => {
                ElicitResult::new(ElicitationAction::Accept).with_content(Value::Object(content))
            }
            None => ElicitResult::new(ElicitationAction::Decline),
        })
    }
}

/// The defaults of a form's fields; `None` where there are none or a required one is missing.
fn fill_in(form: &ElicitationSchema) -> Option<Map<String, Value>> {
    let default = |field| Some(serde_json::to_value(field).ok()?.get("default")?.clone());
    let fields = form.properties.iter();
    let filled_in: Map<String, Value> =
        fields.filter_map(|(name, field)| Some((name.clone(), default(field)?))).collect();
    let mut required = form.required.iter().flatten();
    let complete = required.all(|name| filled_in.contains_key(name));
    (complete && !filled_in.is_empty()).then_some(filled_in)
}

#[cfg(test)]
mod tests {
    use rmcp::model::ElicitationSchema;

    use super::*;

    fn form(text: &str) -> ElicitationSchema {
        serde_json::from_str(text).expect("a form")
    }

    #[test]
    fn fields_without_a_default_are_left_out_unless_they_are_required() {
        let optional = r#"{"type": "object", "properties": {
            "name": {"type": "string", "default": "Jo"}, "age": {"type": "integer", "default": 30},
            "score": {"type": "number", "default": 95.5}, "sure": {"type": "boolean", "default": true},
            "kind": {"type": "string", "enum": ["a", "b"], "default": "b"}, "note": {"type": "string"}}}"#;
        let filled_in = fill_in(&form(optional)).map(Value::Object).expect("filled in");
        assert_eq!(filled_in.to_string(), r#"{"age":30,"kind":"b","name":"Jo","score":95.5,"sure":true}"#);
        let required = optional.replace(r#""type": "object","#, r#""type": "object", "required": ["note"],"#);
        assert_eq!(fill_in(&form(&required)), None);
        let nothing = r#"{"type": "object", "properties": {"sure": {"type": "boolean"}}}"#;
        assert_eq!(fill_in(&form(nothing)), None, "nobody has said yes");
    }
}
