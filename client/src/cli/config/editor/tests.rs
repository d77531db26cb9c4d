use insta::assert_snapshot;

use super::*;

pub(super) fn entry(name: &str) -> Entry {
    let arguments = ["proxy", "arn:aws:bedrock-agentcore:eu-west-1:123456789012:runtime/tools-abc"];
    Entry {
        name: name.parse().expect("a name"),
        command: "/usr/local/bin/mcp-sigv4".to_owned(),
        arguments: arguments.map(str::to_owned).into(),
    }
}

fn text(merged: Result<Merged, Refusal>) -> String {
    match merged.expect("merged") {
        Merged::Added(text) | Merged::Replaced(text) => text,
        Merged::Unchanged => panic!("unchanged"),
    }
}

#[test]
fn a_name_is_of_letters_digits_underscores_and_hyphens() {
    for name in ["tools", "rust_mcp-2", "-", "9"] {
        assert_eq!(name.parse::<Name>().expect("a name").to_string(), name);
    }
    for name in ["", " ", "a b", "a.b", "ä", "a\n", "\"a\""] {
        let error = name.parse::<Name>().expect_err("no name").to_string();
        assert_eq!(
            error,
            format!("{name:?} cannot name a server: use letters, digits, _ and -, at least one of them")
        );
    }
}

#[test]
fn most_clients_take_command_and_args_among_mcp_servers() {
    use Editor::{ClaudeDesktop, Cursor, GeminiCli, Kiro, Windsurf};
    let snippets = [ClaudeDesktop, Cursor, Kiro, Windsurf, GeminiCli].map(|it| it.snippet(&entry("tools")));
    assert!(snippets.iter().all(|snippet| *snippet == snippets[0]));
    assert_snapshot!(snippets[0], @r#"
    {
      "mcpServers": {
        "tools": {
          "command": "/usr/local/bin/mcp-sigv4",
          "args": ["proxy", "arn:aws:bedrock-agentcore:eu-west-1:123456789012:runtime/tools-abc"]
        }
      }
    }
    "#);
}

#[test]
fn claude_code_and_visual_studio_code_are_told_that_it_is_stdio() {
    assert_snapshot!(Editor::ClaudeCode.snippet(&entry("tools")), @r#"
    {
      "mcpServers": {
        "tools": {
          "type": "stdio",
          "command": "/usr/local/bin/mcp-sigv4",
          "args": ["proxy", "arn:aws:bedrock-agentcore:eu-west-1:123456789012:runtime/tools-abc"]
        }
      }
    }
    "#);
    assert_snapshot!(Editor::Vscode.snippet(&entry("tools")), @r#"
    {
      "servers": {
        "tools": {
          "type": "stdio",
          "command": "/usr/local/bin/mcp-sigv4",
          "args": ["proxy", "arn:aws:bedrock-agentcore:eu-west-1:123456789012:runtime/tools-abc"]
        }
      }
    }
    "#);
}

#[test]
fn zed_calls_them_context_servers() {
    assert_snapshot!(Editor::Zed.snippet(&entry("tools")), @r#"
    {
      "context_servers": {
        "tools": {
          "command": "/usr/local/bin/mcp-sigv4",
          "args": ["proxy", "arn:aws:bedrock-agentcore:eu-west-1:123456789012:runtime/tools-abc"]
        }
      }
    }
    "#);
}

#[test]
fn codex_has_a_table_of_each() {
    assert_snapshot!(Editor::Codex.snippet(&entry("tools")), @r#"
    [mcp_servers.tools]
    command = "/usr/local/bin/mcp-sigv4"
    args = ["proxy", "arn:aws:bedrock-agentcore:eu-west-1:123456789012:runtime/tools-abc"]
    "#);
}

#[test]
fn what_a_shell_would_trip_over_is_written_and_found_again() {
    let mut entry = entry("tools");
    entry.command = r"C:\Program Files\mcp-sigv4.exe".to_owned();
    entry.arguments = ["", "a \"b\"", "it's", "'\"\\", "tab\tline\r\nend", "\u{1}ä\u{7f}\u{2028}"]
        .map(str::to_owned)
        .into();
    for editor in Editor::value_variants() {
        let snippet = editor.snippet(&entry);
        assert_eq!(editor.merged(&snippet, &entry), Ok(Merged::Unchanged), "{editor:?}: {snippet}");
    }
}

#[test]
fn no_arguments_are_an_empty_list() {
    let entry = Entry { arguments: Vec::new(), ..entry("tools") };
    for editor in Editor::value_variants() {
        let snippet = editor.snippet(&entry);
        assert!(snippet.contains("[]"), "{editor:?}: {snippet}");
        assert_eq!(editor.merged(&snippet, &entry), Ok(Merged::Unchanged), "{editor:?}: {snippet}");
    }
}

#[test]
fn an_empty_file_becomes_the_snippet() {
    for editor in Editor::value_variants() {
        for empty in ["", " ", "\n", " \t\n\n"] {
            let snippet = editor.snippet(&entry("tools"));
            assert_eq!(editor.merged(empty, &entry("tools")), Ok(Merged::Added(snippet)), "{editor:?}");
        }
    }
}

#[test]
fn a_byte_order_mark_stays() {
    for editor in Editor::value_variants() {
        let one = text(editor.merged("\u{feff}", &entry("one")));
        assert_eq!(one, format!("\u{feff}{}", editor.snippet(&entry("one"))));
        let both = text(editor.merged(&one, &entry("two")));
        assert!(both.starts_with('\u{feff}') && both.matches('\u{feff}').count() == 1, "{editor:?}: {both}");
        assert_eq!(editor.merged(&both, &entry("two")), Ok(Merged::Unchanged));
    }
}

#[test]
fn lines_end_as_those_of_the_file() {
    for editor in Editor::value_variants() {
        let one = editor.snippet(&entry("one"));
        let both = text(editor.merged(&one, &entry("two")));
        let windows = |text: &str| text.replace('\n', "\r\n");
        assert_eq!(text(editor.merged("\r\n", &entry("one"))), windows(&one), "{editor:?}");
        assert_eq!(text(editor.merged(&windows(&one), &entry("two"))), windows(&both), "{editor:?}");
    }
}

#[test]
fn what_was_added_is_there() {
    for editor in Editor::value_variants() {
        let both = text(editor.merged(&editor.snippet(&entry("one")), &entry("two")));
        for name in ["one", "two"] {
            assert_eq!(editor.merged(&both, &entry(name)), Ok(Merged::Unchanged), "{editor:?}: {both}");
        }
    }
}

#[test]
fn another_command_replaces_the_one_there_and_no_other() {
    for editor in Editor::value_variants() {
        let both = text(editor.merged(&editor.snippet(&entry("one")), &entry("two")));
        let moved =
            Entry { command: "mcp-sigv4".to_owned(), arguments: vec!["proxy".to_owned()], ..entry("two") };
        let replaced = editor.merged(&both, &moved);
        assert!(matches!(replaced, Ok(Merged::Replaced(_))), "{editor:?}");
        let replaced = text(replaced);
        assert_eq!(editor.merged(&replaced, &entry("one")), Ok(Merged::Unchanged), "{editor:?}");
        assert_eq!(text(editor.merged(&replaced, &entry("two"))), both, "{editor:?}");
    }
}

#[test]
fn a_server_elsewhere_is_not_made_a_local_one() {
    let remote = r#"{"mcpServers": {"tools": {"httpUrl": "https://example.com/mcp"}}}"#;
    assert_eq!(
        Editor::GeminiCli.merged(remote, &entry("tools")).expect_err("refused").to_string(),
        r#"line 1, column 27: the server "tools" is reached by its "httpUrl": choose another name, or remove it first"#
    );
    let remote = "[mcp_servers.tools]\nurl = \"https://example.com/mcp\"\n";
    assert_eq!(
        Editor::Codex.merged(remote, &entry("tools")).expect_err("refused").to_string(),
        r#"line 2, column 1: the server "tools" is reached by its "url": choose another name, or remove it first"#
    );
}
