"""The web application: `uvicorn captions.web:app`."""

import asyncio
import contextlib
import html
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qsl

import asyncpg
from dramatiq.results import ResultFailure, ResultMissing
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from captions import database, jobs, pictures
from captions.notifications import Hub
from captions.settings import DATABASE_URL

PAGES = Path(__file__).parent / "pages"
REVIEW_PAGE = Template((PAGES / "review.html").read_text())
REVIEW_ROW = Template((PAGES / "review_row.html").read_text())
ROWS_ON_PAGE = 40

JOBS_OF_VIDEO = {
    "captions": jobs.caption_video,
    "subtitles": jobs.export_subtitles,
    "thumbnail": jobs.render_thumbnail,
}
DIGEST_DELAY = timedelta(days=1)

# What a picture service and a content service on the network take to answer.
PICTURE_DELAY_S = 0.9
ANNOUNCEMENT_DELAY_S = 0.8


async def review_page(request: Request) -> Response:
    captions = await request.app.state.pool.fetch(database.UNSURE_CAPTIONS, ROWS_ON_PAGE)
    rows = "".join(
        REVIEW_ROW.substitute(
            caption_id=caption["id"],
            video_id=caption["video_id"],
            title=html.escape(caption["title"]),
            body=html.escape(caption["body"]),
            confidence=f"{caption['confidence']:.0%}",
        )
        for caption in captions
    )
    return HTMLResponse(REVIEW_PAGE.substitute(rows=rows))


async def save_corrections(request: Request) -> Response:
    fields = parse_qsl((await request.body()).decode())
    corrections = [(int(name.removeprefix("caption-")), body) for name, body in fields]
    await request.app.state.pool.executemany(database.CORRECT_CAPTION, corrections)
    return RedirectResponse("/", status_code=303)


async def announcement(_request: Request) -> Response:
    await asyncio.sleep(ANNOUNCEMENT_DELAY_S)
    return JSONResponse({"text": "Captions in five more languages are here. Try them today."})


async def hero_picture(_request: Request) -> Response:
    await asyncio.sleep(PICTURE_DELAY_S)
    return Response(pictures.gradient(960, 480, seed=1), media_type="image/png")


async def thumbnail(request: Request) -> Response:
    seed = request.path_params["video_id"]
    return Response(pictures.gradient(96, 54, seed=seed), media_type="image/png")


async def health(request: Request) -> Response:
    await request.app.state.pool.fetchval("SELECT 1")
    return JSONResponse({"status": "ok"})


async def video(request: Request) -> Response:
    found = await request.app.state.pool.fetchrow(database.VIDEO, request.path_params["video_id"])
    if found is None:
        raise HTTPException(404, "no such video")
    return JSONResponse(dict(found))


async def captions_of_video(request: Request) -> Response:
    captions = await request.app.state.pool.fetch(
        database.CAPTIONS_OF_VIDEO, request.path_params["video_id"]
    )
    return JSONResponse([dict(caption) for caption in captions])


async def videos_of_user(request: Request) -> Response:
    pool: asyncpg.Pool = request.app.state.pool
    videos = []
    for found in await pool.fetch(database.VIDEOS_OF_USER, request.path_params["user_id"]):
        [reviews] = await pool.fetch(database.REVIEWS_OF_VIDEO, found["id"])
        videos.append({**found, **reviews})
    return JSONResponse(videos)


async def start_job(request: Request) -> Response:
    actor = JOBS_OF_VIDEO.get(request.path_params["job"])
    if actor is None:
        raise HTTPException(404, f"no such job; there are {', '.join(JOBS_OF_VIDEO)}")
    message = await run_in_threadpool(actor.send, request.path_params["video_id"])
    return JSONResponse({"job": message.message_id}, status_code=202)


async def schedule_digest(request: Request) -> Response:
    user_id = request.path_params["user_id"]
    message = await run_in_threadpool(
        jobs.send_digest.send_with_options, args=(user_id,), delay=DIGEST_DELAY
    )
    return JSONResponse({"job": message.message_id}, status_code=202)


async def captioning_result(request: Request) -> Response:
    message = jobs.caption_video.message().copy(message_id=str(request.path_params["job_id"]))
    try:
        result = await run_in_threadpool(message.get_result)
    except ResultMissing:
        return JSONResponse({"status": "waiting"}, status_code=404)
    except ResultFailure as failure:
        return JSONResponse({"status": "failed", "error": str(failure)})
    return JSONResponse({"status": "done", "result": result})


async def events_of_user(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    return StreamingResponse(
        hub.events(request.path_params["user_id"]), media_type="text/event-stream"
    )


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    app.state.hub = Hub()
    listening: asyncio.Task[Any] = asyncio.create_task(app.state.hub.run())
    async with asyncpg.create_pool(DATABASE_URL, min_size=1, max_size=5) as app.state.pool:
        yield
    listening.cancel()


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/", review_page),
        Route("/", save_corrections, methods=["POST"]),
        Route("/health", health),
        Route("/announcement", announcement),
        Route("/pictures/hero.png", hero_picture),
        Route("/pictures/{video_id:int}.png", thumbnail),
        Route("/videos/{video_id:int}", video),
        Route("/videos/{video_id:int}/captions", captions_of_video),
        Route("/videos/{video_id:int}/{job}", start_job, methods=["POST"]),
        Route("/users/{user_id:int}/videos", videos_of_user),
        Route("/users/{user_id:int}/events", events_of_user),
        Route("/users/{user_id:int}/digest", schedule_digest, methods=["POST"]),
        Route("/jobs/{job_id:uuid}", captioning_result),
        Mount("/static", StaticFiles(directory=PAGES)),
    ],
)
