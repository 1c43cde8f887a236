//! Reverse-mode differentiation.
//!
//! An operation on tracked tensors makes a [`Node`] that holds its parents and, as a closure, its
//! gradient: ∂L/∂inputs from ∂L/∂result. [`backward`] visits the nodes from the last to the first,
//! so that all contributions to ∂L/∂result are summed, in that order, before it is passed on.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::data::Data;

/// Adds to ∂L/∂input of every parent of a node, from ∂L/∂result.
type Backward = Box<dyn FnOnce(Data, &mut Sums) + Send>;

/// A tracked result, or a leaf: a tensor whose gradient is wanted.
pub(crate) struct Node {
    /// In the order of creation, which is an order of evaluation.
    id: u64,
    parents: Vec<Option<Arc<Node>>>,
    /// `None` for a leaf, and after it was used.
    backward: Mutex<Option<Backward>>,
}

impl Node {
    fn new(parents: Vec<Option<Arc<Node>>>, backward: Option<Backward>) -> Arc<Node> {
        static CREATED: AtomicU64 = AtomicU64::new(0);
        let id = CREATED.fetch_add(1, Ordering::Relaxed);
        Arc::new(Node { id, parents, backward: Mutex::new(backward) })
    }

    pub fn leaf() -> Arc<Node> {
        Node::new(vec![], None)
    }

    fn is_leaf(&self) -> bool {
        self.parents.is_empty()
    }
}

/// The node of an operation on the tensors of `parents`; `None` if no parent is tracked.
///
/// `gradient` gives ∂L/∂input of every parent that is wanted (the second argument), from
/// ∂L/∂result.
pub(crate) fn record<const N: usize>(
    parents: [Option<Arc<Node>>; N],
    gradient: impl FnOnce(Data, [bool; N]) -> [Option<Data>; N] + Send + 'static,
) -> Option<Arc<Node>> {
    let wanted = parents.each_ref().map(Option::is_some);
    record_sums(parents.into(), move |of_result, sums| {
        for (k, of_input) in gradient(of_result, wanted).into_iter().enumerate() {
            of_input.into_iter().for_each(|of_input| sums.add(k, of_input));
        }
    })
}

/// [`record`] for any number of parents, all of whose gradients are computed.
pub(crate) fn record_all(
    parents: Vec<Option<Arc<Node>>>,
    gradient: impl FnOnce(Data) -> Vec<Data> + Send + 'static,
) -> Option<Arc<Node>> {
    record_sums(parents, |of_result, sums| {
        gradient(of_result).into_iter().enumerate().for_each(|(k, of_input)| sums.add(k, of_input));
    })
}

/// [`record`] for a gradient that is added to a sum in the pass that computes it.
pub(crate) fn record_sums(
    parents: Vec<Option<Arc<Node>>>,
    gradient: impl FnOnce(Data, &mut Sums) + Send + 'static,
) -> Option<Arc<Node>> {
    parents.iter().any(Option::is_some).then(|| Node::new(parents, Some(Box::new(gradient))))
}

/// What was found of ∂L/∂result of the nodes before, by id.
type Pending = BTreeMap<u64, (Arc<Node>, Data)>;

/// The gradients of the parents of a node, sums over the operations that use them.
pub(crate) struct Sums<'a> {
    parents: &'a [Option<Arc<Node>>],
    pending: &'a mut Pending,
}

impl Sums<'_> {
    pub fn is_wanted(&self, parent: usize) -> bool {
        self.parents[parent].is_some()
    }

    /// Adds a gradient.
    pub fn add(&mut self, parent: usize, gradient: Data) {
        self.update(parent, |sum| match sum {
            Some(sum) => sum.accumulate(gradient),
            None => gradient,
        });
    }

    /// Replaces the sum, which is `None` at first, if it is wanted.
    pub fn update(&mut self, parent: usize, with: impl FnOnce(Option<Data>) -> Data) {
        let Some(parent) = &self.parents[parent] else { return };
        let (parent, sum) = match self.pending.remove(&parent.id) {
            Some((parent, sum)) => (parent, with(Some(sum))),
            None => (parent.clone(), with(None)),
        };
        self.pending.insert(parent.id, (parent, sum));
    }
}

/// ∂L/∂leaf for every leaf that L depends on.
#[derive(Default)]
pub struct Gradients(HashMap<u64, Data>);

impl Gradients {
    pub(crate) fn get(&self, leaf: &Node) -> Option<&Data> {
        self.0.get(&leaf.id)
    }

    pub(crate) fn remove(&mut self, leaf: &Node) -> Option<Data> {
        self.0.remove(&leaf.id)
    }

    pub(crate) fn insert(&mut self, leaf: &Node, gradient: Data) {
        self.0.insert(leaf.id, gradient);
    }
}

/// The gradients of L, whose node is `last`, with respect to its leaves; `seed` is ∂L/∂L.
///
/// # Panics
/// If a part of the graph was differentiated before.
pub(crate) fn backward(last: Arc<Node>, seed: Data) -> Gradients {
    let mut gradients = Gradients::default();
    let mut pending = Pending::from([(last.id, (last, seed))]);
    while let Some((id, (node, of_result))) = pending.pop_last() {
        if node.is_leaf() {
            gradients.0.insert(id, of_result);
            continue;
        }
        let step = node.backward.lock().expect("no panic within").take();
        let step = step.expect("a graph is differentiated once");
        step(of_result, &mut Sums { parents: &node.parents, pending: &mut pending });
    }
    gradients
}

impl Drop for Node {
    /// Without recursion, which a long graph would carry beyond the stack.
    fn drop(&mut self) {
        let mut left = std::mem::take(&mut self.parents);
        while let Some(parent) = left.pop() {
            if let Some(mut parent) = parent.and_then(Arc::into_inner) {
                left.append(&mut parent.parents);
            }
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}", self.id)
    }
}
