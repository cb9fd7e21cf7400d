"""Models in the form in which they leave a server."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel

from stacksight_core.redact import redact_value
from stacksight_core.untrusted import clean

Seconds = Annotated[float, AfterValidator(lambda seconds: round(seconds, 3))]
"""A duration of a model, to the millisecond: what is finer is noise of the clock."""


def sent_data(model: BaseModel) -> dict[str, Any]:
    """Return a model as JSON-like data without what is None: secrets masked, texts cleaned."""
    dumped = redact_value(model.model_dump(mode="json", exclude_none=True))
    data: dict[str, Any] = _clean_value(dumped)
    return data


def _clean_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {clean(str(key)): _clean_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean_value(item) for item in value]
    return clean(value) if isinstance(value, str) else value
