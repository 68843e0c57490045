//! One look for all who ask for the same at the same time: whoever comes while others wait shares the next answer, which is
//! begun after they came. Nobody gets an answer older than their question, and many viewers cost about one look.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

/// Looks at one and the same thing.
#[derive(Debug)]
pub struct Together<T> {
    /// How many looks were begun.
    begun: AtomicU64,
    /// The newest look that succeeded, by its number.
    last: Mutex<Option<(u64, Arc<T>)>>,
}

impl<T> Default for Together<T> {
    fn default() -> Self {
        Self {
            begun: AtomicU64::default(),
            last: Mutex::default(),
        }
    }
}

impl<T> Together<T> {
    /// What a look that was begun after this call found; `look` is used when nobody else's is at hand. An error is its own
    /// asker's alone: the next one looks again.
    pub async fn ask<E>(&self, look: impl AsyncFnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let before = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if let Some((number, found)) = last.as_ref()
            && *number > before
        {
            return Ok(Arc::clone(found));
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let found = Arc::new(look().await?);
        *last = Some((number, Arc::clone(&found)));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::future::join_all;
    use tokio::task::yield_now;

    use super::*;

    /// Counts looks, and takes a while.
    async fn look(looks: &AtomicU64) -> Result<u64, Infallible> {
        let number = looks.fetch_add(1, Ordering::SeqCst) + 1;
        yield_now().await;
        Ok(number)
    }

    #[tokio::test]
    async fn those_who_wait_share_the_look_that_begins_after_they_came() {
        let (together, looks) = (Together::default(), AtomicU64::new(0));
        let asked = (0..100).map(|_| together.ask(async || look(&looks).await));
        let found = join_all(asked).await;
        let numbers: Vec<u64> = found.into_iter().map(|one| *one.unwrap()).collect();
        // The first looks at once; everybody else came after that look had begun.
        assert_eq!(looks.load(Ordering::SeqCst), 2);
        assert_eq!(numbers[0], 1);
        assert!(numbers[1..].iter().all(|number| *number == 2));
    }

    #[tokio::test]
    async fn nobody_gets_an_answer_that_was_begun_before_they_asked() {
        let (together, looks) = (Together::default(), AtomicU64::new(0));
        let first = together.ask(async || look(&looks).await);
        let second = async {
            // The first look has begun and not ended.
            yield_now().await;
            assert_eq!(looks.load(Ordering::SeqCst), 1);
            together.ask(async || look(&looks).await).await
        };
        let (first, second) = tokio::join!(first, second);
        assert_eq!((*first.unwrap(), *second.unwrap()), (1, 2));
    }

    #[tokio::test]
    async fn an_error_is_not_shared_and_a_look_given_up_stops_nobody() {
        let together = Together::default();
        assert_eq!(
            together.ask(async || Err::<u64, _>("down")).await,
            Err("down")
        );
        let given_up = together.ask(async || std::future::pending::<Result<u64, &str>>().await);
        assert!(futures_util::FutureExt::now_or_never(given_up).is_none());
        let found = together.ask(async || Ok::<_, &str>(7)).await;
        assert_eq!(found.as_deref(), Ok(&7));
    }
}
