"""What this server can be told."""

from typing import Annotated

from pydantic import AfterValidator, Field

from stacksight_core.settings import ServerSettings
from stacksight_redis.facts.addresses import parse_address

ERROR_BAD_URL = (
    "it has to be redis://, rediss://, unix://, redis+sentinel:// or redis+cluster:// ({reason})"
)


def _known_url(url: str) -> str:
    try:
        parse_address(url)
    except ValueError as error:
        raise ValueError(ERROR_BAD_URL.format(reason=error)) from error
    return url


class RedisSettings(ServerSettings):
    """Where Redis is, and what Dramatiq does not write into it."""

    redis_url: Annotated[str, AfterValidator(_known_url)] = Field(
        "redis://127.0.0.1:6379/0",
        validation_alias="REDIS_URL",
        description="The Redis or Valkey to look at: redis://, rediss:// (TLS) or unix://, with "
        "user, password and database number; redis+sentinel://host:port,host:port/service/0; "
        "redis+cluster://host:port,host:port.",
    )
    namespaces: str = Field(
        "dramatiq",
        validation_alias="STACKSIGHT_NAMESPACES",
        description="Dramatiq namespaces to look for first, separated by commas. Others are found "
        "by scanning the keys.",
    )
    result_namespaces: str = Field(
        "dramatiq-results",
        validation_alias="STACKSIGHT_RESULT_NAMESPACES",
        description="Namespaces of Dramatiq's result backends, separated by commas: their keys are "
        "hashed, so they cannot be found otherwise.",
    )
    heartbeat_timeout_s: float = Field(
        60.0,
        gt=0,
        validation_alias="STACKSIGHT_HEARTBEAT_TIMEOUT_S",
        description="Seconds without a sign of life after which a Dramatiq process counts as dead: "
        "RedisBroker's heartbeat_timeout, which is not stored in Redis.",
    )
    timeout_s: float = Field(
        2.5,
        gt=0,
        le=60,
        validation_alias="STACKSIGHT_REDIS_TIMEOUT_S",
        description="Seconds to wait for a connection, and for the answer to one command.",
    )
    discovery_s: float = Field(
        3.0,
        gt=0,
        le=60,
        validation_alias="STACKSIGHT_DISCOVERY_S",
        description="Seconds one call may spend looking for queues among the keys.",
    )
    capture_bytes: int = Field(
        16 * 1024 * 1024,
        ge=64 * 1024,
        le=512 * 1024 * 1024,
        validation_alias="STACKSIGHT_CAPTURE_BYTES",
        description="Memory for the messages of one capture; the newest are kept.",
    )
    capture_messages: int = Field(
        50_000,
        ge=100,
        le=1_000_000,
        validation_alias="STACKSIGHT_CAPTURE_MESSAGES",
        description="How many messages one capture keeps; the newest.",
    )
