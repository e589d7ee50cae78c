"""Small faults put into code one at a time, systematically."""

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy

_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
}
_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


def mutants(code: str) -> Iterator[tuple[str, str]]:
    """Yield (what was changed, the changed code) for every place where a rule applies.

    The rules: another operator or comparison, a whole number one larger, min for max and max for
    min, a keyword left out, two neighbours in a tuple or in a call swapped, a statement left out.
    """
    tree = ast.parse(code)
    for place, node in enumerate(ast.walk(tree)):
        for kind in range(len(_changes(node))):
            changed = deepcopy(tree)
            target = list(ast.walk(changed))[place]
            before = ast.unparse(target)
            _changes(target)[kind]()
            what = f"{before} became {ast.unparse(target)}"
            if isinstance(node, ast.Constant):  # a number alone could stand anywhere
                what += f" in {code.splitlines()[node.lineno - 1].strip()}"
            yield what, ast.unparse(changed)


def _changes(node: ast.AST) -> list[Callable[[], None]]:
    """Return the ways in which a node can be changed in place."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _OPERATORS:
        return [lambda: setattr(node, "op", _OPERATORS[type(node.op)]())]
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
        return [lambda: setattr(node, "ops", [_COMPARISONS[type(node.ops[0])]()])]
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return [lambda: setattr(node, "value", node.value + 1)]
    if isinstance(node, ast.Attribute) and node.attr in ("min", "max"):
        return [lambda: setattr(node, "attr", "max" if node.attr == "min" else "min")]
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return [lambda: setattr(node, "value", ast.Constant(None))]
    if isinstance(node, ast.Call):
        left_out = [lambda k=k: node.keywords.pop(k) for k in range(len(node.keywords))]
        return [*left_out, *_swaps(node.args)]
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load):
        return _swaps(node.elts)
    return []


def _swaps(nodes: list[ast.expr]) -> list[Callable[[], None]]:
    return [lambda i=i: nodes.insert(i, nodes.pop(i + 1)) for i in range(len(nodes) - 1)]
