//! Which fields a form's or query's type knows, asked of the type itself, so that none that a page does not send is taken
//! silently and no second list must be kept in step.

use std::collections::HashSet;

use serde::de::value::Error;
use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

/// Their names; none when the type does not tell (it flattens another into itself).
pub fn names_of<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let mut names = None;
    // Always an error: nothing is given to deserialise, the type only says what it would like.
    let _ = T::deserialize(Listener(&mut names));
    names
}

/// Whether `text` (URL-encoded pairs) has a name that `T` does not know.
pub fn has_unknown<T: DeserializeOwned>(text: &[u8]) -> bool {
    let Some(known) = names_of::<T>() else {
        return false;
    };
    url::form_urlencoded::parse(text).any(|(name, _)| !known.contains(&name.as_ref()))
}

/// Whether a name that `T` does not know comes twice. Of those it knows it decides itself: a list may, a single value not.
pub fn has_unknown_twice<T: DeserializeOwned>(text: &[u8]) -> bool {
    let Some(known) = names_of::<T>() else {
        return false;
    };
    let mut seen = HashSet::new();
    url::form_urlencoded::parse(text)
        .filter(|(name, _)| !known.contains(&name.as_ref()))
        .any(|(name, _)| !seen.insert(name))
}

/// Hears which fields a struct asks for, and gives none.
struct Listener<'a>(&'a mut Option<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Listener<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("nothing is given"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = Some(fields);
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "its names are what is asked for")]
    struct Sent {
        #[serde(rename = "type")]
        kind: String,
        #[serde(default, alias = "admin")]
        admin_username: String,
        #[serde(default)]
        tenant: Vec<String>,
    }

    #[test]
    fn a_type_says_which_fields_it_knows() {
        assert!(!has_unknown::<Sent>(
            b"type=a&admin=b&admin_username=c&tenant=1&tenant=2"
        ));
        assert!(has_unknown::<Sent>(b"type=a&role=owner"));
        assert!(
            has_unknown::<Sent>(b"kind=a"),
            "by the name of the page, not of the program"
        );
        assert!(!has_unknown::<Sent>(b""));
        assert_eq!(names_of::<BTreeMap<String, String>>(), None);
        assert!(!has_unknown_twice::<BTreeMap<String, String>>(b"x=1&x=2"));
    }

    #[test]
    fn names_that_nobody_knows_come_once() {
        assert!(has_unknown_twice::<Sent>(b"x=1&y=2&x=1"));
        assert!(!has_unknown_twice::<Sent>(b"x=1&y=2&tenant=1&tenant=2"));
        assert!(
            has_unknown_twice::<Sent>(b"%78=1&x=1"),
            "however it is written"
        );
    }
}
