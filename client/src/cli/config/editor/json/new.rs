//! JSON that is to be written.

use jsonc_parser::ast::Value;

/// A value that is to be written.
pub(super) enum New<'a> {
    Text(&'a str),
    List(&'a [String]),
    Object(Vec<(&'a str, Self)>),
}

/// How lines are laid out.
pub(super) struct Layout<'a> {
    pub(super) newline: &'a str,
    /// The indentation of each level.
    pub(super) unit: &'a str,
}

impl Default for Layout<'_> {
    fn default() -> Self {
        Self { newline: "\n", unit: "  " }
    }
}

impl Layout<'_> {
    /// Each property on a line of its own, begun by the line break.
    pub(super) fn properties(&self, indent: &str, properties: &[(&str, New)]) -> String {
        let lines = properties.iter().map(|(name, new)| {
            format!("{}{indent}{}: {}", self.newline, quoted(name), new.lines(self, indent))
        });
        lines.collect::<Vec<_>>().join(",")
    }
}

impl New<'_> {
    /// In lines, of which the first is begun already and the others have this indentation.
    pub(super) fn lines(&self, layout: &Layout, indent: &str) -> String {
        let Self::Object(properties) = self else { return self.line() };
        let inner = layout.properties(&format!("{indent}{}", layout.unit), properties);
        format!("{{{inner}{}{indent}}}", layout.newline)
    }

    /// In one line.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::List(texts) => {
                format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
            }
            Self::Object(properties) => format!("{{{}}}", line(properties)),
        }
    }

    /// Whether the value there is this one already.
    pub(super) fn is(&self, value: &Value) -> bool {
        let is_text = |value: &Value, text: &str| value.as_string_lit().is_some_and(|it| it.value == text);
        match self {
            Self::Text(text) => is_text(value, text),
            Self::List(texts) => value.as_array().is_some_and(|array| {
                array.elements.len() == texts.len()
                    && array.elements.iter().zip(*texts).all(|(element, text)| is_text(element, text))
            }),
            Self::Object(_) => false,
        }
    }
}

/// Properties in one line.
pub(super) fn line(properties: &[(&str, New)]) -> String {
    let written = properties.iter().map(|(name, new)| format!("{}: {}", quoted(name), new.line()));
    written.collect::<Vec<_>>().join(", ")
}

/// As a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
