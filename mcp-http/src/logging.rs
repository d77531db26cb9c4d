//! Logging, the same on every host.

use std::io::IsTerminal;
use std::panic;

use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise. rmcp logs three lines per request at
/// `info`, which is half the cost of a call, and at `warn` repeats every JSON-RPC error,
/// whose text a handler may have made of arguments.
const DEFAULT_FILTER: &str = "info,rmcp=warn,rmcp::service=error";

/// Logs to standard output, which both platforms collect: plain text on a terminal, else
/// a JSON object per line. `RUST_LOG` sets what is logged.
///
/// A panic becomes such a line too, with its place and message.
pub fn init_logging() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter);
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
        tracing::error!(target: "mcp", place, message, "panic");
    }));
}
