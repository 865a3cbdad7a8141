"""What is asked for when a visit is completed."""

from pydantic import BaseModel, Field


class Completion(BaseModel):
    outcome: str = Field(min_length=1, max_length=5000)
    next_step: str = Field(default="", max_length=200)
