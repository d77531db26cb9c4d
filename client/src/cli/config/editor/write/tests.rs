use tempfile::TempDir;

use super::super::tests::entry;
use super::*;

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).expect("a file")
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

const OTHER: &str = "{\n  \"mcpServers\": {\n    \"other\": {}\n  }\n}\n";

#[test]
fn a_missing_file_is_created_with_its_directories() {
    let home = directory();
    let file = home.path().join("a").join("b").join("mcp.json");
    assert_eq!(Editor::Cursor.write(&file, &entry("tools")).expect("written"), Written::Created);
    assert_eq!(text(&file), Editor::Cursor.snippet(&entry("tools")));
    assert_eq!(names(&home.path().join("a").join("b")), ["mcp.json"]);
}

#[test]
fn the_backup_has_the_old_bytes_and_older_backups_stay() {
    let home = directory();
    let file = home.path().join("mcp.json");
    let backup = |number| home.path().join(format!("mcp.json.bak{number}"));
    fs::write(&file, OTHER).expect("written");
    fs::write(backup(""), "mine").expect("written");

    let written = Editor::Cursor.write(&file, &entry("tools")).expect("written");
    assert_eq!(written, Written::Added { backup: backup(".1") });
    assert_eq!([text(&backup("")), text(&backup(".1"))], ["mine", OTHER]);

    let added = text(&file);
    let moved = Entry { command: "elsewhere".to_owned(), ..entry("tools") };
    let written = Editor::Cursor.write(&file, &moved).expect("written");
    assert_eq!(written, Written::Replaced { backup: backup(".2") });
    assert_eq!(text(&backup(".2")), added);
    assert_eq!(names(home.path()), ["mcp.json", "mcp.json.bak", "mcp.json.bak.1", "mcp.json.bak.2"]);
}

#[test]
fn what_is_there_already_is_left_alone() {
    let home = directory();
    let file = home.path().join("config.toml");
    Editor::Codex.write(&file, &entry("tools")).expect("written");
    assert_eq!(Editor::Codex.write(&file, &entry("tools")).expect("written"), Written::Unchanged);
    assert_eq!(names(home.path()), ["config.toml"]);
}

#[test]
fn a_broken_file_is_named_and_stays_as_it_is() {
    let home = directory();
    let file = home.path().join("mcp.json");
    for (broken, why) in [
        (&b"{\n  \"mcpServers\": {\n"[..], "line 2, column 17: unterminated object"),
        (b"{\n  \"mcpServers\": 1\n}", "line 2, column 17: \"mcpServers\" is not a JSON object"),
    ] {
        fs::write(&file, broken).expect("written");
        let error = Editor::Cursor.write(&file, &entry("tools")).expect_err("broken");
        assert_eq!(
            format!("{error:#}"),
            format!("{} is left as it was: it cannot be merged into: {why}", file.display())
        );
        assert_eq!(fs::read(&file).expect("a file"), broken);
    }
    fs::write(&file, b"\xff\xfe{\0").expect("written");
    let error = Editor::Cursor.write(&file, &entry("tools")).expect_err("UTF-16");
    assert_eq!(format!("{error:#}"), format!("read {}: stream did not contain valid UTF-8", file.display()));
    assert_eq!(names(home.path()), ["mcp.json"]);
}

#[test]
fn a_file_that_was_changed_meanwhile_is_not_replaced() {
    let home = directory();
    let file = home.path().join("mcp.json");
    fs::write(&file, OTHER).expect("written");
    let old = read(&file).expect("readable").expect("a file");
    fs::write(&file, "{}").expect("written");
    let error = replace(&file, Some(&old), "new").expect_err("changed").to_string();
    assert!(error.ends_with("mcp.json was changed meanwhile by another program: run this again"), "{error}");
    assert_eq!(text(&file), "{}");
    assert_eq!(names(home.path()), ["mcp.json"]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(file: &Path) -> u32 {
        fs::metadata(file).expect("a file").permissions().mode() & 0o7777
    }

    #[test]
    fn permissions_are_kept_and_a_new_file_is_for_its_owner() {
        let home = directory();
        let file = home.path().join("mcp.json");
        Editor::Cursor.write(&file, &entry("one")).expect("written");
        assert_eq!(mode(&file), 0o600);
        fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("changed");
        let written = Editor::Cursor.write(&file, &entry("two")).expect("written");
        let Written::Added { backup } = written else { panic!("{written:?}") };
        assert_eq!([mode(&file), mode(&backup)], [0o644, 0o644]);
    }

    #[test]
    fn a_link_stays_and_its_target_is_replaced() {
        let home = directory();
        let dotfiles = home.path().join("dotfiles");
        fs::create_dir(&dotfiles).expect("created");
        let (link, file) = (home.path().join("mcp.json"), dotfiles.join("mcp.json"));
        // A link to a link, and relative.
        symlink("other.json", home.path().join("mcp.json")).expect("linked");
        symlink(Path::new("dotfiles").join("mcp.json"), home.path().join("other.json")).expect("linked");

        assert_eq!(Editor::Cursor.write(&link, &entry("one")).expect("written"), Written::Created);
        let one = text(&file);
        let written = Editor::Cursor.write(&link, &entry("two")).expect("written");
        assert_eq!(written, Written::Added { backup: dotfiles.join("mcp.json.bak") });
        assert!(link.is_symlink() && !file.is_symlink());
        assert_eq!(text(&dotfiles.join("mcp.json.bak")), one);
        assert_eq!(text(&link), text(&file));
        assert_eq!(names(&dotfiles), ["mcp.json", "mcp.json.bak"]);
    }

    #[test]
    fn links_in_a_circle_are_an_error() {
        let home = directory();
        let link = home.path().join("mcp.json");
        symlink("mcp.json", &link).expect("linked");
        let error = Editor::Cursor.write(&link, &entry("tools")).expect_err("a circle");
        assert_eq!(format!("{error:#}"), format!("follow the link {}: too many links", link.display()));
    }
}
