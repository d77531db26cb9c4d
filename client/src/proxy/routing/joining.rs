//! What the results of several servers come to together.

use serde_json::{Value, json};

/// Joins capabilities: what one of the servers can do, all can do together.
pub(super) fn merge(all: &mut Value, more: Value) {
    match (all, more) {
        (Value::Object(all), Value::Object(more)) => {
            for (key, value) in more {
                merge(all.entry(key).or_insert(Value::Null), value);
            }
        }
        (all @ Value::Null, more) => *all = more,
        (all, Value::Bool(true)) => *all = json!(true),
        _ => {}
    }
}

/// Joins what else stands in results: the oldest protocol version, the shortest time to keep
/// them, for one only if one is for one only.
pub(super) fn join_results(all: &mut Value, more: Value) {
    let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) else { return };
    for (key, value) in more {
        let Some(before) = all.get(&key) else {
            all.insert(key, value);
            continue;
        };
        let replaces = match key.as_str() {
            "protocolVersion" => value.as_str() < before.as_str(),
            "ttlMs" => value.as_f64() < before.as_f64(),
            "cacheScope" => value == "private",
            "supportedVersions" => {
                let common = common(before, &value);
                all.insert(key, common);
                continue;
            }
            _ => false,
        };
        if replaces {
            all.insert(key, value);
        }
    }
}

/// What stands in both lists.
fn common(one: &Value, other: &Value) -> Value {
    let (one, other) = (one.as_array(), other.as_array());
    let both = one.into_iter().flatten().filter(|item| other.is_some_and(|other| other.contains(item)));
    both.cloned().collect()
}
