"""The errors of tdscaling, named by the boundary that failed.

    TdscalingError
    ├── UserError                 what the person gave us cannot be used: one line, its own exit code
    │   ├── ConfigError           a setting, a flag, a YAML file                    exit 2
    │   ├── TargetUnreachable     the run ended before --count was reached          exit 3
    │   ├── ToolServerError       a tool server cannot be used                      exit 4
    │   ├── OutputError           rows cannot be written where they were asked for  exit 5
    │   ├── InputError            a file to read is missing or is not ours          exit 6
    │   └── EndpointError         a model endpoint cannot be used: key, model, URL  exit 7
    └── Fault                     an episode's failure: data, never a crash
        ├── ModelFault            the model's answer cannot be used; it is judged
        ├── EnvironmentFault      the simulated world broke its own rules; counts against its cluster
        └── InfrastructureFault   endpoint, server, socket; retried, then the episode is abandoned
            └── EndpointFault     the same, of a model's endpoint: a run that ends for it exits with 7 and not with 4

Everything else that escapes a handler is a bug and ends the run loudly (exit 1). A run ended by Ctrl-C exits
with 130, by SIGTERM with 143.
"""

from __future__ import annotations

from typing import ClassVar


class TdscalingError(Exception):
    """The root of the errors this package raises on purpose."""


class UserError(TdscalingError):
    """What the person gave us cannot be used. Its text is one line that names what and where."""

    exit_code: ClassVar[int] = 2


class ConfigError(UserError):
    """A setting has an unknown name, a wrong type or an impossible value."""

    exit_code = 2


class TargetUnreachable(UserError):
    """The run ended before it had the number of accepted rows that was asked for."""

    exit_code = 3


class ToolServerError(UserError):
    """A tool server is missing, crashes, hangs, or lists what cannot be used."""

    exit_code = 4


class OutputError(UserError):
    """Rows cannot be written to the place they were asked for."""

    exit_code = 5


class InputError(UserError):
    """A file that should be read is missing or does not hold trajectories."""

    exit_code = 6


class EndpointError(UserError):
    """A model's endpoint refuses the key, the model or the request, or never answered."""

    exit_code = 7


class Fault(TdscalingError):
    """One episode failed. `reason` is a short stable code for counting; the text carries the detail."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class ModelFault(Fault):
    """The model's answer cannot be used: not JSON, wrong shape, empty. A completed rejection."""


class EnvironmentFault(Fault):
    """The simulated world broke its own rules, for instance a reply that violates its schema. A completed rejection."""


class InfrastructureFault(Fault):
    """The endpoint, a tool server or a socket failed. Retried; then the episode is abandoned, never training data."""


class EndpointFault(InfrastructureFault):
    """A model's endpoint gave no usable answer after the last attempt. Its reason begins with `endpoint_`."""

    PREFIX: ClassVar[str] = "endpoint_"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{self.PREFIX}{reason}", detail)
