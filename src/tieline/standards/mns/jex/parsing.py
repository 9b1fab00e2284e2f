"""Reading the text of a Jex condition into its tree, within bounds."""

import re
from functools import lru_cache
from typing import NamedTuple, NoReturn, cast

import msgspec

from tieline.standards.mns.errors import JexError
from tieline.standards.mns.jex.tree import (
    And,
    Compare,
    Condition,
    Exists,
    Literal,
    Not,
    Operator,
    Or,
    Path,
    Step,
    TextTest,
)

MAX_LENGTH = 8192
"""Characters of an expression: a URI of that length is the most that common servers take."""
MAX_DEPTH = 32
MAX_NODES = 1024

_NAME_STOP = r"""\s"'\[\]=!<>(),/|"""
_TOKEN = re.compile(
    r"[ \t\r\n]*(?:"
    r'(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*"|\'[^\'\x00-\x1f]*\')'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<operator>!=|<=|>=|=|<|>)"
    r"|(?P<mark>[()\[\],/])"
    rf"|(?P<name>[^{_NAME_STOP}0-9+-][^{_NAME_STOP}]*)"
    r"|(?P<end>\Z))"
)
_LITERAL_NAMES = {"true": True, "false": False, "null": None}


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    spaced: bool


def _tokens(source: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    while True:
        match = _TOKEN.match(source, position)
        if match is None or match.lastgroup is None:
            fault = position + len(source[position:]) - len(source[position:].lstrip(" \t\r\n"))
            raise JexError(f"cannot read {source[fault : fault + 20]!r}", fault)
        kind = match.lastgroup
        start = match.start(kind)
        found.append(_Token(kind, match[kind], start, start > position))
        if kind == "end":
            return found
        position = match.end()


@lru_cache(maxsize=512)
def parse(source: str) -> Condition:
    """Read a conditions expression (TS 32.161 clause 7.6).

    Raises:
        JexError: with the position of the fault, or when the expression is longer, deeper or larger than
            ``MAX_LENGTH``, ``MAX_DEPTH`` or ``MAX_NODES``.

    """
    if len(source) > MAX_LENGTH:
        raise JexError(f"an expression has at most {MAX_LENGTH} characters", MAX_LENGTH)
    parser = _Parser(_tokens(source))
    condition = parser.any_of()
    parser.expect_end()
    return condition


class _Parser:
    """Recursive descent over the tokens, counting depth and nodes."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._nodes = 0

    def any_of(self) -> Condition:
        self._enter()
        items = [self._all_of()]
        while self._take("name", "or"):
            items.append(self._all_of())
        self._depth -= 1
        return items[0] if len(items) == 1 else Or(tuple(items))

    def expect_end(self) -> None:
        if self._peek().kind != "end":
            self._fail("unexpected", self._peek())

    def _all_of(self) -> Condition:
        items = [self._comparison()]
        while self._take("name", "and"):
            items.append(self._comparison())
        return items[0] if len(items) == 1 else And(tuple(items))

    def _comparison(self) -> Condition:
        if self._take("mark", "("):
            inner = self.any_of()
            self._expect(")")
            return inner
        start = self._peek()
        if start.kind == "name" and start.text not in _LITERAL_NAMES and self._calls():
            return self._call()
        left = self._operand()
        if self._peek().kind == "operator":
            operator = cast("Operator", self._next().text)
            return Compare(operator, left, self._operand())
        if isinstance(left, Path):
            return Exists(left)
        if isinstance(left.value, bool):
            return left
        raise JexError("a value alone is no condition", start.start)

    def _call(self) -> Condition:
        name = self._next()
        self._expect("(")
        if name.text == "not":
            condition: Condition = Not(self.any_of())
        elif name.text == "contains":
            condition = TextTest("contains", *self._two_operands())
        elif name.text == "starts-with":
            condition = TextTest("starts-with", *self._two_operands())
        else:
            raise JexError(f"there is no function {name.text}()", name.start)
        self._expect(")")
        return condition

    def _calls(self) -> bool:
        return self._tokens[self._at + 1].text == "("

    def _two_operands(self) -> tuple[Path | Literal, Path | Literal]:
        first = self._operand()
        self._expect(",")
        return first, self._operand()

    def _operand(self) -> Path | Literal:
        self._count()
        token = self._peek()
        if token.kind == "string":
            self._at += 1
            return Literal(_string(token))
        if token.kind == "number":
            self._at += 1
            return Literal(self._number(token))
        if token.kind == "name" and token.text in _LITERAL_NAMES:
            self._at += 1
            if token.text != "null" and self._take("mark", "("):  # XPath writes true() and false()
                self._expect(")")
            return Literal(_LITERAL_NAMES[token.text])
        return self._path()

    def _number(self, token: _Token) -> int | float:
        following = self._peek()
        if following.kind == "name" and not following.spaced:
            self._fail("unexpected", following)
        try:
            return cast("int | float", msgspec.json.decode(token.text, type=int | float))
        except msgspec.DecodeError as error:  # beyond what a double holds, such as 1e400
            raise JexError("a number is out of range", token.start) from error

    def _path(self) -> Path:
        absolute = self._take("mark", "/")
        steps = [self._step()]
        while self._take("mark", "/"):
            steps.append(self._step())
        return Path(tuple(step for step in steps if step.name != "."), absolute)

    def _step(self) -> Step:
        self._count()
        token = self._next()
        if token.kind != "name":
            self._fail("a name is missing before", token)
        if token.text == "." or not self._take("mark", "["):
            return Step(token.text)
        step = self._bracketed(token.text)
        self._expect("]")
        if self._peek().text == "[":
            raise JexError("a step has one predicate at most", self._peek().start)
        return step

    def _bracketed(self, name: str) -> Step:
        token = self._peek()
        if token.kind == "number" and self._tokens[self._at + 1].text == "]":
            self._at += 1
            if not token.text.isdigit() or int(token.text) < 1:
                raise JexError("a position is a whole number from 1", token.start)
            return Step(name, position=int(token.text))
        return Step(name, predicate=self.any_of())

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        if token.kind != "end":
            self._at += 1
        return token

    def _take(self, kind: str, text: str) -> bool:
        token = self._peek()
        if token.kind != kind or token.text != text:
            return False
        self._at += 1
        return True

    def _expect(self, mark: str) -> None:
        if not self._take("mark", mark):
            self._fail(f"{mark!r} is missing before", self._peek())

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise JexError(f"an expression nests at most {MAX_DEPTH} deep", self._peek().start)

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise JexError(f"an expression has at most {MAX_NODES} parts", self._peek().start)

    def _fail(self, what: str, token: _Token) -> NoReturn:
        raise JexError(f"{what} {token.text[:40]!r}" if token.text else f"{what} the end", token.start)


def _string(token: _Token) -> str:
    if token.text.startswith("'"):
        return token.text[1:-1]
    try:
        return msgspec.json.decode(token.text, type=str)
    except msgspec.DecodeError as error:
        raise JexError("a string has an escape that JSON does not know", token.start) from error
