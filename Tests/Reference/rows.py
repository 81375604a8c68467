"""The form of golden files: JSON with a row a line.

What fits into a line of 360 columns stands on one, a list of numbers fills its lines, and all else is broken where it
begins and ends. So a change of a value is a change of a line, and files are short.

    python Tests/Reference/rows.py FILE…       # brings files into this form; values keep their bits
"""
import json
import sys

# A tensor, with its name, shape, sums and samples.
COLUMNS = 360


def lines(value, prefix="", suffix=""):
    """The lines of a value, between what stands before and behind it on its first and last."""
    text = prefix + json.dumps(value) + suffix
    if len(text) <= COLUMNS or not isinstance(value, (list, dict)):
        return [text]
    if isinstance(value, dict):
        parts = [part for key, item in value.items() for part in lines(item, json.dumps(key) + ": ", ",")]
        begin, end = "{", "}"
    elif any(isinstance(item, (list, dict)) for item in value):
        parts = [part for item in value for part in lines(item, suffix=",")]
        begin, end = "[", "]"
    else:
        parts, begin, end = filled(value), "[", "]"
    parts[-1] = parts[-1].removesuffix(",")
    return [prefix + begin, *parts, end + suffix]


def filled(values):
    """Numbers and texts, as many on a line as fit."""
    filled, line = [], ""
    for text in (json.dumps(value) + "," for value in values):
        if line and len(line) + 1 + len(text) > COLUMNS:
            filled.append(line)
            line = text
        else:
            line = f"{line} {text}" if line else text
    return [*filled, line]


def dump(value, file):
    file.write("\n".join(lines(value)) + "\n")


if __name__ == "__main__":
    for path in sys.argv[1:]:
        with open(path) as file:
            value = json.load(file)
        text = "\n".join(lines(value)) + "\n"
        assert json.loads(text) == value
        with open(path, "w") as file:
            file.write(text)
