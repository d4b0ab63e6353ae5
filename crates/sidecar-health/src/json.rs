//! Reports as JSON and the like.

use std::time::SystemTime;

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};
use sidecar_core::timestamp::rfc3339;

use crate::report::{ComponentHealth, HealthReport};
use crate::status::{Cause, Status};

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for HealthReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let caused = self.root_causes().next().is_some();
        let mut report = serializer.serialize_struct("HealthReport", 4 + usize::from(caused))?;
        report.serialize_field("status", &self.status())?;
        report.serialize_field("timestamp", &rfc3339(self.timestamp()))?;
        report.serialize_field("healthy_share", &self.healthy_share())?;
        if caused {
            report.serialize_field("root_causes", &self.root_causes().collect::<Vec<_>>())?;
        }
        report.serialize_field("components", &Components(self))?;
        report.end()
    }
}

struct Components<'a>(&'a HealthReport);

impl Serialize for Components<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.components().map(|each| (each.name(), each)))
    }
}

impl Serialize for ComponentHealth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut component = serializer.serialize_map(None)?;
        component.serialize_entry("status", &self.status())?;
        component.serialize_entry("last_check", &self.last_check().map(|at: SystemTime| rfc3339(at)))?;
        component.serialize_entry("critical", &self.is_critical())?;
        component.serialize_entry("cause", &self.cause())?;
        component.serialize_entry("message", &self.message())?;
        if self.caused_by().len() > 0 {
            component.serialize_entry("caused_by", &self.caused_by().collect::<Vec<_>>())?;
        }
        if self.numbers().next().is_some() {
            component.serialize_entry("numbers", &Numbers(self))?;
        }
        component.end()
    }
}

struct Numbers<'a>(&'a ComponentHealth);

impl Serialize for Numbers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.numbers())
    }
}
