//! An integer of any size, and the decimal texts that stand for one.

use alloc::string::String;
use core::fmt;
use core::ops::{Add, Mul};
use core::str::FromStr;

use num_bigint::BigInt;

/// The most digits an integer may be written with.
///
/// Converting decimal text takes time quadratic in its length, so longer text is
/// refused before it is converted. The number is CPython's, and with it that of the
/// original server.
pub const MAX_DIGITS: usize = 4300;

/// An exact integer of any size.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Integer(BigInt);

impl<T: Into<BigInt>> From<T> for Integer {
    fn from(value: T) -> Self {
        Self(value.into())
    }
}

impl Add for &Integer {
    type Output = Integer;
    fn add(self, other: Self) -> Integer {
        Integer(&self.0 + &other.0)
    }
}

impl Mul for &Integer {
    type Output = Integer;
    fn mul(self, other: Self) -> Integer {
        Integer(&self.0 * &other.0)
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is not an [`Integer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseIntegerError {
    /// The text is not a decimal number.
    NotANumber,
    /// The number has a fraction, such as `2.5`.
    Fractional,
    /// The number has more than [`MAX_DIGITS`] digits.
    TooLong,
}

impl fmt::Display for ParseIntegerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber => f.write_str("not an integer in decimal digits"),
            Self::Fractional => f.write_str("not an integer: it has a fraction"),
            Self::TooLong => write!(f, "an integer of more than {MAX_DIGITS} digits"),
        }
    }
}

impl core::error::Error for ParseIntegerError {}

impl FromStr for Integer {
    type Err = ParseIntegerError;

    /// Reads a sign and decimal digits, blanks around them and a fraction of zeros
    /// (`"5"`, `" +5 "`, `"05"`, `"-5.0"`), as the original server does. No exponent,
    /// no other base, no `_` between digits.
    fn from_str(text: &str) -> Result<Self, ParseIntegerError> {
        let (negative, unsigned) = split_sign(text.trim());
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        require_digits(whole)?;
        require_digits(fraction)?;
        if fraction.bytes().any(|digit| digit != b'0') {
            return Err(ParseIntegerError::Fractional);
        }
        from_digits(negative, whole)
    }
}

impl Integer {
    /// Reads a JSON number (RFC 8259, section 6): an integer, or a decimal or exponent
    /// form with no fraction left (`5.0`, `1e3`, `-0.0`).
    ///
    /// # Errors
    /// [`ParseIntegerError`], by cause. Nothing longer than [`MAX_DIGITS`] is converted,
    /// however short it is written (`1e999999999`).
    pub fn from_json_number(text: &str) -> Result<Self, ParseIntegerError> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (negative, unsigned) = split_sign(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        require_digits(whole)?;
        require_digits(fraction)?;

        let fraction = fraction.trim_end_matches('0');
        let mut digits = String::with_capacity(whole.len() + fraction.len());
        digits.push_str(whole);
        digits.push_str(fraction);
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Ok(Self::from(0));
        }
        let significant = digits.trim_end_matches('0');
        let zeros = digits.len() - significant.len();
        // The value is `significant` times ten to this power.
        let power = scale(exponent)?
            .saturating_add_unsigned(zeros as u64)
            .saturating_sub_unsigned(fraction.len() as u64);
        let power = usize::try_from(power).map_err(|_| {
            if power < 0 { ParseIntegerError::Fractional } else { ParseIntegerError::TooLong }
        })?;
        if significant.len().saturating_add(power) > MAX_DIGITS {
            return Err(ParseIntegerError::TooLong);
        }
        let mut written = String::with_capacity(significant.len() + power);
        written.push_str(significant);
        written.extend(core::iter::repeat_n('0', power));
        from_digits(negative, &written)
    }
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn require_digits(text: &str) -> Result<(), ParseIntegerError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some(()).ok_or(ParseIntegerError::NotANumber)
}

/// The exponent, held within what cannot be an integer of [`MAX_DIGITS`] anyway.
fn scale(exponent: &str) -> Result<i64, ParseIntegerError> {
    let (negative, digits) = split_sign(exponent);
    require_digits(digits)?;
    let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX);
    Ok(if negative { -magnitude } else { magnitude })
}

fn from_digits(negative: bool, digits: &str) -> Result<Integer, ParseIntegerError> {
    if digits.len() > MAX_DIGITS {
        return Err(ParseIntegerError::TooLong);
    }
    let magnitude = digits.parse::<BigInt>().map_err(|_| ParseIntegerError::NotANumber)?;
    Ok(Integer(if negative { -magnitude } else { magnitude }))
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;
    use ParseIntegerError::{Fractional, NotANumber, TooLong};

    fn text(value: &str) -> Result<String, ParseIntegerError> {
        value.parse::<Integer>().map(|integer| integer.to_string())
    }

    fn number(value: &str) -> Result<String, ParseIntegerError> {
        Integer::from_json_number(value).map(|integer| integer.to_string())
    }

    #[test]
    fn texts_the_original_accepts_are_read() {
        for accepted in ["5", " 5 ", "+5", "05", "5.0", "\t5.000\n"] {
            assert_eq!(text(accepted).as_deref(), Ok("5"), "{accepted:?}");
        }
        assert_eq!(text("-5").as_deref(), Ok("-5"));
        assert_eq!(text("-0").as_deref(), Ok("0"));
    }

    #[test]
    fn texts_the_original_refuses_are_refused() {
        for refused in ["", " ", "abc", "1e3", "0x10", "+-5", "5.", ".5", "5.0.0", "٥"] {
            assert_eq!(text(refused), Err(NotANumber), "{refused:?}");
        }
        assert_eq!(text("5.5"), Err(Fractional));
    }

    #[test]
    fn underscores_are_not_digits() {
        assert_eq!(text("1_000"), Err(NotANumber));
    }

    #[test]
    fn json_numbers_without_a_fraction_are_integers() {
        for (written, meant) in [
            ("5.0", "5"),
            ("1e3", "1000"),
            ("1E+3", "1000"),
            ("-0.0", "0"),
            ("0e999999999999999999999", "0"),
            ("1.50e1", "15"),
            ("1200e-2", "12"),
            ("1180591620717411303424", "1180591620717411303424"),
        ] {
            assert_eq!(number(written).as_deref(), Ok(meant), "{written}");
        }
    }

    #[test]
    fn json_numbers_with_a_fraction_are_refused() {
        for written in ["2.5", "1e-1", "1e-99999999999999999999", "15e-1"] {
            assert_eq!(number(written), Err(Fractional), "{written}");
        }
    }

    #[test]
    fn nothing_longer_than_the_limit_is_converted() {
        let longest = "9".repeat(MAX_DIGITS);
        let too_long = "9".repeat(MAX_DIGITS + 1);
        assert_eq!(text(&longest).as_deref(), Ok(longest.as_str()));
        assert_eq!(text(&too_long), Err(TooLong));
        assert_eq!(number(&too_long), Err(TooLong));
        assert_eq!(number("1e4299").map(|digits| digits.len()), Ok(MAX_DIGITS));
        assert_eq!(number("1e4300"), Err(TooLong));
        assert_eq!(number("1e99999999999999999999999"), Err(TooLong));
        assert_eq!(text(&"9".repeat(10_000_000)), Err(TooLong));
    }

    proptest! {
        #[test]
        fn sums_and_products_agree_with_machine_integers(a: i64, b: i64) {
            let (x, y) = (Integer::from(a), Integer::from(b));
            prop_assert_eq!((&x + &y).to_string(), (i128::from(a) + i128::from(b)).to_string());
            prop_assert_eq!((&x * &y).to_string(), (i128::from(a) * i128::from(b)).to_string());
        }

        #[test]
        fn every_integer_is_read_back_from_its_text(value: i128) {
            prop_assert_eq!(text(&value.to_string()), Ok(value.to_string()));
            prop_assert_eq!(number(&value.to_string()), Ok(value.to_string()));
        }

        #[test]
        fn an_exponent_shifts_the_point(value in -99_999i64..99_999, shift in 0usize..9) {
            let shifted = format!("{value}e{shift}");
            let zeros = if value == 0 { String::new() } else { "0".repeat(shift) };
            prop_assert_eq!(number(&shifted), Ok(format!("{value}{zeros}")));
        }

        #[test]
        fn no_text_panics(anything: String) {
            let _ = anything.parse::<Integer>();
            let _ = Integer::from_json_number(&anything);
        }
    }
}
