"""One's favourites, for programs."""

from __future__ import annotations

from typing import Any

from litestar import Response, delete, get, put

from dougong.records.favourites import add_favourite, remove_favourite
from dougong.web.addresses import id_at
from dougong.web.api.records import type_at
from dougong.web.pages.favourites import LOOKED_THROUGH, at_hand

__all__ = ["routes"]


@get("/api/v1/favourites", include_in_schema=False)
async def list_favourites() -> dict[str, Any]:
    """The last two hundred, those one may still see."""
    found = await at_hand(LOOKED_THROUGH)
    return {"items": [{"record": t.path, "id": number, "title": title} for t, number, title in found]}


@put("/api/v1/{collection:str}/{record_id:str}/favourite", include_in_schema=False)
async def keep_favourite(collection: str, record_id: str) -> Response[None]:
    await add_favourite(type_at(collection, "read"), id_at(record_id))
    return Response(None, status_code=204)


@delete("/api/v1/{collection:str}/{record_id:str}/favourite", include_in_schema=False, status_code=204)
async def drop_favourite(collection: str, record_id: str) -> None:
    await remove_favourite(type_at(collection, "read"), id_at(record_id))


routes = [list_favourites, keep_favourite, drop_favourite]
