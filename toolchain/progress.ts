/** Told what is being done, whenever that changes. */
export type Progress = (activity: string) => void;

/** Seconds between two lines where a line can't be rewritten. */
const LINE_EVERY = 15;

/**
 * Shows on a stream what is being done and for how long: one line that updates on a terminal, otherwise a line at the
 * first activity and then every 15 s. Work of less than a second shows nothing.
 */
export async function withProgress<T>(
  work: (progress: Progress) => Promise<T>,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<T> {
  const started = Date.now();
  let activity = "";
  let lastLine = 0;
  let shown = false;
  const show = () => {
    const elapsed = Math.round((Date.now() - started) / 1000);
    if (!activity || elapsed < 1) return;
    if (!stream.isTTY && shown && elapsed - lastLine < LINE_EVERY) return;
    const text = `${activity} (${duration(elapsed)})`;
    stream.write(
      stream.isTTY ? `\r\x1b[2K${text.slice(0, (stream.columns || 80) - 1)}` : `${text}\n`,
    );
    shown = true;
    lastLine = elapsed;
  };
  const timer = setInterval(show, 1000);
  timer.unref();
  try {
    return await work((text) => {
      activity = text;
    });
  } finally {
    clearInterval(timer);
    if (shown && stream.isTTY) stream.write("\r\x1b[2K");
  }
}

/** `8 s`, `3 min 5 s`. */
export function duration(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
