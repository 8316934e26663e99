//! Things that are shared by those who want the same, for as long as anybody has them.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What there is, by what it was made from. Copies are the same.
#[derive(Debug)]
pub struct Registry<K, T>(Arc<Mutex<All<K, T>>>);

type All<K, T> = Vec<(K, Weak<T>)>;

impl<K, T> Clone for Registry<K, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, T> Default for Registry<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: PartialEq, T> Registry<K, T> {
    /// The one that somebody has, or a new one.
    pub fn get(&self, key: K, make: impl FnOnce(&K) -> T) -> Arc<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, one)| one.strong_count() > 0);
        let found = all.iter().find(|(of, _)| *of == key).and_then(|(_, one)| one.upgrade());
        found.unwrap_or_else(|| {
            let one = Arc::new(make(&key));
            all.push((key, Arc::downgrade(&one)));
            one
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_wishes_get_the_same_and_what_nobody_has_is_forgotten() {
        let registry = Registry::default();
        let one = registry.get(1, |_| "one".to_owned());
        assert!(Arc::ptr_eq(&one, &registry.clone().get(1, |_| "another".to_owned())));
        let two = registry.get(2, |_| "two".to_owned());
        assert!(!Arc::ptr_eq(&one, &two));
        drop(one);
        assert_eq!(*registry.get(1, |_| "new".to_owned()), "new");
        drop(registry.get(3, |_| String::new()));
        drop(registry.get(4, |_| String::new()));
        assert_eq!(registry.0.lock().unwrap().len(), 2, "the second and the last");
    }
}
