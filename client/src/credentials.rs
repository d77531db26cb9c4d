//! Credentials and region from the AWS default chain, cached and refreshed in time.

mod chain;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::sync::Mutex;

use crate::error::Error;

pub(crate) use chain::Chain;
use chain::Edited;

/// Credentials are renewed when they have less than this to live: longer than any request
/// waits for its turn, shorter than the shortest session AWS grants (15 minutes).
const REFRESH_MARGIN: Duration = Duration::from_mins(5);

/// Credentials near their end that are not renewed are asked for again after this.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where credentials come from.
#[derive(Debug)]
pub(crate) enum Source {
    Provider(SharedCredentialsProvider),
    Chain(Chain),
}

impl Source {
    async fn fetch(&self) -> Result<Credentials, CredentialsError> {
        match self {
            Self::Provider(provider) => provider.provide_credentials().await,
            Self::Chain(chain) => chain.fetch().await,
        }
    }

    /// What is asked, where it is one place.
    fn name(&self) -> String {
        match self {
            Self::Chain(Chain { profile: Some(profile), .. }) => format!("the profile {profile:?}"),
            _ => "the provider that was given".to_owned(),
        }
    }

    fn edited(&self) -> Edited {
        match self {
            Self::Provider(_) => Edited::default(),
            Self::Chain(_) => Chain::edited(),
        }
    }
}

/// A cache over a source: one fetch at a time, whoever asks.
#[derive(Clone, Debug)]
pub(crate) struct CachedCredentials {
    source: Arc<Source>,
    cached: Arc<Mutex<Cached>>,
    /// How many fetches have ended.
    fetches: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Cached {
    fetched: Option<Fetched>,
    /// How the last fetch failed, if it did.
    failure: Option<Error>,
    /// When credentials were last asked for.
    asked: Option<Instant>,
}

#[derive(Debug)]
struct Fetched {
    credentials: Credentials,
    /// The files that they were read from, as of then.
    edited: Edited,
}

impl Cached {
    /// Credentials that live for that time yet.
    fn living(&self, time: Duration) -> Option<&Fetched> {
        self.fetched.as_ref().filter(|fetched| lives_for(&fetched.credentials, time))
    }

    /// Credentials that need not be asked for again: not by files that have changed, not by
    /// their end, or by that not yet.
    fn usable(&self, edited: Edited) -> Option<Credentials> {
        let asked_lately = self.asked.is_some_and(|asked| asked.elapsed() < PATIENCE);
        let margin = if asked_lately { Duration::ZERO } else { REFRESH_MARGIN };
        let usable = self.living(margin).filter(|fetched| fetched.edited == edited);
        usable.map(|fetched| fetched.credentials.clone())
    }
}

impl CachedCredentials {
    pub(crate) fn new(source: Source) -> Self {
        Self { source: Arc::new(source), cached: Arc::default(), fetches: Arc::default() }
    }

    /// Credentials that are good for some minutes yet, or that their source does not renew yet.
    ///
    /// # Errors
    /// [`Error::NoCredentials`] where the chain has none, [`Error::Credentials`] where a
    /// provider failed.
    pub(crate) async fn get(&self) -> Result<Credentials, Error> {
        let edited = self.source.edited();
        let ended = self.fetches.load(Ordering::SeqCst);
        // Held while fetching: those who wait find what the first one fetched, or how it failed.
        let mut cached = self.cached.lock().await;
        if let Some(credentials) = cached.usable(edited) {
            return Ok(credentials);
        }
        if let Some(failure) = cached.failure.clone()
            && self.fetches.load(Ordering::SeqCst) > ended
        {
            return Err(failure);
        }
        let fetched = self.source.fetch().await;
        self.fetches.fetch_add(1, Ordering::SeqCst);
        cached.asked = Some(Instant::now());
        cached.failure = None;
        match fetched {
            Ok(credentials) => {
                cached.fetched = Some(Fetched { credentials: credentials.clone(), edited });
                Ok(credentials)
            }
            // Good for less than the margin, but good.
            Err(error) => match &mut cached.fetched {
                Some(fetched) if lives_for(&fetched.credentials, Duration::ZERO) => {
                    tracing::warn!(%error, "credentials could not be renewed yet");
                    // As good as files that say nothing usable can be.
                    fetched.edited = edited;
                    Ok(fetched.credentials.clone())
                }
                _ => Err(cached.failure.insert(explain(&error, self.source.name())).clone()),
            },
        }
    }

    /// Forgets credentials that the server called expired, unless newer ones are there.
    pub(crate) async fn forget(&self, expired: &str) {
        let mut cached = self.cached.lock().await;
        if cached.fetched.as_ref().is_some_and(|fetched| fetched.credentials.access_key_id() == expired) {
            cached.fetched = None;
        }
    }
}

fn lives_for(credentials: &Credentials, time: Duration) -> bool {
    credentials.expiry().is_none_or(|expiry| expiry > SystemTime::now() + time)
}

fn explain(error: &CredentialsError, asked: String) -> Error {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    match error {
        // The chain lists what it tried, a provider per line.
        CredentialsError::CredentialsNotLoaded(_) => {
            let tried = text.split_once("Attempted:\n").map(|(_, tried)| tried.to_owned());
            Error::NoCredentials(tried.unwrap_or_else(|| asked + ", which is not there or has none"))
        }
        _ => Error::Credentials(text),
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::sync::atomic::AtomicUsize;

    use aws_credential_types::provider::future;

    use super::*;

    /// Hands out numbered credentials that live for a given time.
    #[derive(Debug)]
    struct Numbered {
        fetches: Arc<AtomicUsize>,
        lifetime: Duration,
        /// Fetches beyond these fail.
        good_for: usize,
    }

    impl ProvideCredentials for Numbered {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(async {
                tokio::task::yield_now().await;
                let number = self.fetches.fetch_add(1, Ordering::SeqCst);
                if number >= self.good_for {
                    return Err(CredentialsError::provider_error("out of order"));
                }
                let expiry = SystemTime::now() + self.lifetime;
                Ok(Credentials::new(format!("AKIA{number}"), "secret", None, Some(expiry), "test"))
            })
        }
    }

    fn cache(lifetime: Duration) -> (CachedCredentials, Arc<AtomicUsize>) {
        let fetches = Arc::<AtomicUsize>::default();
        let provider = Numbered { fetches: Arc::clone(&fetches), lifetime, good_for: 2 };
        (CachedCredentials::new(Source::Provider(SharedCredentialsProvider::new(provider))), fetches)
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
    }

    #[test]
    fn credentials_are_fetched_once_by_all_who_ask_at_once() {
        let (cache, fetches) = cache(Duration::from_hours(1));
        run(async {
            let asked = (0..64).map(|_| cache.get());
            assert!(futures::future::join_all(asked).await.iter().all(Result::is_ok));
        });
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    /// As if the last fetch had been long ago.
    async fn wait(cache: &CachedCredentials) {
        cache.cached.lock().await.asked = None;
    }

    #[test]
    fn credentials_near_their_end_are_fetched_again_and_not_all_the_time() {
        let (cache, fetches) = cache(REFRESH_MARGIN.mul_f64(0.9));
        run(async {
            for _ in 0..10 {
                assert!(cache.get().await.is_ok());
            }
            assert_eq!(fetches.load(Ordering::SeqCst), 1);
            wait(&cache).await;
            assert!(cache.get().await.is_ok());
        });
        assert_eq!(fetches.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn credentials_that_cannot_be_renewed_are_used_to_their_end() {
        let (cache, fetches) = cache(REFRESH_MARGIN.mul_f64(0.9));
        run(async {
            for _ in 0..4 {
                wait(&cache).await;
                assert!(cache.get().await.is_ok());
            }
            cache.forget("AKIA1").await;
            assert!(cache.get().await.is_err());
        });
        assert_eq!(fetches.load(Ordering::SeqCst), 5);
    }

    #[test]
    fn a_fetch_that_fails_has_failed_for_all_who_waited_for_it() {
        let (cache, fetches) = cache(Duration::ZERO);
        run(async {
            for _ in 0..2 {
                let _ = cache.get().await;
            }
            let asked = (0..64).map(|_| cache.get());
            assert!(futures::future::join_all(asked).await.iter().all(Result::is_err));
            assert_eq!(fetches.load(Ordering::SeqCst), 3, "one fetch for all of them");
            assert!(cache.get().await.is_err());
        });
        assert_eq!(fetches.load(Ordering::SeqCst), 4, "who asks later is not told of then");
    }

    #[test]
    fn forgetting_expired_credentials_spares_newer_ones() {
        let (cache, fetches) = cache(Duration::from_hours(1));
        run(async {
            assert!(cache.get().await.is_ok());
            cache.forget("AKIA-of-long-ago").await;
            assert!(cache.get().await.is_ok());
            cache.forget("AKIA0").await;
            assert!(cache.get().await.is_ok());
        });
        assert_eq!(fetches.load(Ordering::SeqCst), 2);
    }
}
