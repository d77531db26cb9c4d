//! Putting properties into the objects of a JSON file.

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::tokens::{Token, TokenAndRange};

use super::super::splice::{Splices, begins_line, indent, newline};
use super::new::{Layout, New, line};

/// A file into which properties are put, laid out as its own are.
pub(super) struct File<'a> {
    pub(super) text: &'a str,
    pub(super) splices: Splices,
    layout: Layout<'a>,
    tokens: Vec<TokenAndRange<'a>>,
}

impl<'a> File<'a> {
    pub(super) fn new(text: &'a str, root: &Object, tokens: Vec<TokenAndRange<'a>>) -> Self {
        let mut layout = Layout { newline: newline(text), ..Layout::default() };
        let first = root.properties.first().filter(|first| begins_line(text, first.start()));
        if let Some(unit) = first.map(|first| indent(text, first.start())).filter(|unit| !unit.is_empty()) {
            layout.unit = unit;
        }
        Self { text, splices: Splices::default(), layout, tokens }
    }

    pub(super) fn replace(&mut self, value: &Value, new: &New) {
        self.splices.replace(value.start()..value.end(), new.line());
    }

    /// Puts properties at the end of an object.
    pub(super) fn insert(&mut self, object: &Object, properties: &[(&str, New)]) {
        match object.properties.last() {
            _ if properties.is_empty() => {}
            None => self.fill(object, properties),
            Some(last) => self.append(object, last, properties),
        }
    }

    /// Into an object without properties, after the comments that it may have.
    fn fill(&mut self, object: &Object, properties: &[(&str, New)]) {
        let (open, close) = (object.start() + 1, object.end() - 1);
        let at = open + self.text[open..close].trim_end().len();
        let outer = indent(self.text, object.start());
        let lines = self.layout.properties(&format!("{outer}{}", self.layout.unit), properties);
        if self.text[at..close].contains('\n') {
            self.splices.insert(at, lines);
        } else {
            self.splices.replace(at..close, format!("{lines}{}{outer}", self.layout.newline));
        }
    }

    /// After the last property, its comma, and the comments that end its line.
    fn append(&mut self, object: &Object, last: &ObjectProp, properties: &[(&str, New)]) {
        let inside = last.end()..object.end() - 1;
        let mut rest = self.tokens.iter().filter(|token| inside.contains(&token.start()));
        let comma = rest.clone().find(|token| token.token == Token::Comma).map(Ranged::end);
        let mut at = comma.unwrap_or(last.end());
        let added = if self.text[object.start()..object.end()].contains('\n') {
            // What is left of the tokens, after the comma, is comments.
            while let Some(comment) = rest.find(|token| token.start() >= at) {
                if self.text[at..comment.end()].contains('\n') {
                    break;
                }
                at = comment.end();
            }
            self.layout.properties(&self.inner_indent(object, last), properties)
        } else {
            format!(" {}", line(properties))
        };
        if comma.is_none() {
            self.splices.insert(last.end(), ",".to_owned());
        }
        let trailing = if comma.is_some() { "," } else { "" };
        self.splices.insert(at, added + trailing);
    }

    fn inner_indent(&self, object: &Object, last: &ObjectProp) -> String {
        if begins_line(self.text, last.start()) {
            return indent(self.text, last.start()).to_owned();
        }
        format!("{}{}", indent(self.text, object.start()), self.layout.unit)
    }
}

#[cfg(test)]
mod tests;
