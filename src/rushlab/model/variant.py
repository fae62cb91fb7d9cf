"""Knobs of the service and variants (one setting of all of them), as `knobs.json` states them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from rushlab.model.errors import UsageError

KnobValue = str | int | float | bool

BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class Knob(Struct, frozen=True, kw_only=True):
    """One setting of the service: its kind, what it may be, and where the report asks for it."""

    name: str
    kind: Literal["choice", "int", "float", "bool"]
    default: KnobValue
    title: str
    section: str | None = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    needs: dict[str, dict[str, tuple[KnobValue, ...]]] = {}  # value → another knob → what that one must be

    def parse(self, value: KnobValue) -> KnobValue:
        """The value in the knob's own type.

        Raises
        ------
        UsageError
            The value is not one this knob can take.
        """
        try:
            parsed = self._convert(value)
        except (ValueError, KeyError):
            raise self._refuse(value) from None
        if self.kind == "choice" and parsed not in self.choices:
            raise self._refuse(value)
        if self.kind in ("int", "float") and not self._in_range(float(parsed)):
            raise self._refuse(value)
        return parsed

    def require(self, settings: Mapping[str, KnobValue]) -> None:
        """UsageError when its value in `settings` needs another knob to be something else than it is there."""
        value = settings[self.name]
        for other, allowed in self.needs.get(str(value), {}).items():
            if settings[other] not in allowed:
                why = f"it needs {other} {' or '.join(map(str, allowed))}"
                raise UsageError(f"Knob {self.name} cannot be {value!r} with {other} {settings[other]}", why)

    def _convert(self, value: KnobValue) -> KnobValue:
        text = str(value).strip()
        if self.kind == "int":
            return int(text)
        if self.kind == "float":
            return float(text)
        if self.kind == "bool":
            return BOOLEANS[text.lower()]
        return text

    def _in_range(self, number: float) -> bool:
        low = self.minimum if self.minimum is not None else float("-inf")
        high = self.maximum if self.maximum is not None else float("inf")
        return low <= number <= high

    @property
    def allowed(self) -> str:
        """What the knob may be, in words."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "bool":
            return "true or false"
        kind = "a whole number" if self.kind == "int" else "a number"
        return f"{kind} from {self.minimum:g} to {self.maximum:g}"

    def _refuse(self, value: object) -> UsageError:
        return UsageError(f"Knob {self.name} cannot be {value!r}", f"it is {self.allowed}")


class Variant(Struct, frozen=True):
    """A name and a value for every knob."""

    name: str
    settings: dict[str, KnobValue]

    def __getitem__(self, knob: str) -> KnobValue:
        return self.settings[knob]


class KnobTable(Struct, frozen=True):
    """All knobs and the presets built from them."""

    knobs: dict[str, Knob]
    presets: dict[str, dict[str, KnobValue]]

    def variant(self, name: str, changes: Mapping[str, KnobValue] | None = None) -> Variant:
        """Preset `name` with `changes` on top; a changed preset is named `name+knob=value`.

        Raises
        ------
        UsageError
            The preset, a knob or a value is not known, or two values do not go together.
        """
        if name not in self.presets:
            raise unknown("Variant", name, self.presets)
        settings = {knob.name: knob.default for knob in self.knobs.values()} | self.presets[name]
        parsed = {key: self.knob(key).parse(value) for key, value in (changes or {}).items()}
        label = "+".join([name, *(f"{key}={value}" for key, value in parsed.items())])
        whole = {key: self.knob(key).parse(value) for key, value in (settings | parsed).items()}
        for knob in self.knobs.values():
            knob.require(whole)
        return Variant(label, whole)

    def knob(self, name: str) -> Knob:
        """The knob of that name; UsageError with the nearest name when there is none."""
        if name not in self.knobs:
            raise unknown("Knob", name, self.knobs)
        return self.knobs[name]


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is not in `known`, with the nearest one that is."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean {near[0]}?" if near else ""
    return UsageError(f"{kind} {name!r} is not known", f"there are {', '.join(names)}", hint)
