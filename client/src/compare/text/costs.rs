//! What calls cost.

use std::fmt::Write;

use super::table::{Style, Table};
use crate::compare::findings::Cost;
use crate::compare::record::Record;
use crate::compare::words::{cost_notes, dollars};

pub(super) fn costs(record: &Record, cost: &Cost, style: Style) -> String {
    let mut table = Table::new(&["requests", "memory", "CPU", "total"]);
    for (lane, priced) in record.lanes.iter().zip(&cost.lanes) {
        let Some(priced) = priced else {
            table.row(&lane.name).cell("-").cell("-").cell("-").cell("-");
            continue;
        };
        let bill = priced.bill;
        let row = table.row(&lane.name);
        row.cell(dollars(bill.requests)).cell(dollars(bill.memory)).cell(dollars(bill.cpu));
        row.cell(dollars(bill.total()));
    }
    let prices = &cost.model.prices;
    let mut text = format!(
        "Cost of a million calls, in US dollars (prices of {}, {})\n{}",
        prices.region,
        prices.as_of,
        table.print(style)
    );
    for line in cost_notes(record, cost) {
        let _ = writeln!(text, "  {line}");
    }
    text
}
