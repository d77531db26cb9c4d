use clap::ValueEnum;
use insta::assert_snapshot;

use super::*;

fn home(system: System, variables: &[(&str, &str)]) -> Home {
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
    Home::new(system, variable).expect("a home")
}

/// Each client's file, with the separators of this system made the same.
fn files(home: &Home) -> String {
    let file = |editor: &Editor| {
        let name = editor.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        format!("{name} {}\n", editor.file(home).display().to_string().replace('\\', "/"))
    };
    Editor::value_variants().iter().map(file).collect()
}

#[test]
fn on_linux_they_are_in_the_home_directory_or_its_config() {
    assert_snapshot!(files(&home(System::Linux, &[("HOME", "/home/me")])), @"
    claude-desktop /home/me/.config/Claude/claude_desktop_config.json
    claude-code /home/me/.claude.json
    cursor /home/me/.cursor/mcp.json
    vscode /home/me/.config/Code/User/mcp.json
    kiro /home/me/.kiro/settings/mcp.json
    windsurf /home/me/.codeium/windsurf/mcp_config.json
    zed /home/me/.config/zed/settings.json
    codex /home/me/.codex/config.toml
    gemini-cli /home/me/.gemini/settings.json
    ");
}

#[test]
fn on_macos_they_are_in_the_home_directory_or_its_library() {
    // XDG_CONFIG_HOME is for Linux.
    let home = home(System::MacOs, &[("HOME", "/Users/me"), ("XDG_CONFIG_HOME", "/elsewhere")]);
    assert_snapshot!(files(&home), @"
    claude-desktop /Users/me/Library/Application Support/Claude/claude_desktop_config.json
    claude-code /Users/me/.claude.json
    cursor /Users/me/.cursor/mcp.json
    vscode /Users/me/Library/Application Support/Code/User/mcp.json
    kiro /Users/me/.kiro/settings/mcp.json
    windsurf /Users/me/.codeium/windsurf/mcp_config.json
    zed /Users/me/.config/zed/settings.json
    codex /Users/me/.codex/config.toml
    gemini-cli /Users/me/.gemini/settings.json
    ");
}

#[test]
fn on_windows_they_are_in_the_profile_or_its_application_data() {
    let variables = [("USERPROFILE", r"C:\Users\me"), ("APPDATA", r"D:\Roaming"), ("HOME", "/home/me")];
    assert_snapshot!(files(&home(System::Windows, &variables)), @"
    claude-desktop D:/Roaming/Claude/claude_desktop_config.json
    claude-code C:/Users/me/.claude.json
    cursor C:/Users/me/.cursor/mcp.json
    vscode D:/Roaming/Code/User/mcp.json
    kiro C:/Users/me/.kiro/settings/mcp.json
    windsurf C:/Users/me/.codeium/windsurf/mcp_config.json
    zed D:/Roaming/Zed/settings.json
    codex C:/Users/me/.codex/config.toml
    gemini-cli C:/Users/me/.gemini/settings.json
    ");
}

#[test]
fn without_appdata_it_is_where_windows_has_it() {
    let home = home(System::Windows, &[("USERPROFILE", r"C:\Users\me"), ("APPDATA", "")]);
    let vscode = Editor::Vscode.file(&home).display().to_string().replace('\\', "/");
    assert_eq!(vscode, "C:/Users/me/AppData/Roaming/Code/User/mcp.json");
}

#[test]
fn variables_move_the_files_of_those_that_honour_them() {
    let variables = [
        ("HOME", "/home/me"),
        ("XDG_CONFIG_HOME", "/config"),
        ("CLAUDE_CONFIG_DIR", "/claude"),
        ("CODEX_HOME", "/codex"),
        ("GEMINI_CLI_HOME", "/gemini"),
    ];
    assert_snapshot!(files(&home(System::Linux, &variables)), @"
    claude-desktop /config/Claude/claude_desktop_config.json
    claude-code /claude/.claude.json
    cursor /home/me/.cursor/mcp.json
    vscode /config/Code/User/mcp.json
    kiro /home/me/.kiro/settings/mcp.json
    windsurf /home/me/.codeium/windsurf/mcp_config.json
    zed /config/zed/settings.json
    codex /codex/config.toml
    gemini-cli /gemini/.gemini/settings.json
    ");
}

#[test]
fn an_empty_variable_is_none_and_a_relative_config_home_is_ignored() {
    let home =
        home(System::Linux, &[("HOME", "/home/me"), ("CODEX_HOME", ""), ("XDG_CONFIG_HOME", "config")]);
    assert_eq!(Editor::Codex.file(&home), Path::new("/home/me/.codex/config.toml"));
    assert_eq!(Editor::Zed.file(&home), Path::new("/home/me/.config/zed/settings.json"));
}

#[test]
fn without_a_home_the_variable_to_set_is_named() {
    let error = |system| Home::new(system, |_| None).expect_err("no home").to_string();
    assert_eq!(error(System::Linux), "the home directory is not known: set HOME");
    assert_eq!(error(System::Windows), "the home directory is not known: set USERPROFILE");
}

#[test]
fn the_packaged_claude_on_windows_reads_where_it_has_its_data() {
    let profile = tempfile::tempdir().expect("a directory");
    let local = profile.path().join("AppData").join("Local");
    let home = home(System::Windows, &[("USERPROFILE", &profile.path().display().to_string())]);
    let directory = || Editor::ClaudeDesktop.file(&home).parent().map(Path::to_owned).expect("a directory");
    assert_eq!(directory(), profile.path().join("AppData").join("Roaming").join("Claude"));

    let packages = local.join("Packages");
    fs::create_dir_all(packages.join("Microsoft.WindowsTerminal_8wekyb3d8bbwe")).expect("created");
    let virtualized = packages.join("Claude_pzs8sxrjxfjjc").join("LocalCache").join("Roaming").join("Claude");
    fs::create_dir_all(&virtualized).expect("created");
    assert_eq!(directory(), virtualized);

    let data = local.join("Claude-Data").join("claude_pzs8sxrjxfjjc");
    fs::create_dir_all(&data).expect("created");
    assert_eq!(directory(), data);
}

#[test]
fn windsurf_that_has_become_devin_reads_devins_file() {
    let user = tempfile::tempdir().expect("a directory");
    let directory = user.path().display().to_string();
    let linux = home(System::Linux, &[("HOME", &directory)]);
    let windows = home(System::Windows, &[("USERPROFILE", &directory), ("APPDATA", &directory)]);
    let old = user.path().join(".codeium").join("windsurf").join("mcp_config.json");
    assert_eq!([Editor::Windsurf.file(&linux), Editor::Windsurf.file(&windows)], [old.clone(), old]);

    let devin = [user.path().join(".config").join("devin"), user.path().join("devin")];
    for devin in &devin {
        fs::create_dir_all(devin).expect("created");
    }
    let new = devin.map(|devin| devin.join("mcp_config.json"));
    assert_eq!([Editor::Windsurf.file(&linux), Editor::Windsurf.file(&windows)], new);
}
