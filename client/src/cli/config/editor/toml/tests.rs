use insta::assert_snapshot;

use super::*;

fn entry() -> Entry {
    Entry {
        name: "tools".parse().expect("a name"),
        command: "mcp-sigv4".to_owned(),
        arguments: vec!["proxy".to_owned(), "https://x.test/".to_owned()],
    }
}

/// The text with the entry, which is valid and has it then.
#[track_caller]
fn text(merged: Result<Merged, Refusal>) -> String {
    let (Merged::Added(text) | Merged::Replaced(text)) = merged.expect("merged") else { panic!("unchanged") };
    assert_eq!(super::merged(&text, &entry()), Ok(Merged::Unchanged), "{text}");
    text
}

#[track_caller]
fn added(old: &str) -> String {
    let added = merged(old, &entry());
    assert!(matches!(added, Ok(Merged::Added(_))), "{added:?}");
    text(added)
}

#[track_caller]
fn replaced(old: &str) -> String {
    let replaced = merged(old, &entry());
    assert!(matches!(replaced, Ok(Merged::Replaced(_))), "{replaced:?}");
    text(replaced)
}

#[test]
fn an_entry_comes_at_the_end() {
    for old in [
        "model = \"gpt\" # the default\n",
        "a.x = 1\nb = 2\na.y = 3\n[ \"odd\" . header ]\nk   =  'v'   # c\n",
        "[mcp_servers]\n",
        "[mcp_servers.other]\ncommand = \"npx\"\n\n[mcp_servers.other.env]\nTOKEN = \"secret\"\n",
        "[[profiles]]\nname = \"one\"\n",
        "# only a comment\n",
        "text = \"\"\"\n[mcp_servers.tools]\n\"\"\"\n",
    ] {
        assert_eq!(added(old), format!("{old}\n{}", snippet(&entry())));
        let unended = old.trim_end();
        assert_eq!(added(unended), format!("{unended}\n\n{}", snippet(&entry())));
    }
}

#[test]
fn of_an_entry_that_is_there_only_what_runs_it_changes() {
    let old = r#"[mcp_servers.tools] # mine
startup_timeout_sec = 20
command   = 'old' # moved
args = [
  "proxy", # and what else
]
enabled = true

[mcp_servers.tools.env]
AWS_PROFILE = "dev"

[mcp_servers.other]
command = "old"
"#;
    assert_snapshot!(replaced(old), @r#"
    [mcp_servers.tools] # mine
    startup_timeout_sec = 20
    command   = "mcp-sigv4" # moved
    args = ["proxy", "https://x.test/"]
    enabled = true

    [mcp_servers.tools.env]
    AWS_PROFILE = "dev"

    [mcp_servers.other]
    command = "old"
    "#);
}

#[test]
fn what_is_missing_of_an_entry_is_added_to_it() {
    assert_snapshot!(replaced("[mcp_servers.tools] # mine\nenabled = true\n[a]\n"), @r#"
    [mcp_servers.tools] # mine
    command = "mcp-sigv4"
    args = ["proxy", "https://x.test/"]
    enabled = true
    [a]
    "#);
    let fields = "command = \"mcp-sigv4\"\r\nargs = [\"proxy\", \"https://x.test/\"]";
    assert_eq!(replaced("a = 1\r\n[mcp_servers.tools]"), format!("a = 1\r\n[mcp_servers.tools]\r\n{fields}"));
    assert_snapshot!(replaced("[mcp_servers.tools.env]\nA = \"b\"\n"), @r#"
    [mcp_servers.tools.env]
    A = "b"

    [mcp_servers.tools]
    command = "mcp-sigv4"
    args = ["proxy", "https://x.test/"]
    "#);
}

#[test]
fn inline_tables_stay_inline() {
    let inline = r#"command = "mcp-sigv4", args = ["proxy", "https://x.test/"]"#;
    for (old, new) in [
        ("mcp_servers = {}", format!("mcp_servers = {{ tools = {{ {inline} }} }}")),
        (
            "mcp_servers = { a = { command = \"x\" } } # c",
            format!("mcp_servers = {{ a = {{ command = \"x\" }}, tools = {{ {inline} }} }} # c"),
        ),
    ] {
        assert_eq!(added(old), new);
    }
    for (old, new) in [
        ("[mcp_servers]\ntools = { }\n", format!("[mcp_servers]\ntools = {{ {inline} }}\n")),
        (
            "[mcp_servers]\ntools = { command = 'x', env.A = \"b\" }\n",
            "[mcp_servers]\ntools = { command = \"mcp-sigv4\", env.A = \"b\", args = [\"proxy\", \"https://x.test/\"] }\n".to_owned(),
        ),
    ] {
        assert_eq!(replaced(old), new);
    }
}

#[test]
fn dotted_keys_are_changed_where_they_are_and_not_added_to() {
    let old = "mcp_servers.tools.command = \"x\"\nmodel = \"m\"\nmcp_servers.tools.args = []\n";
    let new = "mcp_servers.tools.command = \"mcp-sigv4\"\nmodel = \"m\"\nmcp_servers.tools.args = [\"proxy\", \"https://x.test/\"]\n";
    assert_eq!(replaced(old), new);
    let refused = |text| merged(text, &entry()).expect_err("refused").to_string();
    assert_snapshot!(refused("mcp_servers.tools.command = \"x\"\n"), @"line 1, column 13: mcp_servers.tools is written with dotted keys: make it a table, [mcp_servers.tools], or add the entry by hand");
    assert_snapshot!(refused("\nmcp_servers.other.command = \"x\"\n"), @"line 2, column 1: mcp_servers is written with dotted keys: make it a table, [mcp_servers], or add the entry by hand");
}

#[test]
fn what_cannot_be_merged_into_is_named_with_its_place() {
    let refused = |text| merged(text, &entry()).expect_err("refused").to_string();
    assert_snapshot!(refused("a = 1\nb = \n"), @"line 2, column 5: string values must be quoted, expected literal string");
    assert_snapshot!(refused("a = 1\n\na = 2\n"), @"line 3, column 1: duplicate key");
    assert_snapshot!(refused("mcp_servers = 1"), @"line 1, column 1: mcp_servers is not a table");
    assert_snapshot!(refused("[[mcp_servers]]\n"), @"line 1, column 3: mcp_servers is not a table");
    assert_snapshot!(refused("[mcp_servers]\ntools = 1\n"), @r#"line 2, column 1: the server "tools" is not a table"#);
    assert_snapshot!(refused("[mcp_servers.tools.command]\nx = 1\n"), @r#"line 1, column 20: "command" is a table"#);
}
