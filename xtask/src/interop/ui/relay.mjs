// A wire between the browser and the server that can be cut.

import { connect, createServer } from "node:net";

/** Passes on what comes at a port of its own. */
export class Relay {
  #server;
  #wires = new Set();
  #isCut = false;

  static async to(url) {
    const relay = new Relay();
    const { hostname, port } = new URL(url);
    relay.#server = createServer((client) => relay.#join(client, { host: hostname, port: Number(port) }));
    await new Promise((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
    relay.url = `http://127.0.0.1:${relay.#server.address().port}`;
    return relay;
  }

  #join(client, target) {
    if (this.#isCut) return client.destroy();
    const server = connect(target);
    for (const [one, other] of [[client, server], [server, client]]) {
      this.#wires.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#wires.delete(one);
        other.destroy();
      });
    }
    return undefined;
  }

  /** Ends all connections, and takes no more. */
  cut() {
    this.#isCut = true;
    for (const wire of this.#wires) wire.destroy();
  }

  mend() {
    this.#isCut = false;
  }

  close() {
    this.cut();
    this.#server.close();
  }
}
