"""Sums and products, with all that may stand for an integer and what may not."""

import json

from message import call_with

LIMIT = 4300  # digits that the original, and so ours, takes
BIG = 2**63

PAIRS = {
    "the guide's sum": (5, 3),
    "the guide's product": (4, 7),
    "zeros": (0, 0),
    "a negative": (-5, 3),
    "two negatives": (-5, -3),
    "32 bits, and more": (2**31 - 1, 2),
    "53 bits, and more": (2**53, 1),
    "not a double": (2**53 + 1, 1),
    "64 bits, and more": (BIG - 1, 1),
    "the least of 64 bits": (-BIG, -1),
    "65 bits": (2 * BIG, 1),
    "2^70": (2**70, 2**70),
    "-2^70": (-(2**70), 2**70),
    "10^100": (10**100, 10**100),
    "1000 digits": (10**999 + 7, 10**999 - 7),
    "2150 digits": (10**2149, 3 * 10**2149),
}

# JSON numbers.
NUMBERS = {
    "minus zero": "-0",
    "minus zero, with a point": "-0.0",
    "zero fraction": "5.0",
    "long zero fraction": "5.000000000000000000000000000000",
    "exponent": "1e3",
    "capital exponent": "1E3",
    "signed exponent": "1e+3",
    "zero with an exponent": "0e5",
    "exponent that uses up the fraction": "1.5e1",
    "negative exponent without a fraction left": "500e-2",
    "largest double below 2^53": "9007199254740991.0",
    "fraction": "5.5",
    "small fraction": "5.0000001",
    "negative fraction": "-0.5",
    "negative exponent": "1e-1",
    "beyond doubles/fraction that a double loses": "5.00000000000000000000001",
    "beyond doubles/nearly nothing": "1e-400",
    "beyond doubles/2^53 + 1 with a point": "9007199254740993.0",
    "1e15": "1e15",
    "1e18": "1e18",
    "beyond doubles/1e19": "1e19",
    "beyond doubles/1e100": "1e100",
    "beyond doubles/1e400": "1e400",
    "endless": "1e999999999",
}

NINES = "9" * LIMIT
DIGITS = {
    "the most": NINES,
    "the most, negative": f"-{NINES}",
    "the most, as a string": f'"{NINES}"',
    "too many/one more": f"{NINES}9",
    "too many/one more, as a string": f'"{NINES}9"',
    "too many/a million": "9" * 1_000_000,
    "too many/a million, as a string": f'"{"9" * 1_000_000}"',
    "5000 zeros of a fraction": f"5.{'0' * 5000}",
}

STRINGS = {
    "digits": "5",
    "minus": "-5",
    "leading plus": "+5",
    "leading zero": "05",
    "minus and zeros": "-005",
    "minus zero": "-0",
    "blanks": " 5 ",
    "tab and newline": "\t5\n",
    "zero fraction": "5.0",
    "long zero fraction": "5.000",
    "2^64": str(2 * BIG),
    "10^100": str(10**100),
    "not a double": str(2**53 + 1),
    "fraction": "5.5",
    "point last": "5.",
    "point first": ".0",
    "exponent": "1e3",
    "hexadecimal": "0x10",
    "binary": "0b1",
    "thousands": "1,000",
    "inner blank": "1 000",
    "of Python/underscore": "1_000",
    "of Python/5000 leading zeros": "0" * 5000 + "5",
    "empty": "",
    "blank": " ",
    "word": "five",
    "digits and a letter": "5a",
    "two signs": "+-5",
    "sign apart": "- 5",
    "true": "true",
    "null": "null",
    "nan": "NaN",
    "infinity": "Infinity",
    "NUL": "5\0",
    "no-break space": "\u00a05",
    "minus sign of typography": "\u22125",
    "arabic digit": "\u0665",
    "full-width digit": "\uff15",
    "superscript": "5\u00b2",
    "an expression": "2+3",
    "code": "__import__('os')",
}

TYPES = {
    "null": "null",
    "true": "true",
    "false": "false",
    "empty list": "[]",
    "list": "[5]",
    "empty object": "{}",
    "object": '{"value": 5}',
}


def sums(group, values):
    """Each value, a JSON text, and 3."""
    return [call_with(f"add_numbers/{group}/{case}", "add_numbers", a=value, b="3") for case, value in values.items()]


def products(group, values):
    """3 and each value, a JSON text."""
    return [call_with(f"multiply_numbers/{group}/{case}", "multiply_numbers", a="3", b=value) for case, value in values.items()]


ARITHMETIC = [
    *(call_with(f"add_numbers/{case}", "add_numbers", a=a, b=b) for case, (a, b) in PAIRS.items()),
    *(call_with(f"multiply_numbers/{case}", "multiply_numbers", a=a, b=b) for case, (a, b) in PAIRS.items()),
    *sums("numbers", NUMBERS),
    *products("numbers", NUMBERS),
    *sums("digits", DIGITS),
    call_with("add_numbers/digits/answer of one more", "add_numbers", a=NINES, b=NINES),
    call_with("multiply_numbers/digits/answer of twice as many", "multiply_numbers", a=NINES, b=NINES),
    *sums("strings", {case: json.dumps(text) for case, text in STRINGS.items()}),
    *sums("types", TYPES),
    *products("types", TYPES),
]
