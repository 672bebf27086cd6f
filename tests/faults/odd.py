"""Objects that raise or answer nonsense, whatever they are asked."""

from typing import Any


class Unreadable:
    """Raises whatever is asked of it."""

    def _refuse(self, *_: object) -> Any:
        raise RuntimeError("not to be looked at")

    __str__ = __repr__ = __len__ = __iter__ = __float__ = __int__ = __bool__ = _refuse
    __getattr__ = _refuse  # type: ignore[assignment]


class AwkwardError(RuntimeError):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def raises(name: str) -> property:
    def get(self: Any) -> Any:
        raise AwkwardError

    return property(get)


def self_referential() -> dict[str, Any]:
    config: dict[str, Any] = {"name": "loop"}
    config["self"] = config
    return config
