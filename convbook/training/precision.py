"""The number format and memory layout a run computes in: a probe chooses, the history says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import torch

TensorOrModule = TypeVar("TensorOrModule", torch.Tensor, torch.nn.Module)

# Instructions that multiply bfloat16 numbers: without them it is emulated and slower than float32.
CPU_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16")


@dataclass(frozen=True)
class Precision:
    """How forward and backward passes are computed; weights and updates stay float32.

    Attributes:
        bf16: convolutions and products in bfloat16 (8 bits of mantissa instead of 24).
        channels_last: activations lie as N, H, W, C in memory; shapes stay (N, C, H, W).
        why: what the choice rests on.
    """

    bf16: bool
    channels_last: bool
    why: str

    def __str__(self) -> str:
        number = "bfloat16" if self.bf16 else "float32"
        layout = "channels last" if self.channels_last else "channels first"
        return f"{number}, {layout} ({self.why})"

    def autocast(self, device: torch.device) -> torch.autocast:
        """Return the context in which a forward pass runs."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.bf16)

    def lay_out(self, value: TensorOrModule) -> TensorOrModule:
        """Return `value`, a module or an (N, C, H, W) tensor, in this precision's layout."""
        if not self.channels_last:
            return value
        return value.to(memory_format=torch.channels_last)


def choose(amp: str, device: torch.device) -> Precision:
    """Choose the precision for `amp` ("auto", "on", "off") on `device`.

    "auto" asks the processor what it can do, not a stopwatch: a run must not change its numbers
    because the machine was busy when it started.
    """
    if amp == "off":
        return Precision(False, False, "amp off")
    if amp == "on":
        return Precision(True, True, "amp on")
    found = _bf16_instructions(device)
    return Precision(found is not None, True, f"probe: {found or 'no bfloat16 instructions'}")


def _bf16_instructions(device: torch.device) -> str | None:
    if device.type == "cuda":
        return "cuda bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else None
    if device.type != "cpu":
        return None
    able = torch.cpu.get_capabilities()
    return next((name for name in CPU_INSTRUCTIONS if able.get(name)), None)
