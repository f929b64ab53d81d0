import { once } from "node:events";
import net from "node:net";
import type { Form } from "./forms";

/** What came back on a connection. */
export interface Said {
  readonly status: number;
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Says a request on a connection of its own, as a client of this form does, and reads until the answer is whole.
 *
 * @param url of the server; the path is the form's
 * @throws Error when the connection ends before the answer does, or after `timeoutMs`
 */
export async function say(
  url: string,
  form: Form,
  body: string | Buffer,
  timeoutMs = 30_000,
): Promise<Said> {
  const { hostname, port, host } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  const answer = new Answer(socket, timeoutMs);
  try {
    await once(socket, "connect");
    const bytes = Buffer.from(body);
    const length = form.chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${bytes.length}`;
    const head = form.head.map((line) => line.replace("HOST", host));
    socket.write([...head, length, "", ""].join("\r\n"));
    if (form.waits) await answer.goAhead();
    if (form.chunked) {
      socket.write(`${bytes.length.toString(16)}\r\n`);
      socket.write(bytes);
      socket.write("\r\n0\r\n\r\n");
    } else {
      socket.write(bytes);
    }
    return await answer.whole();
  } finally {
    socket.destroy();
  }
}

/** The bytes of an answer as they come. */
class Answer {
  private text = "";
  private ended = false;
  private problem: Error | null = null;
  private wake = () => {};

  constructor(socket: net.Socket, timeoutMs: number) {
    const said = (then: () => void) => () => {
      then();
      this.wake();
    };
    socket.on("data", (data: Buffer) => said(() => (this.text += data.toString("latin1")))());
    socket.on(
      "close",
      said(() => (this.ended = true)),
    );
    socket.on("error", (error) => said(() => (this.problem ??= error))());
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(new Error(`nothing came for ${timeoutMs / 1000} s`)),
    );
  }

  /** Waits for `100 Continue`, or for an answer that makes it needless. */
  async goAhead(): Promise<void> {
    while (!this.text.includes("\r\n\r\n")) await this.more();
    this.text = this.text.replace(/^HTTP\/1\.1 100 [^]*?\r\n\r\n/, "");
  }

  async whole(): Promise<Said> {
    for (;;) {
      const said = parsed(this.text, this.ended);
      if (said) return said;
      await this.more();
    }
  }

  private async more(): Promise<void> {
    if (this.ended) {
      const got = JSON.stringify(this.text.slice(0, 200));
      throw new Error(`the connection ended before the answer (${this.problem?.message}): ${got}`);
    }
    await new Promise<void>((resolve) => (this.wake = resolve));
  }
}

/** Null while it isn't whole. */
function parsed(text: string, ended: boolean): Said | null {
  const at = text.indexOf("\r\n\r\n");
  if (at < 0) return null;
  const [first, ...lines] = text.slice(0, at).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const status = Number(first!.split(" ")[1]);
  const rest = text.slice(at + 4);
  if (headers["transfer-encoding"] === "chunked") {
    const chunks = unchunked(rest);
    return chunks === null ? null : { status, headers, body: chunks };
  }
  const length = headers["content-length"];
  const isWhole = length === undefined ? ended : rest.length >= Number(length);
  return isWhole ? { status, headers, body: rest } : null;
}

function unchunked(text: string): string | null {
  let body = "";
  for (let rest = text; ;) {
    const line = rest.indexOf("\r\n");
    if (line < 0) return null;
    const size = parseInt(rest.slice(0, line), 16);
    if (rest.length < line + 4 + size) return null;
    if (size === 0) return body;
    body += rest.slice(line + 2, line + 2 + size);
    rest = rest.slice(line + 4 + size);
  }
}
