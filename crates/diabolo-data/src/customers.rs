//! The built-in data set `customers`: a mixed table with missing cells, drawn by this program.
//!
//! Customers of a made-up telephone company, for imputation, synthetic tables and whatever needs
//! categories beside numbers. What depends on what:
//!
//! ```text
//! plan ← age, income          monthly_fee ← plan, discounts     data_gb ← plan, age
//! support_calls ← plan        churned ← monthly_fee / income, support_calls, years, payment
//! ```
//!
//! 15 % of the incomes are missing, more of the young, and 4 % of the payments.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use diabolo_stats::elementary::double::exp;
use diabolo_stats::random::{Purpose, Stream, normal, poisson, stream, uniform, weighted_index_or_last};

use crate::datetime::Pattern;
use crate::{Error, Result};

/// Rows of the parts `train` and `test`.
const TRAIN: u64 = 4000;
const TEST: u64 = 1000;

const REGIONS: [&str; 5] = ["north", "south", "east", "west", "abroad"];
const PLANS: [&str; 4] = ["basic", "standard", "premium", "family"];
const FEES: [f64; 4] = [9.99, 19.99, 34.99, 44.99];
const PAYMENTS: [&str; 3] = ["transfer", "card", "invoice"];
/// 2024-12-31 in days since 1970: the day of the table.
const TODAY: f64 = 20_088.0;

struct Customer {
    id: String,
    since: String,
    region: &'static str,
    plan: &'static str,
    age: i64,
    income: Option<i64>,
    monthly_fee: f64,
    data_gb: f64,
    support_calls: i64,
    payment: Option<&'static str>,
    churned: &'static str,
}

/// The part `train` (4,000 rows) or `test` (1,000 others).
pub(crate) fn customers(part: &str) -> Result<RecordBatch> {
    let numbers = if part == "test" { TRAIN..TRAIN + TEST } else { 0..TRAIN };
    let date: Pattern = "%F".parse()?;
    let rows: Vec<Customer> = numbers.map(|number| customer(number, &date)).collect();
    let text = |cell: fn(&Customer) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(cell).collect::<StringArray>())
    };
    let real = |cell: fn(&Customer) -> f64| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(cell(row))).collect::<Float64Array>())
    };
    let whole = |cell: fn(&Customer) -> Option<i64>| -> ArrayRef {
        Arc::new(rows.iter().map(cell).collect::<Int64Array>())
    };
    let columns = [
        ("customer_id", text(|row| Some(&row.id))),
        ("since", text(|row| Some(&row.since))),
        ("region", text(|row| Some(row.region))),
        ("plan", text(|row| Some(row.plan))),
        ("age", whole(|row| Some(row.age))),
        ("income", whole(|row| row.income)),
        ("monthly_fee", real(|row| row.monthly_fee)),
        ("data_gb", real(|row| row.data_gb)),
        ("support_calls", whole(|row| Some(row.support_calls))),
        ("payment", text(|row| row.payment)),
        ("churned", text(|row| Some(row.churned))),
    ];
    RecordBatch::try_from_iter(columns)
        .map_err(|cause| Error::data("customers", "5,000 rows", cause.to_string(), "build the program again"))
}

/// One row, which does not depend on the others.
fn customer(number: u64, date: &Pattern) -> Customer {
    let draw = &mut stream(0, Purpose::BuiltInCustomers, 0, number);
    let age = (44.0 + 15.0 * normal(draw)).clamp(18.0, 90.0).round();
    let prime = 1.0 - ((age - 48.0) / 40.0) * ((age - 48.0) / 40.0);
    let income = (exp(10.0 + 0.5 * prime + 0.35 * normal(draw)) / 100.0).round() * 100.0;
    let richer = (income / 30_000.0).min(3.0);
    let plan =
        chosen(draw, &[2.2 - 0.4 * richer, 2.0, 0.3 + 0.9 * richer, if age < 60.0 { 1.2 } else { 0.3 }]);
    let region = chosen(draw, &[3.0, 2.0, 2.5, 2.0, 0.5]);
    let discount = if uniform(draw) < 0.2 { 0.8 } else { 1.0 };
    let monthly_fee = (FEES[plan] * discount * 100.0).round() / 100.0;
    let use_of_plan = [0.7, 2.0, 3.0, 3.3][plan] - 0.025 * (age - 40.0) + 0.5 * normal(draw);
    let support_calls = poisson(draw, [0.4, 0.7, 0.9, 1.6][plan]);
    let payment = chosen(draw, &[3.0, 1.0 + 60.0 / age, 1.0 + age / 60.0]);
    let years = -4.0 * diabolo_stats::elementary::double::ln(uniform(draw));
    let strain = 1200.0 * monthly_fee / income - 1.3;
    let wish =
        strain + 0.55 * support_calls - 0.25 * years + if PAYMENTS[payment] == "invoice" { 0.5 } else { 0.0 };
    let churned = uniform(draw) < 1.0 / (1.0 + exp(0.7 - wish));
    let hidden = uniform(draw) < if age < 30.0 { 0.35 } else { 0.11 };
    Customer {
        id: format!("C-{:05}", number + 1),
        since: date.write((TODAY - (365.25 * years.min(20.0)).floor()) * 86_400.0, 0),
        region: REGIONS[region],
        plan: PLANS[plan],
        age: age as i64,
        income: (!hidden).then_some(income as i64),
        monthly_fee,
        data_gb: (exp(use_of_plan) * 10.0).round() / 10.0,
        support_calls: support_calls as i64,
        payment: (uniform(draw) >= 0.04).then_some(PAYMENTS[payment]),
        churned: if churned { "yes" } else { "no" },
    }
}

fn chosen(draw: &mut Stream, weights: &[f64]) -> usize {
    weighted_index_or_last(weights, uniform(draw) * weights.iter().sum::<f64>())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use arrow_array::Array;
    use arrow_array::cast::AsArray;

    use super::*;

    #[test]
    fn parts_differ_and_hold_what_the_description_says() {
        let (train, test) = (customers("train").unwrap(), customers("test").unwrap());
        assert_eq!((train.num_rows(), test.num_rows()), (4000, 1000));
        let id = |table: &RecordBatch| table["customer_id"].as_string::<i32>().value(0).to_string();
        assert_eq!((id(&train), id(&test)), ("C-00001".into(), "C-04001".into()));
        let share =
            |table: &RecordBatch, column: &str| table[column].null_count() as f64 / table.num_rows() as f64;
        for table in [&train, &test] {
            assert!((0.11..0.19).contains(&share(table, "income")), "{}", share(table, "income"));
            assert!((0.02..0.06).contains(&share(table, "payment")), "{}", share(table, "payment"));
            let churned = table["churned"].as_string::<i32>().iter().filter(|text| *text == Some("yes"));
            let churned = churned.count() as f64 / table.num_rows() as f64;
            assert!((0.2..0.35).contains(&churned), "{churned}");
        }
    }
}
