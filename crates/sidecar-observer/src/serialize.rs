//! Events, values and statistics as serde sees them.

use crate::event::Event;
use crate::stats::{ObserverStats, TypeStats};
use crate::value::Value;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};
use sidecar_core::timestamp::rfc3339;
use smol_str::SmolStr;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::I64(value) => serializer.serialize_i64(*value),
            Self::U64(value) => serializer.serialize_u64(*value),
            Self::F64(value) => serializer.serialize_f64(*value),
            Self::Str(value) => serializer.serialize_str(value),
            Self::List(values) => serializer.collect_seq(values),
            Self::Map(entries) => map(entries, serializer),
        }
    }
}

fn map<S: Serializer>(entries: &[(SmolStr, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().map(|(key, value)| (key.as_str(), value)))
}

struct Data<'a>(&'a [(SmolStr, Value)]);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        map(self.0, serializer)
    }
}

/// The event line's own shape, with the probability beside it.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("event_type", self.event_type())?;
        fields.serialize_entry("timestamp", &rfc3339(self.timestamp()))?;
        fields.serialize_entry("probability", &self.probability())?;
        let ids = [("execution_id", self.execution()), ("test_id", self.test()), ("run_id", self.run())];
        for (name, id) in ids {
            if let Some(id) = id {
                fields.serialize_entry(name, id)?;
            }
        }
        if self.is_truncated() {
            fields.serialize_entry("truncated", &true)?;
        }
        fields.serialize_entry("data", &Data(self.data()))?;
        fields.end()
    }
}

impl Serialize for TypeStats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("TypeStats", 5)?;
        fields.serialize_field("received", &self.received)?;
        fields.serialize_field("sampled_out", &self.sampled_out)?;
        fields.serialize_field("dropped", &self.dropped)?;
        fields.serialize_field("processed", &self.processed)?;
        fields.serialize_field("failed", &self.failed)?;
        fields.end()
    }
}

impl Serialize for ObserverStats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("ObserverStats", 13)?;
        fields.serialize_field("events_received", &self.events_received)?;
        fields.serialize_field("events_sampled", &self.events_sampled)?;
        fields.serialize_field("events_dropped", &self.events_dropped)?;
        fields.serialize_field("events_processed", &self.events_processed)?;
        fields.serialize_field("errors", &self.errors)?;
        fields.serialize_field("queue_size", &self.queue_size)?;
        fields.serialize_field("queue_utilization", &self.queue_utilization)?;
        fields.serialize_field("queue_bytes", &self.queue_bytes)?;
        fields.serialize_field("sampled_out", &self.sampled_out)?;
        fields.serialize_field("failed", &self.failed)?;
        fields.serialize_field("skipped_calls", &self.skipped_calls)?;
        fields.serialize_field("dropped", &self.dropped)?;
        let by_type: Vec<_> = self.by_type.iter().map(|(name, row)| (name.as_str(), row)).collect();
        fields.serialize_field("by_type", &ByType(by_type))?;
        fields.end()
    }
}

struct ByType<'a>(Vec<(&'a str, &'a TypeStats)>);

impl Serialize for ByType<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

/// Entries up to which a plain search for a name is quicker than a table.
const FEW_ENTRIES: usize = 16;

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::I64(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::U64(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::F64(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let Some(first) = items.next_element::<Value>()? else { return Ok(Value::List(Box::default())) };
        // A vector that is pushed to begins with room for four: a list of many short lists would keep several
        // times what it needs.
        let mut values = vec![first];
        while let Some(value) = items.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    /// Of two entries of one name the last one holds, at the place of the first.
    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut entries = Vec::<(SmolStr, Value)>::new();
        let mut places = HashMap::<SmolStr, usize>::new();
        while let Some((key, value)) = items.next_entry::<Cow<'de, str>, Value>()? {
            let key = SmolStr::new(key);
            if entries.len() == FEW_ENTRIES && places.is_empty() {
                places.extend(entries.iter().zip(0..).map(|((name, _), place)| (name.clone(), place)));
            }
            let place = if places.is_empty() {
                entries.iter().position(|(name, _)| *name == key)
            } else {
                places.get(&key).copied()
            };
            if let Some(place) = place {
                entries[place].1 = value;
                continue;
            }
            if !places.is_empty() {
                places.insert(key.clone(), entries.len());
            }
            entries.push((key, value));
        }
        Ok(Value::Map(entries.into()))
    }
}
