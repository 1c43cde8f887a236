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

/// The path of a parameter, named as in the golden files.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    fn name(&self) -> String {
        let parts: Vec<&str> = self.0.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["decoder_bias", k] => format!("decoder.{k}.bias"),
            parts => parts.join("."),
        }
    }
}

struct Load<'a>(Path, &'a BTreeMap<String, Value>, &'a Device);

impl ModuleVisitorMut for Load<'_> {
    fn enter(&mut self, name: &str) {
        self.0.0.push(name.into());
    }
    fn exit(&mut self) {
        self.0.0.pop();
    }
    fn parameter(&mut self, parameter: &mut Parameter) {
        let name = self.0.name();
        let value = self.1.get(&name).unwrap_or_else(|| panic!("no golden tensor {name}"));
        parameter.set(numbers(value), self.2);
    }
}

struct Collect<'a>(Path, &'a Gradients, BTreeMap<String, Vec<f64>>);

impl ModuleVisitor for Collect<'_> {
    fn enter(&mut self, name: &str) {
        self.0.0.push(name.into());
    }
    fn exit(&mut self) {
        self.0.0.pop();
    }
    fn parameter(&mut self, parameter: &Parameter) {
        let gradient = parameter.gradient(self.1);
        let gradient = gradient.unwrap_or_else(|| vec![0.0; parameter.to_host().len()]);
        self.2.insert(self.0.name(), gradient);
    }
}

pub fn assert_gradients<M: Module>(
    what: &str,
    model: &M,
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
    let mut model = Model::new(architecture, 0, device);
    model.visit_mut(&mut Load(Path::default(), named, device));
    model.train()
}
