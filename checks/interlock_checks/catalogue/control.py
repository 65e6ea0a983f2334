"""
What calls, defers, swallows or ends: the standard library's and a few others' ways of control.

Names are dotted paths; a bare word is the last word of a method, whatever it is called on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CONTEXT_MANAGERS: Final = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
"""Decorators that make a context manager of a generator function."""

STACKING: Final = frozenset(
    {"enter_context", "enter_async_context", "push", "push_async_exit", "callback"}
)
"""Methods of `contextlib.ExitStack` by which something is left at the end of its block."""

PUSHING: Final = frozenset({"push", "push_async_exit"})
"""Those of them that take a function which is asked whether an exception ends there."""

EXPECTING: Final = frozenset({"pytest.raises"})
"""Context managers that fail unless an exception of those which they are given comes."""

SUPPRESSING: Final = EXPECTING | {"contextlib.suppress", "funcy.suppress"}
"""Context managers that swallow the exceptions which they are given."""

LOGGING: Final[Mapping[str, str]] = {"loguru.logger.catch": "reraise"}
"""What logs and ends exceptions, as a decorator or context manager: those of its first argument,
`Exception` by default -> the keyword by which they are raised again. Read in loguru 0.7."""

LEAVING: Final = frozenset(
    f"{library}.{name}" for library in ("anyio", "trio") for name in ("move_on_after", "move_on_at")
)
"""Context managers whose block may be left half-way, without an exception."""

CALLING: Final[Mapping[str, int]] = {
    "asyncio.to_thread": 0,
    "anyio.to_thread.run_sync": 0,
    "anyio.from_thread.run": 0,
    "anyio.run": 0,
    "trio.run": 0,
    "trio.to_thread.run_sync": 0,
    "asgiref.sync.sync_to_async": 0,
    "operator.call": 0,
    "contextvars.Context.run": 0,
    "tenacity.Retrying.__call__": 0,
    "tenacity.AsyncRetrying.__call__": 0,
}
"""Functions that call one of their arguments, here and now -> the position of that argument."""

AWAITED: Final = frozenset(
    {"asyncio.to_thread", "anyio.to_thread.run_sync", "trio.to_thread.run_sync"}
)
"""Those of them that only run when somebody awaits what they give."""

RETRYING: Final = frozenset(
    {"tenacity.Retrying", "tenacity.AsyncRetrying", "stamina.retry_context"}
)
"""What is iterated for attempts: there is one at least, and the last of them raises, unless
`SILENCING` says otherwise."""

CALLING_METHODS: Final[Mapping[str, int]] = {"run_sync": 0, "start_soon": 0}
"""Methods that do."""

AWAITING: Final = frozenset({"asyncio.run", "asyncio.wait_for", "asyncio.shield", "anyio.run"})
"""Functions that give what the coroutine returns that they are given."""

GATHERING: Final = frozenset({"asyncio.gather"})
"""Functions that give a list of what the coroutines return that they are given."""

WAITING: Final = frozenset(
    {
        "asyncio.wait",
        "asyncio.as_completed",
        "concurrent.futures.wait",
        "concurrent.futures.as_completed",
        "builtins.list",
        "builtins.tuple",
        "builtins.set",
        "builtins.sorted",
        "builtins.enumerate",
        "builtins.zip",
    }
)
"""Functions that give back the futures that they are given, and ask none of them."""

PAIRING: Final = frozenset({"asyncio.wait", "concurrent.futures.wait"})
"""Those of them that return two sets: what is done, and what is not."""

ADDING: Final = frozenset({"append", "add", "extend", "insert"})
"""Methods by which a list or set has more in it."""

FILLING: Final = frozenset(
    "append appendleft add insert put put_nowait setdefault __setitem__".split()
)
JOINING: Final = frozenset("extend extendleft update".split())
"""Methods that put in their last argument; and those that put in what it holds."""

REMOVING: Final = frozenset("clear discard pop popleft popitem remove".split())
"""Methods by which a list, set or table has less in it."""

TAKING: Final = frozenset("pop popleft get get_nowait popitem __getitem__".split())
"""Methods that give an item."""

COPYING: Final = frozenset("items values copy".split())
COLLECTING: Final = frozenset(
    [f"builtins.{n}" for n in "list tuple set dict sorted reversed iter enumerate zip".split()]
    + ["collections.deque", "collections.OrderedDict"]
)
"""Methods, and functions, that give what holds the same items; without arguments, nothing yet."""

SHORTENING: Final = frozenset({"builtins.zip", "builtins.iter"})
"""Those of them that may give fewer items than they were given."""

ORDERING: Final = COLLECTING - {f"builtins.{name}" for name in ("dict", "enumerate", "zip")}
"""Those of them that give the same items alone."""

EMPTY: Final = frozenset(
    "collections.defaultdict queue.Queue queue.SimpleQueue queue.LifoQueue asyncio.Queue".split()
)
"""What holds nothing when it is made, whatever it is made with."""

HARMLESS: Final = frozenset({"builtins", "logging", "json", "pprint", "itertools", "functools"})
"""Libraries that change nothing in what they are given."""

INERT_CALLS: Final = frozenset(
    f"builtins.{name}" for name in "print len str repr bool id type isinstance hash".split()
)
NOT_CALLING: Final = INERT_CALLS | {f"builtins.{n}" for n in ("getattr", "hasattr", "callable")}
"""Functions that do not call what they are given."""

INERT_METHODS: Final = frozenset(
    "debug info warning error exception critical log echo secho".split()
)
"""Functions and methods that tell of what they are given, and do nothing with it."""

DEFERRING: Final = frozenset(
    "Thread Timer Process submit run_in_executor apply_async start_new_thread create_task "
    "ensure_future run_coroutine_threadsafe call_soon call_soon_threadsafe call_later "
    "call_at add_done_callback add_job enqueue register signal finalize spawn map_async".split()
)
"""Last words of what runs its argument later, or in another thread or process. Permits are not
open there."""

AT_EXIT: Final = "atexit.register"
"""What runs its argument when the program ends, however it ends."""

UNCAUGHT: Final = "sys.excepthook"
"""The variable that holds what runs when nobody has caught an exception."""

STRUCTURED: Final = frozenset({"asyncio.TaskGroup.create_task"})
"""Those that a block waits for: what is raised there is raised at its end."""

ASKABLE: Final = frozenset(
    "submit run_in_executor apply_async create_task ensure_future run_coroutine_threadsafe "
    "map_async".split()
)
"""Those of them whose result tells of an exception to whoever asks for it."""

TASKS: Final = frozenset({"create_task", "ensure_future"})
"""Those of them whose result is what the coroutine returns that they are given."""

LAZY: Final = frozenset(
    f"concurrent.futures.{name}Executor.map"
    for name in ("", "ThreadPool", "ProcessPool", "InterpreterPool")
) | frozenset({"imap", "imap_unordered"})
"""Calls that run a function for each item elsewhere, and raise to whoever goes over the results;
`imap` is of `multiprocessing.Pool`."""

COMPLETED: Final = frozenset({"concurrent.futures.as_completed", "asyncio.as_completed"})
"""Functions that give the futures they were given, as they end."""

INERT: Final = frozenset("functools inspect dataclasses typing typing_extensions logging".split())
"""Libraries that are given functions and do not call them."""

ENDING: Final[Mapping[str, int]] = {
    "sys.exit": 0,
    "builtins.exit": 0,
    "builtins.quit": 0,
    "os._exit": 0,
    "os.abort": -1,
    "argparse.ArgumentParser.error": -1,
    "argparse.ArgumentParser.exit": 0,
    "pytest.exit": -1,
    "pytest.fail": -1,
    "pytest.skip": -1,
    "fail": -1,
    "abort": -1,
    "exit": 0,
}
"""Calls that do not return -> the position of the exit status; -1 where it is a failure."""

EXITS: Final[Mapping[str, str]] = {
    "builtins.SystemExit": "code",
    "typer.Exit": "code",
    "click.exceptions.Exit": "code",
}
"""Exceptions that end the program with a status, by the keyword of that status. Success is none
given, 0 and None."""

CODED: Final[Mapping[str, str]] = {
    f"click.{where}{name}": "exit_code"
    for where in ("", "exceptions.")
    for name in ("ClickException", "UsageError", "BadParameter")
}
"""Exceptions that end the program with a status that is an attribute of their class."""

SILENCING: Final[Mapping[str, str]] = {
    "tenacity.retry": "retry_error_callback",
    "tenacity.Retrying": "retry_error_callback",
    "tenacity.AsyncRetrying": "retry_error_callback",
    "backoff.on_exception": "raise_on_giveup",
    "funcy.ignore": "",
    "funcy.silent": "",
    "returns.result.safe": "",
}
"""Decorators that end an exception -> the keyword that makes them; empty where they always do."""
