//! A header given on the command line.

use std::str::FromStr;

use http::{HeaderName, HeaderValue};

/// A name, and a value that is shown nowhere.
#[derive(Clone)]
pub(crate) struct Header {
    pub(crate) name: HeaderName,
    /// As it was given.
    value: String,
}

/// What MCP, HTTP and the signature say themselves.
const OURS: [&str; 14] = [
    "accept",
    "connection",
    "content-length",
    "content-type",
    "host",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
    "transfer-encoding",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
];

impl FromStr for Header {
    type Err = String;

    /// Reads `NAME: VALUE` or `NAME=VALUE`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once([':', '=']).ok_or("write NAME: VALUE")?;
        let name: HeaderName = name.trim().parse().map_err(|_| format!("{name:?} is no name of a header"))?;
        if OURS.contains(&name.as_str()) {
            return Err(format!("{name} is set by the client itself"));
        }
        Ok(Self { name, value: value.trim().to_owned() })
    }
}

impl Header {
    /// The value to send. `${VARIABLE}` in it is taken from the environment, so that no secret
    /// need be on a command line.
    pub(crate) fn value(&self, variable: impl Fn(&str) -> Option<String>) -> Result<HeaderValue, String> {
        let name = &self.name;
        let value = expand(&self.value, variable).map_err(|why| format!("--header {name}: {why}"))?;
        // The value may be a secret: it is not repeated.
        let unusable = |_| format!("--header {name}: its value has characters that no header may have");
        let mut value = HeaderValue::from_str(&value).map_err(unusable)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

fn expand(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or("${ without a }")?;
        expanded += before;
        expanded += &variable(name).ok_or_else(|| format!("the environment variable {name} is not set"))?;
        rest = after;
    }
    Ok(expanded + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, String), String> {
        let header: Header = text.parse()?;
        let value = header.value(|name| (name == "KEY").then(|| "s3cret".to_owned()))?;
        assert!(value.is_sensitive());
        Ok((header.name.to_string(), value.to_str().expect("text").to_owned()))
    }

    #[test]
    fn names_and_values_are_told_apart() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(read("X-Tenant: acme"), pair("x-tenant", "acme"));
        assert_eq!(read("x-tenant=a=b:c"), pair("x-tenant", "a=b:c"));
        assert_eq!(read("x-api-key: key-${KEY}!"), pair("x-api-key", "key-s3cret!"));
    }

    #[test]
    fn what_cannot_be_sent_is_refused_without_showing_the_value() {
        for (text, why) in [
            ("hunter2", "write NAME: VALUE"),
            ("a b: hunter2", "\"a b\" is no name of a header"),
            ("Host: hunter2", "host is set by the client itself"),
            ("x: ${NONE}", "--header x: the environment variable NONE is not set"),
            ("x: hunter2\r\nhost: y", "--header x: its value has characters that no header may have"),
            ("x: ${KEY", "--header x: ${ without a }"),
        ] {
            assert_eq!(read(text), Err(why.to_owned()), "{text:?}");
        }
    }
}
