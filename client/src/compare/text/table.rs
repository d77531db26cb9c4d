//! A table of numbers: names to the left, numbers to the right, marks behind them.

/// How marks are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// By characters alone.
    Plain,
    /// The best in bold, too.
    Terminal,
}

/// What is to be seen in a number.
#[derive(Clone, Copy)]
pub(super) enum Mark {
    None,
    /// The best, beyond chance.
    Best,
    /// From too few calls.
    Unsure,
}

pub(super) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Row>,
}

pub(super) struct Row {
    name: String,
    cells: Vec<(String, Mark)>,
}

impl Row {
    pub(super) fn cell(&mut self, text: impl Into<String>) -> &mut Self {
        self.marked(text, Mark::None)
    }

    pub(super) fn marked(&mut self, text: impl Into<String>, mark: Mark) -> &mut Self {
        self.cells.push((text.into(), mark));
        self
    }
}

const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

impl Table {
    pub(super) fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, name: &str) -> &mut Row {
        self.rows.push(Row { name: name.to_owned(), cells: Vec::new() });
        let last = self.rows.len() - 1;
        &mut self.rows[last]
    }

    pub(super) fn print(&self, style: Style) -> String {
        let length = |text: &str| text.chars().count();
        let names = self.rows.iter().map(|row| length(&row.name)).max().unwrap_or_default();
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.cells.get(column));
                cells
                    .map(|(text, _)| length(text))
                    .chain([length(self.header[column])])
                    .max()
                    .unwrap_or_default()
            })
            .collect();
        let header = self.header.iter().zip(&widths).map(|(text, width)| format!("  {text:>width$} "));
        let mut text = format!("{:names$}{}", "", header.collect::<String>()).trim_end().to_owned() + "\n";
        for row in &self.rows {
            let cells = row.cells.iter().zip(&widths).map(|((cell, mark), width)| match (mark, style) {
                (Mark::Best, Style::Terminal) => format!("  {BOLD}{cell:>width$}*{PLAIN}"),
                (Mark::Best, Style::Plain) => format!("  {cell:>width$}*"),
                (Mark::Unsure, _) => format!("  {cell:>width$}~"),
                (Mark::None, _) => format!("  {cell:>width$} "),
            });
            let line = format!("{:names$}{}", row.name, cells.collect::<String>());
            text += line.trim_end();
            text += "\n";
        }
        text
    }
}
