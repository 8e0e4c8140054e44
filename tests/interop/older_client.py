"""Lets aiocometd 0.4.5 run on the Python of today.

The package was written for Python 3.6 to 3.8. Its one obstacle since is that it passes `loop=` to four names of asyncio that take it no
longer since Python 3.10; the running loop is what they would get anyway. The package's modules are given an asyncio whose four names
ignore that argument; nothing else of the package, and nothing of asyncio itself, is changed.
"""

import asyncio
import functools
import types

import aiocometd
from aiocometd import client, utils
from aiocometd.transports import long_polling

_NAMES = ("Semaphore", "sleep", "wait", "wait_for")


def _without_loop(function):
    @functools.wraps(function)
    def call(*args, loop=None, **kwargs):
        del loop
        return function(*args, **kwargs)

    return call


def load():
    """Gives the package, ready to be used."""
    today = types.SimpleNamespace(**vars(asyncio))
    for name in _NAMES:
        setattr(today, name, _without_loop(getattr(asyncio, name)))
    for module in (client, utils, long_polling):
        module.asyncio = today
    return aiocometd
