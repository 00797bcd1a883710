"""Solidity of Vyper interfaces: the same names, types and documentation, for solc and its tools."""

from inspect import cleandoc
from pathlib import Path
from typing import Any

from vyper.ast import VyperNode
from vyper.semantics.types.module import ModuleT
from vyper.semantics.types.subscriptable import DArrayT, SArrayT, TupleT
from vyper.semantics.types.user import StructT

HEADER = """\
// SPDX-License-Identifier: MIT
// Generated from interfaces/{name}.vyi by `make abi`.
pragma solidity ^0.8.0;
"""


def internal_type(typ: Any) -> str:
    """Return solc's `internalType` of a Vyper type: `struct Types.Task`, `bytes32[2]`."""
    if isinstance(typ, SArrayT):
        return f"{internal_type(typ.value_type)}[{typ.count}]"
    if isinstance(typ, DArrayT):
        return f"{internal_type(typ.value_type)}[]"
    if isinstance(typ, StructT):
        return f"struct {_home(typ)}.{typ.name}"
    name: str = typ.abi_type.selector_name()
    return name


def source(module: ModuleT, bases: list[str]) -> str:
    """Return a Solidity file that declares an interface, or a library if it has structs only.

    Args:
        module: of a `.vyi` file.
        bases: names of the interfaces that it extends, each in a file of its own beside this one.
    """
    return _Writer(module).file(bases)


def _home(typ: StructT) -> str:
    """Return the name of the file that declares a struct."""
    return Path(typ.ast_def.module_node.path).stem


class _Writer:
    """One file: what its declarations name of other files is imported."""

    def __init__(self, module: ModuleT) -> None:
        self._module, self._node = module, module._module
        self._name = Path(self._node.path).stem
        self._lines = self._node.full_source_code.splitlines()
        self._imported: set[str] = set()

    def file(self, bases: list[str]) -> str:
        """Return the whole text."""
        interface = self._module.interface
        self._imported.update(bases)
        parts = [
            *(self._struct(struct.ast_def, struct) for struct in self._own_structs()),
            *(self._event(event) for event in interface.events.values()),
            *(self._function(function) for function in interface.functions.values()),
        ]
        kind = "interface" if interface.functions or interface.events else "library"
        extended = f" is {', '.join(bases)}" if bases else ""
        imports = [f'import {{{name}}} from "./{name}.sol";' for name in sorted(self._imported)]
        head = [HEADER.format(name=self._name), *([*imports, ""] if imports else [])]
        head += self._doc(self._node, "")
        body = "\n\n".join("\n".join(part) for part in parts)
        return "\n".join([*head, f"{kind} {self._name}{extended} {{", body, "}", ""])

    def _own_structs(self) -> list[StructT]:
        return [node._metadata["struct_type"] for node in self._module.struct_defs]

    def _struct(self, node: VyperNode, struct: StructT) -> list[str]:
        lines = [*self._above(node, "    "), f"    struct {struct.name} {{"]
        for member in node.body:
            typ = self._type(struct.member_types[member.target.id])
            lines += [*self._above(member, " " * 8)]
            lines.append(f"        {typ} {member.target.id};{self._beside(member)}")
        return [*lines, "    }"]

    def _event(self, event: Any) -> list[str]:
        lines = [*self._above(event.decl_node, "    "), f"    event {event.name}("]
        members = event.decl_node.body
        for member, typ, indexed in zip(
            members, event.arguments.values(), event.indexed, strict=True
        ):
            name = f"{'indexed ' if indexed else ''}{member.target.id}"
            comma = "" if member is members[-1] else ","
            lines += [*self._above(member, " " * 8)]
            lines.append(f"        {self._type(typ)} {name}{comma}{self._beside(member)}")
        return [*lines, "    );"]

    def _function(self, function: Any) -> list[str]:
        taken = [self._value(given.typ, "calldata", given.name) for given in function.arguments]
        returned = function.return_type
        outputs = returned.member_types if isinstance(returned, TupleT) else [returned]
        outputs = [self._value(typ, "memory") for typ in outputs if typ is not None]
        mutability = function.mutability.value
        words = ["external", *([] if mutability == "nonpayable" else [mutability])]
        words += [f"returns ({', '.join(outputs)})"] if outputs else []
        return [
            *self._doc(function.decl_node, "    "),
            f"    function {function.name}({', '.join(taken)}) {' '.join(words)};",
        ]

    def _value(self, typ: Any, location: str, name: str = "") -> str:
        dynamic = isinstance(typ, SArrayT | DArrayT | StructT)
        dynamic = dynamic or typ.abi_type.selector_name() in ("bytes", "string")
        return " ".join(filter(None, [self._type(typ), location if dynamic else "", name]))

    def _type(self, typ: Any) -> str:
        """Return a type as this file names it, and import the file that declares it."""
        name = internal_type(typ).removeprefix("struct ")
        home, _, rest = name.rpartition(".")
        if home == self._name:
            return rest
        self._imported.update({home} - {""})
        return name

    def _doc(self, node: Any, indent: str) -> list[str]:
        """Return the NatSpec of a node, without the tag that Solidity lacks."""
        said = getattr(node, "doc_string", None)
        text = cleandoc(said.value) if said else ""
        lines = [line for line in text.splitlines() if not line.startswith("@license")]
        return [f"{indent}/// {line}".rstrip() for line in lines]

    def _above(self, node: VyperNode, indent: str) -> list[str]:
        """Return the comment lines right above a node."""
        at = first = node.lineno - 1
        while first and self._lines[first - 1].lstrip().startswith("#"):
            first -= 1
        texts = (line.strip().removeprefix("#").strip() for line in self._lines[first:at])
        return [f"{indent}// {text}".rstrip() for text in texts]

    def _beside(self, node: VyperNode) -> str:
        """Return the comment at the end of a node's line."""
        _, mark, text = self._lines[node.lineno - 1].partition("  # ")
        return f" // {text}" if mark else ""
