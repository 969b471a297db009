"""The request limit of an account: 200 a minute, told on every answer."""

from __future__ import annotations

from datetime import timedelta

from airbooks.sandbox.kit import Context

CALLS, SECONDS = 200, 60.0


class Throttle:
    """A window that opens with its first call and lasts a (scaled) minute."""

    def __init__(self, context: Context) -> None:
        self.clock, self.length = context.clock, timedelta(seconds=SECONDS / context.time_scale)
        self.ends = self.clock.now()
        self.left = CALLS

    def admit(self) -> bool:
        now = self.clock.now()
        if now >= self.ends or self.ends - now > self.length:
            self.ends, self.left = now + self.length, CALLS
        if not self.left:
            return False
        self.left -= 1
        return True

    def headers(self) -> dict[str, str]:
        rest = max((self.ends - self.clock.now()).total_seconds(), 0.0)
        return {"brightpearl-requests-remaining": str(max(self.left, 0)), "brightpearl-next-throttle-period": str(int(rest * 1000))}
