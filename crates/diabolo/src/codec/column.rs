//! One column of a block: how its cells are written.
//!
//! | symbol | distribution |
//! |---|---|
//! | whether the model describes the cell | counts so far |
//! | if so: whether it is taken from the cells seen so far | their share, (1 − w) n′ / (n + θ) |
//! | … a cell seen so far | its discounted count |
//! | … or any cell that the model describes | p(cell given z), by the model |
//! | if not: whether it was seen | the share of those seen |
//! | … a cell seen so far | its discounted count |
//! | … or a new one | in the block's list of texts |
//!
//! Together, P(cell) = (1 − w) P(cell | counts, base p(· | z)) + w p(cell | z). A cell that was seen
//! and that the model describes could be written both ways; the choice carries information, and
//! gets it back: it is popped from the posterior of the choice, P(seen | cell).
//!
//! Counts are those of rows in which another column, the parent, has the same cell, if the column has
//! a parent.

use std::collections::HashMap;

use super::ans::{Mass, Stack, TOTAL};
use super::cells::Form;
use super::counts::{Counts, Discount};
use super::model::{Feature, Law};
use super::space::Space;
use super::wire::{Malformed, Unread, put_cell, put_number};

/// w is in units of 1/[`WHOLE`].
pub(super) const WHOLE: u8 = 16;
/// θ of the cells that the model does not describe are those of [`Counts`]; this is their discount.
const OTHERS_DISCOUNT: Discount = 4;

/// What a block says of one of its columns.
pub(super) struct Plan {
    /// The one cell of all rows: nothing is written of them.
    pub constant: Option<Option<Box<[u8]>>>,
    pub space: Space,
    /// The column that counts depend on, which comes before this one.
    pub parent: Option<usize>,
    /// w, in sixteenths.
    pub weight: u8,
    pub discount: Discount,
    /// Whether some of the cells are described by the model, and whether some are not.
    pub kinds: [bool; 2],
}

impl Plan {
    pub fn put(&self, out: &mut Vec<u8>) {
        if let Some(cell) = &self.constant {
            out.push(0);
            put_cell(out, cell.as_deref());
            return self.space.put(out);
        }
        out.push(1 + u8::from(self.kinds[0]) + 2 * u8::from(self.kinds[1]));
        self.space.put(out);
        put_number(out, self.parent.map_or(0, |parent| parent as u64 + 1));
        out.extend([self.weight, self.discount]);
    }

    /// The plan of the column `at`, in the order of writing.
    pub fn read(
        feature: Option<&Feature>,
        form: Form,
        at: usize,
        unread: &mut Unread,
    ) -> Result<Self, Malformed> {
        let kinds = unread.byte()?;
        if kinds == 0 {
            let constant = Some(unread.cell()?.map(Box::from));
            return Ok(Plan { constant, ..Plan::of(Space::read(feature, form, unread)?) });
        }
        let space = Space::read(feature, form, unread)?;
        let parent = unread.below(at + 1)?.checked_sub(1);
        let (weight, discount) = (unread.byte()?, unread.byte()?);
        if kinds > 4 || weight > WHOLE || discount > 7 {
            return Err(Malformed);
        }
        let kinds = [(kinds - 1) & 1 == 1, (kinds - 1) & 2 == 2];
        Ok(Plan { constant: None, space, parent, weight, discount, kinds })
    }

    pub fn of(space: Space) -> Self {
        Plan { constant: None, space, parent: None, weight: WHOLE, discount: 4, kinds: [true; 2] }
    }
}

/// The counts of the rows that have the same cell in the parent.
#[derive(Default)]
pub(super) struct Context {
    pub described: Counts,
    pub others: Counts,
}

impl Context {
    /// The probability that the model does not describe the next cell.
    pub fn share_of_others(&self, kinds: [bool; 2]) -> f64 {
        match kinds {
            [true, true] => {
                let (described, others) = (self.described.total() as f64, self.others.total() as f64);
                (others + 0.5) / (described + others + 1.0)
            }
            [_, others] => f64::from(u8::from(others)),
        }
    }

    /// (1 − w) n′ / (n + θ), n′ less discounts.
    pub fn share_of_seen(&self, plan: &Plan) -> f64 {
        let free = 1.0 - f64::from(plan.weight) / f64::from(WHOLE);
        free * self.described.share(plan.discount)
    }

    /// P(cell) as one of those seen, in the described ones.
    pub fn probability_of_seen(&self, plan: &Plan, id: u32) -> f64 {
        self.described.mass(id, plan.discount).map_or(0.0, |mass| f64::from(mass.size) / f64::from(TOTAL))
    }
}

/// A cell to write.
pub(super) struct Cell<'a> {
    pub id: u32,
    pub symbol: Option<u64>,
    pub bytes: Option<&'a [u8]>,
}

/// A cell that was read.
pub(super) enum Found {
    /// One with this number.
    Seen(u32),
    /// One that the model describes.
    Described(Vec<u8>),
    /// The next one in the list of texts.
    New,
}

/// The contexts of a column.
#[derive(Default)]
pub(super) struct Tally {
    contexts: HashMap<u32, Context>,
    nothing: Context,
}

impl Tally {
    pub fn of(&self, parent: u32) -> &Context {
        self.contexts.get(&parent).unwrap_or(&self.nothing)
    }

    pub fn add(&mut self, parent: u32, id: u32, described: bool) {
        let context = self.contexts.entry(parent).or_default();
        if described { context.described.add(id) } else { context.others.add(id) }
    }

    pub fn take_back(&mut self, parent: u32, id: u32, described: bool) {
        let context = self.contexts.entry(parent).or_default();
        if described { context.described.take_back(id) } else { context.others.take_back(id) }
    }
}

/// The probability of "seen", given the cell.
fn posterior(context: &Context, plan: &Plan, id: u32, law: Law, symbol: u64) -> f64 {
    let share = context.share_of_seen(plan);
    let seen = share * context.probability_of_seen(plan, id);
    let described = (1.0 - share) * plan.space.probability(law, symbol);
    seen / (seen + described)
}

/// Pushes a cell; [`pop`] gives it back. The encoder's stack is never exhausted.
pub(super) fn push(stack: &mut Stack, plan: &Plan, context: &Context, law: Option<Law>, cell: &Cell) {
    let others = context.share_of_others(plan.kinds);
    match (cell.symbol, law) {
        (Some(symbol), Some(law)) => {
            let share = context.share_of_seen(plan);
            let mass = context.described.mass(cell.id, plan.discount).filter(|_| share > 0.0);
            let seen = mass.is_some()
                && pop_two(stack, posterior(context, plan, cell.id, law, symbol)).unwrap_or(false);
            match mass.filter(|_| seen) {
                Some(mass) => stack.push(mass),
                None => plan.space.push(stack, law, symbol, cell.bytes.unwrap_or_default()),
            }
            if share > 0.0 {
                stack.push(Mass::of_two(seen, share));
            }
        }
        _ => {
            let mass = context.others.mass(cell.id, OTHERS_DISCOUNT);
            if let Some(mass) = mass {
                stack.push(mass);
            }
            if context.others.total() > 0 {
                stack.push(Mass::of_two(mass.is_some(), context.others.share(OTHERS_DISCOUNT)));
            }
        }
    }
    if plan.kinds == [true; 2] {
        stack.push(Mass::of_two(cell.symbol.is_none(), others));
    }
}

/// Pops a cell. `number` gives its number, if it has one yet, when the model describes it.
pub(super) fn pop(
    stack: &mut Stack,
    plan: &Plan,
    context: &Context,
    law: Option<Law>,
    number: impl Fn(&[u8]) -> Option<u32>,
    symbol_of: impl Fn(u32) -> Option<u64>,
) -> Result<Found, Malformed> {
    let other = match plan.kinds {
        [true, true] => pop_two(stack, context.share_of_others(plan.kinds))?,
        [_, others] => others,
    };
    if other {
        let seen = context.others.total() > 0 && pop_two(stack, context.others.share(OTHERS_DISCOUNT))?;
        return match seen {
            true => Ok(Found::Seen(stack.pop(|t| context.others.find(t, OTHERS_DISCOUNT))?)),
            false => Ok(Found::New),
        };
    }
    let law = law.ok_or(Malformed)?;
    let share = context.share_of_seen(plan);
    if share > 0.0 && pop_two(stack, share)? {
        let id = stack.pop(|t| context.described.find(t, plan.discount))?;
        let symbol = symbol_of(id).ok_or(Malformed)?;
        stack.push(Mass::of_two(true, posterior(context, plan, id, law, symbol)));
        return Ok(Found::Seen(id));
    }
    let (symbol, bytes) = plan.space.pop(stack, law)?;
    if share > 0.0
        && let Some(id) = number(&bytes).filter(|&id| context.described.mass(id, plan.discount).is_some())
    {
        stack.push(Mass::of_two(false, posterior(context, plan, id, law, symbol)));
    }
    Ok(Found::Described(bytes))
}

fn pop_two(stack: &mut Stack, second: f64) -> Result<bool, super::ans::Exhausted> {
    stack.pop(|t| {
        let is_second = Mass::is_second(t, second);
        (is_second, Mass::of_two(is_second, second))
    })
}
