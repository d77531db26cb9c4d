//! Logging, the same on every host.

use std::io::IsTerminal;
use std::panic;

use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT_LEVEL: &str = "info";

/// What is logged of rmcp unless `RUST_LOG` names it. At `info` it logs three lines per
/// request, half the cost of a call; at `debug` whole messages, arguments and all; and at
/// `warn` its service repeats every JSON-RPC error, whose text may be made of arguments.
const RMCP_LEVELS: &str = "rmcp=warn,rmcp::service=error";

/// Logs to standard output, which both platforms collect: plain text on a terminal, else
/// a JSON object per line. `RUST_LOG` sets what is logged.
///
/// A panic becomes such a line too, with its place. Its message may quote anything, so it
/// is logged at `debug` only.
pub fn init_logging() {
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter(std::env::var("RUST_LOG").ok().as_deref()));
    let terminal = std::io::stdout().is_terminal();
    let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // Fails only where a subscriber is set already, and that one is meant to stay.
    let _ = if terminal {
        subscriber.with_ansi(colour).try_init()
    } else {
        subscriber.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map(ToString::to_string);
        let message = panicked.payload_as_str().unwrap_or("not a text");
        tracing::error!(target: "mcp", place, "panic");
        tracing::debug!(target: "mcp", message, "panic");
    }));
}

fn filter(wanted: Option<&str>) -> EnvFilter {
    let wanted = wanted.map(str::trim).filter(|wanted| !wanted.is_empty()).unwrap_or(DEFAULT_LEVEL);
    if wanted.contains("rmcp") {
        return EnvFilter::new(wanted);
    }
    EnvFilter::new(format!("{wanted},{RMCP_LEVELS}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rmcp_is_quiet_unless_it_is_named() {
        for (wanted, expected) in [
            (None, "rmcp::service=error,rmcp=warn,info"),
            (Some(""), "rmcp::service=error,rmcp=warn,info"),
            (Some("debug"), "rmcp::service=error,rmcp=warn,debug"),
            (Some("warn,rmcp=trace"), "rmcp=trace,warn"),
        ] {
            assert_eq!(filter(wanted).to_string(), expected, "{wanted:?}");
        }
    }
}
