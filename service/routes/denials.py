"""Every reply of 401, 403 and 429 is counted for the audit chain, whichever part of the service gave it, and every 404
to a scoped key about a dictionary that is not granted to it (`scope["hidden"]`), be it there or not.
"""

from collections.abc import Iterable

from service.routes.guard import App, Message, Receive, Scope, Send
from service.workflows.access.keys import SHOWN
from service.workflows.audit.denials import Denial, Denials

DENIED = frozenset({401, 403, 429})
UNKNOWN = "unknown"
_OURS = b"Bearer fsk_"  # how an Authorization header with a key of ours begins


class Watched:
    """`app`, with its denials counted. `templates` are the paths of the known routes."""

    def __init__(self, app: App, denials: Denials, templates: Iterable[str]) -> None:
        self._app = app
        self._denials = denials
        self._words = {word for template in templates for word in template.split("/") if "{" not in word}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noted(message: Message) -> None:
            if message.get("status") in DENIED or (message.get("status") == 404 and scope.get("hidden")):
                self._denials.count(Denial(_who(scope), self._template(scope["path"]), message["status"]))
            await send(message)

        await self._app(scope, receive, noted)

    def _template(self, path: str) -> str:
        """The path with everything left out that is no word of a route: it may be a name."""
        return "/".join(word if word in self._words else "{}" for word in path.split("/")[:8])


def _who(scope: Scope) -> str:
    """The key's id; of a key that is not valid what its owner is shown of it; nothing of anything else."""
    if caller := scope.get("caller"):
        return str(caller.key)
    header: bytes = dict(scope["headers"]).get(b"authorization", b"")
    return header[len(b"Bearer ") :][:SHOWN].decode("latin-1") if header.startswith(_OURS) else UNKNOWN
