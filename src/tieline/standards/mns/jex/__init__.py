"""Jex conditions: the filter language of 3GPP management (TS 32.161 clause 7.6), a subset of XPath 1.0.

    objectClass = "UtilitySubscription" and attributes/state != "RETIRED"
    UtilitySubscription/attributes/apn = "grid.example"
    /SubNetwork/UtilitySubscription[attributes/state = "ACTIVE"]
    contains(attributes/userLabel, "pilot") and not(attributes/imeiLock = null)

``parse`` gives a frozen tree. ``for_resource`` turns a tree about managed objects into one about a single
object, in which class names have become ``OfClass``: that is the form to evaluate and the form to compile to
SQL. ``evaluate`` decides it for a document.

Read in TS 32.161 18.0: a conditions expression is the predicate of Jex advanced; operators ``= != < > <= >=
and or``; functions ``not()`` and ``contains()``; parentheses; child axis only, ``*`` and ``.``; one predicate
a step; strings in quotation marks as in JSON; literals ``true false null``; both sides of a comparison are
one scalar value, otherwise the comparison is false; in a notification every parameter stands at the top
level; data node names are made of anything but ``"[]=!<>(),/|``, space and line end, and do not begin with a
digit or a sign.

Ours (INFERRED, or an extension that no conforming expression trips over):

- A filter of a read is decided for each object's own representation. A path whose first step begins with a
  capital letter, or with ``/`` and a capital letter, names classes first (3GPP classes are written in upper
  camel case, attributes in lower): relative, it must end the object's chain of classes; absolute, it must be
  the whole chain from the root. A class step above the object's own may carry ``[id="…"]`` and nothing else.
- Values of different JSON types are unequal, and without order. Numbers order by size, strings by code point
  (so date-times in UTC order by time); booleans and null have no order.
- A name followed by nothing is true when the member is there, even if it is null.
- ``starts-with()``, ``true()``, ``false()`` and strings in apostrophes are taken too, as in XPath 1.0.
"""

from tieline.standards.mns.jex.evaluation import evaluate
from tieline.standards.mns.jex.lowering import for_resource
from tieline.standards.mns.jex.parsing import MAX_DEPTH, MAX_LENGTH, MAX_NODES, parse
from tieline.standards.mns.jex.tree import (
    And,
    ClassLevel,
    Compare,
    Condition,
    Exists,
    Literal,
    Not,
    OfClass,
    Operator,
    Or,
    Path,
    Scalar,
    Step,
    TextTest,
    equals,
    one_of,
    text,
)

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_NODES",
    "And",
    "ClassLevel",
    "Compare",
    "Condition",
    "Exists",
    "Literal",
    "Not",
    "OfClass",
    "Operator",
    "Or",
    "Path",
    "Scalar",
    "Step",
    "TextTest",
    "equals",
    "evaluate",
    "for_resource",
    "one_of",
    "parse",
    "text",
]
