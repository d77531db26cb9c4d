use super::*;

fn read(text: &'static str) -> Result<Kind, Malformed> {
    Message::read(Bytes::from_static(text.as_bytes())).map(|message| message.kind)
}

fn answer(text: &'static str) -> String {
    let malformed = read(text).expect_err("malformed");
    String::from_utf8(malformed.answer().to_vec()).expect("text")
}

#[test]
fn kinds_are_told_apart() {
    let id = json!("a");
    assert_eq!(
        read(r#"{"jsonrpc":"2.0","id":"a","method":"m"}"#),
        Ok(Kind::Request { id: id.clone(), method: "m".into() })
    );
    assert_eq!(read(r#"{"method":"m"}"#), Ok(Kind::Notification { method: "m".into() }));
    assert_eq!(read(r#"{"id":"a","result":null}"#), Ok(Kind::Response { id: id.clone() }));
    assert_eq!(read(r#"{"id":"a","error":{}}"#), Ok(Kind::Response { id }));
}

#[test]
fn what_is_no_message_is_refused_under_its_id_where_it_has_one() {
    let texts =
        ["garbage", r#"{"id":7,"method":5}"#, r#"{"id":null,"method":"m"}"#, r#"{"id":7}"#, "5", "{\"id\":"];
    insta::assert_snapshot!(texts.map(answer).join("\n"), @r#"
    {"error":{"code":-32700,"message":"not a message of MCP: expected value at line 1 column 1"},"jsonrpc":"2.0"}
    {"error":{"code":-32600,"message":"not a message of MCP: invalid type: integer `5`, expected a string at line 1 column 18"},"id":7,"jsonrpc":"2.0"}
    {"error":{"code":-32600,"message":"not a message of MCP: an id is a string or a number"},"jsonrpc":"2.0"}
    {"error":{"code":-32600,"message":"not a message of MCP: neither a method nor a result nor an error"},"id":7,"jsonrpc":"2.0"}
    {"error":{"code":-32600,"message":"not a message of MCP: invalid type: integer `5`, expected struct Envelope at line 1 column 1"},"jsonrpc":"2.0"}
    {"error":{"code":-32700,"message":"not a message of MCP: EOF while parsing a value at line 1 column 6"},"jsonrpc":"2.0"}
    "#);
}

#[test]
fn a_batch_is_read_message_by_message() {
    let batch = br#"[{"id":1,"method":"a"},{"method":"b"},5]"#;
    let read = Message::read_all(Bytes::from_static(batch));
    assert_eq!(read.len(), 3);
    assert!(read[0].is_ok() && read[1].is_ok() && read[2].is_err());
    assert!(Message::read_all(Bytes::from_static(b"[]"))[0].is_err());
    assert!(Message::read_all(Bytes::from_static(b"[{"))[0].is_err());
}

#[test]
fn what_a_proxy_does_not_know_passes_untouched() {
    let text = r#"{"zeta": 1.0, "id": 12345678901234567890123, "method": "future/method", "params": {"b":1, "a":1e400}}"#;
    let message = Message::read(Bytes::from_static(text.as_bytes())).expect("a message");
    assert_eq!(message.bytes, text.as_bytes());
    let pretty = Message::read(Bytes::from_static(b"{\n\"id\": 1,\r\n\"method\": \"a\\nb\"}")).expect("one");
    assert_eq!(pretty.bytes, r#"{ "id": 1,  "method": "a\nb"}"#.as_bytes());
}

#[test]
fn edits_keep_every_number_to_its_last_digit() {
    let text = r#"{"id":1,"method":"m","params":{"n":1180591620717411303424,"f":1.0}}"#;
    let edited = Message::read(Bytes::from_static(text.as_bytes()))
        .expect("a message")
        .edited(|value| value["params"]["added"] = json!(true))
        .expect("readable");
    let text = String::from_utf8(edited.bytes.to_vec()).expect("text");
    assert!(text.contains(r#""n":1180591620717411303424"#) && text.contains(r#""f":1.0"#), "{text}");
}
