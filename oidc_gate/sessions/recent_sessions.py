"""What a process remembers of sessions: open ones by their cookies' texts, and whole requests. Bounded in bytes.

Each session stands in a queue. When there is no room for more, the one at the front goes, unless it was used since it
was last looked at: then it goes to the end. So those go first that were unused for longest, one by one, and a flood of
new ones takes nobody's place who comes again and again.

Whoever looks something up needs no lock: that is one operation on a dict. Whoever adds or takes away holds one.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, Any

from oidc_gate.sessions.live_sessions import LiveSessions
from oidc_gate.sessions.open_session import OpenSession

if TYPE_CHECKING:
    from oidc_gate.decisions import Header, Key, Renewal
    from oidc_gate.identity import Identity
    from oidc_gate.sessions.session import SessionCopy

__all__ = ["SAMPLE", "Recalled", "RecentRequests", "RecentSessions"]

#: What a session takes that nobody has read: so many bytes and its cookie's text. Once read: so many more, and so
#: many for each byte of its rest, for texts of three letters take ten times the room that they have in JSON.
_UNREAD, _READ, _READ_PER_BYTE = 1600, 600, 6
#: What a request takes: so many bytes, its Cookie header and that of the app. A session has no more than so many
#: requests; the oldest goes.
_REQUEST, _MOST_REQUESTS = 450, 4
#: A browser whose other cookies never settle has one request in so many looked at, and one more.
_MOST_SKIPS = 15
#: So many are passed over, at most, in looking for one that goes.
_MOST_PASSED_OVER = 16
#: A Cookie header is looked up by about so many of its characters, evenly spread.
SAMPLE = 64
#: Of so many schemes and hosts there is one text for all requests.
_MOST_SHARED = 64

#: An earlier decision that still holds: `Request.told_cookies`, and the fields of a `Forward`. A mere tuple, for Python
#: is faster to take that apart than one with names.
Recalled = tuple[Any, "Identity | None", str, "tuple[Header, ...]", "tuple[Header, ...]", "Renewal | None"]
#: What was decided for requests lately: one for each sample of a Cookie header, for one scheme, host and header, with
#: the session and what holds.
#:
#: A Cookie header is long, and to hash all of it takes longer than to compare it; so it is looked up by a sample, and
#: has to be compared whole. How long that takes tells nothing: to find anything one must have ten characters of a
#: sealed text, which are as good as random.
#:
#: A request is found again only as long as its other cookies stay as they are; else it goes the slower way. So do
#: requests that share a sample, as one cookie at two hosts does: they push each other out. What is here can be out of
#: date: the times in an `OpenSession`, and `Sessions.ended`, say whether it may be gone by.
RecentRequests = dict[Any, tuple[Any, Any, Any, OpenSession, Recalled]]


class RecentSessions:
    """What was opened lately, and the `requests` that were forwarded with it; `most` bytes of it at the most.

    `live`: the sessions whose newest cookie is wanted.
    """

    def __init__(self, most: int, live: LiveSessions | None = None) -> None:
        self._most = most
        self.live = LiveSessions() if live is None else live
        self.requests: RecentRequests = {}
        #: Guards all that follows; a session that was opened from two cookies is there twice, each with its own copy.
        self._lock = Lock()
        self._by_text: dict[str, OpenSession] = {}
        self._shared: dict[Any, Any] = {}
        self._queue: deque[str] = deque()
        self._used = 0

    def __len__(self) -> int:
        return len(self._by_text)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            for text in list(self._by_text):
                self._drop(text)
            self._queue.clear()

    def get(self, text: str) -> OpenSession | None:
        """Return what was opened from this text, or None."""
        return self._by_text.get(text)

    def put(self, text: str, opened: OpenSession) -> None:
        """Remember what was opened from this text."""
        with self._lock:
            if text in self._by_text:
                self._drop(text)
            else:
                self._queue.append(text)
            self._by_text[text] = opened
            opened.looked_at = opened.seen_at
            opened.copy.account = self
            self._charge(opened.copy, _UNREAD + len(text) + (_read(opened.copy) if opened.copy.is_read else 0))
            self._make_room()
        if self.live:
            self.live.meet(text, opened)

    def all(self) -> list[OpenSession]:
        """Return everything that is remembered."""
        return list(self._by_text.values())

    def forget(self, text: str) -> None:
        """Forget what was opened from this text."""
        with self._lock:
            if text in self._by_text:
                self._drop(text)
                self._queue.remove(text)

    def remember_request(self, key: Key, opened: OpenSession, told_cookies: Any) -> None:
        """Remember that a request with this key is forwarded, as long as its session is remembered.

        Where other cookies change with each answer, as an app's own session may, that would be work for nothing: all
        but the first Cookie header of a session are remembered when they come a second time in a row. The more often
        another one came instead, the more requests go by before that is tried again.
        """
        cookies, copy = key[2], opened.copy
        with self._lock:
            if not copy.charged:
                return
            if opened.samples and opened.unsettled != cookies:
                self._charge(copy, len(cookies) - len(opened.unsettled))
                opened.unsettled = cookies
                opened.skips, opened.next_skips = opened.next_skips, min(2 * opened.next_skips + 1, _MOST_SKIPS)
                self._make_room()
                return
            self._charge(copy, -len(opened.unsettled))
            opened.looked_at, opened.unsettled, opened.next_skips = opened.seen_at, "", 0
            sample, samples = cookies[:: len(cookies) // SAMPLE or 1], opened.samples
            if sample in samples or len(samples) == _MOST_REQUESTS:
                gone = sample if sample in samples else samples[0]
                samples = tuple(each for each in samples if each != gone)
                self._forget_request(gone, opened)
            recalled = (told_cookies, *opened.forward)
            self.requests[sample] = (self._one_of(key[0]), self._one_of(key[1]), cookies, opened, recalled)
            opened.samples = (*samples, sample)
            self._charge(copy, _taken(cookies, recalled))
            self._make_room()

    def was_read(self, copy: SessionCopy) -> None:
        """Take note that all of this session is in memory now. Called once for each copy."""
        with self._lock:
            if copy.charged:
                self._charge(copy, _read(copy))
                self._make_room()

    # All that follows is called with the lock held.

    def _one_of(self, text: Any) -> Any:
        """Return one text for all that are equal: each request brings its own, and thousands would be kept."""
        if len(self._shared) >= _MOST_SHARED:
            self._shared.clear()
        return self._shared.setdefault(text, text)

    def _charge(self, copy: SessionCopy, size: int) -> None:
        copy.charged += size
        self._used += size

    def _make_room(self) -> None:
        passed_over: list[str] = []
        while self._used > self._most:
            if self._queue and len(passed_over) < _MOST_PASSED_OVER:
                text = self._queue.popleft()
                opened = self._by_text[text]
                if opened.seen_at > opened.looked_at:
                    opened.looked_at = opened.seen_at
                    passed_over.append(text)
                    continue
            else:  # all were used: of these, the one that was unused for longest
                text = min(passed_over, key=lambda each: self._by_text[each].seen_at)
                passed_over.remove(text)
            self._drop(text)
        self._queue.extend(passed_over)

    def _drop(self, text: str) -> None:
        """Forget a session and its requests; it is no longer in the queue, or is to be taken out of it."""
        opened = self._by_text.pop(text)
        for sample in opened.samples:
            self._forget_request(sample, opened)
        opened.samples, opened.unsettled = (), ""
        self._used -= opened.copy.charged
        opened.copy.charged = 0

    def _forget_request(self, sample: Any, opened: OpenSession) -> None:
        found = self.requests.get(sample)
        if found is not None and found[3] is opened:  # else another session's request has taken its place
            del self.requests[sample]
            self._charge(opened.copy, -_taken(found[2], found[4]))


def _read(copy: SessionCopy) -> int:
    return _READ + _READ_PER_BYTE * copy.head[7]


def _taken(cookies: Any, recalled: Recalled) -> int:
    told_cookies = recalled[0]
    told = told_cookies if isinstance(told_cookies, str) or not told_cookies else told_cookies[1]
    return _REQUEST + len(cookies) + len(told or "")
