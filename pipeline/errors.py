"""What can go wrong, as one small tree: mistakes of the user, and failures of one clip at one stage."""

from __future__ import annotations

import errno
import shlex
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why a clip has no result at a stage, or a row no value: a closed list, stored as text."""

    # a clip failed a stage
    FILE_MISSING = "file_missing"
    EMPTY_FILE = "empty_file"
    NOT_MEDIA = "not_media"
    NO_AUDIO = "no_audio"
    TOO_LONG = "too_long"
    PARTIAL_AUDIO = "partial_audio"
    UNSUPPORTED_URL = "unsupported_url"
    NETWORK = "network"
    RATE_LIMITED = "rate_limited"
    BOT_CHECK = "bot_check"
    SERVER_ERROR = "server_error"
    LOGIN_REQUIRED = "login_required"
    PRIVATE = "private"
    REMOVED = "removed"
    REGION_OR_REMOVED = "region_or_removed"
    GEO_BLOCKED = "geo_blocked"
    ROUNDED_ID = "rounded_id"
    LINK_EXPIRED = "link_expired"
    BAD_MEDIA = "bad_media"
    NO_VIDEO = "no_video"
    SKIPPED_POLICY = "skipped_policy"
    EXCLUDED = "excluded"
    EXTRACTOR_BROKEN = "extractor_broken"
    TIMEOUT = "timeout"
    WORKER_DIED = "worker_died"
    OUT_OF_MEMORY = "out_of_memory"
    QUARANTINED = "quarantined"
    DISK_FULL = "disk_full"
    INTERNAL_ERROR = "internal_error"
    # a clip has no sound for a time
    LATE_SOUND = "late_sound"
    NO_PACKETS = "no_packets"
    DAMAGED_SOUND = "damaged_sound"
    # a row has no value
    NO_SPEECH = "no_speech"
    SPEECH_UNCERTAIN = "speech_uncertain"
    TOO_SHORT = "too_short"
    TOO_QUIET = "too_quiet"
    UNCERTAIN_SPEECH = "uncertain_speech"
    CLIPPED = "clipped"
    MUSIC_OVER_SPEECH = "music_over_speech"
    MUSIC_OVER_VOICE = "music_over_voice"
    SINGING = "singing"
    LOW_SNR = "low_snr"
    SEVERAL_VOICES = "several_voices"
    LAUGHTER = "laughter"
    VOICE_WITHOUT_WORDS = "voice_without_words"
    UNVOICED = "unvoiced"
    NO_TAGGER = "no_tagger"
    NO_TEXT = "no_text"
    LOW_TRUST = "low_trust"
    LANGUAGE_UNKNOWN = "language_unknown"
    LANGUAGE_UNSUPPORTED = "language_unsupported"


#: Transient failures, which can pass without a change of the clip: the next run tries again.
RETRYABLE = frozenset(
    {
        Reason.FILE_MISSING,
        Reason.NETWORK,
        Reason.RATE_LIMITED,
        Reason.BOT_CHECK,
        Reason.LINK_EXPIRED,
        Reason.BAD_MEDIA,
        Reason.SERVER_ERROR,
        Reason.LOGIN_REQUIRED,
        Reason.EXTRACTOR_BROKEN,
        Reason.TIMEOUT,
        Reason.WORKER_DIED,
        Reason.OUT_OF_MEMORY,
        Reason.DISK_FULL,
        Reason.INTERNAL_ERROR,
    }
)


DISK_FULL = "the disk is full: what was stored is safe; make room and run the study again"


class CliptoneError(Exception):
    """Root of every error that cliptone raises on purpose; its text is one clear sentence."""


class UserError(CliptoneError):
    """A mistake that the user can correct: the command prints this sentence and ends with exit code 2."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it: the sentence alone, as on the command line."""
        return [str(self)]


class ConfigError(UserError):
    """A study file that cannot be read as one."""


class ModelMissing(UserError):
    """A model that is neither on this machine nor reachable."""


class ModelCorrupt(UserError):
    """A model file whose sha256 is not the pinned one."""


class StudyBusy(UserError):
    """Another run holds this study."""


class StoreError(UserError):
    """A database that cannot be used as it stands."""


class Stopped(CliptoneError):
    """The user stopped a run."""


class DiskFull(CliptoneError):
    """No space left: the run stops cleanly (exit code 74), and the next run continues it."""


class StageError(CliptoneError):
    """One clip that cannot pass a stage, with its reason from the closed list.

    `rows` holds what is known of the post in spite of the failure; `retry_after_s` is the pause that its site requests.
    """

    def __init__(
        self, reason: Reason, message: str, rows: Sequence[Any] = (), retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.rows = tuple(rows)
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[type[StageError], tuple[Any, ...]]:
        return type(self), (self.reason, self.message, self.rows, self.retry_after_s)


def is_disk_full(error: BaseException) -> bool:
    """Whether an error of the operating system means that no space is left."""
    return isinstance(error, OSError) and error.errno == errno.ENOSPC


def how_to_install(extra: str) -> str:
    """The command that installs an extra of cliptone beside this Python: no package index has it, a clone does."""
    return f"in your clone of cliptone: {shlex.quote(sys.executable)} -m pip install '.[{extra}]'"
