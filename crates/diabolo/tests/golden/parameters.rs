//! A model's parameters and gradients by the names that the golden files give them.

use crate::*;

/// Every array under `value` by its path: "prior.encoder.0.weight".
pub fn flatten(value: &Value, path: &str, named: &mut BTreeMap<String, Value>) {
    let deeper = |key: &str| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| flatten(inner, &deeper(key), named)),
        Value::Array(items) if items.iter().all(Value::is_object) => {
            items.iter().enumerate().for_each(|(k, inner)| flatten(inner, &deeper(&k.to_string()), named))
        }
        array => drop(named.insert(path.into(), array.clone())),
    }
}

/// The arrays of some parts of a case.
pub fn named(case: &Value, parts: &[&str]) -> BTreeMap<String, Value> {
    let mut named = BTreeMap::new();
    parts.iter().for_each(|part| flatten(&case[part], part, &mut named));
    named
}

/// Names parameters as the golden files do: without the family and the shared network.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    /// Variants of enums are no part of a name.
    fn enter(&mut self, name: &str, container: &str) {
        self.0.push(if container.starts_with("Enum:") { "net" } else { name }.into());
    }

    fn name(&self) -> String {
        let parts: Vec<&str> =
            self.0.iter().map(String::as_str).filter(|p| !["net", "layers"].contains(p)).collect();
        match parts.as_slice() {
            ["decoder_bias", k] => format!("decoder.{k}.bias"),
            parts => parts.join("."),
        }
    }
}

struct Load<'a>(Path, &'a BTreeMap<String, Value>, &'a Device);

impl ModuleMapper for Load<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.0.enter(name, container);
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.0.0.pop();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.0.name();
        let value = self.1.get(&name).unwrap_or_else(|| panic!("no golden tensor {name}"));
        let loaded = tensor::<D>(value, self.2);
        assert_eq!(loaded.dims(), param.val().dims(), "{name}");
        Param::from_tensor(loaded)
    }
}

struct Collect<'a>(Path, &'a Gradients, BTreeMap<String, Vec<f64>>);

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.0.enter(name, container);
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.0.0.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.1).unwrap_or_else(|| param.val().inner().zeros_like());
        self.2.insert(self.0.name(), values(gradient));
    }
}

pub fn assert_gradients(
    what: &str,
    model: &Model,
    gradients: &Gradients,
    expected: &BTreeMap<String, Value>,
    tolerance: f64,
) {
    let mut collect = Collect(Path::default(), gradients, BTreeMap::new());
    model.visit(&mut collect);
    let names = |keys: Vec<&String>| keys.into_iter().cloned().collect::<BTreeSet<String>>();
    assert_eq!(names(collect.2.keys().collect()), names(expected.keys().collect()), "{what}");
    for (name, found) in &collect.2 {
        assert_close(&format!("{what} ∂/∂{name}"), found, &numbers(&expected[name]), tolerance);
    }
}

pub fn load(architecture: &Architecture, named: &BTreeMap<String, Value>, device: &Device) -> Model {
    Model::new(architecture, 0, device).map(&mut Load(Path::default(), named, device)).train()
}
