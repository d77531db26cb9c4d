//! Putting pieces into a text, the rest of which stays as it is, byte for byte.

use std::ops::Range;

use super::Merged;

/// Why a file cannot be merged into, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub(crate) struct Refusal {
    /// From 1.
    line: usize,
    /// From 1, in characters.
    column: usize,
    what: String,
}

impl Refusal {
    pub(super) fn at(text: &str, offset: usize, what: impl Into<String>) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            what: what.into(),
        }
    }
}

/// The pieces that are to be put into a text.
#[derive(Default)]
pub(super) struct Splices(Vec<(Range<usize>, String)>);

impl Splices {
    pub(super) fn replace(&mut self, range: Range<usize>, with: String) {
        self.0.push((range, with));
    }

    /// Pieces for the same place come in the order in which they were inserted.
    pub(super) fn insert(&mut self, at: usize, piece: String) {
        self.replace(at..at, piece);
    }

    /// What the text of an entry that is there becomes.
    pub(super) fn replaced(self, text: &str) -> Merged {
        if self.0.is_empty() { Merged::Unchanged } else { Merged::Replaced(self.applied(text)) }
    }

    /// What a text becomes that had no such entry.
    pub(super) fn added(self, text: &str) -> Merged {
        Merged::Added(self.applied(text))
    }

    fn applied(mut self, text: &str) -> String {
        self.0.sort_by_key(|(range, _)| range.start);
        let mut spliced = String::with_capacity(text.len());
        let mut rest = 0;
        for (range, piece) in self.0 {
            spliced.push_str(&text[rest..range.start]);
            spliced.push_str(&piece);
            rest = range.end;
        }
        spliced + &text[rest..]
    }
}

/// How the lines of a text end.
pub(super) fn newline(text: &str) -> &'static str {
    let first = text.split_inclusive('\n').next().unwrap_or_default();
    if first.ends_with("\r\n") { "\r\n" } else { "\n" }
}

/// The whitespace that the line of this place begins with.
pub(super) fn indent(text: &str, offset: usize) -> &str {
    let line = &text[text[..offset].rfind('\n').map_or(0, |end| end + 1)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Whether only whitespace comes before this place in its line.
pub(super) fn begins_line(text: &str, offset: usize) -> bool {
    text[..offset].trim_end_matches([' ', '\t']).ends_with('\n')
}
