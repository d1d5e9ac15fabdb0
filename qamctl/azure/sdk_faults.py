"""What goes wrong in the SDK, told as `ServiceFault`: one shape for every layer beneath, and nothing secret in it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any, Final

from qamctl.azure.clean import Cleaner
from qamctl.azure.clock import Clock
from qamctl.azure.service import ServiceFault
from qamctl.errors import QamError

#: Code of an answer that says success and is not what it should be; nobody knows what the service did.
BAD_ANSWER: Final = "BadAnswer"
#: Code of a login that failed before the service was asked.
CREDENTIAL: Final = "Credential"

#: Headers by which services ask to wait, and what their numbers are in seconds.
_WAITS: Final = (("retry-after-ms", 1e-3), ("x-ms-retry-after-ms", 1e-3), ("retry-after", 1.0))

#: Characters of a message, and of a code.
_LONGEST: Final = 500
_LONGEST_CODE: Final = 100

#: Packages that log addresses with their tokens, some at DEBUG, some in warnings.
_TALKATIVE: Final = ("azure", "msal", "urllib3")

_REASON: Final = re.compile(r"\[Errno -?\d+\] ([^'\"()<>\[\]]+)")


def hush() -> None:
    """Let nothing that the SDK and what it stands on log reach any handler; below, this is the only way to be sure."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in _TALKATIVE]
    for name in (*_TALKATIVE, *names):
        logger = logging.getLogger(name)
        if name in _TALKATIVE or logger.level != logging.NOTSET:
            logger.setLevel(logging.CRITICAL + 1)


@contextmanager
def faults(cleaner: Cleaner, clock: Clock) -> Iterator[None]:
    """Whatever the SDK raises inside comes out as a `ServiceFault`.

    Wrong shapes that its models stumble over (ValueError, TypeError, ...) are answers that are not what they should be.
    What else it raises is a bug, which stays one, with its trace; only its text is made anew, without secrets.
    """
    from azure.core.exceptions import AzureError

    try:
        yield
    except AzureError as error:
        raise fault_of(error, cleaner, clock.now()) from None  # the original holds addresses with tokens
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise bad_answer(type(error).__name__) from None
    except (ServiceFault, QamError, MemoryError):
        raise
    except Exception as error:
        told = cleaner.clean_text(f"{type(error).__name__} in the SDK: {error}")
        raise RuntimeError(told[:_LONGEST]).with_traceback(error.__traceback__) from None


def bad_answer(why: str) -> ServiceFault:
    """The service said success, in words that make no sense."""
    return ServiceFault(f"the service's answer can't be understood ({why})", code=BAD_ANSWER)


def fault_of(error: Exception, cleaner: Cleaner, now: float) -> ServiceFault:
    """An error of azure-core as a fault.

    Parameters
    ----------
    error
        An `azure.core.exceptions.AzureError`.
    now
        Seconds since 1970, which dates in Retry-After are held against.
    """
    from azure.core.exceptions import HttpResponseError, ServiceRequestError

    if not isinstance(error, HttpResponseError) or error.response is None or error.status_code is None:
        found = _REASON.search(str(error))
        reason = cleaner.clean_text(found[1].strip()) if found else _cause(error)
        what = "no connection" if isinstance(error, ServiceRequestError) else "the connection was lost"
        return ServiceFault(f"{what} ({reason})")
    if error.status_code < 300:  # an answer that broke off, or a success of another kind than there should be
        return bad_answer(f"{type(error).__name__}, status {error.status_code}")
    answer: Any = error.response
    headers = {name.lower(): value for name, value in answer.headers.items()}
    said = error.error.message if error.error else error.message.splitlines()[0]
    code = headers.get("x-ms-error-code") or (error.error.code if error.error else None) or ""
    return ServiceFault(
        cleaner.clean_text(" ".join(str(said or error.reason or "").split()))[:_LONGEST],
        status=error.status_code,
        code=cleaner.clean_text(str(code))[:_LONGEST_CODE],
        retry_after=retry_after(headers, now),
    )


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that an answer asks to wait (RFC 9110, 10.2.3: seconds or a date; Azure adds milliseconds).

    Parameters
    ----------
    headers
        With names in lower case.
    """
    for name, unit in _WAITS:
        text = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", text):
            return float(text) * unit
        if text and name == "retry-after":
            try:
                return max(0.0, parsedate_to_datetime(text).timestamp() - now)
            except (ValueError, OverflowError):
                continue
    return None


class Login:
    """A login of azure-identity whose failures are faults, told apart from the service's own refusals."""

    def __init__(self, credential: Any, cleaner: Cleaner, clock: Clock) -> None:
        self._credential, self._cleaner, self._clock = credential, cleaner, clock

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """As azure-core asks for it.

        Raises
        ------
        ServiceFault
            401 `Credential`: the login was refused, or there is none; without a status: it could not be asked.
        """
        from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

        try:
            return self._credential.get_token(*scopes, **options)
        except ClientAuthenticationError as error:
            message = next(iter(error.message.splitlines()), "")
        except AzureError as error:
            fault = fault_of(error, self._cleaner, self._clock.now())
            if fault.passing or not isinstance(error, HttpResponseError):
                raise fault from None
            message = fault.message
        except ValueError as error:  # a token file that is not there, a scope that is none
            message = type(error).__name__
        except OSError as error:
            message = f"{type(error).__name__}: {error.strerror}"
        raise ServiceFault(self._cleaner.clean_text(message)[:_LONGEST], status=401, code=CREDENTIAL)


def _cause(error: BaseException) -> str:
    """The name of what lies beneath, as `ReadTimeout`: its text holds addresses."""
    inner = getattr(error, "inner_exception", None) or error
    return type(inner).__name__
