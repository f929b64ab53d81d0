import { z } from "zod";
import type { Credentials, Http, HttpRequest, Way } from "./http";

export interface RegistryOptions {
  /** Base address of the MLflow server; may have a path prefix, such as `https://host/org/repo.mlflow`. */
  readonly uri: string;
  /** A function is asked with each request: a password may be made or changed meanwhile. */
  readonly credentials?: Credentials | (() => Promise<Credentials>);
  /** PEM file of a private CA that signed the server's certificate. */
  readonly caFile?: string | null;
  /** Longest wait for one answer, retries included. */
  readonly timeoutSeconds: number;
  /** How the server is reached when not by its address. @default by its address */
  readonly way?: Way | null;
  /** The command that starts the server, for errors. @default none: somebody else keeps it */
  readonly startedBy?: string | null;
  /**
   * Where `AWS_*` and `MLFLOW_S3_ENDPOINT_URL` are read for versions that lie straight in S3.
   * @default none: what the SDK finds by itself
   */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Request without the common beginning of its path. */
type ApiRequest = Omit<HttpRequest, "path"> & { readonly endpoint: string };

/** One call of MLflow's REST API whose answer is checked: what all parts of the client send their requests by. */
export class Api {
  /** @param http for requests outside the REST API too, such as downloads */
  constructor(readonly http: Http) {}

  /** Base address without credentials. */
  get uri(): string {
    return this.http.base;
  }

  /** Calls `/api/2.0/mlflow/<endpoint>` and checks the answer; an answer of another shape is a `bad-answer`. */
  async call<S extends z.ZodType>(request: ApiRequest, answer: S): Promise<z.output<S>> {
    return this.checked({ ...request, path: `/api/2.0/mlflow/${request.endpoint}` }, answer);
  }

  /** The same for a path that doesn't begin like the others. */
  async checked<S extends z.ZodType>(request: HttpRequest, answer: S): Promise<z.output<S>> {
    const parsed = answer.safeParse(await this.http.json(request));
    if (parsed.success) {
      return parsed.data;
    }
    const issue = parsed.error.issues[0];
    const field = issue?.path.length ? issue.path.join(".") : "the whole answer";
    throw this.http.badShape(
      request,
      `its answer is not MLflow's, ${field} is not as expected (${issue?.message ?? "unknown"})`,
    );
  }
}

/** Answers of calls that return nothing of use. */
export const anyAnswer = z.unknown();

/** All pages of a search, up to `most` items. */
export async function allPages<T>(
  most: number,
  page: (token: string | undefined) => Promise<{ items: T[]; next: string | undefined }>,
): Promise<T[]> {
  const found: T[] = [];
  let token: string | undefined;
  do {
    const { items, next } = await page(token);
    found.push(...items);
    token = next === token ? undefined : next || undefined;
  } while (token !== undefined && found.length < most);
  return found.slice(0, most);
}
