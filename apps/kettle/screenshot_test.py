#!/usr/bin/env python3
"""Opens the page of kettle compare --html in a browser without a network: screenshot_test.py PATH_OF_KETTLE.

Says 'SKIP: why' and exits with 77 where there is no Chromium that works.
"""

import collections
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

BROWSERS = ["chromium-headless-shell", "chromium"]
BAR = (0x3B, 0x75, 0xAF)  # report_html.cpp
WIDTH = 1000


def pixels(png):
    """The rows of a PNG of 8-bit RGB or RGBA, each a list of (r, g, b)."""
    at, data, size = 8, b"", 0
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at:at + 4]), png[at + 4:at + 8]
        body = png[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            size = {2: 3, 6: 4}[colour]
            assert depth == 8
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    raw, stride = zlib.decompress(data), width * size
    before = bytearray(stride)
    for y in range(height):
        start = y * (stride + 1)
        how, line = raw[start], bytearray(raw[start + 1:start + 1 + stride])
        for i in range(stride):
            left = line[i - size] if i >= size else 0
            above, corner = before[i], before[i - size] if i >= size else 0
            if how == 1:
                line[i] = (line[i] + left) & 255
            elif how == 2:
                line[i] = (line[i] + above) & 255
            elif how == 3:
                line[i] = (line[i] + (left + above) // 2) & 255
            elif how == 4:
                guess = left + above - corner
                nearest = min((abs(guess - left), 0, left), (abs(guess - above), 1, above),
                              (abs(guess - corner), 2, corner))[2]
                line[i] = (line[i] + nearest) & 255
        yield [tuple(line[x:x + 3]) for x in range(0, stride, size)]
        before = line


def bars_in(picture):
    """How many bars there are, and the length of the longest: runs of the bars' colour, each some rows high."""
    longest, count, inside = 0, 0, False
    for row in pixels(picture):
        here = collections.Counter(row)[BAR]
        longest = max(longest, here)
        count += here > 0 and not inside
        inside = here > 0
    return count, longest


def photograph(browser, folder, page):
    """The PNG of a page, or why there is none."""
    picture = folder / "page.png"
    picture.unlink(missing_ok=True)
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         f"--user-data-dir={folder}/profile", "--host-resolver-rules=MAP * ~NOTFOUND",
         f"--window-size={WIDTH},1200", f"--screenshot={picture}", page],
        capture_output=True, text=True, timeout=120, check=False)
    return (picture.read_bytes(), "") if picture.exists() else (None, done.stderr[-500:])


def main(kettle):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        print(f"SKIP: none of {', '.join(BROWSERS)} is installed, so no page can be looked at")
        return 77
    with tempfile.TemporaryDirectory(prefix="kettle-html-") as folder:
        folder = pathlib.Path(folder)
        if not photograph(browser, folder, "data:text/html,empty")[0]:
            print(f"SKIP: {browser} draws no page at all here")
            return 77
        page, result = folder / "r.html", folder / "r.json"
        subprocess.run(
            [kettle, "compare", "--workload", "waiting", "--items", "8", "--rounds", "1",
             "--html", str(page), "--json", str(result)],
            check=True, stdout=subprocess.DEVNULL, timeout=120)
        rows = json.loads(result.read_text())["workloads"][0]["methods"]
        picture, why = photograph(browser, folder, page.as_uri())
        if not picture:
            print(f"{browser} made no picture: {why}")
            return 1
        count, longest = bars_in(picture)
        print(f"{count} bars for {len(rows)} methods, the longest of {longest} pixels")
        # A bar is cut in two where the line of its likely median crosses it, but never in rows.
        return 0 if count >= len(rows) and longest > WIDTH / 4 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
