//! Servers in the TOML of Codex: a table of each in `mcp_servers`.

use std::ops::Range;

use toml_edit::{Document, InlineTable, Item, Table, TableLike, Value};

use super::splice::{Refusal, Splices, newline};
use super::{ADDRESSES, Entry, Merged, is_remote};

const SERVERS: &str = "mcp_servers";

/// The file that has only this entry.
pub(super) fn snippet(entry: &Entry) -> String {
    format!("[{SERVERS}.{}]\n{}\n", entry.name.0, fields(entry).map(line).join("\n"))
}

/// The text with the entry among the servers.
pub(super) fn merged(text: &str, entry: &Entry) -> Result<Merged, Refusal> {
    let parsed = Document::parse(text)
        .map_err(|error| Refusal::at(text, error.span().map_or(0, |span| span.start), error.message()))?;
    let mut file = File { text, entry, splices: Splices::default() };
    let root = parsed.as_table();
    let Some(servers) = root.get(SERVERS) else {
        file.append_table();
        return Ok(file.splices.added(text));
    };
    let Some(listed) = servers.as_table_like() else {
        return Err(file.refusal(root, SERVERS, &format!("{SERVERS} is not a table")));
    };
    if let Some(known) = listed.get(&entry.name.0) {
        file.update(listed, known)?;
        return Ok(file.splices.replaced(text));
    }
    match servers {
        Item::Value(Value::InlineTable(servers)) => {
            let fields = fields(entry).map(line).join(", ");
            file.insert_inline(servers, &format!("{} = {{ {fields} }}", entry.name.0));
        }
        _ if listed.is_dotted() => return Err(file.refusal(root, SERVERS, &dotted(SERVERS))),
        _ => file.append_table(),
    }
    Ok(file.splices.added(text))
}

/// What is ours of an entry: keys, and values as they are written.
fn fields(entry: &Entry) -> [(&'static str, String); 2] {
    let written = |text: &String| Value::from(text).to_string();
    let arguments: Vec<String> = entry.arguments.iter().map(written).collect();
    [("command", written(&entry.command)), ("args", format!("[{}]", arguments.join(", ")))]
}

fn line((key, value): (&str, String)) -> String {
    format!("{key} = {value}")
}

/// Where a value is that is no table.
fn place(item: &Item) -> Option<Range<usize>> {
    item.as_value().filter(|value| !value.is_inline_table()).and_then(Value::span)
}

/// TOML has no place for more keys of such a table but among the others.
fn dotted(table: &str) -> String {
    format!("{table} is written with dotted keys: make it a table, [{table}], or add the entry by hand")
}

struct File<'a> {
    text: &'a str,
    entry: &'a Entry,
    splices: Splices,
}

impl File<'_> {
    /// Sets what is ours of an entry that is there.
    fn update(&mut self, listed: &dyn TableLike, known: &Item) -> Result<(), Refusal> {
        let name = &self.entry.name.0;
        let Some(table) = known.as_table_like() else {
            return Err(self.refusal(listed, name, &format!("the server {name:?} is not a table")));
        };
        if let Some(address) = ADDRESSES.into_iter().find(|address| table.contains_key(address)) {
            return Err(self.refusal(table, address, &is_remote(self.entry, address)));
        }
        let mut missing = Vec::new();
        for (key, value) in fields(self.entry) {
            match table.get(key) {
                Some(there) if self.says(key, there) => {}
                Some(there) => match place(there) {
                    Some(place) => self.splices.replace(place, value),
                    None => return Err(self.refusal(table, key, &format!("{key:?} is a table"))),
                },
                None => missing.push(line((key, value))),
            }
        }
        match known {
            _ if missing.is_empty() => {}
            Item::Value(Value::InlineTable(table)) => self.insert_inline(table, &missing.join(", ")),
            // There are tables of it, such as its env, but not yet itself.
            Item::Table(table) if table.is_implicit() && !table.is_dotted() => self.append_table(),
            Item::Table(table) if !table.is_dotted() => self.insert_below(table, &missing),
            _ => return Err(self.refusal(listed, name, &dotted(&format!("{SERVERS}.{name}")))),
        }
        Ok(())
    }

    /// Whether the value there is what this key is to have.
    fn says(&self, key: &str, there: &Item) -> bool {
        if key == "command" {
            return there.as_str() == Some(&self.entry.command);
        }
        let listed = there.as_array().map(|array| array.iter().map(Value::as_str));
        listed.is_some_and(|listed| {
            listed.eq(self.entry.arguments.iter().map(|argument| Some(argument.as_str())))
        })
    }

    fn append_table(&mut self) {
        let newline = newline(self.text);
        let gap = if self.text.ends_with('\n') { newline.to_owned() } else { newline.repeat(2) };
        self.splices.insert(self.text.len(), gap + &snippet(self.entry).replace('\n', newline));
    }

    /// On lines of their own, below the table's header.
    fn insert_below(&mut self, table: &Table, lines: &[String]) {
        let header = table.span().unwrap_or_default().end;
        let newline = newline(self.text);
        let lines = lines.join(newline);
        match self.text[header..].find('\n') {
            Some(end) => self.splices.insert(header + end + 1, lines + newline),
            None => self.splices.insert(self.text.len(), format!("{newline}{lines}")),
        }
    }

    fn insert_inline(&mut self, table: &InlineTable, fields: &str) {
        let last = table.get_values().iter().filter_map(|(_, value)| value.span()).map(|span| span.end).max();
        match (last, table.span()) {
            (Some(end), _) => self.splices.insert(end, format!(", {fields}")),
            (None, Some(span)) => self.splices.replace(span, format!("{{ {fields} }}")),
            // Nothing that was parsed is without a place.
            (None, None) => {}
        }
    }

    /// At that key of the table.
    fn refusal(&self, table: &dyn TableLike, key: &str, what: &str) -> Refusal {
        let span = table.key(key).and_then(toml_edit::Key::span);
        Refusal::at(self.text, span.map_or(0, |span| span.start), what)
    }
}

#[cfg(test)]
mod tests;
