//! When a request may be sent again, and how long to wait first.
//!
//! A request that may have run is repeated only if running it twice is the same as
//! running it once.

use std::time::Duration;

/// How often a request is sent that meets with anything but throttling: a wrong port or a
/// server that crashes should not look like a slow one.
const ATTEMPTS: u32 = 5;
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// Throttled, or a quota is used up (AgentCore data plane).
const THROTTLED: i32 = -32003;
/// Another operation holds the session (AgentCore data plane).
const CONFLICT: i32 = -32005;

/// What it means for a message to arrive twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twice {
    /// The same as once.
    Harmless,
    /// Something may be done twice.
    Harmful,
}

/// What came instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// No connection: nothing was sent.
    NotConnected,
    /// The connection broke after the request was sent.
    Broken,
    /// An HTTP error, with the delay that the server asks for.
    Status(u16, Option<Duration>),
    /// A JSON-RPC error of the AgentCore data plane. From anybody else the same codes may
    /// mean anything, and the call may have run.
    DataPlane(i32),
    /// A JSON-RPC error of the server itself.
    Rpc,
    /// An answer larger than is taken.
    TooLarge,
}

/// How long to wait before the attempt after this one (the first is 1), or `None` if there
/// is to be none. `jitter` is a random number in `0.0..1.0`.
pub(crate) fn delay(trouble: Trouble, attempt: u32, twice: Twice, jitter: f64) -> Option<Duration> {
    let again = match trouble {
        Trouble::NotConnected => attempt < ATTEMPTS,
        Trouble::Status(429, _) => true,
        Trouble::DataPlane(code) => code == THROTTLED || code == CONFLICT,
        Trouble::Broken | Trouble::Status(502..=504, _) => twice == Twice::Harmless && attempt < ATTEMPTS,
        Trouble::Status(..) | Trouble::Rpc | Trouble::TooLarge => false,
    };
    let asked = match trouble {
        Trouble::Status(_, asked) => asked,
        _ => None,
    };
    // A server that says "at once" is not taken at its word.
    again.then(|| backoff(attempt, jitter).max(asked.unwrap_or_default()))
}

/// Exponential, with full jitter, so that many clients do not come back at once.
fn backoff(attempt: u32, jitter: f64) -> Duration {
    let doubled = FIRST_DELAY.saturating_mul(1u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
    doubled.min(LONGEST_DELAY).mul_f64(jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    use Twice::{Harmful, Harmless};

    fn again(trouble: Trouble, twice: Twice) -> bool {
        delay(trouble, 1, twice, 0.5).is_some()
    }

    #[test]
    fn what_cannot_have_run_is_repeated_whatever_it_is() {
        for trouble in [
            Trouble::NotConnected,
            Trouble::Status(429, None),
            Trouble::DataPlane(-32003),
            Trouble::DataPlane(-32005),
        ] {
            assert!(again(trouble, Harmful), "{trouble:?}");
        }
    }

    #[test]
    fn what_may_have_run_is_repeated_only_if_that_changes_nothing() {
        for status in [502, 503, 504] {
            assert!(!again(Trouble::Status(status, None), Harmful), "{status}");
            assert!(again(Trouble::Status(status, None), Harmless), "{status}");
        }
        assert!(!again(Trouble::Broken, Harmful));
        assert!(again(Trouble::Broken, Harmless));
    }

    #[test]
    fn answers_are_never_asked_for_again() {
        for trouble in [
            Trouble::Status(400, None),
            Trouble::Status(403, None),
            Trouble::Status(500, None),
            Trouble::DataPlane(-32602),
            Trouble::Rpc,
        ] {
            assert!(!again(trouble, Harmless), "{trouble:?}");
        }
    }

    #[test]
    fn a_server_that_says_how_long_is_obeyed() {
        let asked = Duration::from_secs(7);
        assert_eq!(delay(Trouble::Status(429, Some(asked)), 1, Harmful, 0.0), Some(asked));
    }

    #[test]
    fn a_server_that_says_at_once_is_not_hammered() {
        let at_once = Trouble::Status(429, Some(Duration::ZERO));
        assert_eq!(delay(at_once, 3, Harmful, 1.0), Some(Duration::from_millis(400)));
    }

    #[test]
    fn delays_double_up_to_a_limit_and_are_jittered() {
        let delays =
            |jitter| (1..9).map(move |attempt| delay(Trouble::DataPlane(-32003), attempt, Harmful, jitter));
        let longest: Vec<u128> = delays(1.0).flatten().map(|delay| delay.as_millis()).collect();
        assert_eq!(longest, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert!(delays(0.0).flatten().all(|delay| delay.is_zero()));
        assert_eq!(delay(Trouble::DataPlane(-32003), 100, Harmful, 1.0), Some(LONGEST_DELAY));
    }

    #[test]
    fn what_never_works_is_given_up() {
        assert_eq!(delay(Trouble::NotConnected, ATTEMPTS, Harmful, 0.5), None);
        assert_eq!(delay(Trouble::Status(502, None), ATTEMPTS, Harmless, 0.5), None);
    }
}
