//! The number of requests admitted so far, over time: as an SVG plot, and as text.

use std::fmt::{self, Write};

/// The requests that one endpoint admitted.
pub(crate) struct Line {
    pub(crate) label: &'static str,
    /// Sorted by time.
    pub(crate) admitted_ms: Vec<u64>,
}

/// A plot that compares several lines.
pub(crate) struct Plot {
    pub(crate) title: &'static str,
    pub(crate) minutes: u64,
    pub(crate) lines: Vec<Line>,
}

const LEFT: u64 = 50;
const TOP: u64 = 40;
const WIDTH: u64 = 560;
const HEIGHT: u64 = 240;
const BOTTOM: u64 = TOP + HEIGHT;
/// People with colour blindness can distinguish these colours.
const COLOURS: [&str; 3] = ["#0072b2", "#d55e00", "#009e73"];

impl Line {
    pub(crate) fn total(&self) -> u64 {
        self.until(u64::MAX)
    }

    fn until(&self, end_ms: u64) -> u64 {
        self.admitted_ms.iter().filter(|at| **at < end_ms).count() as u64
    }
}

impl Plot {
    fn milliseconds(&self) -> u64 {
        self.minutes * 60_000
    }

    /// The largest value of the vertical axis.
    fn most(&self) -> u64 {
        let most = self.lines.iter().map(Line::total).max().unwrap_or_default();
        most.next_multiple_of(40).max(40)
    }

    /// The plot as SVG.
    pub(crate) fn svg(&self) -> String {
        let mut svg = String::new();
        // Writing to a `String` does not fail.
        let _ = self.draw(&mut svg);
        svg
    }

    fn draw(&self, svg: &mut String) -> fmt::Result {
        let (width, height) = (LEFT + WIDTH + 20, BOTTOM + 45);
        writeln!(
            svg,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">"#
        )?;
        writeln!(svg, r#"<rect width="{width}" height="{height}" fill="white"/>"#)?;
        writeln!(svg, r#"<text x="{LEFT}" y="22">{}</text>"#, escaped(self.title))?;
        for quarter in 0..=4 {
            let y = BOTTOM - quarter * HEIGHT / 4;
            let right = LEFT + WIDTH;
            writeln!(svg, r##"<path d="M{LEFT} {y}H{right}" stroke="#ddd"/>"##)?;
            let count = quarter * self.most() / 4;
            let (x, y) = (LEFT - 8, y + 4);
            writeln!(svg, r#"<text x="{x}" y="{y}" text-anchor="end">{count}</text>"#)?;
        }
        for mark in 0..=6 {
            let (x, y) = (LEFT + mark * WIDTH / 6, BOTTOM + 18);
            let seconds = mark * self.minutes * 10;
            let (minutes, seconds) = (seconds / 60, seconds % 60);
            writeln!(
                svg,
                r#"<text x="{x}" y="{y}" text-anchor="middle">{minutes}:{seconds:02}</text>"#
            )?;
        }
        let (middle, y) = (LEFT + WIDTH / 2, BOTTOM + 36);
        writeln!(
            svg,
            r#"<text x="{middle}" y="{y}" text-anchor="middle">minutes; upwards: requests served so far</text>"#
        )?;
        for ((line, colour), number) in self.lines.iter().zip(COLOURS).zip(0..) {
            let path = self.path(line)?;
            writeln!(svg, r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>"#)?;
            let (x, y, label) = (LEFT + 10, TOP + 14 + 18 * number, escaped(line.label));
            writeln!(svg, r#"<text x="{x}" y="{y}" fill="{colour}">{label}</text>"#)?;
        }
        writeln!(svg, "</svg>")
    }

    /// Steps from request to request, in tenths of a pixel.
    fn path(&self, line: &Line) -> Result<String, fmt::Error> {
        let mut path = format!("M{LEFT} {BOTTOM}");
        for (at, count) in line.admitted_ms.iter().zip(1..) {
            let x = LEFT * 10 + at * WIDTH * 10 / self.milliseconds();
            let y = BOTTOM * 10 - count * HEIGHT * 10 / self.most();
            write!(path, "H{}.{}V{}.{}", x / 10, x % 10, y / 10, y % 10)?;
        }
        write!(path, "H{}", LEFT + WIDTH)?;
        Ok(path)
    }
}

/// One row for each line: how many requests were served by the end of each sixth of the duration.
impl fmt::Display for Plot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.title)?;
        write!(formatter, "  {:<34}", "served until minute")?;
        for mark in 1..=6_u64 {
            let seconds = mark * self.minutes * 10;
            write!(formatter, "{:>5}:{:02}", seconds / 60, seconds % 60)?;
        }
        writeln!(formatter)?;
        for line in &self.lines {
            write!(formatter, "  {:<34}", line.label)?;
            for mark in 1..=6 {
                write!(formatter, "{:>8}", line.until(mark * self.minutes * 10_000))?;
            }
            writeln!(formatter)?;
        }
        Ok(())
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
