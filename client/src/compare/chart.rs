//! A chart as SVG, in two sizes: one for a desk, one for a phone.
//!
//! Colours are placeholders that the page's style sheet replaces, so that light and dark are
//! the reader's choice.

mod axis;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub(super) use axis::Axis;

/// The hosts' colours, in their order.
pub(super) const LANES: [RGBColor; 6] = [
    RGBColor(0x2a, 0x78, 0xd6),
    RGBColor(0xd9, 0x73, 0x0d),
    RGBColor(0x1e, 0x8e, 0x5a),
    RGBColor(0x9b, 0x4d, 0xca),
    RGBColor(0xc2, 0x18, 0x5b),
    RGBColor(0x6d, 0x6d, 0x00),
];
const INK: RGBColor = RGBColor(0x33, 0x33, 0x33);
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

/// What is drawn, in the order in which it is drawn. Points are values on the axes.
pub(super) enum Shape {
    /// A line through points.
    Line { lane: usize, points: Vec<(f64, f64)> },
    /// A line with the area below it.
    Area { lane: usize, points: Vec<(f64, f64)> },
    /// Each point for itself, one upon the other.
    Dots { lane: usize, points: Vec<(f64, f64)> },
    /// A line with a dot at each point.
    Steps { lane: usize, points: Vec<(f64, f64)> },
    /// A line from bottom to top, with a word at its side.
    Rule { at: f64, label: String },
    /// A word to the right of a point.
    Label { at: (f64, f64), text: String },
}

/// A chart.
pub(super) struct Chart {
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) x_title: String,
    pub(super) shapes: Vec<Shape>,
    /// How many rows it has, where that decides its height.
    pub(super) rows: Option<u32>,
}

const Y_TICKS: usize = 7;

/// Width and height in pixels, and how many ticks there is room for.
struct Size {
    width: u32,
    height: u32,
    ticks: usize,
}

const DESK: Size = Size { width: 880, height: 330, ticks: 11 };
const PHONE: Size = Size { width: 350, height: 270, ticks: 5 };

/// The library places by whole units, so a pixel is made of some.
const UNITS: u32 = 4;

/// What a row of dots takes, in pixels, and what is below the rows.
const ROW: u32 = 46;
const BELOW: u32 = 60;

/// Drawing into a string fails only where the library does.
pub(super) type DrawingError = Box<dyn std::error::Error + Send + Sync>;

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Context<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Axis, Axis>>;

impl Chart {
    /// Both sizes; the style sheet shows one of them.
    pub(super) fn svg(&self, title: &str) -> Result<String, DrawingError> {
        Ok(self.sized(&DESK, "desk", title)? + &self.sized(&PHONE, "phone", title)?)
    }

    fn sized(&self, size: &Size, class: &str, title: &str) -> Result<String, DrawingError> {
        let mut svg = String::new();
        {
            let height = self.rows.map_or(size.height, |rows| rows * ROW + BELOW);
            let size_in_units = (size.width * UNITS, height * UNITS);
            let area = SVGBackend::with_string(&mut svg, size_in_units).into_drawing_area();
            self.draw(&area, size)?;
            area.present()?;
        }
        let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        Ok(svg.replacen("<svg", &format!("<svg class=\"{class}\" role=\"img\" aria-label=\"{title}\""), 1))
    }

    fn draw(&self, area: &Area<'_>, size: &Size) -> Result<(), DrawingError> {
        let named = !self.y.ticks(Y_TICKS).is_empty();
        let mut context = ChartBuilder::on(area)
            .margin_top(12 * UNITS)
            .margin_right(26 * UNITS)
            .x_label_area_size(46 * UNITS)
            .y_label_area_size(UNITS * if named { 52 } else { 8 })
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        context
            .configure_mesh()
            .bold_line_style(GRID.stroke_width(UNITS))
            .axis_style(GRID.stroke_width(UNITS))
            .set_all_tick_mark_size(5 * UNITS)
            .label_style(("sans-serif", 15 * UNITS).into_font().color(&INK))
            .axis_desc_style(("sans-serif", 15 * UNITS).into_font().color(&INK))
            .x_labels(size.ticks)
            .y_labels(Y_TICKS)
            .x_desc(&self.x_title)
            .draw()?;
        for shape in &self.shapes {
            self.shape(&mut context, shape)?;
        }
        Ok(())
    }

    fn shape(&self, context: &mut Context<'_>, shape: &Shape) -> Result<(), DrawingError> {
        let style = |lane: usize| ShapeStyle::from(LANES[lane % LANES.len()]).stroke_width(2 * UNITS);
        let filled = |lane: usize, opacity| LANES[lane % LANES.len()].mix(opacity).filled();
        match shape {
            Shape::Line { lane, points } => {
                context.draw_series(LineSeries::new(points.clone(), style(*lane)))?;
            }
            Shape::Area { lane, points } => {
                let area = AreaSeries::new(points.clone(), 0.0, filled(*lane, 0.2));
                context.draw_series(area.border_style(style(*lane)))?;
            }
            Shape::Dots { lane, points } => {
                context.draw_series(
                    points.iter().map(|point| Circle::new(*point, 5 * UNITS, filled(*lane, 0.55))),
                )?;
            }
            Shape::Steps { lane, points } => {
                context.draw_series(LineSeries::new(points.clone(), style(*lane)))?;
                context.draw_series(
                    points.iter().map(|point| Circle::new(*point, 4 * UNITS, filled(*lane, 1.0))),
                )?;
            }
            Shape::Rule { at, label } => {
                let (bottom, top) = self.y.ends();
                context.draw_series([PathElement::new(
                    [(*at, bottom), (*at, top)],
                    INK.mix(0.7).stroke_width(UNITS),
                )])?;
                // Where there is more room.
                let (side, units) =
                    if self.x.place(*at) > 0.5 { (HPos::Right, -28) } else { (HPos::Left, 28) };
                let text = Text::new(label.clone(), (units, 8), words(side, VPos::Top));
                context.draw_series([EmptyElement::at((*at, top)) + text])?;
            }
            Shape::Label { at, text } => {
                context.draw_series([Text::new(text.clone(), *at, words(HPos::Left, VPos::Center))])?;
            }
        }
        Ok(())
    }
}

fn words(horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    ("sans-serif", 15 * UNITS).into_font().color(&INK).pos(Pos::new(horizontal, vertical))
}
