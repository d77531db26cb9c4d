//! The options of this run, as they are given to the proxy later.

use std::ffi::OsStr;
use std::path;

use anyhow::Context;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory};

use crate::cli::Cli;

/// What concerns this command alone, and what names targets, which are looked up now.
const OWN: [&str; 9] = ["editor", "name", "write", "targets", "stack", "agent", "output", "verbose", "help"];

/// The options that were given, with the profile of the environment where none was.
///
/// # Errors
/// Fails for a value that is not Unicode, which no client's file can hold.
pub(super) fn of_this_run(environment_profile: Option<String>) -> anyhow::Result<Vec<String>> {
    let mut command = Cli::command();
    let matches = command.get_matches_mut();
    of(&command, &matches, environment_profile)
}

fn of(
    command: &clap::Command,
    matches: &ArgMatches,
    environment_profile: Option<String>,
) -> anyhow::Result<Vec<String>> {
    let mut words: Vec<String> =
        environment_profile.into_iter().flat_map(|profile| ["--profile".to_owned(), profile]).collect();
    let Some((name, matches)) = matches.subcommand() else { return Ok(words) };
    let Some(command) = command.find_subcommand(name) else { return Ok(words) };
    for argument in command.get_arguments().filter(|argument| !OWN.contains(&argument.get_id().as_str())) {
        let id = argument.get_id().as_str();
        if matches.value_source(id) == Some(ValueSource::CommandLine) {
            add(&mut words, argument, matches)?;
        }
    }
    Ok(words)
}

fn add(words: &mut Vec<String>, argument: &Arg, matches: &ArgMatches) -> anyhow::Result<()> {
    let Some(long) = argument.get_long() else { return Ok(()) };
    if !argument.get_action().takes_values() {
        words.push(format!("--{long}"));
        return Ok(());
    }
    for value in matches.get_raw(argument.get_id().as_str()).into_iter().flatten() {
        let value = text(long, value)?;
        if value.starts_with('-') {
            words.push(format!("--{long}={value}"));
        } else {
            words.extend([format!("--{long}"), value]);
        }
    }
    Ok(())
}

fn text(long: &str, value: &OsStr) -> anyhow::Result<String> {
    let value = if long == "log-file" {
        // The client starts the proxy in another directory.
        path::absolute(value)
            .with_context(|| format!("find out where {} is", value.display()))?
            .into_os_string()
    } else {
        value.to_owned()
    };
    value.into_string().map_err(|value| anyhow::anyhow!("--{long} {} is not Unicode", value.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_given_again_as_they_were_given() {
        let command = Cli::command();
        let given = "mcp-sigv4 --region eu-west-1 config --timeout 5 cursor http://127.0.0.1:1/ --read-only \
            --name x --allow a*,b? --write --header X:${KEY} --deny=-x";
        let mut command = command;
        let matches = command.try_get_matches_from_mut(given.split_whitespace()).expect("valid");
        let words = of(&command, &matches, Some("work".to_owned())).expect("Unicode").join(" ");
        insta::assert_snapshot!(words, @"--profile work --read-only --allow a* --allow b? --deny=-x --region eu-west-1 --timeout 5 --header X:${KEY}");
    }
}
