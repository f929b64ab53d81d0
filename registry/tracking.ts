import { z } from "zod";
import { type Experiment, experimentAnswer, type Run, runAnswer } from "./answers";
import { allPages, anyAnswer, type Api } from "./api";

export interface Metric {
  readonly key: string;
  /** NaN and the infinities are sent as MLflow writes them. */
  readonly value: number;
  /** Milliseconds since 1970. @default now */
  readonly timestamp?: number;
  /** @default 0 */
  readonly step?: number;
}

export interface RunSearch {
  readonly experimentIds: readonly string[];
  /** MLflow's filter language, such as `metrics.accuracy > 0.9`. */
  readonly filter?: string;
  /** Such as `["start_time DESC"]`. */
  readonly orderBy?: readonly string[];
  /** @default 1000 */
  readonly maxResults?: number;
}

/** What one `runs/log-batch` takes at most. */
const batchLimit = 100;

/** Experiments and runs, by MLflow's own names. */
export class TrackingApi {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Throws `not-found` when there is none, active or deleted. */
  async getExperimentByName(name: string): Promise<Experiment> {
    const answer = await this.#api.call(
      {
        what: `get experiment "${name}"`,
        method: "GET",
        endpoint: "experiments/get-by-name",
        query: { experiment_name: name },
      },
      z.object({ experiment: experimentAnswer }),
    );
    return answer.experiment;
  }

  /** Its id. Throws `conflict` when the name is taken, also by a deleted experiment. */
  async createExperiment(name: string): Promise<string> {
    const answer = await this.#api.call(
      {
        what: `create experiment "${name}"`,
        method: "POST",
        endpoint: "experiments/create",
        json: { name },
      },
      z.object({ experiment_id: z.string() }),
    );
    return answer.experiment_id;
  }

  async createRun(run: {
    readonly experimentId: string;
    readonly runName?: string;
    /** Milliseconds since 1970. @default now */
    readonly startTime?: number;
    readonly tags?: Readonly<Record<string, string>>;
  }): Promise<Run> {
    const answer = await this.#api.call(
      {
        what: `create a run in experiment ${run.experimentId}`,
        method: "POST",
        endpoint: "runs/create",
        json: {
          experiment_id: run.experimentId,
          run_name: run.runName,
          start_time: run.startTime ?? Date.now(),
          tags: pairs(run.tags ?? {}),
        },
      },
      z.object({ run: runAnswer }),
    );
    return answer.run;
  }

  async getRun(runId: string): Promise<Run> {
    const answer = await this.#api.call(
      { what: `get run ${runId}`, method: "GET", endpoint: "runs/get", query: { run_id: runId } },
      z.object({ run: runAnswer }),
    );
    return answer.run;
  }

  async searchRuns(search: RunSearch): Promise<Run[]> {
    const most = search.maxResults ?? 1000;
    const answer = z.object({
      runs: z.array(runAnswer).default([]),
      next_page_token: z.string().optional(),
    });
    return allPages(most, async (token) => {
      const page = await this.#api.call(
        {
          what: `search runs of experiments ${search.experimentIds.join(", ")}`,
          method: "POST",
          endpoint: "runs/search",
          repeatable: true,
          json: {
            experiment_ids: search.experimentIds,
            filter: search.filter,
            order_by: search.orderBy,
            max_results: Math.min(most, 1000),
            page_token: token,
          },
        },
        answer,
      );
      return { items: page.runs, next: page.next_page_token };
    });
  }

  async logMetric(runId: string, metric: Metric): Promise<void> {
    await this.#change(runId, `log metric "${metric.key}"`, "log-metric", metricJson(metric));
  }

  async logParam(runId: string, key: string, value: string): Promise<void> {
    await this.#change(runId, `log parameter "${key}"`, "log-parameter", { key, value });
  }

  async setTag(runId: string, key: string, value: string): Promise<void> {
    await this.#change(runId, `set tag "${key}"`, "set-tag", { key, value });
  }

  /** Metrics, parameters and tags together, in as many requests as MLflow's limits ask for. */
  async logBatch(
    runId: string,
    batch: {
      readonly metrics?: readonly Metric[];
      readonly params?: Readonly<Record<string, string>>;
      readonly tags?: Readonly<Record<string, string>>;
    },
  ): Promise<void> {
    const metrics = (batch.metrics ?? []).map(metricJson);
    const params = pairs(batch.params ?? {});
    const tags = pairs(batch.tags ?? {});
    const longest = Math.max(metrics.length, params.length, tags.length);
    for (let from = 0; from < longest; from += batchLimit) {
      const part = <T>(list: T[]) => list.slice(from, from + batchLimit);
      const json = { metrics: part(metrics), params: part(params), tags: part(tags) };
      await this.#change(runId, "log metrics, parameters and tags", "log-batch", json);
    }
  }

  async updateRun(
    runId: string,
    update: { readonly status?: "FINISHED" | "FAILED" | "KILLED"; readonly endTime?: number },
  ): Promise<void> {
    const json = { status: update.status, end_time: update.endTime };
    await this.#change(runId, "update the run", "update", json);
  }

  /** Marks the run as deleted; MLflow keeps it until its own garbage collection. */
  async deleteRun(runId: string): Promise<void> {
    await this.#change(runId, "delete the run", "delete", {});
  }

  async #change(runId: string, what: string, verb: string, json: object): Promise<void> {
    await this.#api.call(
      {
        what: `${what} of run ${runId}`,
        method: "POST",
        endpoint: `runs/${verb}`,
        json: { run_id: runId, ...json },
      },
      anyAnswer,
    );
  }
}

function metricJson({ key, value, timestamp, step }: Metric): object {
  return {
    key,
    value: Number.isFinite(value) ? value : String(value),
    timestamp: timestamp ?? Date.now(),
    step: step ?? 0,
  };
}

/** MLflow's list form of a record. */
export function pairs(record: Readonly<Record<string, string>>): { key: string; value: string }[] {
  return Object.entries(record).map(([key, value]) => ({ key, value }));
}
