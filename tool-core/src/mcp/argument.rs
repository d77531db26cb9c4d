//! The arguments of a tool: their names, their schema, and reading them from a call.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use rmcp::model::JsonObject;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The name of an argument, and what it is if the name does not say it all.
///
/// Made from a name (`"city"`) or from a name and a description
/// (`("city", "Name of the city in English")`), which an agent reads.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    name: &'static str,
    description: Option<&'static str>,
}

impl From<&'static str> for Argument {
    fn from(name: &'static str) -> Self {
        Self { name, description: None }
    }
}

impl From<(&'static str, &'static str)> for Argument {
    fn from((name, description): (&'static str, &'static str)) -> Self {
        Self { name, description: Some(description) }
    }
}

/// The arguments of a tool that takes none.
pub const NO_ARGUMENTS: [Argument; 0] = [];

/// Builds the input schema of a tool, argument by argument.
#[derive(Debug)]
pub(super) struct InputSchema {
    generator: SchemaGenerator,
    properties: JsonObject,
    required: Vec<Value>,
}

impl InputSchema {
    pub(super) fn new() -> Self {
        let generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
        Self { generator, properties: JsonObject::new(), required: Vec::new() }
    }

    /// Adds an argument of type `T`; one that can be null may be left out of a call.
    pub(super) fn add<T: DeserializeOwned + JsonSchema>(&mut self, argument: Argument) {
        let mut schema = self.generator.subschema_for::<T>();
        if let Some(description) = argument.description {
            schema.insert("description".into(), description.into());
        }
        self.properties.insert(argument.name.into(), schema.into());
        if T::deserialize(Value::Null).is_err() {
            self.required.push(argument.name.into());
        }
    }

    pub(super) fn finish(mut self) -> JsonObject {
        object_schema(&mut self.generator, self.properties, self.required)
    }
}

/// The schema of `{"result": T}`, which is what a caller gets as structured content.
pub(super) fn output_schema<T: JsonSchema>() -> JsonObject {
    let mut generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let result: Schema = generator.subschema_for::<T>();
    let properties = JsonObject::from_iter([("result".into(), result.into())]);
    object_schema(&mut generator, properties, alloc::vec!["result".into()])
}

fn object_schema(
    generator: &mut SchemaGenerator,
    properties: JsonObject,
    required: Vec<Value>,
) -> JsonObject {
    let mut schema = JsonObject::from_iter([
        ("type".into(), json!("object")),
        ("properties".into(), Value::Object(properties)),
        ("required".into(), Value::Array(required)),
    ]);
    let definitions = generator.take_definitions(true);
    if !definitions.is_empty() {
        schema.insert("$defs".into(), Value::Object(definitions));
    }
    schema
}

/// Reads the arguments of one call and keeps every problem, so that a caller can mend
/// them all at once.
#[derive(Debug)]
pub(super) struct ArgumentReader {
    given: JsonObject,
    problems: Vec<String>,
}

impl ArgumentReader {
    /// Arguments that nobody reads are ignored, as in the original.
    pub(super) fn new(given: JsonObject) -> Self {
        Self { given, problems: Vec::new() }
    }

    /// The argument, or `None` with the problem noted.
    pub(super) fn read<T: DeserializeOwned>(&mut self, argument: Argument) -> Option<T> {
        let given = self.given.remove(argument.name);
        let missing = given.is_none();
        let read = T::deserialize(given.unwrap_or(Value::Null));
        let problem = match read {
            Ok(value) => return Some(value),
            Err(_) if missing => String::from("required, but missing"),
            Err(error) => format!("{error}"),
        };
        self.problems.push(format!("{}: {problem}", argument.name));
        None
    }

    /// Every problem in one text, a line each after the first.
    pub(super) fn problems(self, tool: &str) -> String {
        let count = self.problems.len();
        let noun = if count == 1 { "argument" } else { "arguments" };
        format!("{count} invalid {noun} for {tool}:\n{}", self.problems.join("\n"))
    }
}
