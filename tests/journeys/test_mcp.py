"""A client from npm, written for the vendor, makes a video here and waits for it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from longtake.media.probe import probe
from tests.journeys import mcp
from tests.receivers import receiving
from tests.running import running

pytestmark = pytest.mark.slow


def picture() -> bytes:
    """A PNG with something to see in it, twice as wide as high."""
    image = Image.linear_gradient("L").resize((640, 320)).convert("RGB")
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def test_a_vendors_client_generates_a_video_and_waits_for_it(tmp_path: Path) -> None:
    """Nothing but its base URL and its key says that this is not the vendor."""
    mcp.node()
    with (
        receiving() as receiver,
        running(tmp_path, allowed_hosts=[receiver.host]) as server,
    ):
        caller = server.caller("client")
        upload = caller.call(
            "POST",
            "/api/file-stream-upload",
            files={"file": ("image.png", picture())},
            data={"uploadPath": "images"},
        ).json()["data"]
        base_url = f"{server.address}/api/v1"
        (tmp_path / "client").mkdir()
        with mcp.talking(
            tmp_path / "client", base_url, caller.key, receiver.url("/hook")
        ) as client:
            asked = client.use(
                "midjourney_generate",
                taskType="mj_video",
                prompt="a slow push in",
                fileUrls=[upload["fileUrl"]],
                motion=70,
                videoBatchSize=1,
                aspectRatio="16:9",
            )
            assert asked["success"] is True, asked
            ended = client.use(
                "wait_for_task",
                task_id=asked["task_id"],
                timeout_seconds=100,
                interval_seconds=1,
            )
            refused = client.use(
                "midjourney_generate", prompt="a cat", taskType="mj_txt2img"
            )
        assert ended["status"] == "completed", ended
        [url] = ended["result_urls"]
        assert url == f"{server.address}/m/{asked['task_id']}_0_0.mp4"
        assert refused["success"] is False
        assert "mj_txt2img" in json.dumps(refused), "the refusal names what it is about"

        assert_video(tmp_path / "result.mp4", url)
        [told] = receiver.wait_for(1)
        body = json.loads(told.body)
        assert (body["code"], body["taskId"]) == (200, asked["task_id"])
        assert body["data"]["resultUrls"] == [url]


def assert_video(result: Path, url: str) -> None:
    """What was made is five seconds in the size of its aspect."""
    result.write_bytes(httpx2.get(url, trust_env=False).content)
    video = probe(result).video
    assert (video.width, video.height) == (832, 464)
    assert video.n_frames == 5 * 24
