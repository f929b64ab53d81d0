import { randomInt } from "node:crypto";
import type { KeptAnswers } from "../../registry/kept-answers";
import { exactJson } from "../../strict/json-text";
import type { Question } from "./scorer";
import { sameAnswerAs, type Task } from "./same-answer";
import { revealingRows } from "./statistics";

/** Rows of the large batch, and about as many in small ones. */
const rowsInAll = revealingRows;
/** Rows asked one by one before traffic; the watch goes on with them, 20 a second. */
const rowsAlone = 100;
const smallest = 2;
const largest = 8;
/** Longest body of a large batch, in bytes: the scorer takes 16 MiB. */
const longestBody = 8 * 1024 * 1024;
/** Longest wait for a large batch, in milliseconds: the router's own. */
const largeBatchMs = 120_000;
/** Small batches at the end of a watch. */
const closingBatches = 3;

/**
 * Rows whose answers were kept by the evaluation, drawn at the moment they are asked. They are asked as callers ask:
 * by both routes and in the formats that callers use, and nothing in a request says what it is for.
 */
export class KeptRows {
  readonly #isSame: (wanted: unknown, got: unknown) => boolean;
  /** Rows that weren't drawn since all of them were. */
  #undrawn: number[] = [];

  constructor(
    private readonly kept: KeptAnswers,
    task: Task,
    /** Of a model whose answers depend on other rows: they are asked one by one only. */
    private readonly alone = false,
  ) {
    this.#isSame = sameAnswerAs(kept.answers, task);
  }

  /** One row by itself. */
  one(): Question {
    return this.#question([this.#draw()], "alone");
  }

  /** What a scorer is asked before traffic: rows one by one, in small batches and in a large one, in any order. */
  *check(): Generator<Question> {
    if (this.alone) {
      for (let row = 0; row < rowsInAll; row++) yield this.one();
      return;
    }
    const small = Math.round(rowsInAll / ((smallest + largest) / 2));
    const ways = shuffled([
      ...Array.from({ length: rowsAlone }, () => () => [this.one()]),
      ...Array.from({ length: small }, () => () => [this.#few()]),
      () => this.#many(),
    ]);
    for (const way of ways) yield* way();
  }

  /** What is asked at the end of a watch: rows in company, as those of the watch came one by one. */
  closing(): Question[] {
    if (this.alone) return [];
    return [...Array.from({ length: closingBatches }, () => this.#few()), ...this.#many()];
  }

  /** A few rows in any order; of three and more, one comes twice. */
  #few(): Question {
    const rows = Array.from({ length: randomInt(smallest, largest + 1) }, () => this.#draw());
    if (rows.length > 2) rows[rows.length - 1] = rows[0]!;
    return this.#question(shuffled(rows), `in a batch of ${rows.length}`);
  }

  /** A large batch; several where the rows are too long for one. */
  #many(): Question[] {
    const batches: number[][] = [];
    let bytes = Infinity;
    for (let asked = 0; asked < rowsInAll; asked++) {
      const row = this.#draw();
      const more = Buffer.byteLength(this.kept.rows[row]!);
      if (bytes + more > longestBody) {
        batches.push([]);
        bytes = 0;
      }
      batches.at(-1)!.push(row);
      bytes += more;
    }
    return batches.map((rows) => ({
      ...this.#question(rows, `in a batch of ${rows.length}`),
      timeoutMs: largeBatchMs,
    }));
  }

  #draw(): number {
    if (this.#undrawn.length === 0) this.#undrawn = shuffled([...this.kept.rows.keys()]);
    return this.#undrawn.pop()!;
  }

  #question(rows: readonly number[], way: string): Question {
    const { path, body } = request(
      this.kept.columns,
      rows.map((row) => this.kept.rows[row]!),
    );
    return {
      path,
      body,
      rows: rows.length,
      difference: (predictions) => {
        const at = rows.findIndex((row, index) => {
          const wanted = this.kept.answers[row];
          const got = predictions[index];
          return !this.#isSame(wanted, path === "/invocations" ? asKept(wanted, got) : got);
        });
        if (at < 0) return null;
        const row = rows[at]!;
        const [got, wanted] = [predictions[at], this.kept.answers[row]].map(shown);
        return `answers row ${row + 1} of its ${this.kept.rows.length} kept answers with ${got}, where its evaluation got ${wanted} (asked ${way} by POST ${path}); mend what else its answers depend on, or evaluate it again`;
      },
    };
  }
}

/** One of the requests by which callers could ask these rows, each as JSON. */
function request(
  columns: readonly string[] | null,
  rows: readonly string[],
): Pick<Question, "path" | "body"> {
  const list = `[${rows.join(",")}]`;
  const byName = rows.some((row) => row.startsWith("{"));
  const named = byName
    ? `{"dataframe_records":${list}}`
    : columns && `{"dataframe_split":{"columns":${JSON.stringify(columns)},"data":${list}}}`;
  const instances = `{"instances":${list}}`;
  const invocations = named ? [named, instances] : [instances];
  return randomInt(2) === 0
    ? { path: "/predict", body: `{"features":${list}}` }
    : { path: "/invocations", body: invocations[randomInt(invocations.length)]! };
}

/** MLflow answers a pandas Series by a record of one value a row, where `/predict`, by which answers are kept, gives the value. */
function asKept(wanted: unknown, got: unknown): unknown {
  const isRecord = (value: unknown): value is object =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (isRecord(wanted) || !isRecord(got)) return got;
  const values: unknown[] = Object.values(got);
  return values.length === 1 ? values[0] : got;
}

function shuffled<T>(items: T[]): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}

function shown(answer: unknown): string {
  const text = answer === undefined ? "nothing" : exactJson(answer);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
