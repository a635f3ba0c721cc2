"""asyncio's side of net_fair: fair.py LOAD measures a server of its own; fair.py serve is that server."""

import asyncio
import os
import sys


async def answer(reader, writer):
    floods, first = False, True
    while data := await reader.read(16 * 1024):
        if first:
            first, floods = False, data[0] == ord("f")
        if not floods:
            writer.write(data)
            await writer.drain()


async def serve():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve())
    else:
        os.execv(sys.argv[1], [sys.argv[1], "load", sys.executable, "-B", __file__, "serve"])
