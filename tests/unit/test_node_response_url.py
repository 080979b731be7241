"""Node.js code that knows of a ResponseURL its host and path alone answers there, by whatever it calls https."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from lambda_emu.runtimes import catalogue

PRELOAD = catalogue().folder / "nodejs/runtime/preload.cjs"
MAIN = """
const http = require("http");
const server = http.createServer((request, answer) => {
  request.on("data", (data) => console.log(request.method, request.headers.host, `${data}`));
  request.on("end", () => answer.end());
}).listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  const asked = %s.request({ hostname: "127.0.0.1", path: `/_lambda-emu/response/${port}-0`, method: "PUT" });
  asked.on("response", (answer) => { answer.resume(); server.close(); });
  asked.on("error", (error) => { console.log(error.code); server.close(); });
  asked.end("{}");
  console.log(port);
});
server.keepAliveTimeout = 1;
"""


def printed(folder: Path, text: str) -> list[str]:
    (folder / "main.cjs").write_text(text)
    line = ["node", "--require", str(PRELOAD), "main.cjs"]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js on the PATH")
@pytest.mark.parametrize("https", ['require("https")', '{ ...require("https") }'])
def test_https_leads_to_a_response_url(tmp_path: Path, https: str) -> None:
    port, answered = printed(tmp_path, MAIN % https)

    assert answered == f"PUT 127.0.0.1:{port} {{}}"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js on the PATH")
def test_https_is_what_it_was_for_all_else_and_not_loaded_before_it_is_asked_for(tmp_path: Path) -> None:
    found = printed(
        tmp_path,
        """
        console.log(process.moduleLoadList.includes("NativeModule https"));
        const https = require("https");
        console.log(https === require("node:https"), https.request.name, "https" in require.cache);
        https.request({ host: "127.0.0.1", port: 1, path: "/" }).on("error", (error) => console.log(error.code)).end();
        """,
    )

    assert found == ["false", "true request false", "ECONNREFUSED"]
