//! A plain function as a tool, whatever its arity.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::argument::{Argument, ArgumentReader, InputSchema, output_schema};
use super::output::ToolOutput;

/// What a tool comes to: its result as JSON, or a text that the caller can act on.
pub type ToolResult = Result<Value, String>;

/// A function over arguments `A` (a tuple of their types), `N` of them.
///
/// Implemented for functions of up to six arguments that deserialize and have a schema,
/// and that return a [`ToolOutput`].
pub trait ToolFunction<A, const N: usize>: Send + Sync + 'static {
    /// The JSON schema of the arguments, an object with a property for each.
    fn input_schema(arguments: [Argument; N]) -> JsonObject;

    /// The JSON schema of `{"result": …}`.
    fn output_schema() -> JsonObject;

    /// Reads the arguments and calls the function.
    ///
    /// # Errors
    /// Every argument that is missing or of the wrong type, named in one text.
    /// Or what the function itself says went wrong.
    fn call(&self, tool: &str, arguments: [Argument; N], given: JsonObject) -> ToolResult;
}

/// A tool function with its types forgotten.
pub(super) type BoxedFunction = Box<dyn Fn(JsonObject) -> ToolResult + Send + Sync>;

macro_rules! tool_function {
    ($count:literal: $($name:ident $type:ident),*) => {
        impl<Function, Output, $($type),*> ToolFunction<($($type,)*), $count> for Function
        where
            Function: Fn($($type),*) -> Output + Send + Sync + 'static,
            Output: ToolOutput,
            $($type: DeserializeOwned + JsonSchema,)*
        {
            fn input_schema(arguments: [Argument; $count]) -> JsonObject {
                let [$($name),*] = arguments;
                let mut schema = InputSchema::new();
                $(schema.add::<$type>($name);)*
                schema.finish()
            }

            fn output_schema() -> JsonObject {
                output_schema::<Output::Value>()
            }

            fn call(&self, tool: &str, arguments: [Argument; $count], given: JsonObject) -> ToolResult {
                let [$($name),*] = arguments;
                let mut reader = ArgumentReader::new(given);
                $(let $name = reader.read::<$type>($name);)*
                // Every argument is read before any problem is reported.
                let ($(Some($name),)*) = ($($name,)*) else {
                    return Err(reader.problems(tool));
                };
                to_json(self($($name),*).into_result()?)
            }
        }
    };
}

impl<Function, Output> ToolFunction<(), 0> for Function
where
    Function: Fn() -> Output + Send + Sync + 'static,
    Output: ToolOutput,
{
    fn input_schema(_: [Argument; 0]) -> JsonObject {
        InputSchema::new().finish()
    }

    fn output_schema() -> JsonObject {
        output_schema::<Output::Value>()
    }

    fn call(&self, _: &str, _: [Argument; 0], _: JsonObject) -> ToolResult {
        to_json(self().into_result()?)
    }
}

fn to_json(value: impl Serialize) -> ToolResult {
    serde_json::to_value(value).map_err(|error| format!("the result is not JSON: {error}"))
}

tool_function!(1: a A);
tool_function!(2: a A, b B);
tool_function!(3: a A, b B, c C);
tool_function!(4: a A, b B, c C, d D);
tool_function!(5: a A, b B, c C, d D, e E);
tool_function!(6: a A, b B, c C, d D, e E, f F);
