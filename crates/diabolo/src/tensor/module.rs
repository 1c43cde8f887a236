//! Parameters, and models made of them.

use std::fmt::Debug;
use std::sync::Arc;

use super::data::Data;
use super::shape::Shape;
use super::tape::{Gradients, Node};
use super::{Device, Tensor};

/// Which rows of a parameter, as it is kept, belong to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowsOf {
    /// No rows: a step uses all of it.
    Nothing,
    /// One for each column of the encoded rows.
    Columns,
    /// One for each output of the decoder.
    Outputs,
}

/// A parameter of any number of dimensions.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub(super) data: Data,
    /// While it is trained.
    leaf: Option<Arc<Node>>,
    /// Whether `data` is the transpose of what is shown.
    transposed: bool,
    pub(super) rows_of: RowsOf,
}

impl Parameter {
    /// The shape.
    pub fn shape(&self) -> Vec<usize> {
        let shape = self.data.shape().to_vec();
        if self.transposed { shape.into_iter().rev().collect() } else { shape }
    }

    /// The values, row-major.
    pub fn to_host(&self) -> Vec<f32> {
        self.shown(&self.data).to_f32()
    }

    /// The values in double precision, row-major.
    pub fn to_host_f64(&self) -> Vec<f64> {
        self.shown(&self.data).to_f64()
    }

    /// Replaces the values, in the precision of `device`.
    ///
    /// # Panics
    /// If their number is not that of the shape.
    pub fn set<T: super::Element>(&mut self, values: Vec<T>, device: &Device) {
        let data = Data::new(values, Shape::new(&self.shape()), device);
        self.data = self.shown(&data);
    }

    /// ∂L/∂parameter in double precision, row-major, if L depends on it.
    pub fn gradient(&self, gradients: &Gradients) -> Option<Vec<f64>> {
        gradients.get(self.leaf.as_deref()?).map(|gradient| self.shown(gradient).to_f64())
    }

    /// Numbers as they are shown from how they are kept, or the reverse.
    pub(super) fn shown(&self, kept: &Data) -> Data {
        let kept = kept.clone();
        if self.transposed { kept.swap_dims(0, 1) } else { kept }
    }

    /// Takes ∂L/∂parameter.
    pub(super) fn take_gradient(&self, gradients: &mut Gradients) -> Option<Data> {
        gradients.remove(self.leaf.as_deref()?)
    }

    fn put_gradient(&self, gradients: &mut Gradients, gradient: Data) {
        if let Some(leaf) = &self.leaf {
            gradients.insert(leaf, gradient);
        }
    }
}

impl Gradients {
    /// The sum of the gradients of every parameter of `model`, in order.
    pub(crate) fn sum<M: Module>(model: &M, parts: Vec<Gradients>) -> Gradients {
        struct Sum {
            parts: Vec<Gradients>,
            total: Gradients,
        }
        impl ModuleVisitor for Sum {
            fn parameter(&mut self, parameter: &Parameter) {
                let found = self.parts.iter_mut().filter_map(|part| parameter.take_gradient(part));
                if let Some(sum) = found.reduce(Data::accumulate) {
                    parameter.put_gradient(&mut self.total, sum);
                }
            }
        }
        let mut sum = Sum { parts, total: Gradients::default() };
        model.visit(&mut sum);
        sum.total
    }
}

/// A parameter of D dimensions.
#[derive(Clone, Debug)]
pub struct Param<const D: usize>(Parameter);

impl<const D: usize> Param<D> {
    /// A parameter with this value, which is not trained yet.
    pub fn from_tensor(value: Tensor<D>) -> Self {
        Param(Parameter { data: value.data, leaf: None, transposed: false, rows_of: RowsOf::Nothing })
    }

    /// The value; tracked while the parameter is trained.
    pub fn val(&self) -> Tensor<D> {
        if self.0.transposed { self.kept().transpose() } else { self.kept() }
    }

    /// The value as it is kept: the transpose of a [transposed](Param::transposed) one.
    pub(crate) fn kept(&self) -> Tensor<D> {
        Tensor { data: self.0.data.clone(), node: self.0.leaf.clone() }
    }

    /// Whether it is kept transposed.
    pub(crate) fn is_transposed(&self) -> bool {
        self.0.transposed
    }

    /// The same parameter with another value.
    #[must_use]
    pub fn with(self, value: Tensor<D>) -> Self {
        Param(Parameter { data: self.0.shown(&value.data), ..self.0 })
    }

    /// The same parameter with rows that belong to something.
    #[must_use]
    pub(crate) fn with_rows_of(self, rows_of: RowsOf) -> Self {
        Param(Parameter { rows_of, ..self.0 })
    }

    /// The shape.
    pub fn dims(&self) -> [usize; D] {
        let mut dims = self.0.data.shape().dims();
        if self.0.transposed {
            dims.reverse();
        }
        dims
    }

    /// The gradient of L with respect to the parameter, if L depends on it.
    pub fn grad(&self, gradients: &Gradients) -> Option<Tensor<D>> {
        let kept = gradients.get(self.0.leaf.as_deref()?)?;
        Some(Tensor { data: self.0.shown(kept), node: None })
    }
}

impl Param<2> {
    /// The same value, kept transposed: for products that read columns of it.
    #[must_use]
    pub(crate) fn transposed(self) -> Self {
        let data = self.0.data.swap_dims(0, 1);
        Param(Parameter { data, transposed: !self.0.transposed, ..self.0 })
    }
}

/// Something made of parameters: implement it with [`module!`](crate::module).
///
/// The name of a parameter is the path of the fields that lead to it: `encoder.0.weight`.
pub trait Module: Clone + Debug + Send + Sync {
    /// Shows every parameter to `visitor`, in the order of the fields.
    fn visit(&self, visitor: &mut dyn ModuleVisitor);

    /// The same, to change them.
    fn visit_mut(&mut self, visitor: &mut dyn ModuleVisitorMut);

    /// The number of numbers.
    fn num_params(&self) -> usize {
        struct Count(usize);
        impl ModuleVisitor for Count {
            fn parameter(&mut self, parameter: &Parameter) {
                self.0 += parameter.data.shape().size();
            }
        }
        let mut count = Count(0);
        self.visit(&mut count);
        count.0
    }

    /// The same with trained parameters: gradients with respect to them are wanted.
    #[must_use]
    fn train(mut self) -> Self {
        struct Train;
        impl ModuleVisitorMut for Train {
            fn parameter(&mut self, parameter: &mut Parameter) {
                parameter.leaf = Some(Node::leaf());
            }
        }
        self.visit_mut(&mut Train);
        self
    }

    /// A copy with constant parameters.
    #[must_use]
    fn valid(&self) -> Self {
        struct Fix;
        impl ModuleVisitorMut for Fix {
            fn parameter(&mut self, parameter: &mut Parameter) {
                parameter.leaf = None;
            }
        }
        let mut fixed = self.clone();
        fixed.visit_mut(&mut Fix);
        fixed
    }
}

/// Receives the parameters of a [`Module`].
pub trait ModuleVisitor {
    /// The parameters up to the matching [`exit`](Self::exit) belong to this field.
    fn enter(&mut self, _name: &str) {}
    /// The end of a field.
    fn exit(&mut self) {}
    /// A parameter.
    fn parameter(&mut self, parameter: &Parameter);
}

/// Receives the parameters of a [`Module`], to change them.
pub trait ModuleVisitorMut {
    /// The parameters up to the matching [`exit`](Self::exit) belong to this field.
    fn enter(&mut self, _name: &str) {}
    /// The end of a field.
    fn exit(&mut self) {}
    /// A parameter.
    fn parameter(&mut self, parameter: &mut Parameter);
}

impl<const D: usize> Module for Param<D> {
    fn visit(&self, visitor: &mut dyn ModuleVisitor) {
        visitor.parameter(&self.0);
    }

    fn visit_mut(&mut self, visitor: &mut dyn ModuleVisitorMut) {
        visitor.parameter(&mut self.0);
    }
}

impl<M: Module> Module for Vec<M> {
    fn visit(&self, visitor: &mut dyn ModuleVisitor) {
        for (k, module) in self.iter().enumerate() {
            visitor.enter(&k.to_string());
            module.visit(visitor);
            visitor.exit();
        }
    }

    fn visit_mut(&mut self, visitor: &mut dyn ModuleVisitorMut) {
        for (k, module) in self.iter_mut().enumerate() {
            visitor.enter(&k.to_string());
            module.visit_mut(visitor);
            visitor.exit();
        }
    }
}

impl<M: Module> Module for Option<M> {
    fn visit(&self, visitor: &mut dyn ModuleVisitor) {
        if let Some(module) = self {
            module.visit(visitor);
        }
    }

    fn visit_mut(&mut self, visitor: &mut dyn ModuleVisitorMut) {
        if let Some(module) = self {
            module.visit_mut(visitor);
        }
    }
}

/// Implements [`Module`](crate::tensor::Module) for a struct, by the fields that hold parameters,
/// or for an enum, by its variants.
///
/// A field after `..` is not part of the names of its parameters; nor are variants.
///
/// ```
/// use diabolo::tensor::{Device, Module, Param};
///
/// #[derive(Clone, Debug)]
/// struct Scale {
///     factor: Param<1>,
///     shift: Option<Param<1>>,
///     name: String,
/// }
/// diabolo::module!(Scale { factor, shift });
///
/// #[derive(Clone, Debug)]
/// enum Change {
///     Scale(Scale),
///     Shift(Param<1>),
/// }
/// diabolo::module!(Change = Scale | Shift);
///
/// let factor = Param::from_tensor(Device::cpu().tensor(vec![1.0, 2.0], [2]));
/// let change = Change::Scale(Scale { factor, shift: None, name: "two".into() });
/// assert_eq!(change.num_params(), 2);
/// ```
#[macro_export]
macro_rules! module {
    ($type:ident { $($fields:tt)* }) => {
        impl $crate::tensor::Module for $type {
            #[allow(unused, reason = "without parameters")]
            fn visit(&self, visitor: &mut dyn $crate::tensor::ModuleVisitor) {
                use $crate::tensor::Module as _;
                $crate::module!(@fields self, visitor, visit, $($fields)*);
            }

            #[allow(unused, reason = "without parameters")]
            fn visit_mut(&mut self, visitor: &mut dyn $crate::tensor::ModuleVisitorMut) {
                use $crate::tensor::Module as _;
                $crate::module!(@fields self, visitor, visit_mut, $($fields)*);
            }
        }
    };
    ($type:ident = $($variant:ident)|+) => {
        impl $crate::tensor::Module for $type {
            fn visit(&self, visitor: &mut dyn $crate::tensor::ModuleVisitor) {
                match self { $($type::$variant(module) => $crate::tensor::Module::visit(module, visitor)),+ }
            }

            fn visit_mut(&mut self, visitor: &mut dyn $crate::tensor::ModuleVisitorMut) {
                match self { $($type::$variant(module) => $crate::tensor::Module::visit_mut(module, visitor)),+ }
            }
        }
    };
    (@fields $self:ident, $visitor:ident, $visit:ident $(,)?) => {};
    (@fields $self:ident, $visitor:ident, $visit:ident, ..$field:ident $(, $($rest:tt)*)?) => {
        $self.$field.$visit($visitor);
        $crate::module!(@fields $self, $visitor, $visit $(, $($rest)*)?);
    };
    (@fields $self:ident, $visitor:ident, $visit:ident, $field:ident $(, $($rest:tt)*)?) => {
        $visitor.enter(stringify!($field));
        $self.$field.$visit($visitor);
        $visitor.exit();
        $crate::module!(@fields $self, $visitor, $visit $(, $($rest)*)?);
    };
}
