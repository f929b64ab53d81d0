import { release } from "../releasing";
import type { Run } from "../verbs";

/** `tollgate up`: releases what is pinned. */
export const run: Run = async (context) => release(context, await context.settings());
