//! One column of a block: how its cells are written.
//!
//! | symbol | distribution |
//! |---|---|
//! | whether the model describes the cell | counts so far |
//! | if so: from the finest level of counts to the coarsest, whether the cell is taken from those seen | their share s = (1 − w) n′ / (n + θ) |
//! | … a cell seen at that level | its discounted count |
//! | … or, from no level, any cell that the model describes | p(cell given z), by the model |
//! | if not: whether it was seen | the share of those seen |
//! | … a cell seen so far | its discounted count |
//! | … or a new one | in the block's list of texts |
//!
//! Levels are counts of all rows, of the rows that have the same cell in one other column, the
//! first parent, and of those that have the same cells in two. Together,
//!
//! ```text
//! P₀ = p(cell | z),   Pₖ₊₁ = s P(cell | counts at level k) + (1 − s) Pₖ
//! ```
//! A cell that was seen could be written in several ways; the choice carries information, and gets
//! it back: "seen at level k" is popped from its posterior s P(cell | counts) / Pₖ₊₁. As in
//! Kneser–Ney smoothing, a cell is counted at a coarser level only if it is new at the finer one.

use std::collections::HashMap;

use super::ans::{Mass, Stack};
use super::cells::Form;
use super::counts::{Counts, Discount, TOTAL};
use super::model::{Feature, Law};
use super::space::Space;
use super::wire::{Malformed, Unread, put_cell, put_number};

/// w is in units of 1/[`WHOLE`].
pub(super) const WHOLE: u8 = 16;
/// The discount of cells that the model does not describe.
pub(super) const OTHERS_DISCOUNT: Discount = 4;
/// The most parents of a column.
pub(super) const MOST_PARENTS: usize = 2;

/// What a block says of one of its columns.
pub(super) struct Plan {
    /// The one cell of all rows: nothing is written of them.
    pub constant: Option<Option<Box<[u8]>>>,
    pub space: Space,
    /// The columns that counts depend on, which come before this one.
    pub parents: Vec<usize>,
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
        out.extend([self.weight, self.discount, self.parents.len() as u8]);
        self.parents.iter().for_each(|&parent| put_number(out, parent as u64));
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
        let (weight, discount, parents) = (unread.byte()?, unread.byte()?, usize::from(unread.byte()?));
        if kinds > 4 || weight > WHOLE || discount > 7 || parents > MOST_PARENTS {
            return Err(Malformed);
        }
        let parents = (0..parents).map(|_| unread.below(at)).collect::<Result<_, _>>()?;
        let kinds = [(kinds - 1) & 1 == 1, (kinds - 1) & 2 == 2];
        Ok(Plan { constant: None, space, parents, weight, discount, kinds })
    }

    pub fn of(space: Space) -> Self {
        Plan { constant: None, space, parents: vec![], weight: WHOLE, discount: 4, kinds: [true; 2] }
    }
}

/// What the cells of the parents in a row are, for each level: 0, that of the first, of both.
pub(super) type Keys = [u64; MOST_PARENTS + 1];

/// The counts of the cells of a column.
#[derive(Default)]
pub(super) struct Tally {
    levels: [HashMap<u64, Counts>; MOST_PARENTS + 1],
    /// By the first parent.
    others: HashMap<u64, Others>,
}

/// The cells that the model does not describe, and how many it does.
#[derive(Default)]
struct Others {
    described: u64,
    counts: Counts,
}

impl Tally {
    pub fn add(&mut self, parents: usize, keys: &Keys, id: u32, described: bool) {
        let others = self.others.entry(keys[parents.min(1)]).or_default();
        if !described {
            others.counts.add(id);
            return;
        }
        others.described += 1;
        for level in (0..=parents).rev() {
            if !self.levels[level].entry(keys[level]).or_default().add(id) {
                break;
            }
        }
    }

    /// Takes back the last addition that has not been taken back.
    pub fn take_back(&mut self, parents: usize, keys: &Keys, id: u32, described: bool) {
        let others = self.others.entry(keys[parents.min(1)]).or_default();
        if !described {
            others.counts.take_back(id);
            return;
        }
        others.described -= 1;
        for level in (0..=parents).rev() {
            if !self.levels[level].entry(keys[level]).or_default().take_back(id) {
                break;
            }
        }
    }

    /// The counts that the next cell depends on.
    pub fn of(&self, parents: usize, keys: &Keys) -> Context<'_> {
        let levels = std::array::from_fn(|level| match level <= parents {
            true => self.levels[level].get(&keys[level]),
            false => None,
        });
        Context { levels, others: self.others.get(&keys[parents.min(1)]) }
    }
}

/// The counts that a cell depends on; none where nothing was counted.
pub(super) struct Context<'a> {
    levels: [Option<&'a Counts>; MOST_PARENTS + 1],
    others: Option<&'a Others>,
}

impl Context<'_> {
    /// The probability that the model does not describe the next cell.
    pub fn share_of_others(&self, kinds: [bool; 2]) -> f64 {
        match kinds {
            [true, true] => {
                let [described, others] =
                    self.others.map_or([0.0; 2], |o| [o.described as f64, o.counts.total() as f64]);
                (others + 0.5) / (described + others + 1.0)
            }
            [_, others] => f64::from(u8::from(others)),
        }
    }

    /// The share of the cells seen among those that the model does not describe, and the mass of
    /// this one.
    pub fn other(&self, id: u32) -> (f64, Option<Mass>) {
        self.others.map_or((0.0, None), |others| {
            (others.counts.share(OTHERS_DISCOUNT), others.counts.mass(id, OTHERS_DISCOUNT))
        })
    }

    /// s of a level.
    fn share(&self, level: usize, weight: u8, discount: Discount) -> f64 {
        let free = 1.0 - f64::from(weight) / f64::from(WHOLE);
        self.levels[level].map_or(0.0, |counts| free * counts.share(discount))
    }

    fn mass(&self, level: usize, id: u32, discount: Discount) -> Option<Mass> {
        self.levels[level].and_then(|counts| counts.mass(id, discount))
    }

    /// P₀ to the probability at the finest level, of a cell that the model gives the first.
    pub fn probabilities(
        &self,
        id: u32,
        model: f64,
        weight: u8,
        discount: Discount,
    ) -> [f64; MOST_PARENTS + 2] {
        let (mut all, mut last) = ([model; MOST_PARENTS + 2], model);
        for level in 0..=MOST_PARENTS {
            let share = self.share(level, weight, discount);
            let seen = self.mass(level, id, discount).map_or(0.0, Mass::share);
            last = share * seen + (1.0 - share) * last;
            all[level + 1] = last;
        }
        all
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

/// Pushes a cell; [`pop`] gives it back. The encoder's stack is never exhausted.
pub(super) fn push(stack: &mut Stack, plan: &Plan, context: &Context, law: Option<Law>, cell: &Cell) {
    match (cell.symbol, law) {
        (Some(symbol), Some(law)) => push_described(stack, plan, context, law, symbol, cell),
        _ => {
            let (share, mass) = context.other(cell.id);
            if let Some(mass) = mass {
                stack.push(mass);
            }
            if share > 0.0 {
                stack.push(Mass::of_two(mass.is_some(), share));
            }
        }
    }
    if plan.kinds == [true; 2] {
        stack.push(Mass::of_two(cell.symbol.is_none(), context.share_of_others(plan.kinds)));
    }
}

fn push_described(stack: &mut Stack, plan: &Plan, context: &Context, law: Law, symbol: u64, cell: &Cell) {
    let (weight, discount) = (plan.weight, plan.discount);
    let model = plan.space.probability(law, symbol);
    let all = context.probabilities(cell.id, model, weight, discount);
    let posterior =
        |level: usize, mass: Mass| context.share(level, weight, discount) * mass.share() / all[level + 1];
    let mut chosen = None;
    for level in (0..=MOST_PARENTS).rev().filter(|&level| context.share(level, weight, discount) > 0.0) {
        if let Some(mass) = context.mass(level, cell.id, discount)
            && stack.pop_two(posterior(level, mass)).unwrap_or(false)
        {
            chosen = Some((level, mass));
            break;
        }
    }
    match chosen {
        Some((_, mass)) => stack.push(mass),
        None => plan.space.push(stack, law, symbol, cell.bytes.unwrap_or_default()),
    }
    let chosen = chosen.map(|(level, _)| level);
    for level in chosen.unwrap_or(0)..=MOST_PARENTS {
        let share = context.share(level, weight, discount);
        if share > 0.0 {
            stack.push(Mass::of_two(chosen == Some(level), share));
        }
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
    let is_other = match plan.kinds {
        [true, true] => stack.pop_two(context.share_of_others(plan.kinds))?,
        [_, others] => others,
    };
    if is_other {
        return pop_other(stack, context);
    }
    let (law, weight, discount) = (law.ok_or(Malformed)?, plan.weight, plan.discount);
    let mut chosen = None;
    for level in (0..=MOST_PARENTS).rev() {
        let share = context.share(level, weight, discount);
        if let Some(counts) = context.levels[level].filter(|_| share > 0.0)
            && stack.pop_two(share)?
        {
            chosen = Some((level, stack.pop(TOTAL, |t| counts.find(t, discount))?));
            break;
        }
    }
    let (symbol, id, found) = match chosen {
        Some((_, id)) => (symbol_of(id).ok_or(Malformed)?, Some(id), Found::Seen(id)),
        None => {
            let (symbol, bytes) = plan.space.pop(stack, law)?;
            (symbol, number(&bytes), Found::Described(bytes))
        }
    };
    let Some(id) = id else { return Ok(found) };
    let all = context.probabilities(id, plan.space.probability(law, symbol), weight, discount);
    let chosen = chosen.map(|(level, _)| level);
    for level in chosen.unwrap_or(0)..=MOST_PARENTS {
        let share = context.share(level, weight, discount);
        if let Some(mass) = context.mass(level, id, discount).filter(|_| share > 0.0) {
            stack.push(Mass::of_two(chosen == Some(level), share * mass.share() / all[level + 1]));
        }
    }
    Ok(found)
}

fn pop_other(stack: &mut Stack, context: &Context) -> Result<Found, Malformed> {
    let Some(others) = context.others.filter(|others| others.counts.total() > 0) else {
        return Ok(Found::New);
    };
    match stack.pop_two(others.counts.share(OTHERS_DISCOUNT))? {
        true => Ok(Found::Seen(stack.pop(TOTAL, |t| others.counts.find(t, OTHERS_DISCOUNT))?)),
        false => Ok(Found::New),
    }
}
