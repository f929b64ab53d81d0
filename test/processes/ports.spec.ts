import assert from "node:assert/strict";
import { createServer } from "node:net";
import { freePort, portHolder } from "../../processes/ports";
import { refusal, stranger } from "../runtimes/local/support";

describe("portHolder", () => {
  it("finds no one on a free port", async () => {
    assert.equal(await portHolder("127.0.0.1", await freePort("127.0.0.1")), null);
  });

  it("names the process and its program", async () => {
    const { port, close } = await stranger();
    try {
      const holder = await portHolder("127.0.0.1", port);
      assert.equal(holder?.pid, process.pid);
      assert.notEqual(holder?.program, null);
    } finally {
      await close();
    }
  });

  it("finds a stranger on all addresses, IPv6 included", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "::", resolve));
    const address = server.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    try {
      assert.equal((await portHolder("127.0.0.1", port))?.pid, process.pid);
    } finally {
      server.close();
    }
  });

  it("refuses an address that isn't this machine's", async () => {
    const said = await refusal(portHolder("192.0.2.1", 4242));
    assert.equal(said, "cannot listen on 192.0.2.1:4242 (EADDRNOTAVAIL)");
  });
});
