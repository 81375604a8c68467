"""The places where a fault can be planted: expressions of Swift that stand alone on a line, and what they become.

A line is rewritten in place, `x = (plantedFault == 7 ? mutated : original)`, so that all faults are compiled at once, and errors of the
compiler name the line of the fault that it refuses. A line bears one fault at the most.
"""
import dataclasses
import hashlib
import pathlib
import random
import re

TARGETS = ("KernelBody", "Compiler", "Engine", "Graphs")
# Software prefetch changes nothing but time.
LEFT_OUT = ("Prefetch.swift",)
SWAPS = [("padTop", "padLeft"), ("kernelHeight", "kernelWidth"), ("height", "width"), ("rows", "columns"), ("row", "column"),
         ("low", "high"), ("input", "output"), ("inputs", "outputs"), ("lowerBound", "upperBound"), ("first", "last"),
         ("min", "max"), ("rowStride", "pixelStride"), ("sourceStride", "destinationStride")]
OPERATORS = r"==|!=|<=|>=|&&|\|\||\?\?|&[+*-]|\.\.<|[-+*/%<>?:]"


@dataclasses.dataclass
class Fault:
    """A change of one expression or statement of one line; `number` is 0 for none."""
    file: str
    line: int
    kind: str
    # The line as it is without it, and what it means with it.
    original: str
    mutated: str
    # The line with both in it, `NUMBER` in place of the number.
    rewritten: str
    number: int = 0

    @property
    def target(self):
        return self.file.split("/")[1]

    @property
    def key(self):
        """What stays the same when lines above move."""
        return hashlib.sha256(f"{self.file}|{self.original}|{self.mutated}".encode()).hexdigest()[:12]

    @property
    def place(self):
        return f"{self.file}:{self.line}"


def masked(line):
    """The line with strings and comments blank."""
    line = re.sub(r'"(\\.|[^"\\])*"', lambda match: "\0" * len(match[0]), line)
    comment = line.find("//")
    return line if comment < 0 else line[:comment] + " " * (len(line) - comment)


def is_balanced(text):
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return False
    return depth == 0


def pieces(text, start, separator=","):
    """(start, end) of what commas separate from `start` on, up to a bracket that closes what has not been opened."""
    depth, begin = 0, start
    for place in range(start, len(text)):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if depth < 0:
            yield begin, place
            return
        if depth == 0 and text[place] == separator:
            yield begin, place
            begin = place + 1
    yield begin, len(text.rstrip())


def begins_statement(before):
    """Whether a line can begin a statement behind the line `before`."""
    return not re.search(r"([-+*/%<>=&|?:,(\[.]|\breturn|\belse)$", before) or before.endswith("->")


def ends_statement(line, after):
    return begins_statement(line) and not re.match(r"([-+*/%<>=&|?:.,)\]]|else\b)", after)


# --- Expressions of a line

def conditions(text, start):
    """What a guard, an if or a while asks, but for bindings."""
    for begin, end in pieces(text, start):
        if not re.match(r"\s*(let|var|case|#|\w+ \w+ =)", text[begin:end]):
            yield begin, end


def slots(text, begins, ends):
    """(start, end) of each expression of the line that may be replaced by another one of its type."""
    code = text.strip()
    lead = len(text) - len(text.lstrip())
    if match := re.match(r"\s*(guard|if|while|\} else if) (?P<all>.*?)( else)?( \{.*)$", text):
        start, end = match.span("all")
        yield from conditions(text[:end], start)
    elif match := re.match(r"\s*for \S+ in (?P<from>[^{]*)\.\.[<.](?P<to>[^{]*?)( where (?P<where>[^{]*))? \{", text):
        yield match.span("from")
        yield match.span("to")
        if match["where"]:
            yield match.span("where")
    elif match := re.match(r"\s*([\w@(). ]*\b)?(var|func|static)\b[^{]*\{ (?P<all>.*) \}$", text):
        if not re.match(r"(get|set|return|let|var|if|guard|for|while|switch|_ in|\$0 =)\b", match["all"]):
            yield match.span("all")
    elif begins and ends and is_balanced(text):
        if match := re.match(r"\s*(?:[\w(). ]*\b(?:let|var) [^=]*?|[^\s=(][^\s=]*) (?:[-+*/|]|&[+*-])?= (?P<all>.*)$", text):
            yield match.span("all")
        elif match := re.match(r"\s*return (?P<all>.*)$", text):
            yield match.span("all")
        elif not re.match(r"(import|let|var|case|default|return|break|continue|func|struct|enum|extension|@|#|\}|package|private|static|defer"
                          r"|internal|fileprivate|final|precondition|throw|try)\b", code) and code not in ("{", "}"):
            yield lead, len(text.rstrip())
    if not re.search(r"\b(func|init|case|struct|enum|class|import)\b", text):
        # Arguments of a call that goes on over some lines.
        for match in re.finditer(r"(?:^\s*|[(,] ?)\w+: ", text):
            begin, end = next(pieces(text, match.end()))
            yield begin, end


# --- Mutations of an expression

def replaced(text, start, end, new):
    return text[:start] + new + text[end:]


def operators(expression):
    """Comparisons that are off by one, wrong signs, exchanged ands and ors."""
    others = {"<": [("comparison", "<=")], "<=": [("comparison", "<")], ">": [("comparison", ">=")], ">=": [("comparison", ">")],
              "==": [("comparison", "!=")], "!=": [("comparison", "==")], "+": [("sign", "-")], "-": [("sign", "+")],
              "&+": [("sign", "&-")], "&-": [("sign", "&+")], "&&": [("logic", "||")], "||": [("logic", "&&")], "*": [("sign", "+")],
              "%": [("arithmetic", "/")], "/": [("arithmetic", "*")]}
    for match in re.finditer(rf" ({OPERATORS}) ", expression):
        for kind, other in others.get(match[1], []):
            yield kind, replaced(expression, *match.span(1), other)
    for match in re.finditer(r" (&?[+-]) 1\b(?!\.)", expression):
        yield "off by one", replaced(expression, *match.span(), "")
    for match in re.finditer(r"(?<![\w.)\]])-(?=[\d.a-z(])", expression):
        yield "sign", replaced(expression, *match.span(), "")
    for match in re.finditer(r"(?<![\w.)\]=!])!(?=[\w(])", expression):
        yield "logic", replaced(expression, *match.span(), "")


def names(expression):
    """Swapped paddings, rows and columns, least and most."""
    for one, other in SWAPS:
        for old, new in ((one, other), (other, one)):
            for match in re.finditer(rf"\b{old}\b(?!:)", expression):
                yield "swap", replaced(expression, *match.span(), new)
            for match in re.finditer(rf"(?<=[a-z]){old[0].upper()}{old[1:]}\b(?!:)", expression):
                yield "swap", replaced(expression, *match.span(), new[0].upper() + new[1:])
    for match in re.finditer(r"\b(true|false)\b", expression):
        yield "logic", replaced(expression, *match.span(), "false" if match[0] == "true" else "true")


def numbers(expression):
    """Numbers, indices and elements of tuples beside those that are meant; taps, rows and tails that are left out."""
    for match in re.finditer(r"(?<![\w.$\[])(\d+)(?![\w.])", expression):
        yield "constant", replaced(expression, *match.span(), str(int(match[0]) + (-1 if int(match[0]) > 1 else 1)))
    for match in re.finditer(r"\[(\d)\]", expression):
        yield "index", replaced(expression, *match.span(1), str(int(match[1]) ^ 1))
    for match in re.finditer(r"(?<=\w\.)(\d)\b", expression):
        yield "index", replaced(expression, *match.span(), str(int(match[0]) ^ 1))
    for match in re.finditer(r"\.\.<([\w.&+* -]+)$", expression):
        yield "tail", replaced(expression, *match.span(1), f"{match[1]} - 1")


def mutations(expression):
    for family in (operators, names, numbers):
        yield from family(expression)


def bound_mutations(text, start, end):
    """Loops that leave out their first or last round."""
    if re.search(r"\bfor \S+ in $", text[:start]):
        yield "tail", f"{text[start:end]} + 1"
    elif re.search(r"\bfor \S+ in .*\.\.<$", text[:start]):
        yield "tail", f"{text[start:end]} - 1"


def statement_faults(text):
    """A statement that is left out, a sum that forgets what it has added up or adds to what it should begin anew."""
    lead = text[:len(text) - len(text.lstrip())]
    code = text.strip()
    if re.match(r"[a-z][\w.]*\(.*\)$", code) and not re.match(r"(precondition|return|if|switch|yield|super|self\.init)\b", code):
        yield "dropped", "", f"{lead}if plantedFault != NUMBER {{ {code} }}"
    elif match := re.match(r"(?P<left>[\w.\[\]$()]+) (?P<operator>&?[-+*]?)= (?P<right>.*)$", code):
        yield "dropped", "", f"{lead}if plantedFault != NUMBER {{ {code} }}"
        left, right = match["left"], match["right"]
        if re.fullmatch(r"(\d &\* )?lanes|1", right) or left.startswith("self."):
            # A loop that would never end; a field that has no value without it.
            return
        if match["operator"]:
            other = f"{left} = {right}"
            yield "accumulation", other, f"{lead}if plantedFault == NUMBER {{ {other} }} else {{ {code} }}"
        elif re.match(r"(zero|0|\.zero|Vector\()", right):
            other = f"{left} = {left}"
            yield "accumulation", other, f"{lead}if plantedFault != NUMBER {{ {code} }}"


def faults_of_line(file, number, text, before, after):
    begins = begins_statement(before)
    ends = ends_statement(masked(text).rstrip(), after)
    code = masked(text).rstrip()
    if not code.strip() or code.strip().startswith(("precondition", "@", "#")) or '"' in text and "\0" not in code:
        return
    for start, end in dict.fromkeys(slots(code, begins, ends)):
        while start < end and code[start] == " ":
            start += 1
        expression = code[start:end]
        if not expression or "\0" in expression or not is_balanced(expression) or re.match(OPERATORS, expression[:2]) \
                or re.search(r"\blet\b|\bin\b|->|\btry\b| = ", expression):
            continue
        for kind, mutated in [*mutations(expression), *bound_mutations(code, start, end)]:
            yield Fault(file, number, kind, text.strip(), replaced(code, start, end, mutated).strip(),
                        replaced(code, start, end, f"(plantedFault == NUMBER ? {mutated} : {expression})"))
    if begins and ends and is_balanced(code):
        for kind, mutated, rewritten in statement_faults(code):
            yield Fault(file, number, kind, text.strip(), mutated, rewritten)


def all_faults(root):
    """Every fault that could be planted in the sources below `root`."""
    for target in TARGETS:
        for path in sorted((root / "Sources" / target).rglob("*.swift")):
            if path.name in LEFT_OUT:
                continue
            lines = path.read_text().splitlines()
            codes = [masked(line).rstrip() for line in lines]
            for index, line in enumerate(lines):
                before = next((code for code in reversed(codes[:index]) if code.strip()), "")
                after = next((code.strip() for code in codes[index + 1:] if code.strip()), "")
                yield from faults_of_line(str(path.relative_to(root)), index + 1, line, before, after)


def sample(faults, count, seed):
    """So many of them, of all targets and kinds alike, one a line; the same for the same seed and sources."""
    drawn = random.Random(seed)
    heaps = {}
    for fault in faults:
        heaps.setdefault((fault.target, fault.kind), []).append(fault)
    for heap in heaps.values():
        drawn.shuffle(heap)
    chosen, taken = [], set()
    while len(chosen) < count and any(heaps.values()):
        for target in TARGETS:
            kinds = sorted(kind for of, kind in heaps if of == target and heaps[of, kind])
            # Kinds that have come up least.
            kinds.sort(key=lambda kind: sum(fault.kind == kind and fault.target == target for fault in chosen))
            while kinds and heaps[target, kinds[0]]:
                fault = heaps[target, kinds[0]].pop()
                if fault.place not in taken:
                    taken.add(fault.place)
                    chosen.append(fault)
                    break
    for number, fault in enumerate(chosen[:count], 1):
        fault.number = number
    return chosen[:count]


def rewrite(root, faults):
    """Puts the faults into the sources below `root`."""
    for file in {fault.file for fault in faults}:
        path = pathlib.Path(root) / file
        lines = path.read_text().splitlines()
        for fault in faults:
            if fault.file == file:
                lines[fault.line - 1] = fault.rewritten.replace("NUMBER", str(fault.number))
        # On the first line, so that all others keep their numbers.
        lines[0] = "import CPlantedFault; " + lines[0]
        path.write_text("\n".join(lines) + "\n")
