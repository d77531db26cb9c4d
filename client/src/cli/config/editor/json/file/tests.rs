use insta::assert_snapshot;

use super::super::tests::{added, insertion};

#[test]
fn an_entry_comes_after_the_others() {
    let old = r#"{
    "theme": "dark",
    "mcpServers": {
        "other": {"command": "npx", "args": ["-y",  "other"], "env": {"TOKEN": "secret"}}
    },
    "n": 1.0e5
}
"#;
    let new = added(old);
    insertion(old, &new);
    assert_snapshot!(new, @r#"
    {
        "theme": "dark",
        "mcpServers": {
            "other": {"command": "npx", "args": ["-y",  "other"], "env": {"TOKEN": "secret"}},
            "tools": {
                "command": "mcp-sigv4",
                "args": ["proxy", "https://x.test/"]
            }
        },
        "n": 1.0e5
    }
    "#);
}

#[test]
fn comments_and_trailing_commas_stay() {
    let old = r#"// Settings
{
  "mcpServers": { // all of them
    /* the first */
    "other": {
      "command": "npx", // needs Node
    }, // end of other
    // "old": {},
  },

  // The end
}
"#;
    let new = added(old);
    insertion(old, &new);
    assert_snapshot!(new, @r#"
    // Settings
    {
      "mcpServers": { // all of them
        /* the first */
        "other": {
          "command": "npx", // needs Node
        }, // end of other
        "tools": {
          "command": "mcp-sigv4",
          "args": ["proxy", "https://x.test/"]
        },
        // "old": {},
      },

      // The end
    }
    "#);
}

#[test]
fn a_comma_is_put_before_the_comment_that_ends_the_line() {
    let old = "{\n  \"mcpServers\": {\n    \"other\": {} /* a */ // b, c\n    /* d\n    */\n  }\n}";
    assert_snapshot!(added(old), @r#"
    {
      "mcpServers": {
        "other": {}, /* a */ // b, c
        "tools": {
          "command": "mcp-sigv4",
          "args": ["proxy", "https://x.test/"]
        }
        /* d
        */
      }
    }
    "#);
}

#[test]
fn a_file_without_servers_gets_them() {
    let old = "{\n\t\"theme\": \"dark\"\n}\n";
    let new = added(old);
    insertion(old, &new);
    assert_eq!(
        new,
        "{\n\t\"theme\": \"dark\",\n\t\"mcpServers\": {\n\t\t\"tools\": {\n\t\t\t\"command\": \"mcp-sigv4\",\n\t\t\t\"args\": [\"proxy\", \"https://x.test/\"]\n\t\t}\n\t}\n}\n"
    );
}

#[test]
fn empty_objects_are_filled() {
    let filled = "{\n  \"mcpServers\": {\n    \"tools\": {\n      \"command\": \"mcp-sigv4\",\n      \"args\": [\"proxy\", \"https://x.test/\"]\n    }\n  }\n}";
    for old in ["{}", "{ }", "{\n}", "{\n  \"mcpServers\": {}\n}", "{\n  \"mcpServers\": {\n  }\n}"] {
        assert_eq!(added(old), filled, "{old}");
    }
    assert_snapshot!(added("{\n  // none yet\n}"), @r#"
    {
      // none yet
      "mcpServers": {
        "tools": {
          "command": "mcp-sigv4",
          "args": ["proxy", "https://x.test/"]
        }
      }
    }
    "#);
}

#[test]
fn what_is_in_one_line_stays_there() {
    for (old, inserted) in [
        (
            r#"{"mcpServers":{"other":{}},"b":[1,2]}"#,
            r#", "tools": {"command": "mcp-sigv4", "args": ["proxy", "https://x.test/"]}"#,
        ),
        (
            r#"{"mcpServers":{"other":{},/* c */}}"#,
            r#" "tools": {"command": "mcp-sigv4", "args": ["proxy", "https://x.test/"]},"#,
        ),
        (
            r#"{"a": 1}"#,
            r#", "mcpServers": {"tools": {"command": "mcp-sigv4", "args": ["proxy", "https://x.test/"]}}"#,
        ),
    ] {
        assert_eq!(insertion(old, &added(old)), inserted);
    }
}
