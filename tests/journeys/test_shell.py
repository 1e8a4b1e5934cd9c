"""A shell user, with curl and jq and nothing of ours."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from longtake.media.probe import probe
from tests.conftest import Made, missing
from tests.running import running

pytestmark = pytest.mark.slow

# What somebody types who has read the vendor's documentation.
SCRIPT = r"""
set -euo pipefail
call() { curl -sS -H "Authorization: Bearer $KEY" "$@"; }
post() { call -H 'Content-Type: application/json' -d "$2" "$BASE$1"; }
info() { call "$BASE/api/v1/mj/record-info?taskId=$1"; }
wait_for() {
  until info "$1" | jq -e '.data.successFlag != 0' >/dev/null; do sleep 0.5; done
  info "$1" | jq -re '.data.resultInfoJson.resultUrls[0].resultUrl'
}
extend() {
  post /api/v1/mj/generateVideoExtend "$(jq -n --arg id "$1" '{
    taskId: $id, taskType: "mj_video_extend_manual", index: 0,
    prompt: "a slow push in --motion low", seconds: 1}')" | jq -re '.data.taskId'
}

before=$(call "$BASE/api/v1/chat/credit" | jq -re .data)
source=$(call -F file=@clip.mp4 "$BASE/api/v1/clips" | jq -re .data.taskId)
first=$(extend "$source")
url=$(wait_for "$first")
second=$(extend "$first")
curl -sSf -o first.mp4 "$url"
curl -sSf -o second.mp4 "$(wait_for "$second")"
curl -sSf -r 0-99 -o head.bin "$url"

signed=$(post /api/v1/common/download-url "{\"url\": \"$url\"}" | jq -re .data)
curl -sSf -o signed.mp4 "$signed"
after=$(call "$BASE/api/v1/chat/credit" | jq -re .data)
echo "spent $((before - after))"
info "$second" | jq -ce '[.code, .msg, .data.state, .data.taskType]'
info nothing | jq -ce '[.code, .msg, .data]' || true
KEY=wrong info "$second" | jq -ce '[.code, .msg]'
post /api/v1/mj/generateVideoExtend "{\"taskId\": \"$first\", \"index\": 9}" | jq -ce .code
"""


def test_from_a_clip_to_an_extension_of_an_extension(
    made: Made, tmp_path: Path
) -> None:
    for tool in ("bash", "curl", "jq"):
        if shutil.which(tool) is None:
            missing(f"{tool} is not installed: apt-get install {tool}")
    shutil.copy(made(n_frames=48, sound="aac"), tmp_path / "clip.mp4")
    with running(tmp_path / "server") as server:
        key = server.caller("shell").key
        typed = subprocess.run(
            ["bash", "-c", SCRIPT],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "BASE": server.address, "KEY": key},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert typed.returncode == 0, typed.stderr + typed.stdout + server.said()
    assert typed.stdout.splitlines() == [
        "spent 120",
        '[200,"success","success","mj_video_extend_manual"]',
        '[422,"Record does not exist",null]',
        '[401,"You do not have access permissions"]',
        "422",
    ]
    frames = [
        probe(tmp_path / name).video.n_frames for name in ("first.mp4", "second.mp4")
    ]
    assert frames == [48 + 24, 48 + 48]
    whole = (tmp_path / "first.mp4").read_bytes()
    assert (tmp_path / "head.bin").read_bytes() == whole[:100]
    assert (tmp_path / "signed.mp4").read_bytes() == whole
