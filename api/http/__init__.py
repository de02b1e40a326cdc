"""pgmend over HTTP: one noun per module, each with its endpoints and the models that go in and out."""

from .app import create_app
from .server import listening, serve
from .tokens import Role, Tokens

__all__ = ["Role", "Tokens", "create_app", "listening", "serve"]
