import { Writable } from "node:stream";
import { Output, type Streams } from "../../../cli/terminal/output";

/** Streams that keep what is written, as a pipe would get it. */
export function capture(
  options: { tty?: boolean } = {},
): Streams & { out(): string; err(): string } {
  const written = { out: "", err: "" };
  const stream = (key: "out" | "err") =>
    Object.assign(
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          written[key] += chunk.toString();
          done();
        },
      }),
      { isTTY: options.tty ?? false },
    );
  return {
    stdout: stream("out"),
    stderr: stream("err"),
    out: () => written.out,
    err: () => written.err,
  };
}

/** An output whose words are kept. */
export function capturedOutput(): Output {
  return new Output(capture(), false, false);
}
