//! An ONNX graph, node by node. The field numbers are those of `onnx.proto` (IR version 8).

use std::collections::{BTreeSet, HashMap};

use super::proto::Message;
use crate::VERSION;

const IR_VERSION: i64 = 8;
/// The versions of the operator sets: of ONNX, and of its machine learning operators.
const OPERATORS: [(&str, i64); 2] = [("", 18), (ML, 3)];
/// The domain of the machine learning operators.
pub(super) const ML: &str = "ai.onnx.ml";

/// A type of tensor elements, with its number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Float = 1,
    Integer = 7,
    Text = 8,
    Truth = 9,
    Double = 11,
}

/// An attribute of a node.
pub(super) enum Attribute<'a> {
    Integer(&'a str, i64),
    Integers(&'a str, Vec<i64>),
    Texts(&'a str, Vec<&'a str>),
}

/// A tensor of the graph: its name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value(String);

/// The nodes, constants, inputs and outputs.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    /// The constants by type, shape and bytes: equal ones are one.
    known: HashMap<(i64, Vec<usize>, Vec<u8>), Value>,
    inputs: Vec<Message>,
    outputs: Vec<Message>,
    /// The names of inputs and outputs.
    taken: BTreeSet<String>,
    count: usize,
}

impl Graph {
    /// An input with one row of `width` elements for each row. Inputs come before all other values.
    pub fn input(&mut self, name: &str, kind: Kind, width: usize) -> Value {
        self.taken.insert(name.to_string());
        self.inputs.push(information(name, kind, width));
        Value(name.to_string())
    }

    /// Makes a value an output; a name that a column has gets a prefix. Returns the name.
    pub fn output(&mut self, name: &str, value: &Value, kind: Kind, width: usize) -> String {
        let mut name = name.to_string();
        while !self.taken.insert(name.clone()) {
            name = format!("diabolo_{name}");
        }
        self.outputs.push(information(&name, kind, width));
        self.add("Identity", "", &[value], &[], std::slice::from_ref(&name));
        name
    }

    pub fn floats(&mut self, shape: &[usize], values: impl IntoIterator<Item = f32>) -> Value {
        self.constant(Kind::Float, shape, values.into_iter().flat_map(f32::to_le_bytes).collect())
    }

    pub fn doubles(&mut self, shape: &[usize], values: impl IntoIterator<Item = f64>) -> Value {
        self.constant(Kind::Double, shape, values.into_iter().flat_map(f64::to_le_bytes).collect())
    }

    pub fn integers(&mut self, shape: &[usize], values: impl IntoIterator<Item = i64>) -> Value {
        self.constant(Kind::Integer, shape, values.into_iter().flat_map(i64::to_le_bytes).collect())
    }

    /// A number that broadcasts to any shape.
    pub fn float(&mut self, value: f32) -> Value {
        self.floats(&[1, 1], [value])
    }

    pub fn double(&mut self, value: f64) -> Value {
        self.doubles(&[1, 1], [value])
    }

    pub fn integer(&mut self, value: i64) -> Value {
        self.integers(&[1, 1], [value])
    }

    fn constant(&mut self, kind: Kind, shape: &[usize], bytes: Vec<u8>) -> Value {
        let key = (kind as i64, shape.to_vec(), bytes);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let name = self.fresh();
        let tensor = Message::default()
            .each(shape, |tensor, &size| tensor.integer(1, size as i64))
            .integer(2, kind as i64)
            .text(8, &name)
            .bytes(9, &key.2);
        self.constants.push(tensor);
        self.known.insert(key, Value(name.clone()));
        Value(name)
    }

    /// The result of an operator.
    pub fn node(&mut self, operator: &str, inputs: &[&Value]) -> Value {
        self.node_with(operator, "", inputs, &[])
    }

    /// The result of an operator of a domain, with attributes.
    pub fn node_with(&mut self, operator: &str, domain: &str, from: &[&Value], with: &[Attribute]) -> Value {
        let name = self.fresh();
        self.add(operator, domain, from, with, std::slice::from_ref(&name));
        Value(name)
    }

    /// The result of an operator of a value and a number in single precision.
    pub fn with(&mut self, operator: &str, value: &Value, number: f64) -> Value {
        let number = self.float(number as f32);
        self.node(operator, &[value, &number])
    }

    /// The result of an operator of a value and a number in double precision.
    pub fn with_double(&mut self, operator: &str, value: &Value, number: f64) -> Value {
        let number = self.double(number);
        self.node(operator, &[value, &number])
    }

    /// The same values in another type.
    pub fn cast(&mut self, value: &Value, kind: Kind) -> Value {
        self.node_with("Cast", "", &[value], &[Attribute::Integer("to", kind as i64)])
    }

    /// Side by side.
    pub fn concat(&mut self, values: &[Value]) -> Value {
        match values {
            [one] => one.clone(),
            _ => self.node_with(
                "Concat",
                "",
                &values.iter().collect::<Vec<_>>(),
                &[Attribute::Integer("axis", 1)],
            ),
        }
    }

    /// The sum of each row, as one column.
    pub fn row_sums(&mut self, value: &Value) -> Value {
        let axis = self.integers(&[1], [1]);
        self.node("ReduceSum", &[value, &axis])
    }

    /// Rows of this shape.
    pub fn reshape(&mut self, value: &Value, shape: &[usize]) -> Value {
        let sizes = [-1].into_iter().chain(shape.iter().map(|&size| size as i64));
        let shape = self.integers(&[shape.len() + 1], sizes);
        self.node("Reshape", &[value, &shape])
    }

    /// The `count` largest elements of each row, and their columns.
    pub fn largest(&mut self, value: &Value, count: usize) -> [Value; 2] {
        let count = self.integers(&[1], [count as i64]);
        let names = [self.fresh(), self.fresh()];
        self.add("TopK", "", &[value, &count], &[], &names);
        names.map(Value)
    }

    /// Columns `start..start + width` of a value.
    pub fn columns(&mut self, value: &Value, start: usize, width: usize) -> Value {
        let [from, to, axis] = [start, start + width, 1].map(|place| self.integers(&[1], [place as i64]));
        self.node("Slice", &[value, &from, &to, &axis])
    }

    fn fresh(&mut self) -> String {
        loop {
            self.count += 1;
            let name = format!("value_{}", self.count);
            if !self.taken.contains(&name) {
                return name;
            }
        }
    }

    fn add(&mut self, operator: &str, domain: &str, from: &[&Value], with: &[Attribute], names: &[String]) {
        let node = Message::default()
            .each(from, |node, value| node.text(1, &value.0))
            .each(names, |node, name| node.text(2, name))
            .text(4, operator)
            .each(with, |node, attribute| node.message(5, &attribute.message()))
            .text(7, domain);
        self.nodes.push(node);
    }

    /// The bytes of the file. `facts` are its metadata.
    pub fn into_file(self, about: &str, facts: &[(&str, String)]) -> Vec<u8> {
        let graph = Message::default()
            .each(&self.nodes, |graph, node| graph.message(1, node))
            .text(2, "diabolo")
            .each(&self.constants, |graph, constant| graph.message(5, constant))
            .each(&self.inputs, |graph, input| graph.message(11, input))
            .each(&self.outputs, |graph, output| graph.message(12, output));
        let operators = |model: Message, (domain, version): (&str, i64)| {
            model.message(8, &Message::default().text(1, domain).integer(2, version))
        };
        let fact = |model: Message, (key, value): &(&str, String)| {
            model.message(14, &Message::default().text(1, key).text(2, value))
        };
        Message::default()
            .integer(1, IR_VERSION)
            .text(2, "diabolo")
            .text(3, VERSION)
            .text(6, about)
            .message(7, &graph)
            .each(OPERATORS, operators)
            .each(facts, fact)
            .0
    }
}

impl Attribute<'_> {
    fn message(&self) -> Message {
        let named = |name: &str| Message::default().text(1, name);
        match self {
            Attribute::Integer(name, value) => named(name).integer(3, *value).integer(20, 2),
            Attribute::Integers(name, values) => {
                named(name).each(values, |message, &value| message.integer(8, value)).integer(20, 7)
            }
            Attribute::Texts(name, texts) => {
                named(name).each(texts, |message, text| message.text(9, text)).integer(20, 8)
            }
        }
    }
}

/// The name and type of an input or output: rows × width.
fn information(name: &str, kind: Kind, width: usize) -> Message {
    let rows = Message::default().text(2, "rows");
    let columns = Message::default().integer(1, width as i64);
    let shape = Message::default().message(1, &rows).message(1, &columns);
    let tensor = Message::default().integer(1, kind as i64).message(2, &shape);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_and_nodes_by_hand() {
        let mut graph = Graph::default();
        let x = graph.input("x", Kind::Double, 3);
        let dimensions = [b"\x0a\x06\x12\x04rows".as_slice(), b"\x0a\x02\x08\x03"].concat();
        let tensor = [b"\x08\x0b\x12\x0c".as_slice(), &dimensions].concat();
        let expected = [b"\x0a\x01x\x12\x12\x0a\x10".as_slice(), &tensor].concat();
        assert_eq!(graph.inputs[0].0, expected);
        graph.cast(&x, Kind::Float);
        let attribute = b"\x2a\x09\x0a\x02to\x18\x01\xa0\x01\x02".as_slice();
        let expected = [b"\x0a\x01x\x12\x07value_1\x22\x04Cast".as_slice(), attribute, b"\x3a\x00"].concat();
        assert_eq!(graph.nodes[0].0, expected);
        graph.floats(&[2, 1], [1.0, 0.0]);
        let numbers = b"\x4a\x08\x00\x00\x80\x3f\x00\x00\x00\x00".as_slice();
        let expected = [b"\x08\x02\x08\x01\x10\x01\x42\x07value_2".as_slice(), numbers].concat();
        assert_eq!(graph.constants[0].0, expected);
    }

    #[test]
    fn names_of_columns_are_not_taken() {
        let mut graph = Graph::default();
        let x = graph.input("value_1", Kind::Float, 1);
        graph.input("code", Kind::Float, 1);
        assert_eq!(graph.float(1.0), Value("value_2".into()));
        assert_eq!(graph.output("code", &x, Kind::Float, 1), "diabolo_code");
        assert_eq!(graph.output("score", &x, Kind::Float, 1), "score");
    }
}
