use insta::assert_snapshot;

use super::*;

fn entry() -> Entry {
    Entry {
        name: "tools".parse().expect("a name"),
        command: "mcp-sigv4".to_owned(),
        arguments: vec!["proxy".to_owned(), "https://x.test/".to_owned()],
    }
}

fn merge(text: &str) -> Result<Merged, Refusal> {
    merged(text, "mcpServers", None, &entry())
}

#[track_caller]
pub(super) fn added(text: &str) -> String {
    match merge(text).expect("merged") {
        Merged::Added(text) => text,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn replaced(text: &str) -> String {
    match merge(text).expect("merged") {
        Merged::Replaced(text) => text,
        other => panic!("{other:?}"),
    }
}

/// What one insertion put into a text, of which not a byte is missing.
#[track_caller]
pub(super) fn insertion<'a>(old: &str, new: &'a str) -> &'a str {
    let same = old.bytes().zip(new.bytes()).take_while(|(old, new)| old == new).count();
    let (before, rest) = new.split_at(same);
    let inserted = rest.strip_suffix(&old[same..]).unwrap_or_else(|| panic!("{old:?} is not in {new:?}"));
    assert_eq!(before, &old[..same]);
    inserted
}

#[test]
fn a_file_of_comments_keeps_them() {
    for old in ["// nothing here", "/* nothing */\n"] {
        assert_eq!(insertion(old, &added(old)).trim_start(), snippet("mcpServers", None, &entry()));
    }
}

#[test]
fn of_an_entry_that_is_there_only_what_runs_it_changes() {
    let old = r#"{
  "mcpServers": {
    "tools": {
      "timeout": 60, // slow
      "command": "old", // moved
      "env": {"AWS_PROFILE": "dev"},
      "args": [
        "proxy" // and what else
      ],
      "alwaysAllow": ["add"], "disabled": false
    },
    "other": {"command": "old", "args": []}
  }
}
"#;
    assert_snapshot!(replaced(old), @r#"
    {
      "mcpServers": {
        "tools": {
          "timeout": 60, // slow
          "command": "mcp-sigv4", // moved
          "env": {"AWS_PROFILE": "dev"},
          "args": ["proxy", "https://x.test/"],
          "alwaysAllow": ["add"], "disabled": false
        },
        "other": {"command": "old", "args": []}
      }
    }
    "#);
}

#[test]
fn what_is_missing_of_an_entry_is_added_to_it() {
    let old = "{\n  \"servers\": {\n    \"tools\": {\n      \"command\": \"mcp-sigv4\"\n    }\n  }\n}";
    let new = merged(old, "servers", Some("stdio"), &entry()).expect("merged");
    let Merged::Replaced(new) = new else { panic!("{new:?}") };
    insertion(old, &new);
    assert_snapshot!(new, @r#"
    {
      "servers": {
        "tools": {
          "command": "mcp-sigv4",
          "type": "stdio",
          "args": ["proxy", "https://x.test/"]
        }
      }
    }
    "#);
    let old = r#"{"mcpServers": {"tools": {"env": {}}}}"#;
    let inserted = r#", "command": "mcp-sigv4", "args": ["proxy", "https://x.test/"]"#;
    assert_eq!(insertion(old, &replaced(old)), inserted);
}

#[test]
fn an_entry_that_says_it_in_other_words_is_unchanged() {
    let old = r#"{"mcpServers": {"tools": {"args": ["proxy", "https:\/\/x.test\/",], "command": "mcp\u002dsigv4"}}}"#;
    assert_eq!(merge(old), Ok(Merged::Unchanged));
}

#[test]
fn of_duplicates_the_last_is_the_one() {
    let old = r#"{"mcpServers": {"tools": 1}, "mcpServers": {"tools": {"command": "a"}, "tools": {"command": "b", "args": []}}}"#;
    let new = r#"{"mcpServers": {"tools": 1}, "mcpServers": {"tools": {"command": "a"}, "tools": {"command": "mcp-sigv4", "args": ["proxy", "https://x.test/"]}}}"#;
    assert_eq!(replaced(old), new);
}

#[test]
fn what_cannot_be_merged_into_is_named_with_its_place() {
    let refused = |text| merge(text).expect_err("refused").to_string();
    assert_snapshot!(refused("{\n  \"a\": 1\n  \"b\": 2\n}"), @"line 2, column 9: expected comma");
    assert_snapshot!(refused("{\r\n  \"ä\": 'x'\r\n}"), @"line 2, column 8: single-quoted strings are not allowed");
    assert_snapshot!(refused("{"), @"line 1, column 1: unterminated object");
    assert_snapshot!(refused("{} {}"), @"line 1, column 4: text cannot contain more than one JSON value");
    assert_snapshot!(refused("[]"), @"line 1, column 1: the file is not a JSON object");
    assert_snapshot!(refused("{\n  \"mcpServers\": []\n}"), @r#"line 2, column 17: "mcpServers" is not a JSON object"#);
    assert_snapshot!(refused(r#"{"mcpServers": null}"#), @r#"line 1, column 16: "mcpServers" is not a JSON object"#);
    assert_snapshot!(refused(r#"{"mcpServers": {"tools": "x"}}"#), @r#"line 1, column 26: the server "tools" is not a JSON object"#);
}
