//! Where the text of a page stands (ISO 32000-1, 8.3 and 9.4), as far as it takes to tell whether what is shown next goes
//! on with the word before it, begins another, or another line. Many files place each letter by itself.

/// Space that stands for a blank, and how far to the left or off the line what follows does not go on with it: in parts of
/// the size of the text.
const BLANK: f32 = 0.18;
const BACK: f32 = -0.5;
const OFF: f32 = 0.1;
/// States that are kept to be restored.
const KEPT: usize = 256;

/// A transformation: `a b c d e f` (8.3.4).
type Matrix = [f32; 6];

const PLAIN: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// The first transformation, then the second.
fn times(first: &Matrix, [a, b, c, d, e, f]: &Matrix) -> Matrix {
    let point = |x: f32, y: f32| [x * a + y * c, x * b + y * d];
    let ([a1, b1], [c1, d1], [e1, f1]) = (point(first[0], first[1]), point(first[2], first[3]), point(first[4], first[5]));
    [a1, b1, c1, d1, e1 + e, f1 + f]
}

/// What is restored to what it was.
#[derive(Clone, Copy, Debug)]
struct State<F> {
    font: Option<F>,
    size: f32,
    /// Space behind each letter and each blank, how far lines are apart, how much letters are stretched.
    spaces: (f32, f32),
    leading: f32,
    stretch: f32,
    frame: Matrix,
}

/// Where text stands, and in which font.
#[derive(Debug)]
pub(super) struct Pen<F> {
    state: State<F>,
    kept: Vec<State<F>>,
    lost: usize,
    /// Where the line begins, and how far it has come.
    line: Matrix,
    along: f32,
    /// Where the last text began its line, and how far it went on the page; whether there was something since then that
    /// may have moved, and something that ends the line.
    last: Option<([f32; 2], f32)>,
    is_moved: bool,
    is_ended: bool,
}

impl<F> Default for Pen<F> {
    fn default() -> Self {
        Self {
            state: State { font: None, size: 0.0, spaces: (0.0, 0.0), leading: 0.0, stretch: 1.0, frame: PLAIN },
            kept: Vec::new(),
            lost: 0,
            line: PLAIN,
            along: 0.0,
            last: None,
            is_moved: false,
            is_ended: false,
        }
    }
}

impl<F: Copy> Pen<F> {
    pub(super) fn font(&self) -> Option<F> {
        self.state.font
    }

    pub(super) fn set_font(&mut self, font: Option<F>, size: Option<f32>) {
        (self.state.font, self.state.size) = (font, size.unwrap_or(self.state.size));
    }

    /// How far so many thousandths of the size go, and a letter of such a width.
    pub(super) fn shift(&self, thousandths: f32) -> f32 {
        thousandths / 1000.0 * self.state.size * self.state.stretch
    }

    pub(super) fn advance(&self, width: f32, is_blank: bool) -> f32 {
        self.shift(width) + (self.state.spaces.0 + if is_blank { self.state.spaces.1 } else { 0.0 }) * self.state.stretch
    }

    pub(super) fn end_line(&mut self) {
        self.move_by(0.0, -self.state.leading);
        self.is_ended = true;
    }

    fn move_by(&mut self, x: f32, y: f32) {
        self.line = times(&[1.0, 0.0, 0.0, 1.0, x, y], &self.line);
        (self.along, self.is_moved) = (0.0, true);
    }

    /// An operator that may move the pen, and the numbers before it, the last first.
    pub(super) fn operator(&mut self, operator: &[u8], numbers: &[f32]) {
        match (operator, numbers) {
            (b"Td" | b"TD", [y, x, ..]) => {
                if operator == b"TD" {
                    self.state.leading = -y;
                }
                self.move_by(*x, *y);
            }
            (b"Tm", [f, e, d, c, b, a, ..]) => (self.line, self.along, self.is_moved) = ([*a, *b, *c, *d, *e, *f], 0.0, true),
            (b"T*", _) => self.end_line(),
            (b"BT", _) => (self.line, self.along, self.is_moved) = (PLAIN, 0.0, true),
            (b"Tc", [space, ..]) => self.state.spaces.0 = *space,
            (b"Tw", [space, ..]) => self.state.spaces.1 = *space,
            (b"TL", [leading, ..]) => self.state.leading = *leading,
            (b"Tz", [percent, ..]) => self.state.stretch = percent / 100.0,
            (b"q", _) if self.kept.len() < KEPT => self.kept.push(self.state),
            (b"q", _) => self.lost += 1,
            (b"Q", _) if self.lost > 0 => self.lost -= 1,
            (b"Q", _) => self.state = self.kept.pop().unwrap_or(self.state),
            (b"cm", [f, e, d, c, b, a, ..]) => self.state.frame = times(&[*a, *b, *c, *d, *e, *f], &self.state.frame),
            _ => {}
        }
    }

    /// Shows a text that goes so far. What stands between it and the one before: a blank, the end of a line, or nothing.
    pub(super) fn show(&mut self, advance: f32) -> Option<u8> {
        let place = times(&self.line, &self.state.frame);
        let scale = place[0].hypot(place[1]);
        let between = self.between(&place, scale).filter(|_| self.is_moved);
        self.along += advance;
        self.last = Some(([place[4], place[5]], self.along * scale));
        self.is_moved = false;
        if std::mem::take(&mut self.is_ended) { Some(b'\n') } else { between }
    }

    fn between(&self, place: &Matrix, scale: f32) -> Option<u8> {
        let ([x, y], far) = self.last?;
        let (x, y) = (place[4] - x, place[5] - y);
        // Along the line and off it; what is no number is taken for a blank, since it may be one.
        let along = (x * place[0] + y * place[1]) / scale - far;
        let off = (y * place[0] - x * place[1]) / scale;
        let size = (self.state.size * scale).abs();
        if off.abs() > OFF * size {
            return Some(b'\n');
        }
        if (BACK * size..BLANK * size).contains(&along) { None } else { Some(b' ') }
    }
}
