//! Servers in JSON, with comments and trailing commas where a file has them.

mod file;
mod new;

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};

use super::splice::{Refusal, newline};
use super::{ADDRESSES, Entry, Merged, is_remote};
use file::File;
use new::{Layout, New};

/// The file that has only this entry.
pub(super) fn snippet(servers: &str, kind: Option<&str>, entry: &Entry) -> String {
    let file = New::Object(vec![(servers, named(kind, entry))]);
    file.lines(&Layout::default(), "") + "\n"
}

/// The text with the entry among the servers, which are under that key.
pub(super) fn merged(
    text: &str,
    servers: &str,
    kind: Option<&str>,
    entry: &Entry,
) -> Result<Merged, Refusal> {
    let collected = CollectOptions { comments: CommentCollectionStrategy::AsTokens, tokens: true };
    let parsed = parse_to_ast(text, &collected, &JSONC)
        .map_err(|error| Refusal::at(text, error.range().start, uncapitalized(&error.kind().to_string())))?;
    let Some(root) = &parsed.value else {
        return Ok(Merged::Added(after_comments(text, &snippet(servers, kind, entry))));
    };
    let root = object(text, root, "the file")?;
    let mut file = File::new(text, root, parsed.tokens.unwrap_or_default());
    let Some(listed) = property(root, servers) else {
        file.insert(root, &[(servers, named(kind, entry))]);
        return Ok(file.splices.added(text));
    };
    let listed = object(text, &listed.value, &format!("{servers:?}"))?;
    let Some(known) = property(listed, &entry.name.0) else {
        file.insert(listed, &[(&entry.name.0, New::Object(fields(kind, entry)))]);
        return Ok(file.splices.added(text));
    };
    let known = object(text, &known.value, &format!("the server {:?}", entry.name.0))?;
    update(&mut file, known, kind, entry)?;
    Ok(file.splices.replaced(text))
}

/// JSON with comments and trailing commas, and nothing more of what the parser knows.
const JSONC: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

fn uncapitalized(message: &str) -> String {
    let mut rest = message.chars();
    rest.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(rest).collect()
}

fn after_comments(text: &str, snippet: &str) -> String {
    let newline = newline(text);
    let end = if text.ends_with('\n') { "" } else { newline };
    format!("{text}{end}{}", snippet.replace('\n', newline))
}

/// Sets what is ours of an entry that is there.
fn update(file: &mut File, known: &Object, kind: Option<&str>, entry: &Entry) -> Result<(), Refusal> {
    if let Some(address) = ADDRESSES.iter().find_map(|address| property(known, address)) {
        return Err(Refusal::at(file.text, address.start(), is_remote(entry, address.name.as_str())));
    }
    let mut missing = Vec::new();
    for (key, new) in fields(kind, entry) {
        match property(known, key) {
            Some(property) if new.is(&property.value) => {}
            Some(property) => file.replace(&property.value, &new),
            None => missing.push((key, new)),
        }
    }
    file.insert(known, &missing);
    Ok(())
}

fn named<'a>(kind: Option<&'a str>, entry: &'a Entry) -> New<'a> {
    New::Object(vec![(&entry.name.0, New::Object(fields(kind, entry)))])
}

/// What is ours of an entry.
fn fields<'a>(kind: Option<&'a str>, entry: &'a Entry) -> Vec<(&'a str, New<'a>)> {
    let kind = kind.map(|kind| ("type", New::Text(kind)));
    let run = [("command", New::Text(&entry.command)), ("args", New::List(&entry.arguments))];
    kind.into_iter().chain(run).collect()
}

fn object<'a, 'b>(text: &str, value: &'b Value<'a>, what: &str) -> Result<&'b Object<'a>, Refusal> {
    let refusal = || Refusal::at(text, value.start(), format!("{what} is not a JSON object"));
    value.as_object().ok_or_else(refusal)
}

/// The last property of that name: of duplicates, it is the one that readers of JSON go by.
fn property<'a, 'b>(object: &'b Object<'a>, name: &str) -> Option<&'b ObjectProp<'a>> {
    object.properties.iter().rev().find(|property| property.name.as_str() == name)
}

#[cfg(test)]
mod tests;
