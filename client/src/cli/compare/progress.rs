//! Bars on a terminal, nothing elsewhere.

use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};
use mcp_sigv4::compare::Progress;

/// One bar at a time, on standard error.
pub(super) struct Bars {
    current: Mutex<ProgressBar>,
}

impl Bars {
    pub(super) fn new() -> Self {
        Self { current: Mutex::new(ProgressBar::hidden()) }
    }

    pub(super) fn show(&self, progress: Progress) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match progress {
            Progress::Step => current.inc(1),
            Progress::Begins { what, steps } => {
                current.finish_and_clear();
                // Hidden where standard error is no terminal.
                *current = ProgressBar::new(steps as u64).with_message(what);
                let style = ProgressStyle::with_template("{msg:16} {bar:40} {pos}/{len} {elapsed}");
                if let Ok(style) = style {
                    current.set_style(style);
                }
            }
        }
    }

    pub(super) fn clear(&self) {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).finish_and_clear();
    }
}
