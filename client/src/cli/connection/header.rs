//! A header given on the command line.

use http::{HeaderName, HeaderValue};

/// A header as it was given: read later, as clap would show it with what is wrong about it.
#[derive(Clone)]
pub(crate) struct Header(String);

impl From<String> for Header {
    fn from(text: String) -> Self {
        Self(text)
    }
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

impl Header {
    /// Reads `NAME: VALUE` or `NAME=VALUE`. `${VARIABLE}` in the value is taken from the
    /// environment, so that no secret need be on a command line.
    pub(crate) fn read(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(HeaderName, HeaderValue), String> {
        let (name, value) = self.0.split_once([':', '=']).ok_or("--header takes NAME: VALUE")?;
        let unusable = |_| format!("--header: {name:?} is no name of a header");
        let name: HeaderName = name.trim().parse().map_err(unusable)?;
        if OURS.contains(&name.as_str()) {
            return Err(format!("--header: {name} is set by the client itself"));
        }
        let value = expand(value.trim(), variable).map_err(|why| format!("--header {name}: {why}"))?;
        // The value may be a secret: it is not repeated.
        let unusable = |_| format!("--header {name}: its value has characters that no header may have");
        let mut value = HeaderValue::from_str(&value).map_err(unusable)?;
        value.set_sensitive(true);
        Ok((name, value))
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
        let (name, value) =
            Header(text.to_owned()).read(|name| (name == "KEY").then(|| "s3cret".to_owned()))?;
        assert!(value.is_sensitive());
        Ok((name.to_string(), value.to_str().expect("text").to_owned()))
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
            ("hunter2", "--header takes NAME: VALUE"),
            ("a b: hunter2", "--header: \"a b\" is no name of a header"),
            ("Host: hunter2", "--header: host is set by the client itself"),
            ("x: ${NONE}", "--header x: the environment variable NONE is not set"),
            ("x: hunter2\r\nhost: y", "--header x: its value has characters that no header may have"),
            ("x: ${KEY", "--header x: ${ without a }"),
        ] {
            assert_eq!(read(text), Err(why.to_owned()), "{text:?}");
        }
    }
}
