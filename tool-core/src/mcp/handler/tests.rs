//! What a caller gets, against what the original server gives.

use serde_json::json;

use super::*;
use crate::mcp::{NO_ARGUMENTS, tools};

fn call(tool: &str, arguments: &Value) -> Value {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    let result = tools().call(tool, arguments).expect("a known tool");
    serde_json::to_value(result).expect("JSON")
}

fn text(tool: &str, arguments: &Value) -> String {
    let result = call(tool, arguments);
    result["content"][0]["text"].as_str().expect("text").to_owned()
}

fn is_error(tool: &str, arguments: &Value) -> bool {
    call(tool, arguments)["isError"] == true
}

#[test]
fn a_result_is_text_and_beside_it_structured_content() {
    let result = call("add_numbers", &json!({ "a": 5, "b": 3 }));
    assert_eq!(result["content"], json!([{ "type": "text", "text": "8" }]));
    assert_eq!(result["structuredContent"], json!({ "result": 8 }));
    assert_eq!(result["isError"], false);
}

#[test]
fn integers_of_any_size_are_exact() {
    let big: Value = serde_json::from_str("1180591620717411303424").expect("2^70");
    let result = call("multiply_numbers", &json!({ "a": big, "b": big }));
    let square = "1393796574908163946345982392040522594123776";
    assert_eq!(result["content"][0]["text"], square);
    assert_eq!(result["structuredContent"]["result"].to_string(), square);
}

#[test]
fn what_the_original_coerces_is_coerced() {
    for five in [json!(5), json!(5.0), json!("5"), json!(" 5 "), json!("+5"), json!("05"), json!("5.0")] {
        assert_eq!(text("add_numbers", &json!({ "a": five, "b": 3 })), "8", "{five}");
    }
}

#[test]
fn what_is_no_integer_is_a_tool_error() {
    let refused = [
        json!(2.5),
        json!("5.5"),
        json!("1e3"),
        json!("0x10"),
        json!(""),
        json!("abc"),
        json!("1_000"),
        json!(null),
        json!([5]),
        json!({ "value": 5 }),
        json!(true),
        json!(false),
        json!("9".repeat(4301)),
    ];
    for value in refused {
        assert!(is_error("add_numbers", &json!({ "a": value, "b": 3 })), "{value}");
    }
}

#[test]
fn every_problem_is_named_in_one_text() {
    let said = text("add_numbers", &json!({ "a": true, "c": 1 }));
    assert_eq!(
        said,
        "2 invalid arguments for add_numbers:\na: expected an integer, got a boolean\nb: required, but missing"
    );
}

#[test]
fn arguments_that_nobody_asked_for_are_ignored() {
    assert_eq!(text("add_numbers", &json!({ "a": 5, "b": 3, "c": "x" })), "8");
}

#[test]
fn a_name_is_passed_through_untouched_and_never_coerced() {
    for name in ["", "Zoë", "שלום", "e\u{301}", "\0", "a\nb", "👩\u{200d}🚀"] {
        assert_eq!(text("greet_user", &json!({ "name": name })), format!("Hello, {name}! Nice to meet you."));
    }
    for other in [json!(5), json!(null), json!(true), json!(["Alice"])] {
        assert!(is_error("greet_user", &json!({ "name": other })), "{other}");
    }
}

#[test]
fn an_unknown_tool_is_a_protocol_error_that_names_the_tools() {
    let error = tools().call("subtract", JsonObject::new()).expect_err("unknown");
    assert_eq!(error.code.0, -32602);
    let expected = "unknown tool \"subtract\"; the tools are add_numbers, multiply_numbers, greet_user";
    assert!(error.message.starts_with(expected), "{}", error.message);
}

/// A tool of a kind that this project has none of.
fn divide(dividend: f64, divisor: f64, digits: Option<u32>) -> Result<String, &'static str> {
    if divisor == 0.0 {
        return Err("the divisor is zero");
    }
    let digits = digits.unwrap_or(2) as usize;
    Ok(format!("{:.digits$}", dividend / divisor))
}

#[test]
fn a_fourth_tool_is_a_function_and_a_line() {
    let arguments = [("dividend", "What to divide"), ("divisor", "Not zero"), ("digits", "After the point")];
    let tools = Tools::new("test", "1", "").tool("divide", "Divide", "Divide two numbers", arguments, divide);
    let call = |arguments: Value| {
        let result = tools.call("divide", arguments.as_object().cloned().unwrap_or_default()).expect("known");
        (result.is_error, serde_json::to_value(&result.content[0]).expect("JSON")["text"].clone())
    };
    assert_eq!(call(json!({ "dividend": 1, "divisor": 3 })), (Some(false), json!("0.33")));
    assert_eq!(call(json!({ "dividend": 1, "divisor": 3, "digits": 4 })), (Some(false), json!("0.3333")));
    assert_eq!(call(json!({ "dividend": 1, "divisor": 0 })), (Some(true), json!("the divisor is zero")));
    let schema = Value::Object((*tools.get_tool("divide").expect("listed").input_schema).clone());
    assert_eq!(schema["required"], json!(["dividend", "divisor"]));
    assert_eq!(schema["properties"]["divisor"]["description"], "Not zero");
}

#[test]
fn a_tool_may_take_no_arguments() {
    let tools =
        Tools::new("test", "1", "").tool("answer", "Answer", "Answer everything", NO_ARGUMENTS, || 42);
    let result = tools.call("answer", JsonObject::new()).expect("known");
    assert_eq!(result.structured_content, Some(json!({ "result": 42 })));
    let schema = Value::Object((*tools.get_tool("answer").expect("listed").input_schema).clone());
    assert_eq!(schema, json!({ "type": "object", "properties": {}, "required": [] }));
}

#[test]
fn the_tool_list_is_that_of_the_original_and_more() {
    insta::assert_json_snapshot!(tools().list());
}
